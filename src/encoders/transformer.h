#pragma once
// What the towers of CLIP and of BERT are made of, for inference. B images or texts, T tokens of each, W the
// tower's width. All tensors float32.
#include <torch/types.h>

#include <string>

#include "config_reader.h"
#include "model_weights.h"

namespace ilk {

enum class Activation { quick_gelu, gelu };

struct TransformerConfig {
  std::int64_t width, mlp_width, layers, heads;
  Activation activation = Activation::quick_gelu;
  double layer_norm_epsilon = 1e-5;
};

/// Reads hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, hidden_act, layer_norm_eps;
/// what is absent stays as it is.
void read_transformer_config(const ConfigReader& reader, TransformerConfig& transformer);

/// y = x A + b over the last dimension; no bias where it is undefined. Files hold Aᵀ; this way round a
/// product with few rows takes a fifth less time.
struct Linear {
  torch::Tensor weight, bias;  // (from, to), (to)
  torch::Tensor operator()(const torch::Tensor& x) const;
};

struct LayerNorm {
  torch::Tensor weight, bias;
  double epsilon;
  torch::Tensor operator()(const torch::Tensor& x) const;
};

/// Multi-head attention (Vaswani et al. 2017).
struct Attention {
  std::int64_t heads;
  Linear query, key, value, output;
  /// `queries` (B, Q, W) look at `tokens` (B, T, W); `mask`, (Q, T) or (heads, Q, T), is added to the scores
  /// where it is defined.
  torch::Tensor operator()(const torch::Tensor& queries, const torch::Tensor& tokens,
                           const torch::Tensor& mask) const;
};

torch::Tensor activate(const torch::Tensor& x, Activation activation);

/// A file's (to, from, …) as (from, to); undefined stays so.
torch::Tensor transposed(const torch::Tensor& weight);
/// Takes <name>.weight and <name>.bias.
Linear take_linear(ModelWeights& weights, const std::string& name, std::int64_t from, std::int64_t to);
LayerNorm take_norm(ModelWeights& weights, const std::string& name, const TransformerConfig& config);

void move_to(torch::Device device, torch::Tensor& tensor);
void move_to(torch::Device device, Linear& linear);
void move_to(torch::Device device, LayerNorm& norm);
void move_to(torch::Device device, Attention& attention);

}  // namespace ilk
