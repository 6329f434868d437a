#include "kernels/int16_product.h"

#include <algorithm>

#include "core/fail.h"
#include "core/parallel.h"

namespace ilk {
namespace {

constexpr std::int64_t rows_per_block = 512;

/// Whole lines of the cache, and an odd number of them: rows that lie a power of two apart would share few
/// places in the cache.
std::int64_t stride_of(std::int64_t columns) {
  constexpr std::int64_t line = 32;
  return ((columns + line - 1) / line | 1) * line;
}

}  // namespace

Int16Rows::Int16Rows(MatrixView<const float> rows)
    : columns_(rows.columns()),
      numbers_(Matrix<std::int16_t>::uninitialised(rows.rows(), stride_of(rows.columns()))),
      scales_(static_cast<std::size_t>(rows.rows())) {
  parallel_blocks(rows.rows(), rows_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int16_t* to = numbers_[i];
      scales_[static_cast<std::size_t>(i)] = kernels::kernels().quantise_i16(rows[i], columns_, to);
      if (columns_ % 2 != 0) to[columns_] = 0;
    }
  });
}

Int16Matrix::Int16Matrix(const Int16Rows& columns) : rows_(columns.columns()), columns_(columns.rows()) {
  const std::int64_t pairs = (rows_ + 1) / 2, panels = (columns_ + panel - 1) / panel;
  auto numbers =
      std::make_shared<Matrix<std::int16_t>>(Matrix<std::int16_t>::uninitialised(panels * pairs, 2 * panel));
  if (columns_ % panel != 0)
    std::fill_n((*numbers)[(panels - 1) * pairs], pairs * 2 * panel, std::int16_t{0});
  scales_.resize(static_cast<std::size_t>(panels * panel));
  parallel_blocks(columns_, rows_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t j = begin; j < end; ++j) {
      scales_[static_cast<std::size_t>(j)] = columns.scales()[j];
      for (std::int64_t p = 0; p < pairs; ++p)
        std::copy_n(columns.row(j) + 2 * p, 2, (*numbers)[j / panel * pairs + p] + j % panel * 2);
    }
  });
  std::int16_t* first = numbers->data();
  numbers_ = {std::move(numbers), first};
}

Int16Matrix Int16Matrix::columns_between(std::int64_t begin, std::int64_t end) const {
  require(begin % panel == 0 && begin <= end && end <= columns_, "columns_between",
          "there are no columns from ", begin, " to ", end, " of ", columns_, " that begin with a panel.");
  Int16Matrix some;
  some.rows_ = rows_, some.columns_ = end - begin;
  some.numbers_ = std::shared_ptr<std::int16_t[]>(numbers_, numbers_.get() + begin * 2 * ((rows_ + 1) / 2));
  const std::int64_t padded = (end - begin + panel - 1) / panel * panel;
  some.scales_.assign(scales_.begin() + begin, scales_.begin() + begin + padded);
  return some;
}

void multiply(const Int16Rows& x, const Int16Matrix& a, const float* bias, MatrixView<float> y, bool add) {
  require(x.columns() == a.rows() && a.rows() >= 1, "multiply", "x must have as many columns as A has rows (",
          a.rows(), "), got ", x.columns(), ".");
  require(y.rows() == x.rows() && y.columns() == a.columns(), "multiply", "y must be ", x.rows(), " × ",
          a.columns(), ", got ", y.rows(), " × ", y.columns(), ".");
  kernels::kernels().multiply_i16({.x = x.row(0),
                                   .x_stride = x.stride(),
                                   .x_scales = x.scales(),
                                   .rows = x.rows(),
                                   .k = a.rows(),
                                   .panels = a.panels(),
                                   .column_scales = a.scales(),
                                   .columns = a.columns(),
                                   .bias = bias,
                                   .y = y.data(),
                                   .y_stride = y.stride(),
                                   .add = add});
}

}  // namespace ilk
