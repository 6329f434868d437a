#pragma once
#include <ilk/matrix.h>

#include <cstdint>

namespace ilk::internal {

/// How many rows are equal, bit for bit, to an earlier row.
std::int64_t count_duplicates(MatrixView<const float> rows);

}  // namespace ilk::internal
