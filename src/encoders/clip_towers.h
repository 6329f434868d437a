#pragma once
// The two towers of CLIP (Radford et al. 2021, section 2.4), for inference. B images or texts, T tokens of
// each, W the tower's width, D the joint width. All tensors float32; tokens are rows, those of one image or
// text after those of another.
#include <torch/types.h>

#include <functional>
#include <string>
#include <vector>

#include "clip_config.h"
#include "model_weights.h"
#include "token_tree.h"
#include "transformer.h"

namespace ilk {

/// How tokens see one another: from the queries of the tokens at `places` (all tokens where it is empty), and
/// the keys and values of all, to what each asking token takes.
using Mix =
    std::function<torch::Tensor(const torch::Tensor& queries, const torch::Tensor& keys,
                                const torch::Tensor& values, const std::vector<std::int64_t>& places)>;

/// A block with the norms before its two halves: x + attention(norm(x)), then x + mlp(norm(x)).
struct TransformerLayer {
  LayerNorm attention_norm, mlp_norm;
  Attention attention;
  Linear expand, contract;
  Activation activation;
  /// The tokens at `places` after this layer, (places, W), or where it is empty all of them; may use x's
  /// memory.
  torch::Tensor operator()(torch::Tensor x, const Mix& mix, const std::vector<std::int64_t>& places) const;
};

struct Transformer {
  std::vector<TransformerLayer> layers;
  /// The tokens at `places` after the last layer, (places, W). The last layer computes no other.
  torch::Tensor operator()(torch::Tensor x, const Mix& mix, const std::vector<std::int64_t>& places) const;
};

/// A vision transformer (Dosovitskiy et al. 2021) that pools its class token.
class VisionTower {
 public:
  VisionTower(const ClipConfig& config, ModelWeights& weights);
  void to(const Computation& computation);
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
  void to(const Computation& computation);
  /// The distinct texts that end in the tree, in its order, to (texts, D), not normalised. Texts must end
  /// with the token that stands for them.
  torch::Tensor operator()(const TokenTree& tree) const;

 private:
  std::int64_t heads_;
  torch::Tensor token_embedding_, position_embedding_;  // (vocabulary, W), (context, W)
  Transformer transformer_;
  LayerNorm output_norm_;
  Linear projection_;
};

}  // namespace ilk
