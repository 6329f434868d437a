#include "int16_product.h"

#include <ilk/error.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "twice.h"

#if ILK_HAS_WIDE_REGISTERS
#include <immintrin.h>
#endif

namespace ilk {
namespace internal {
namespace {

constexpr std::int64_t lanes = 16, panel = Int16Matrix::panel, part = Int16Rows::part;
// 46340 less what rounding adds to a part's length, half the root of 768, and some more for that of floats.
constexpr float longest_part = 46300, largest_number = 32766;
// Between these nothing that is made of a number here leaves the range of floats.
constexpr float least = 1e-30f, most = 1e28f;
// Adding and subtracting this rounds a float below 2^22 to a whole number.
constexpr float rounding = 12582912.0f;

/// The largest size of a number, or NaN where there is one: by their bits, which are ordered as the sizes
/// are.
ILK_INLINE float largest_size(const float* row, std::int64_t k) {
  std::int32_t largest = 0;
  for (std::int64_t j = 0; j < k; ++j) {
    std::int32_t size = 0;
    __builtin_memcpy(&size, row + j, sizeof(size));
    size &= 0x7fffffff;
    largest = size > largest ? size : largest;
  }
  return std::bit_cast<float>(largest);
}

/// The length of the longest part of `factor` times a row.
ILK_INLINE float longest_part_of(const float* row, std::int64_t k, float factor) {
  float longest = 0;
  for (std::int64_t begin = 0; begin < k; begin += part) {
    const std::int64_t end = std::min(k, begin + part);
    float squares[lanes] = {};
    std::int64_t j = begin;
    for (; j + lanes <= end; j += lanes)
      for (std::int64_t lane = 0; lane < lanes; ++lane) {
        const float value = row[j + lane] * factor;
        squares[lane] += value * value;
      }
    for (; j < end; ++j) squares[0] += row[j] * factor * (row[j] * factor);
    for (std::int64_t half = lanes / 2; half > 0; half /= 2)
      for (std::int64_t lane = 0; lane < half; ++lane) squares[lane] += squares[lane + half];
    longest = squares[0] > longest ? squares[0] : longest;
  }
  return std::sqrt(longest);
}

/// Writes the whole numbers of a row; returns its scale.
ILK_INLINE float set_row_loop(const float* row, std::int64_t k, std::int16_t* to) {
  const float largest = largest_size(row, k);
  float inverse = 0, scale = 0;
  if (!(largest <= most)) {
    scale = std::numeric_limits<float>::quiet_NaN();
  } else if (largest >= least) {
    const float top = std::min(largest_number, longest_part / longest_part_of(row, k, 1 / largest));
    inverse = top / largest;
    scale = largest / top;
  }
  if (inverse == 0) {
    std::fill_n(to, k, std::int16_t{0});
    return scale;
  }
  for (std::int64_t j = 0; j < k; ++j)
    to[j] = static_cast<std::int16_t>(static_cast<std::int32_t>(row[j] * inverse + rounding - rounding));
  return scale;
}

}  // namespace

ILK_TWICE(float, set_row, (const float* row, std::int64_t k, std::int16_t* to), (row, k, to))

namespace {

// As of floats: twelve sums and what they are made of fill the sixteen registers, a block of rows stays in
// the second cache, a panel's part in the first.
constexpr std::int64_t tile_rows = 6, block_rows = 192;

/// Some rows of a part of x, times the columns of a panel.
struct Tile {
  const std::int16_t* x;
  std::int64_t x_stride;
  const float* x_scales;
  const std::int16_t* a;
  const float* a_scales;
  std::int64_t pairs;  // of numbers in the part
  const float* start;  // of each column, what the sums are added to
  bool add;            // and whether y is added too
  float* y;
  std::int64_t y_stride, columns;
};

/// From the sums (rows, panel) to y.
template <int rows>
ILK_INLINE void finish_tile(const std::int32_t* sums, const Tile& tile) {
  float* y = tile.y;
  for (int r = 0; r < rows; ++r, sums += panel, y += tile.y_stride) {
    float values[panel];
    for (std::int64_t c = 0; c < panel; ++c)
      values[c] = tile.start[c] + static_cast<float>(sums[c]) * tile.a_scales[c] * tile.x_scales[r];
    if (tile.columns == panel) {
      if (tile.add)
        for (std::int64_t c = 0; c < panel; ++c) values[c] += y[c];
      std::memcpy(y, values, sizeof(values));
    } else {
      for (std::int64_t c = 0; c < tile.columns; ++c) y[c] = tile.add ? values[c] + y[c] : values[c];
    }
  }
}

template <int rows>
void multiply_tile(const Tile& tile) {
  std::int32_t sums[rows * panel] = {};
  const std::int16_t *x = tile.x, *a = tile.a;
  for (std::int64_t p = 0; p < tile.pairs; ++p, x += 2, a += 2 * panel)
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int32_t first = x[r * tile.x_stride], second = x[r * tile.x_stride + 1];
      for (std::int64_t c = 0; c < panel; ++c)
        sums[r * panel + c] += first * a[2 * c] + second * a[2 * c + 1];
    }
  finish_tile<rows>(sums, tile);
}

#if ILK_HAS_WIDE_REGISTERS
template <int rows>
ILK_AVX2 void multiply_tile_avx2(const Tile& tile) {
  const auto at = [](const void* place) { return static_cast<const __m256i*>(place); };
  const std::int16_t *x = tile.x, *a = tile.a;
  const std::int64_t pairs = tile.pairs, x_stride = tile.x_stride;
  __m256i left[rows], right[rows];
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) left[r] = right[r] = _mm256_setzero_si256();
  for (std::int64_t p = 0; p < pairs; ++p, x += 2, a += 2 * panel) {
    const __m256i a_left = _mm256_load_si256(at(a)), a_right = _mm256_load_si256(at(a + panel));
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      std::int32_t pair = 0;
      std::memcpy(&pair, x + r * x_stride, sizeof(pair));
      const __m256i factors = _mm256_set1_epi32(pair);
      left[r] = _mm256_add_epi32(left[r], _mm256_madd_epi16(factors, a_left));
      right[r] = _mm256_add_epi32(right[r], _mm256_madd_epi16(factors, a_right));
    }
  }
  alignas(32) std::int32_t sums[rows * panel];
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
    auto* to = reinterpret_cast<__m256i*>(sums + r * panel);
    _mm256_store_si256(to, left[r]);
    _mm256_store_si256(to + 1, right[r]);
  }
  finish_tile<rows>(sums, tile);
}
#endif

