#pragma once
// The encoder of BERT (Devlin et al. 2019) and of MPNet (Song et al. 2020), which differs in how tokens know
// their places. B texts of T tokens, W the width. Tokens are rows of float32.
#include <ilk/matrix.h>

#include <filesystem>
#include <string>
#include <vector>

#include "encoders/transformer.h"

namespace ilk {

enum class BertKind { bert, mpnet };

/// config.json of a BertModel or an MPNetModel; what it leaves out has their defaults.
struct BertConfig {
  BertKind kind = BertKind::bert;
  TransformerConfig transformer{.width = 768,
                                .mlp_width = 3072,
                                .layers = 12,
                                .heads = 12,
                                .activation = Activation::gelu,
                                .layer_norm_epsilon = 1e-12};
  std::int64_t vocabulary_size = 30522, positions = 512, token_types = 2;
  std::int64_t relative_buckets = 32;  ///< of MPNet's distances
  /// MPNet leaves the first two positions to padding.
  std::int64_t first_position() const { return kind == BertKind::mpnet ? 2 : 0; }
  std::int64_t context_length() const { return positions - first_position(); }
};

/// Throws Error naming the file, the key and the value.
BertConfig read_bert_config(const std::filesystem::path& path);

/// MPNet's bucket of a distance d = place looked at − own place, as in T5 (Raffel et al. 2020): half of the
/// buckets for what comes after; in each half one for each near distance, then logarithmically wider ones up
/// to 128. Computed in float, as the reference does: at powers of two the last bit decides.
std::int64_t distance_bucket(std::int64_t distance, std::int64_t buckets);

/// A block with the norms after its two halves: x = norm(x + attention(x)), then x = norm(x + mlp(x)).
struct BertLayer {
  Attention attention;
  LayerNorm attention_norm, mlp_norm;
  Linear expand, contract;
  Activation activation;
  /// (B · T, W) to the same, of B texts; `bias` as in attend.
  Matrix<float> operator()(Matrix<float> x, std::int64_t texts, MatrixView<const float> bias) const;
};

class BertTower {
 public:
  /// `precision` is not automatic. `above` is what its weights' names begin with where it is part of a model.
  BertTower(const BertConfig& config, ModelWeights& weights, Precision precision,
            const std::string& above = "");
  /// `ids` (B, T), none of them padding, to each token's embedding (B · T, W).
  Matrix<float> operator()(MatrixView<const std::int32_t> ids) const;

 private:
  Matrix<float> distance_bias(std::int64_t length) const;

  BertConfig config_;
  Matrix<float> token_embedding_, position_embedding_;  // (vocabulary, W), (context, W)
  Matrix<float> distance_embedding_;                    // MPNet's (buckets, heads)
  LayerNorm input_norm_;
  std::vector<BertLayer> layers_;
};

}  // namespace ilk
