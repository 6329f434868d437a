#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace ilk::internal {

/// How many of the labels, 0 … n_clusters − 1, are of each cluster.
std::vector<std::int64_t> cluster_sizes(std::span<const std::int64_t> labels, std::int64_t n_clusters);

/// Of each cluster the rows of its labels, ascending.
std::vector<std::vector<std::int64_t>> cluster_members(std::span<const std::int64_t> labels,
                                                       std::int64_t n_clusters);

/// Clusters in the order of their numbers: by size, largest first, equals by their first member; empty ones
/// last.
std::vector<std::int64_t> clusters_by_size(std::span<const std::int64_t> labels, std::int64_t n_clusters);

}  // namespace ilk::internal
