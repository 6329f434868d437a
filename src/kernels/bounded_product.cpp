#include "kernels/bounded_product.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fail.h"

namespace ilk {
namespace {

constexpr std::int64_t panel = kernels::ProductI16::panel;

kernels::BoundedProduct product_of(const BoundedRows& x, const BoundedMatrix& a) {
  require(x.numbers.columns() == a.rows() && a.rows() >= 1, "multiply",
          "x must have as many columns as A has rows (", a.rows(), "), got ", x.numbers.columns(), ".");
  return {.x = x.numbers.data(),
          .x_stride = x.numbers.stride(),
          .x_scales = x.scales,
          .rows = x.numbers.rows(),
          .k = a.rows(),
          .panels = a.panels(),
          .column_scales = a.scales(),
          .columns = a.columns(),
          .bias = a.bias()};
}

}  // namespace

float quantise_weights(const float* weights, std::int64_t count, std::int16_t* to) {
  constexpr double largest_sum = 2147483647.0 / bounded_top, largest_number = 32767;
  double sum = 0, largest = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const double size = std::fabs(static_cast<double>(weights[i]));
    sum += size;
    if (!(size <= largest)) largest = size;
  }
  std::fill_n(to, count, std::int16_t{0});
  if (!(largest < std::numeric_limits<float>::infinity())) return std::numeric_limits<float>::quiet_NaN();
  if (largest < 1e-30) return 0;
  // Rounding adds half to each number at most.
  const double steps =
      std::min(largest_number / largest, (largest_sum - 0.5 * static_cast<double>(count)) / sum);
  for (std::int64_t i = 0; i < count; ++i)
    to[i] = static_cast<std::int16_t>(std::nearbyint(weights[i] * steps));
  return static_cast<float>(1 / steps);
}

BoundedMatrix::BoundedMatrix(MatrixView<const float> weight, std::span<const float> bias, float factor)
    : rows_(weight.columns()), columns_(weight.rows()) {
  const std::int64_t pairs = (rows_ + 1) / 2, panels = (columns_ + panel - 1) / panel;
  auto numbers = std::make_shared<Matrix<std::int16_t>>(panels * pairs, 2 * panel);
  scales_.resize(static_cast<std::size_t>(panels * panel));
  bias_.resize(scales_.size());
  for (std::size_t j = 0; j < bias.size(); ++j) bias_[j] = factor * bias[j];
  std::vector<std::int16_t> column(static_cast<std::size_t>(2 * pairs));
  for (std::int64_t j = 0; j < columns_; ++j) {
    scales_[static_cast<std::size_t>(j)] = factor * quantise_weights(weight[j], rows_, column.data());
    for (std::int64_t p = 0; p < pairs; ++p)
      std::copy_n(column.data() + 2 * p, 2, (*numbers)[j / panel * pairs + p] + j % panel * 2);
  }
  std::int16_t* first = numbers->data();
  numbers_ = {std::move(numbers), first};
}

void multiply(const BoundedRows& x, const BoundedMatrix& a, MatrixView<float> y, bool add) {
  kernels::BoundedProduct product = product_of(x, a);
  require(y.rows() == x.numbers.rows() && y.columns() == a.columns(), "multiply", "y must be ",
          x.numbers.rows(), " × ", a.columns(), ", got ", y.rows(), " × ", y.columns(), ".");
  product.y = y.data(), product.y_stride = y.stride(), product.add = add;
  kernels::kernels().multiply_bounded_i16(product);
}

void multiply_rectified(const BoundedRows& x, const BoundedMatrix& a, std::int16_t* const* y) {
  kernels::BoundedProduct product = product_of(x, a);
  require(a.columns() % panel == 0, "multiply_rectified", "A must have a multiple of ", panel,
          " columns, got ", a.columns(), ".");
  product.y_rows = y;
  kernels::kernels().multiply_rectified_i16(product);
}

}  // namespace ilk
