#pragma once
// Scores of clusters with labels and without. N samples, D dimensions, K clusters.
#include <ilk/matrix.h>
#include <ilk/options.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace ilk {

/// Counts of samples by class (rows) and cluster (columns); both in ascending order of their numbers.
struct Confusion {
  std::vector<std::int64_t> classes, clusters;
  Matrix<std::int64_t> counts;  ///< (classes, clusters)
};
Confusion confusion(std::span<const std::int64_t> classes, std::span<const std::int64_t> clusters);

/// The same table with its columns in the order of the best one-to-one matching, the one that ACC counts:
/// matched clusters first, in the order of their classes, then the others, largest first.
struct MatchedConfusion {
  Confusion table;
  std::vector<std::int64_t> column_of_class;  ///< of the table; −1 where a class got no cluster
  std::vector<double> recall;                 ///< of each class: share of its samples in its cluster
};
MatchedConfusion match_clusters(const Confusion& table);

struct Agreement {
  double accuracy = 0;  ///< ACC: share of samples matched under the best one-to-one matching
  double normalised_mutual_information = 0;  ///< NMI: arithmetic mean of the entropies, natural logarithm
  double adjusted_rand_index = 0;            ///< ARI (Hubert and Arabie 1985)
};
/// Agreement of clusters with classes, both (N) int64, N ≥ 1; equal to scikit-learn's definitions, degenerate
/// cases too.
Agreement agreement(std::span<const std::int64_t> classes, std::span<const std::int64_t> clusters);

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
