#pragma once
#include <ilk/matrix.h>

#include <cstdint>
#include <vector>

namespace ilk::internal {

/// For each row the first that is equal to it (−0 is 0); (N).
std::vector<std::int64_t> first_equal_rows(MatrixView<const float> rows);

/// How many rows are equal to an earlier row.
std::int64_t count_duplicates(MatrixView<const float> rows);

}  // namespace ilk::internal
