#include "cluster/cluster_order.h"

#include <algorithm>
#include <numeric>

namespace ilk::internal {

std::vector<std::int64_t> cluster_sizes(std::span<const std::int64_t> labels, std::int64_t n_clusters) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(n_clusters));
  for (const std::int64_t label : labels) ++sizes[static_cast<std::size_t>(label)];
  return sizes;
}

std::vector<std::vector<std::int64_t>> cluster_members(std::span<const std::int64_t> labels,
                                                       std::int64_t n_clusters) {
  std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(n_clusters));
  for (std::size_t i = 0; i < labels.size(); ++i)
    members[static_cast<std::size_t>(labels[i])].push_back(static_cast<std::int64_t>(i));
  return members;
}

std::vector<std::int64_t> clusters_by_size(std::span<const std::int64_t> labels, std::int64_t n_clusters) {
  const std::vector<std::int64_t> sizes = cluster_sizes(labels, n_clusters);
  std::vector<std::size_t> first_member(sizes.size(), labels.size());
  for (std::size_t i = labels.size(); i-- > 0;) first_member[static_cast<std::size_t>(labels[i])] = i;
  std::vector<std::int64_t> order(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
    return sizes[i] != sizes[j] ? sizes[i] > sizes[j] : first_member[i] < first_member[j];
  });
  return order;
}

}  // namespace ilk::internal
