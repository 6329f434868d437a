#pragma once
// Products of matrices of 16-bit whole numbers where those on the left have a known bound, as what comes out
// of a ReLU6 has: they need no search for a scale, and the result can be whole numbers of the same kind
// again. x (M, K), A (K, N), y (M, N).
#include <ilk/matrix.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/kernels.h"

namespace ilk {

/// The largest size of a number on the left.
inline constexpr std::int32_t bounded_top = kernels::rectified_top;

/// Whole numbers and a scale for some floats: as large as 16 bits allow and so that no sum of products with
/// as many numbers of at most bounded_top in size overflows 32 bits. Returns the scale; 0 where all are 0,
/// NaN where one is.
float quantise_weights(const float* weights, std::int64_t count, std::int16_t* to);

/// x → x A + b, laid out once and used often: each column of A quantised as quantise_weights does. Copies
/// share the numbers.
class BoundedMatrix {
 public:
  BoundedMatrix() = default;
  /// A is the transpose of `weight` (N, K), b is `bias` (N); both are multiplied by `factor`.
  BoundedMatrix(MatrixView<const float> weight, std::span<const float> bias, float factor);

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  /// As Int16Matrix.
  const std::int16_t* panels() const { return numbers_.get(); }
  const float* scales() const { return scales_.data(); }
  const float* bias() const { return bias_.data(); }

 private:
  std::int64_t rows_ = 0, columns_ = 0;
  std::shared_ptr<std::int16_t[]> numbers_;
  std::vector<float> scales_, bias_;  // up to the last panel's end
};

/// M rows of K numbers of at most bounded_top in size; K is even, or a 0 follows each row. `scales` (M).
struct BoundedRows {
  MatrixView<const std::int16_t> numbers;
  const float* scales;
};

/// y = x A + b, or where `add` y += x A + b; on the calling thread. The same bits whatever the companions of
/// a row, on every processor.
void multiply(const BoundedRows& x, const BoundedMatrix& a, MatrixView<float> y, bool add);

/// The same in whole numbers, at least 0 and at most bounded_top, to M rows of N; N must be a multiple of 16.
void multiply_rectified(const BoundedRows& x, const BoundedMatrix& a, std::int16_t* const* y);

}  // namespace ilk
