#pragma once
#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

/// The largest total of `values` from `row` on, each row and each column used once at most, found by trying
/// all. Values of 0 and below are no candidates.
inline double best_total(const std::vector<std::vector<double>>& values, std::size_t row,
                         std::set<std::size_t>& used) {
  if (row == values.size()) return 0;
  double best = best_total(values, row + 1, used);
  for (std::size_t j = 0; j < values[row].size(); ++j) {
    if (values[row][j] <= 0 || !used.insert(j).second) continue;
    best = std::max(best, values[row][j] + best_total(values, row + 1, used));
    used.erase(j);
  }
  return best;
}
