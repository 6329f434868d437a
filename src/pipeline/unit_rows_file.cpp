// N rows, D columns.
#include "pipeline/unit_rows_file.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/fail.h"
#include "core/parallel.h"

namespace ilk {
namespace {

constexpr std::int64_t bytes_per_block = std::int64_t{1} << 21;
// Sums of squares that have neither overflowed nor vanished, as those of float32 never do.
constexpr double smallest_squares = 1e-280, largest_squares = 1e280;

struct BadRow {
  std::int64_t row = -1;
  const char* what = "";
};

const char* fault_of(double largest, bool number) {
  if (!number) return "holds NaN";
  if (std::isinf(largest)) return "holds infinity";
  return largest == 0 ? "is all zeros and has no direction" : nullptr;
}

/// Σ (value · scale)² in float64: in sixteen lanes that are folded in halves.
template <class Number>
double sum_of_squares(const Number* values, std::int64_t n, double scale) {
  constexpr std::int64_t lanes = 16;
  std::array<double, lanes> sums{};
  const auto add = [&](std::int64_t i, std::int64_t lane) {
    const double part = static_cast<double>(values[i]) * scale;
    sums[static_cast<std::size_t>(lane)] += part * part;
  };
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane) add(i + lane, lane);
  for (std::int64_t lane = 0; i < n; ++i, ++lane) add(i, lane);
  for (std::size_t width = lanes / 2; width > 0; width /= 2)
    for (std::size_t lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  return sums[0];
}

/// Scales rows of float or double to unit length; returns the first that cannot be, counted from 0.
template <class Number>
BadRow scale_rows(const Number* from, float* to, std::int64_t rows, std::int64_t width) {
  for (std::int64_t i = 0; i < rows; ++i, from += width, to += width) {
    double scale = 1;
    double squares = sum_of_squares(from, width, scale);
    if (!(squares > smallest_squares && squares < largest_squares)) {
      Number largest = 0;
      bool number = true;
      for (std::int64_t j = 0; j < width; ++j) {
        largest = std::max(largest, std::abs(from[j]));
        number &= from[j] == from[j];
      }
      if (const char* fault = fault_of(static_cast<double>(largest), number)) return {i, fault};
      // By a power of two, which changes no digit.
      scale = std::ldexp(1.0, -std::max(std::ilogb(largest), -1000));
      squares = sum_of_squares(from, width, scale);
    }
    const double factor = 1 / std::sqrt(squares);
    for (std::int64_t j = 0; j < width; ++j)
      to[j] = static_cast<float>(static_cast<double>(from[j]) * scale * factor);
  }
  return {};
}

BadRow scale_block(const Array& block, float* to) {
  const std::int64_t rows = block.shape()[0], width = block.shape()[1];
  if (block.type() == ElementType::f64) return scale_rows(block.values<double>().data(), to, rows, width);
  if (block.type() == ElementType::f32) return scale_rows(block.values<float>().data(), to, rows, width);
  return scale_rows(block.to_floats().data(), to, rows, width);
}

}  // namespace

void require_features(const ArrayFile& file, std::string_view what) {
  const auto& shape = file.shape();
  require(shape.size() == 2, "run", what, " must be a matrix, a row for each image or word; ", file.place(),
          " has ", shape.size(), shape.size() == 1 ? " dimension." : " dimensions.");
  require(shape[0] >= 1 && shape[1] >= 1, "run", what, " must have at least one row and one column; ",
          file.place(), " is ", shape[0], " × ", shape[1], ".");
  require(is_floating(file.type()), "run", what, " must be float16, bfloat16, float32 or float64; ",
          file.place(), " is ", file.type_name(), ".");
}

Matrix<float> read_unit_rows(const ArrayFile& file, std::string_view what, const Progress& progress) {
  require_features(file, what);
  const std::int64_t n = file.shape()[0], d = file.shape()[1];
  auto rows = Matrix<float>::uninitialised(n, d);
  const std::int64_t row_bytes = d * size_of(file.type());
  const std::int64_t block = std::clamp<std::int64_t>(bytes_per_block / row_bytes, 1, n);
  std::vector<BadRow> bad(static_cast<std::size_t>(block_count(n, block)));
  const auto read_block = [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
    progress.check_stop();
    bad[static_cast<std::size_t>(index)] = scale_block(file.rows(begin, end), rows[begin]);
  };
  if (file.in_order_only()) {
    for (std::int64_t begin = 0, index = 0; begin < n; begin += block, ++index)
      read_block(begin, std::min(n, begin + block), index);
  } else {
    parallel_blocks(n, block, read_block);
  }
  for (std::size_t i = 0; i < bad.size(); ++i)
    require(bad[i].row < 0, "run", what, " must be finite and not zero; row ",
            static_cast<std::int64_t>(i) * block + bad[i].row, " (from 0) of ", file.place(), " ",
            bad[i].what, ".");
  return rows;
}

}  // namespace ilk
