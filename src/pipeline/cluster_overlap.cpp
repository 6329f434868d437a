#include "pipeline/cluster_overlap.h"

#include <set>

#include "core/matching.h"

namespace ilk {

Overlap overlap_of(const std::vector<std::string>& paths, const std::vector<std::int64_t>& labels,
                   std::size_t n_clusters, const std::unordered_map<std::string, std::int64_t>& old_of) {
  Overlap overlap{.of_new = std::vector<std::map<std::int64_t, std::int64_t>>(n_clusters),
                  .new_sizes = std::vector<std::int64_t>(n_clusters)};
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto found = old_of.find(paths[i]);
    if (found == old_of.end()) continue;
    const auto label = static_cast<std::size_t>(labels[i]);
    ++overlap.of_new[label][found->second];
    ++overlap.old_sizes[found->second];
    ++overlap.new_sizes[label];
    ++overlap.common;
  }
  return overlap;
}

std::vector<std::int64_t> matched_numbers(const Overlap& overlap) {
  const auto k = static_cast<std::int64_t>(overlap.of_new.size());
  std::vector<std::vector<Candidate>> candidates(overlap.of_new.size());
  for (std::size_t c = 0; c < candidates.size(); ++c)
    for (const auto& [old, images] : overlap.of_new[c])
      if (old < k) candidates[c].push_back({old, static_cast<double>(images)});
  std::vector<std::int64_t> numbers = best_matching(candidates, k);
  std::set<std::int64_t> left;
  for (std::int64_t number = 0; number < k; ++number) left.insert(number);
  for (const auto number : numbers) left.erase(number);
  for (auto& number : numbers)
    if (number < 0) number = left.extract(left.begin()).value();
  return numbers;
}

bool is_the_same(const Overlap& overlap, std::size_t cluster, std::int64_t old) {
  const auto shared = overlap.of_new[cluster].find(old);
  if (shared == overlap.of_new[cluster].end()) return false;
  const std::int64_t either = overlap.new_sizes[cluster] + overlap.old_sizes.at(old) - shared->second;
  return 2 * shared->second > either;
}

}  // namespace ilk
