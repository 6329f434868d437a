#pragma once
#include <ilk/matrix.h>

#include <cstdint>

namespace ilk {

struct Neighbours {
  Matrix<std::int64_t> indices;  ///< (Q, k) rows of the base, nearest first, ties to the lower index
  Matrix<float> cosines;         ///< (Q, k)
};

/// Exact k rows of `base` (B, D) with the highest cosine for each row of `queries` (Q, D), both float32 with
/// rows of unit length, in blocks: nothing of size Q × B is held. Throws Error unless 1 ≤ k ≤ B and the
/// widths agree.
Neighbours nearest_neighbours(MatrixView<const float> queries, MatrixView<const float> base, std::int64_t k);

}  // namespace ilk
