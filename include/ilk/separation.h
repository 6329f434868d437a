#pragma once
// N points, D dimensions, K clusters: how well clusters are separated, told without labels.
#include <ilk/matrix.h>
#include <ilk/options.h>

#include <cstdint>
#include <optional>

namespace ilk {

/// Scores that need no labels. Those with std::optional are not defined for one cluster and for N = K
/// (scikit-learn refuses these too), and are empty there.
struct Separation {
  std::int64_t n_clusters = 0;  ///< that have points
  /// Mean silhouette (Rousseeuw 1987) of all N points under the cosine distance 1 − x·y, −1 … 1; a point that
  /// is alone in its cluster counts 0.
  std::optional<double> silhouette;
  std::optional<double> davies_bouldin;     ///< Davies and Bouldin 1979, Euclidean; lower is better
  std::optional<double> calinski_harabasz;  ///< Caliński and Harabasz 1974; higher is better
  double objective = 0;  ///< mean cosine of a point with its cluster's unit-length mean (spherical k-means)
  double on_the_fence = 0;  ///< share of points whose best two clusters are within `fence` of each other
};

struct SeparationOptions {
  double fence = 0.05;
};

template <OptionsOf<SeparationOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"fence", options.fence,
              "a point is on the fence where its second cosine is behind the first by this share at most"}
            .between(0, 1));
}

/// Scores clusters of `features` (N, D) float32, rows of unit length, by `labels` (N) int64 of any numbers.
///
/// For unit rows the mean distance to a cluster is one minus a product with the cluster's mean, so that the
/// silhouette of all points takes N × K products: it is exact, and neither sampled nor of size N × N. Equal
/// to scikit-learn's silhouette_score(metric="cosine"), davies_bouldin_score and calinski_harabasz_score. The
/// same for any number of threads. Throws Error for features or labels that are not as said.
Separation separation(MatrixView<const float> features, std::span<const std::int64_t> labels,
                      const SeparationOptions& options = {});

}  // namespace ilk
