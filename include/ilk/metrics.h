#pragma once
// N samples; labels y and clusters c are any int64 numbers, read as names of groups.
#include <ilk/matrix.h>

#include <cstdint>
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

}  // namespace ilk
