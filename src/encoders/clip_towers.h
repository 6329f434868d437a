#pragma once
// The two towers of CLIP (Radford et al. 2021, section 2.4), for inference. B images or texts, T tokens of
// each, W the tower's width, D the joint width. All tensors float32.
#include <torch/types.h>

#include <string>
#include <vector>

#include "clip_config.h"
#include "model_weights.h"
#include "transformer.h"

namespace ilk {

/// A block with the norms before its two halves: x + attention(norm(x)), then x + mlp(norm(x)).
struct TransformerLayer {
  LayerNorm attention_norm, mlp_norm;
  Attention attention;
  Linear expand, contract;
  Activation activation;
  torch::Tensor operator()(const torch::Tensor& x, const torch::Tensor& mask) const;
  /// What the layer makes of token `place` alone: (B, 1, W). That token sees all tokens.
  torch::Tensor only(const torch::Tensor& x, std::int64_t place) const;
};

struct Transformer {
  std::vector<TransformerLayer> layers;
  /// The last layer's token `place`, which sees all tokens, (B, W). The last layer computes no other.
  torch::Tensor operator()(torch::Tensor x, const torch::Tensor& mask, std::int64_t place) const;
};

/// A vision transformer (Dosovitskiy et al. 2021) that pools its class token.
class VisionTower {
 public:
  VisionTower(const ClipConfig& config, ModelWeights& weights);
  void to(torch::Device device);
  /// `pixels` (B, 3, S, S) to (B, D), not normalised.
  torch::Tensor operator()(const torch::Tensor& pixels) const;

 private:
  VisionConfig config_;
  Linear patch_embedding_;
  torch::Tensor class_embedding_, position_embedding_;  // (W), (1 + patches, W)
  LayerNorm input_norm_, output_norm_;
  Transformer transformer_;
  Linear projection_;
};

/// A causal transformer that pools the token its text ends with.
class TextTower {
 public:
  TextTower(const ClipConfig& config, ModelWeights& weights);
  void to(torch::Device device);
  /// `ids` (B, T) int64, of texts that all end with their last token, to (B, D), not normalised.
  torch::Tensor operator()(const torch::Tensor& ids) const;

 private:
  torch::Tensor token_embedding_, position_embedding_;  // (vocabulary, W), (context, W)
  Transformer transformer_;
  LayerNorm output_norm_;
  Linear projection_;
};

}  // namespace ilk
