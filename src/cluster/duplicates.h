#pragma once
#include <torch/types.h>

#include <cstdint>

namespace ilk::internal {

/// How many rows of a float32 matrix are equal, bit for bit, to an earlier row.
std::int64_t count_duplicates(const torch::Tensor& rows);

}  // namespace ilk::internal
