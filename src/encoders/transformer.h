#pragma once
// What the towers of CLIP and of BERT are made of, for inference. R rows, one for each token, W the tower's
// width. All tensors float32. On a CPU a row of a result is the same to the bit whatever the other rows are,
// as far as they do not attend to one another.
#include <ilk/precision.h>
#include <torch/types.h>

#include <string>

#include "../core/int16_product.h"
#include "config_reader.h"
#include "matrix_product.h"
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

/// y = x A + b over rows, (R, from) to (R, to); no bias where it is undefined.
struct Linear {
  torch::Tensor weight, bias;  // (to, from) as in files, (to)
  PackedMatrix packed;         // one of these takes the weight's place on a CPU
  Int16Matrix packed_int16;
  torch::Tensor operator()(const torch::Tensor& x) const;
  /// x + (y A + b), in the place of x.
  void add_to(torch::Tensor& x, const torch::Tensor& y) const;

 private:
  void multiply_on_cpu(const torch::Tensor& x, torch::Tensor& y, bool add) const;
};

struct LayerNorm {
  torch::Tensor weight, bias;
  double epsilon;
  torch::Tensor operator()(const torch::Tensor& x) const;
};

/// Multi-head attention (Vaswani et al. 2017), but for the way that tokens see one another.
struct Attention {
  std::int64_t heads;
  Linear query, key, value, output;
};

/// In the place of x.
torch::Tensor activate(torch::Tensor x, Activation activation);

/// A matrix that stands for itself in a file, without a bias; (to, from, …) counts as (to, from · …).
Linear take_matrix(ModelWeights& weights, const std::string& name, const std::vector<std::int64_t>& shape);
/// Takes <name>.weight and <name>.bias.
Linear take_linear(ModelWeights& weights, const std::string& name, std::int64_t from, std::int64_t to);
LayerNorm take_norm(ModelWeights& weights, const std::string& name, const TransformerConfig& config);

/// Where a model computes, and in what. Only linear maps are ever of int16: they are nearly all of the work.
struct Computation {
  torch::Device device;
  Precision precision;  ///< not automatic
};
/// Settles on the precision. Throws Error where the device does not have it.
Computation settle(torch::Device device, Precision precision, std::string_view function);

/// To where the model is to compute; what is to compute on the CPU is laid out for it.
void move_to(torch::Device device, torch::Tensor& tensor);
void move_to(torch::Device device, LayerNorm& norm);
void move_to(const Computation& computation, Linear& linear);
void move_to(const Computation& computation, Attention& attention);

}  // namespace ilk
