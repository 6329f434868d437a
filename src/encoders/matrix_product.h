#pragma once
// Products y = x A + b of float32 matrices on a CPU, for inference: A is laid out once and used often. x (M,
// K), A (K, N), y (M, N).
#include <torch/types.h>

#include <cstdint>
#include <memory>

namespace ilk {

/// A in panels of 16 columns, each a row of 16 after the other; the last panel is filled up with zeros.
class PackedMatrix {
 public:
  static constexpr std::int64_t panel = 16;

  PackedMatrix() = default;
  /// Room for (rows, columns); `set_columns` or `set_rows` must fill it.
  PackedMatrix(std::int64_t rows, std::int64_t columns);
  /// The transpose of `weight` (N, K) float32, as files of weights hold it.
  explicit PackedMatrix(const torch::Tensor& weight);

  /// Column j is the `rows()` numbers from `values + j · stride`; and row i the `columns()` numbers.
  void set_columns(const float* values, std::int64_t stride);
  void set_rows(const float* values, std::int64_t stride);

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  const float* panels() const { return values_.get(); }

 private:
  std::int64_t rows_ = 0, columns_ = 0;
  std::shared_ptr<float[]> values_;
};

/// y = x A + bias; or where `add`, y += x A + bias. `bias` (N) may be null. The strides are from row to row;
/// x and y must not overlap. Each number is the same sum in the same order whatever M and its row's place, to
/// the bit: BLAS does not promise that, and with it images could not share products. A row of the result does
/// not depend on the others, therefore.
void multiply(const float* x, std::int64_t x_stride, std::int64_t m, const PackedMatrix& a, const float* bias,
              float* y, std::int64_t y_stride, bool add = false);

/// x · sigmoid(1.702 x) in place, `n` numbers.
void quick_gelu(float* x, std::int64_t n);

/// Each of `m` rows of `n` scores, times `scale` and, where `bias` is not null, plus its row of the same,
/// becomes its softmax, in place.
void softmax(float* scores, std::int64_t stride, std::int64_t m, std::int64_t n, float scale,
             const float* bias);

/// Attention of one token to the `length` rows at `places`: per head the softmax of `scale` times the query's
/// product with the keys weighs the values. `query` and `mixed` (width), cut into `heads`; `keys` and
/// `values` have rows of `width`; `scores` has room for heads · length numbers.
void mix_rows(const float* query, const float* keys, const float* values, std::int64_t width,
              std::int64_t heads, const std::int64_t* places, std::int64_t length, float scale, float* scores,
              float* mixed);

}  // namespace ilk
