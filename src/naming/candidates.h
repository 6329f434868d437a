#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/matching.h"

namespace ilk {

/// What is said of clusters is matched over each cluster's best candidates: exact for up to as many clusters,
/// and nearly so beyond.
constexpr std::size_t most_candidates = 64;

/// The weights above 0, heaviest first, ties to the lower index, at most `most`.
inline std::vector<Candidate> heaviest(const std::vector<double>& weights, std::size_t most) {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0) candidates.push_back({static_cast<std::int64_t>(i), weights[i]});
  }
  const std::size_t count = std::min(most, candidates.size());
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count),
                    candidates.end(), [](const Candidate& a, const Candidate& b) {
                      return a.value != b.value ? a.value > b.value : a.column < b.column;
                    });
  candidates.resize(count);
  return candidates;
}

inline std::size_t size_t_of(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

}  // namespace ilk
