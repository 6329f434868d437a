#include "kernels/matrix_product.h"

#include <algorithm>

#include "core/fail.h"
#include "core/parallel.h"
#include "kernels/kernels.h"

namespace ilk {

void PackedMatrix::reshape(std::int64_t rows, std::int64_t columns) {
  rows_ = rows, columns_ = columns;
  const std::int64_t size = std::max<std::int64_t>(1, block_count(columns, panel) * panel * rows);
  if (size <= room_) return;
  room_ = size;
  auto values = std::make_shared<Matrix<float>>(Matrix<float>::uninitialised(1, size));
  values_ = std::shared_ptr<float[]>(values, values->data());
}

PackedMatrix PackedMatrix::of(MatrixView<const float> matrix) {
  PackedMatrix packed;
  packed.assign(matrix);
  return packed;
}

PackedMatrix PackedMatrix::of_transpose(MatrixView<const float> matrix) {
  PackedMatrix packed;
  packed.assign_transpose(matrix);
  return packed;
}

PackedMatrix PackedMatrix::columns_between(std::int64_t begin, std::int64_t end) const {
  require(begin % panel == 0 && begin <= end && end <= columns_, "columns_between",
          "there are no columns from ", begin, " to ", end, " of ", columns_, " that begin with a panel.");
  PackedMatrix some;
  some.rows_ = rows_, some.columns_ = end - begin;
  some.values_ = std::shared_ptr<float[]>(values_, values_.get() + begin * rows_);
  return some;
}

void PackedMatrix::assign(MatrixView<const float> matrix) {
  reshape(matrix.rows(), matrix.columns());
  for (std::int64_t j = 0; j < columns_; j += panel) {
    const std::int64_t count = std::min(panel, columns_ - j);
    float* to = values_.get() + j * rows_;
    for (std::int64_t i = 0; i < rows_; ++i, to += panel) {
      const float* from = matrix[i] + j;
      if (count == panel) {
        std::copy_n(from, panel, to);
      } else {
        std::copy_n(from, count, to);
        std::fill_n(to + count, panel - count, 0.0f);
      }
    }
  }
}

void PackedMatrix::assign_transpose(MatrixView<const float> matrix) {
  reshape(matrix.columns(), matrix.rows());
  constexpr std::int64_t strip = 64;  // so many lines of a panel stay in the first cache
  for (std::int64_t j = 0; j < columns_; j += panel) {
    const std::int64_t count = std::min(panel, columns_ - j);
    float* to = values_.get() + j * rows_;
    for (std::int64_t begin = 0; begin < rows_; begin += strip) {
      const std::int64_t end = std::min(rows_, begin + strip);
      for (std::int64_t c = 0; c < count; ++c) {
        const float* from = matrix[j + c];
        for (std::int64_t i = begin; i < end; ++i) to[i * panel + c] = from[i];
      }
      for (std::int64_t i = begin; i < end; ++i)
        std::fill(to + i * panel + count, to + (i + 1) * panel, 0.0f);
    }
  }
}

void multiply(MatrixView<const float> x, const PackedMatrix& a, const float* bias, MatrixView<float> y,
              bool add) {
  require(x.columns() == a.rows() && y.rows() == x.rows() && y.columns() == a.columns(), "multiply", "x (",
          x.rows(), " × ", x.columns(), ") times A (", a.rows(), " × ", a.columns(), ") does not give y (",
          y.rows(), " × ", y.columns(), ").");
  kernels::kernels().multiply_f32({.x = x.data(),
                                   .x_stride = x.stride(),
                                   .rows = x.rows(),
                                   .k = a.rows(),
                                   .panels = a.panels(),
                                   .columns = a.columns(),
                                   .bias = bias,
                                   .y = y.data(),
                                   .y_stride = y.stride(),
                                   .add = add});
}

Matrix<float> product(MatrixView<const float> x, const PackedMatrix& a) {
  constexpr std::int64_t rows_per_block = 192;
  auto y = Matrix<float>::uninitialised(x.rows(), a.columns());
  parallel_blocks(x.rows(), rows_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    multiply(x.rows_between(begin, end), a, nullptr, y.rows_between(begin, end));
  });
  return y;
}

}  // namespace ilk
