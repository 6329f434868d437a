#include "cluster/unit_rows.h"

#include <ilk/kmeans.h>

#include <cmath>

#include "core/fail.h"
#include "core/parallel.h"
#include "kernels/kernels.h"

namespace ilk {
namespace {

constexpr std::int64_t rows_per_check = 4096;
constexpr double unit_tolerance = 1e-3;
// Squares of larger ones are not safe in float32.
constexpr double largest_coordinate = 1e15;

void require_matrix(MatrixView<const float> matrix, std::string_view function, std::string_view what) {
  require(matrix.rows() >= 1 && matrix.columns() >= 1, function, what,
          " must have at least one row and one column, got ", matrix.rows(), " × ", matrix.columns(), ".");
}

/// NaN where there is one.
double largest_size(std::span<const float> row) {
  float largest = 0;
  for (const float value : row) {
    const float size = std::fabs(value);
    if (size <= largest) continue;
    largest = size;
    if (std::isnan(size)) break;
  }
  return static_cast<double>(largest);
}

double length_of(std::span<const float> row) {
  return std::sqrt(kernels::kernels().sum_of_squares(row.data(), static_cast<std::int64_t>(row.size())));
}

struct BadRow {
  std::int64_t row = -1;
  double size = 0;
};

/// The first row that size_of(row number) gives a size for that is not good(size); row −1 where there is
/// none.
template <class SizeOf, class Good>
BadRow first_bad(std::int64_t rows, SizeOf size_of, Good good) {
  std::vector<BadRow> found(static_cast<std::size_t>(block_count(rows, rows_per_check)));
  parallel_blocks(rows, rows_per_check, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
    BadRow& bad = found[static_cast<std::size_t>(index)];
    for (std::int64_t i = begin; i < end; ++i)
      if (const double size = size_of(i); !good(size) && bad.row < 0) bad = {i, size};
  });
  for (const BadRow& one : found)
    if (one.row >= 0) return one;
  return {};
}

}  // namespace

void require_unit_rows(MatrixView<const float> matrix, std::string_view function, std::string_view what) {
  require_matrix(matrix, function, what);
  const BadRow bad = first_bad(
      matrix.rows(), [&](std::int64_t i) { return length_of(matrix.row(i)); },
      [](double length) { return std::fabs(length - 1) <= unit_tolerance; });
  require(bad.row < 0, function, what, " must have finite rows of unit length, got row ", bad.row,
          " of length ", bad.size, ".");
}

void require_finite_rows(MatrixView<const float> matrix, std::string_view function, std::string_view what) {
  require_matrix(matrix, function, what);
  const BadRow bad = first_bad(
      matrix.rows(), [&](std::int64_t i) { return largest_size(matrix.row(i)); },
      [](double size) { return size <= largest_coordinate; });
  require(bad.row < 0, function, what, " must have finite coordinates of at most 1e15, got row ", bad.row,
          " with ", bad.size, ".");
}

Matrix<float> normalise_rows(MatrixView<const float> matrix, std::string_view function,
                             std::string_view what) {
  require_matrix(matrix, function, what);
  auto scaled = Matrix<float>::uninitialised(matrix.rows(), matrix.columns());
  const BadRow bad = first_bad(
      matrix.rows(),
      [&](std::int64_t i) {
        // In float64 squares of floats neither overflow nor vanish.
        const double length = length_of(matrix.row(i));
        const float* row = matrix[i];
        for (std::int64_t j = 0; j < matrix.columns(); ++j)
          scaled[i][j] = static_cast<float>(static_cast<double>(row[j]) / length);
        return length > 0 && std::isfinite(length) ? length : largest_size(matrix.row(i));
      },
      [](double length) { return std::isfinite(length) && length > 0; });
  require(bad.row < 0, function, what,
          bad.size == 0 ? " must have no zero row, got row " : " must be finite, got row ", bad.row,
          " of length ", bad.size, ".");
  return scaled;
}

}  // namespace ilk
