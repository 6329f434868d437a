#pragma once
// Clusters of two runs over some of the same images. K new clusters, N images.
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ilk {

/// Images of both runs: how many each new cluster shares with each old one.
struct Overlap {
  std::vector<std::map<std::int64_t, std::int64_t>> of_new;  // (K): old number, images
  std::map<std::int64_t, std::int64_t> old_sizes;
  std::vector<std::int64_t> new_sizes;  // (K)
  std::int64_t common = 0;
};

/// `paths` and `labels` (N) are the new run's; `old_of` gives the old cluster by path.
Overlap overlap_of(const std::vector<std::string>& paths, const std::vector<std::int64_t>& labels,
                   std::size_t n_clusters, const std::unordered_map<std::string, std::int64_t>& old_of);

/// (K): the number of each new cluster; those that match no old one take the numbers that are left.
std::vector<std::int64_t> matched_numbers(const Overlap& overlap);

/// Whether more than half of the images of either are in both.
bool is_the_same(const Overlap& overlap, std::size_t cluster, std::int64_t old);

template <class T>
void renumber(std::vector<T>& of_cluster, const std::vector<std::int64_t>& numbers) {
  if (of_cluster.size() != numbers.size()) return;
  std::vector<T> renumbered(of_cluster.size());
  for (std::size_t c = 0; c < numbers.size(); ++c)
    renumbered[static_cast<std::size_t>(numbers[c])] = std::move(of_cluster[c]);
  of_cluster = std::move(renumbered);
}

}  // namespace ilk
