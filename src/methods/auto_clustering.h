#pragma once
// N images, D dimensions, K clusters; x are embeddings, t the counterparts of an image among the words.
#include <ilk/cae.h>

#include <array>
#include <string_view>
#include <vector>

namespace ilk {

/// The three clusterings that the automatic method compares.
enum class ClusteredBy {
  images,        ///< k-means of the embeddings
  words,         ///< CAE: embeddings fused with their counterparts
  words_refined  ///< CAE's clusters, continued by k-means of the embeddings alone
};
constexpr auto enum_names(ClusteredBy) {
  return std::array<std::string_view, 3>{"images", "words", "words-refined"};
}

/// How much the centres of a clustering explain.
struct ClusteringEvidence {
  ClusteredBy by = ClusteredBy::images;
  /// (1 / N) Σ_c |Σ_{i in c} x_i| − |mean x|, at least 0 but for rounding: what the clusters' means explain
  /// of the images beyond their common mean. And the same of the words, with t, each part of unit length,
  /// side by side.
  double of_images = 0, of_words = 0;
  double score = 0;  ///< of_images · of_words^(1/4): images count four times as much as words
};

struct AutoClustering {
  ClusteredBy chosen = ClusteredBy::images;
  std::array<ClusteringEvidence, 3> evidence;  ///< in the order of ClusteredBy
  KMeansResult kmeans;                         ///< of what was chosen: labels, centroids in its space
  Assignment assignment;                       ///< scores and runners-up in that space
  FusionResult fusion;                         ///< where words were chosen; else empty, and X is the space
};

/// K-means restarts for N images: `n_init`, but up to 100 where the collection is small, since they cost
/// little there and find better optima.
std::int64_t restarts_for(std::int64_t n_images, std::int64_t n_init);

/// Clusters by images, by words and by both, and takes what explains most (docs/methods/auto.md): words
/// propose, images propose, and the words' proposal is refined on the images. So words are used where they
/// help and cost nothing where they do not. `spaces` (one or two) as in `cae`; memory: X, its counterparts
/// and the fused features. A new image belongs to the nearest centroid in the space that was chosen. Throws
/// Error as `cae`.
AutoClustering cluster_automatically(MatrixView<const float> embeddings,
                                     const std::vector<SemanticSpace>& spaces, const CaeOptions& options,
                                     Progress& progress = silent());

}  // namespace ilk
