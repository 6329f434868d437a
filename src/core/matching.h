#pragma once
#include <cstdint>
#include <vector>

namespace ilk {

struct Candidate {
  std::int64_t column = 0;
  double value = 0;  ///< above 0
};

/// Gives each row at most one of its candidates, each column to one row at most, so that the total value is
/// largest. -1 for a row that gets none. Sparse shortest augmenting paths (Jonker and Volgenant 1987); rows
/// in order, ties to the lower column.
std::vector<std::int64_t> best_matching(const std::vector<std::vector<Candidate>>& rows,
                                        std::int64_t n_columns);

}  // namespace ilk
