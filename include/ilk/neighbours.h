#pragma once
#include <torch/types.h>

#include <cstdint>

namespace ilk {

struct Neighbours {
  torch::Tensor indices;  ///< (Q, k) int64 rows of the base, nearest first, ties to the lower index
  torch::Tensor cosines;  ///< (Q, k) float32
};

/// Exact k rows of `base` (B, D) with the highest cosine for each row of `queries` (Q, D), both float32 with
/// rows of unit length, in blocks: nothing of size Q × B is held. Throws Error unless 1 ≤ k ≤ B and the
/// widths agree.
Neighbours nearest_neighbours(const torch::Tensor& queries, const torch::Tensor& base, std::int64_t k);

}  // namespace ilk
