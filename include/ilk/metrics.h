#pragma once
// N samples; labels y and clusters c are any int64 numbers, read as names of groups.
#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace ilk {

/// Counts of samples by class (rows) and cluster (columns); both in ascending order of their numbers.
struct Confusion {
  std::vector<std::int64_t> classes, clusters;
  torch::Tensor counts;  ///< (classes, clusters) int64
};
Confusion confusion(const torch::Tensor& classes, const torch::Tensor& clusters);

struct Agreement {
  double accuracy = 0;  ///< ACC: share of samples matched under the best one-to-one matching
  double normalised_mutual_information = 0;  ///< NMI: arithmetic mean of the entropies, natural logarithm
  double adjusted_rand_index = 0;            ///< ARI (Hubert and Arabie 1985)
};
/// Agreement of clusters with classes, both (N) int64, N ≥ 1; equal to scikit-learn's definitions, degenerate
/// cases too.
Agreement agreement(const torch::Tensor& classes, const torch::Tensor& clusters);

}  // namespace ilk
