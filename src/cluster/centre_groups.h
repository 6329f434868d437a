#pragma once
#include <ilk/matrix.h>

#include <cstdint>
#include <vector>

namespace ilk::internal {

/// The numbers of the rows of `centres` (K, D) in an order where each `size` in turn lie
/// near each other: halved again and again across the line through two rows far from each other.
std::vector<std::int32_t> order_by_likeness(MatrixView<const float> centres, std::int64_t size);

}  // namespace ilk::internal
