#pragma once
// The two towers of CLIP (Radford et al. 2021, section 2.4), for inference. B images or texts, T tokens of
// each, W the tower's width, D the joint width. Tokens are rows of float32, those of one image or text after
// those of another.
#include <ilk/matrix.h>

#include <functional>
#include <string>
#include <vector>

#include "encoders/clip_config.h"
#include "encoders/model_weights.h"
#include "encoders/token_tree.h"
#include "encoders/transformer.h"

namespace ilk {

/// How tokens see one another: the queries of the tokens at `places` (all tokens where it is empty) become
/// what each of these takes from the keys and values of all.
using Mix = std::function<void(Matrix<float>& queries, const Matrix<float>& keys, const Matrix<float>& values,
                               const std::vector<std::int64_t>& places)>;

/// A block with the norms before its two halves: x + attention(norm(x)), then x + mlp(norm(x)).
struct TransformerLayer {
  LayerNorm attention_norm, mlp_norm;
  Attention attention;
  Linear expand, contract;
  Activation activation;
  /// The tokens at `places` after this layer, (places, W), or where it is empty all of them.
  Matrix<float> operator()(Matrix<float> x, const Mix& mix, const std::vector<std::int64_t>& places) const;
};

struct Transformer {
  std::vector<TransformerLayer> layers;
  /// The tokens at `places` after the last layer, (places, W). The last layer computes no other.
  Matrix<float> operator()(Matrix<float> x, const Mix& mix, const std::vector<std::int64_t>& places) const;
};

/// A vision transformer (Dosovitskiy et al. 2021) that pools its class token.
class VisionTower {
 public:
  /// `precision` is not automatic.
  VisionTower(const ClipConfig& config, ModelWeights& weights, Precision precision);
  /// `pixels` (B, 3 · S · S) to (B, D), not normalised.
  Matrix<float> operator()(MatrixView<const float> pixels) const;

 private:
  VisionConfig config_;
  Linear patch_embedding_;
  Matrix<float> position_embedding_;  // (1 + patches, W), the first with the class token's embedding
  LayerNorm input_norm_, output_norm_;
  Transformer transformer_;
  Linear projection_;
};

/// A causal transformer that pools the token its text ends with.
class TextTower {
 public:
  /// `precision` is not automatic.
  TextTower(const ClipConfig& config, ModelWeights& weights, Precision precision);
  /// The distinct texts that end in the tree, in its order, to (texts, D), not normalised. Texts must end
  /// with the token that stands for them.
  Matrix<float> operator()(const TokenTree& tree) const;

 private:
  std::int64_t heads_;
  Matrix<float> token_embedding_, position_embedding_;  // (vocabulary, W), (context, W)
  Transformer transformer_;
  LayerNorm output_norm_;
  Linear projection_;
};

}  // namespace ilk
