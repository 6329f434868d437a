#pragma once
// K clusters, D dimensions.
#include <ilk/matrix.h>

#include <cstdint>
#include <span>
#include <vector>

namespace ilk {

/// Two clusters become one; each is named by the lowest number of those that went into it.
struct WardMerge {
  std::int64_t first = 0, second = 0;  ///< first < second; the result is called `first`
  /// What the merge adds to the sum of the points' squared distances from their clusters' means.
  double cost = 0;
};

/// Merges clusters two by two until one is left, by Ward's criterion (Ward 1963): always the two whose merge
/// adds least to the sum of the points' squared distances from their clusters' means. As the merges of the
/// clusters' points themselves would go on, since a cluster's mean and size are all that the cost depends on:
/// a b / (a + b) · |mean of the one − mean of the other|², with a and b points. Clusters without points merge
/// first, at no cost.
///
/// `means` (K, D) float64, not of unit length; `sizes` (K), at least 0. Returns K − 1 merges, costs
/// ascending. Of equal costs the clusters of lower number are merged first where the criterion leaves the
/// choice. By chains of nearest neighbours (Murtagh 1983): O(K² D) time, O(K D) memory, no distances are
/// kept. Same results for any number of threads. Throws Error for differing sizes and values out of range.
std::vector<WardMerge> ward_merges(MatrixView<const double> means, std::span<const std::int64_t> sizes);

/// The K clusters as `count` groups, by the first K − count of the merges: each cluster's group, numbered by
/// the lowest cluster in it. So the groups of a smaller count are unions of those of a larger one. Throws
/// Error where `count` is not from 1 to K.
std::vector<std::int64_t> cut_merges(std::span<const WardMerge> merges, std::int64_t count);

}  // namespace ilk
