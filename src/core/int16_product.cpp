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

constexpr std::int64_t lanes = 8, panel = Int16Matrix::panel, part = Int16Rows::part;
// 46340 less what rounding adds to a part's length, half the root of 512, and some more for that of floats.
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
    std::int32_t size;
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
    float square = 0;
    for (const float one : squares) square += one;
    longest = square > longest ? square : longest;
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

/// The sums of `pairs` pairs of products of some rows with the columns of a panel, (rows, panel).
using TileSums = void (*)(const std::int16_t* x, std::int64_t x_stride, const std::int16_t* a,
                          std::int64_t pairs, std::int32_t* sums);

template <int rows>
void sum_tile(const std::int16_t* x, std::int64_t x_stride, const std::int16_t* a, std::int64_t pairs,
              std::int32_t* sums) {
  std::fill_n(sums, rows * panel, 0);
  for (std::int64_t p = 0; p < pairs; ++p, x += 2, a += 2 * panel)
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int32_t first = x[r * x_stride], second = x[r * x_stride + 1];
      for (std::int64_t c = 0; c < panel; ++c)
        sums[r * panel + c] += first * a[2 * c] + second * a[2 * c + 1];
    }
}

#if ILK_HAS_WIDE_REGISTERS
template <int rows>
ILK_AVX2 void sum_tile_avx2(const std::int16_t* x, std::int64_t x_stride, const std::int16_t* a,
                            std::int64_t pairs, std::int32_t* sums) {
  const auto at = [](const void* place) { return static_cast<const __m256i*>(place); };
  __m256i left[rows], right[rows];
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) left[r] = right[r] = _mm256_setzero_si256();
  for (std::int64_t p = 0; p < pairs; ++p, x += 2, a += 2 * panel) {
    const __m256i a_left = _mm256_load_si256(at(a)), a_right = _mm256_load_si256(at(a + panel));
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
      std::int32_t pair;
      std::memcpy(&pair, x + r * x_stride, sizeof(pair));
      const __m256i factors = _mm256_set1_epi32(pair);
      left[r] = _mm256_add_epi32(left[r], _mm256_madd_epi16(factors, a_left));
      right[r] = _mm256_add_epi32(right[r], _mm256_madd_epi16(factors, a_right));
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
    auto* to = reinterpret_cast<__m256i*>(sums + r * panel);
    _mm256_store_si256(to, left[r]);
    _mm256_store_si256(to + 1, right[r]);
  }
}
#endif

TileSums tile_sums(std::int64_t rows) {
#if ILK_HAS_WIDE_REGISTERS
  static constexpr TileSums wide[] = {sum_tile_avx2<1>, sum_tile_avx2<2>, sum_tile_avx2<3>,
                                      sum_tile_avx2<4>, sum_tile_avx2<5>, sum_tile_avx2<6>};
  if (wide_registers()) return wide[rows - 1];
#endif
  static constexpr TileSums usual[] = {sum_tile<1>, sum_tile<2>, sum_tile<3>,
                                       sum_tile<4>, sum_tile<5>, sum_tile<6>};
  return usual[rows - 1];
}

/// y = start + scale of the row · scale of the column · sum, (rows, columns) of a panel. `start` has a number
/// for each column; where `add`, y itself is added to it.
ILK_INLINE void finish_tile_loop(const std::int32_t* sums, const float* row_scales, const float* scales,
                                 const float* start, bool add, std::int64_t rows, std::int64_t columns,
                                 float* y, std::int64_t y_stride) {
  for (std::int64_t r = 0; r < rows; ++r, sums += panel, y += y_stride) {
    const float scale = row_scales[r];
    float values[panel];
    for (std::int64_t c = 0; c < panel; ++c)
      values[c] = start[c] + static_cast<float>(sums[c]) * scales[c] * scale;
    if (columns == panel) {
      if (add)
        for (std::int64_t c = 0; c < panel; ++c) values[c] += y[c];
      std::memcpy(y, values, sizeof(values));
    } else {
      for (std::int64_t c = 0; c < columns; ++c) y[c] = add ? values[c] + y[c] : values[c];
    }
  }
}

}  // namespace

ILK_TWICE(void, finish_tile,
          (const std::int32_t* sums, const float* row_scales, const float* scales, const float* start,
           bool add, std::int64_t rows, std::int64_t columns, float* y, std::int64_t y_stride),
          (sums, row_scales, scales, start, add, rows, columns, y, y_stride))

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
  require(x.columns() == a.rows(), "multiply", "x must have as many columns as A has rows (", a.rows(),
          "), got ", x.columns(), ".");
  using namespace internal;
  const std::int64_t n = a.columns(), pairs = (a.rows() + 1) / 2;
  alignas(64) std::int32_t sums[tile_rows * panel];
  for (std::int64_t block = 0; block < x.rows(); block += block_rows) {
    const std::int64_t block_end = std::min(x.rows(), block + block_rows);
    for (std::int64_t first = 0; first == 0 || first < pairs; first += part / 2) {
      const std::int64_t count = std::min(part / 2, pairs - first);
      for (std::int64_t j = 0; j < n; j += panel) {
        const std::int64_t columns = std::min(panel, n - j);
        float start[panel] = {};
        if (bias && first == 0) std::copy_n(bias + j, columns, start);
        const std::int16_t* numbers = a.panels() + (j * pairs + first * panel) * 2;
        for (std::int64_t row = block; row < block_end; row += tile_rows) {
          const std::int64_t rows = std::min(tile_rows, block_end - row);
          tile_sums(rows)(x.row(row) + 2 * first, x.stride(), numbers, count, sums);
          finish_tile(sums, x.scales() + row, a.scales() + j, start, add || first > 0, rows, columns,
                      y + row * y_stride + j, y_stride);
        }
      }
    }
  }
}

}  // namespace ilk
