// Costs are −value. Each row also has a private column of cost 0 (no candidate), so that every row can be
// matched.

#include "core/matching.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>
#include <utility>

namespace ilk {

std::vector<std::int64_t> best_matching(const std::vector<std::vector<Candidate>>& rows,
                                        std::int64_t n_columns) {
  const auto n_rows = static_cast<std::int64_t>(rows.size());
  const auto at = [](auto& values, std::int64_t i) -> auto& {
    return values[static_cast<std::size_t>(i)];
  };
  const auto n_all = static_cast<std::size_t>(n_columns + n_rows);
  const auto private_column = [&](std::int64_t row) { return n_columns + n_rows - 1 - row; };
  constexpr double far = std::numeric_limits<double>::infinity();

  // Potentials keep all reduced costs cost − row − column at least 0, and at 0 where matched.
  std::vector<double> row_potential(rows.size()), column_potential(n_all);
  std::vector<std::int64_t> row_of(n_all, -1), column_of(rows.size(), -1);
  for (std::int64_t r = 0; r < n_rows; ++r) {
    double lowest = 0;
    for (const Candidate& candidate : at(rows, r)) lowest = std::min(lowest, -candidate.value);
    at(row_potential, r) = lowest;
  }
  // Column potentials only ever fall from 0, so these bounds hold until the row is matched.
  std::vector<double> distance(n_all);
  std::vector<std::int64_t> from(n_all);
  std::vector<bool> done(n_all);
  using Entry = std::pair<double, std::int64_t>;
  for (std::int64_t start = 0; start < n_rows; ++start) {
    const auto reduced = [&](std::int64_t row, std::int64_t column, double cost) {
      return cost - at(row_potential, row) - at(column_potential, column);
    };
    std::fill(distance.begin(), distance.end(), far);
    std::fill(done.begin(), done.end(), false);
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
    std::vector<std::int64_t> settled;
    const auto reach = [&](std::int64_t row, std::int64_t column, double cost, double before) {
      const double there = before + std::max(0.0, reduced(row, column, cost));
      if (done[static_cast<std::size_t>(column)] || there >= at(distance, column)) return;
      at(distance, column) = there;
      at(from, column) = row;
      open.emplace(there, column);
    };
    const auto expand = [&](std::int64_t row, double before) {
      for (const Candidate& candidate : at(rows, row)) reach(row, candidate.column, -candidate.value, before);
      reach(row, private_column(row), 0, before);
    };
    expand(start, 0);
    std::int64_t end = -1;
    while (end < 0) {
      const auto [so_far, column] = open.top();
      open.pop();
      if (done[static_cast<std::size_t>(column)]) continue;
      done[static_cast<std::size_t>(column)] = true;
      if (at(row_of, column) < 0) {
        end = column;
      } else {
        settled.push_back(column);
        expand(at(row_of, column), so_far);
      }
    }
    const double length = at(distance, end);
    at(row_potential, start) += length;
    for (const std::int64_t column : settled) {
      const double change = length - at(distance, column);
      at(row_potential, at(row_of, column)) += change;
      at(column_potential, column) -= change;
    }
    for (std::int64_t column = end;;) {
      const std::int64_t row = at(from, column);
      at(row_of, column) = row;
      std::swap(at(column_of, row), column);
      if (row == start) break;
    }
  }
  for (std::int64_t& column : column_of) {
    if (column >= n_columns) column = -1;
  }
  return column_of;
}

}  // namespace ilk