using MultiplyTile = void (*)(const Tile&);

/// For 1, 2, … tile_rows rows.
const MultiplyTile* tiles_of_rows() {
#if ILK_HAS_WIDE_REGISTERS
  static constexpr MultiplyTile wide[tile_rows] = {multiply_tile_avx2<1>, multiply_tile_avx2<2>,
                                                   multiply_tile_avx2<3>, multiply_tile_avx2<4>,
                                                   multiply_tile_avx2<5>, multiply_tile_avx2<6>};
  if (wide_registers()) return wide;
#endif
  static constexpr MultiplyTile usual[tile_rows] = {multiply_tile<1>, multiply_tile<2>, multiply_tile<3>,
                                                    multiply_tile<4>, multiply_tile<5>, multiply_tile<6>};
  return usual;
}

}  // namespace
}  // namespace internal

namespace {

template <class Number>
std::shared_ptr<Number[]> aligned(std::int64_t size) {
  constexpr std::align_val_t alignment{64};
  const auto free = [](Number* numbers) { ::operator delete[](numbers, std::align_val_t{64}); };
  const auto bytes = static_cast<std::size_t>(size) * sizeof(Number);
  return {static_cast<Number*>(::operator new[](bytes, alignment)), free};
}

/// Whole lines of the cache, and an odd number of them: rows that lie a power of two apart would share few
/// places in the cache.
std::int64_t stride_of(std::int64_t columns) {
  constexpr std::int64_t line = 32;
  return ((columns + line - 1) / line | 1) * line;
}

}  // namespace

Int16Rows::Int16Rows(const float* values, std::int64_t stride, std::int64_t rows, std::int64_t columns)
    : columns_(columns),
      stride_(stride_of(columns)),
      numbers_(aligned<std::int16_t>(rows * stride_)),
      scales_(static_cast<std::size_t>(rows)) {
  for (std::int64_t i = 0; i < rows; ++i) {
    std::int16_t* to = numbers_.get() + i * stride_;
    scales_[static_cast<std::size_t>(i)] = internal::set_row(values + i * stride, columns, to);
    if (columns % 2 != 0) to[columns] = 0;
  }
}

Int16Matrix::Int16Matrix(const Int16Rows& columns) : rows_(columns.columns()), columns_(columns.rows()) {
  const std::int64_t pairs = (rows_ + 1) / 2, filled = (columns_ + panel - 1) / panel * panel;
  numbers_ = aligned<std::int16_t>(filled * pairs * 2);
  std::fill_n(numbers_.get(), filled * pairs * 2, std::int16_t{0});
  scales_.resize(static_cast<std::size_t>(filled));
  for (std::int64_t j = 0; j < columns_; ++j) {
    scales_[static_cast<std::size_t>(j)] = columns.scales()[j];
    std::int16_t* to = numbers_.get() + (j / panel * panel * pairs + j % panel) * 2;
    for (std::int64_t p = 0; p < pairs; ++p) std::copy_n(columns.row(j) + 2 * p, 2, to + 2 * panel * p);
  }
}

void multiply(const Int16Rows& x, const Int16Matrix& a, const float* bias, float* y, std::int64_t y_stride,
              bool add) {
  require(x.columns() == a.rows() && a.rows() >= 1, "multiply", "x must have as many columns as A has rows (",
          a.rows(), "), got ", x.columns(), ".");
  using namespace internal;
  const std::int64_t n = a.columns(), pairs = (a.rows() + 1) / 2;
  const MultiplyTile* multiply_rows = tiles_of_rows() - 1;
  for (std::int64_t block = 0; block < x.rows(); block += block_rows) {
    const std::int64_t block_end = std::min(x.rows(), block + block_rows);
    for (std::int64_t first = 0; first < pairs; first += part / 2)
      for (std::int64_t j = 0; j < n; j += panel) {
        const std::int64_t columns = std::min(panel, n - j);
        float start[panel] = {};
        if (bias && first == 0) std::copy_n(bias + j, columns, start);
        for (std::int64_t row = block; row < block_end; row += tile_rows)
          multiply_rows[std::min(tile_rows, block_end - row)](
              {.x = x.row(row) + 2 * first,
               .x_stride = x.stride(),
               .x_scales = x.scales() + row,
               .a = a.panels() + (j * pairs + first * panel) * 2,
               .a_scales = a.scales() + j,
               .pairs = std::min(part / 2, pairs - first),
               .start = start,
               .add = add || first > 0,
               .y = y + row * y_stride + j,
               .y_stride = y_stride,
               .columns = columns});
      }
  }
}

}  // namespace ilk
