// D dimensions. Groups are 32 coordinates, a vector register of bytes; chunks are the groups whose products
// go into the same 16-bit sums.
#include "byte_rows.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>

#if defined(__x86_64__) && defined(__GNUC__)
#define ILK_BYTE_PRODUCTS 1
#include <immintrin.h>
#define ILK_AVX2 __attribute__((target("avx2,fma")))
#else
#define ILK_BYTE_PRODUCTS 0
#define ILK_AVX2
#endif

namespace ilk::internal {
namespace {

constexpr std::int64_t group = 32, groups_per_chunk = 16, chunk = group * groups_per_chunk, sums = group / 2;
constexpr float offset = 128;
// Adding and subtracting this rounds a float below 2^22 to a whole number.
constexpr float rounding = 12582912.0f;

struct Limits {
  float byte, length;  // of a coordinate, and of the coordinates of one sum
};
// 255 · 64 · 2 < 2^15, so that a pair of products never saturates.
constexpr Limits left_limits{127, 192}, right_limits{64, 170}, wide_limits{32000, 46000};

struct Spread {
  float largest = 0, longest = 0, square = 0;
};

/// The largest coordinate, the longest part that goes into one sum, and the squared length of a row.
ILK_AVX2 Spread spread_of(const float* row, const float* origin, std::int64_t d) {
  Spread spread;
  float largest[group] = {};
  for (std::int64_t begin = 0; begin < d; begin += chunk) {
    float squares[group] = {};
    const std::int64_t end = std::min(d, begin + chunk);
    for (std::int64_t j = begin; j < end; j += group) {
      float values[group];
      const std::int64_t count = std::min(group, end - j);
      if (count == group && origin != nullptr)
        for (std::int64_t i = 0; i < group; ++i) values[i] = row[j + i] - origin[j + i];
      else
        for (std::int64_t i = 0; i < group; ++i)
          values[i] = i < count ? row[j + i] - (origin != nullptr ? origin[j + i] : 0) : 0;
      for (std::int64_t i = 0; i < group; ++i) {
        squares[i] += values[i] * values[i];
        const float size = std::fabs(values[i]);
        largest[i] = size > largest[i] ? size : largest[i];
      }
    }
    for (std::int64_t sum = 0; sum < sums; ++sum) {
      const float square = squares[2 * sum] + squares[2 * sum + 1];
      spread.longest = std::max(spread.longest, square);
      spread.square += square;
    }
  }
  spread.longest = std::sqrt(spread.longest);
  spread.largest = *std::max_element(largest, largest + group);
  return spread;
}

/// Writes the small numbers of a row; returns the squared length of what they miss.
template <class Small>
ILK_AVX2 float quantise(const float* row, const float* origin, std::int64_t d, float scale, float inverse,
                        float shift, Small* to) {
  float missed[group] = {};
  for (std::int64_t j = 0; j < d; j += group) {
    float values[group];
    const std::int64_t count = std::min(group, d - j);
    if (count == group && origin != nullptr)
      for (std::int64_t i = 0; i < group; ++i) values[i] = row[j + i] - origin[j + i];
    else
      for (std::int64_t i = 0; i < group; ++i)
        values[i] = i < count ? row[j + i] - (origin != nullptr ? origin[j + i] : 0) : 0;
    std::int32_t whole[group];
    for (std::int64_t i = 0; i < group; ++i) {
      const float rounded = (values[i] * inverse + rounding) - rounding;
      const float rest = values[i] - rounded * scale;
      missed[i] += rest * rest;
      whole[i] = static_cast<std::int32_t>(rounded + shift);
    }
    for (std::int64_t i = 0; i < group; ++i) to[j + i] = static_cast<Small>(whole[i]);
  }
  float total = 0;
  for (const float one : missed) total += one;
  return total;
}

std::int64_t width_of(int bits, std::int64_t dimensions) {
  return (dimensions + group - 1) / group * group * (bits / 8);
}

}  // namespace

bool has_byte_products() {
#if ILK_BYTE_PRODUCTS
  static const bool found = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return found && !without_byte_products();
#else
  return false;
#endif
}

void ByteRows::Free::operator()(std::uint8_t* bytes) const {
  ::operator delete[](bytes, std::align_val_t(64));
}

ByteRows::ByteRows(Side side, int bits, std::int64_t rows, std::int64_t dimensions)
    : side_(side),
      bits_(bits),
      dimensions_(dimensions),
      width_(width_of(bits, dimensions)),
      bytes_(static_cast<std::uint8_t*>(
          ::operator new[](static_cast<std::size_t>(rows* width_), std::align_val_t(64)))),
      scales_(static_cast<std::size_t>(rows)),
      errors_(scales_.size()),
      lengths_(scales_.size()) {
  if (side == Side::left) return;
  std::fill_n(bytes_.get(), rows * width_, std::uint8_t{0});
  if (bits == 8) corrections_.resize(static_cast<std::size_t>(rows * ((width_ + chunk - 1) / chunk) * sums));
}

std::int64_t ByteRows::memory(int bits, std::int64_t rows, std::int64_t dimensions) {
  return rows * (width_of(bits, dimensions) + static_cast<std::int64_t>(3 * sizeof(float)));
}

void ByteRows::set(std::int64_t i, const float* row, const float* origin) {
  const Limits& limits = bits_ == 16 ? wide_limits : side_ == Side::left ? left_limits : right_limits;
  const Spread spread = spread_of(row, origin, dimensions_);
  // Rounding lengthens a row, or the 32 coordinates of one sum, by half the root of their number at most.
  const float longest = bits_ == 16 ? std::sqrt(spread.square) : spread.longest;
  const float lengthened =
      bits_ == 16 ? 0.51f * std::sqrt(static_cast<float>(dimensions_)) : 0.51f * std::sqrt(32.0f);
  const float room = std::max(0.0f, limits.length - lengthened);
  const float inverse =
      longest > 0 ? std::min(0.999f * limits.byte / spread.largest, 0.999f * room / longest) : 0;
  const bool usable = inverse > 0 && std::isfinite(inverse) && std::isfinite(spread.square);
  const float scale = usable ? 1 / inverse : 0, factor = usable ? inverse : 0;
  std::uint8_t* bytes = bytes_.get() + i * width_;
  const float missed =
      bits_ == 16
          ? quantise(row, origin, dimensions_, scale, factor, 0, reinterpret_cast<std::int16_t*>(bytes))
          : quantise(row, origin, dimensions_, scale, factor, side_ == Side::left ? offset : 0, bytes);
  const auto place = static_cast<std::size_t>(i);
  // A little more than the truth, for the rounding of these very sums and squares too small for a float.
  const float length = 1.001f * std::sqrt(spread.square) + 1e-15f;
  scales_[place] = scale;
  errors_[place] = usable ? 1.001f * std::sqrt(missed) + 1e-6f * length + 1e-15f : length;
  lengths_[place] = length + errors_[place];
  if (corrections_.empty()) return;
  // Four rows' corrections lie together, chunk by chunk.
  const std::int64_t chunks = (width_ + chunk - 1) / chunk;
  std::int16_t* correction = corrections_.data() + (i / 4 * 4 * chunks + i % 4) * sums;
  for (std::int64_t begin = 0; begin < width_; begin += chunk, correction += 4 * sums) {
    const std::int64_t end = std::min(width_, begin + chunk);
    for (std::int64_t sum = 0; sum < sums; ++sum) {
      int total = 0;
      for (std::int64_t j = begin + 2 * sum; j < end; j += group)
        total += static_cast<std::int8_t>(bytes[j]) + static_cast<std::int8_t>(bytes[j + 1]);
      // Modulo 2^16, as are the sums.
      correction[sum] = static_cast<std::int16_t>(static_cast<std::uint16_t>(-128 * total));
    }
  }
}

#if ILK_BYTE_PRODUCTS
namespace {

/// Sums of the four registers' 32-bit numbers: those of `a` first.
ILK_AVX2 inline __m128i sums_of(__m256i a, __m256i b, __m256i c, __m256i d) {
  const __m256i ab = _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
  const __m256i cd = _mm256_add_epi32(_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
  const __m256i all = _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
  return _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
}

/// Neighbours of 16 bits added in 32.
ILK_AVX2 inline __m256i widened(__m256i a) {
  return _mm256_madd_epi16(a, _mm256_set1_epi16(1));
}

ILK_AVX2 inline __m256i load(const void* address) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(address));
}

// Written as instructions: compilers copy the sums about or load rows twice, at two thirds of the speed. Each
// step multiplies 32 bytes of two left rows with those of four right rows; neighbouring products are added,
// and added to the sums.
#define ILK_STEP(row, sum_0, sum_1, multiply, add)                                                    \
  "vmovdqu (%[" row "], %[at]), %%ymm10\n" multiply " %%ymm10, %%ymm8, %%ymm11\n" multiply            \
  " %%ymm10, %%ymm9, %%ymm12\n" add " %%ymm11, %[" sum_0 "], %[" sum_0 "]\n" add " %%ymm12, %[" sum_1 \
  "], %[" sum_1 "]\n"
#define ILK_LOOP(multiply, add) \
  asm volatile(                                                                                              \
      "1:\n"                                                                                                 \
      "vmovdqu (%[left_0], %[at]), %%ymm8\n"                                                                 \
      "vmovdqu (%[left_1], %[at]), %%ymm9\n"                                                                 \
      ILK_STEP("right", "a0", "a1", multiply, add) ILK_STEP("right_1", "b0", "b1", multiply, add)            \
      ILK_STEP("right_2", "c0", "c1", multiply, add) ILK_STEP("right_3", "d0", "d1", multiply, add)          \
      "add $32, %[at]\n"                                                                                     \
      "cmp %[end], %[at]\n"                                                                                  \
      "jl 1b\n"                                                                                              \
      : [a0] "+x"(a0), [b0] "+x"(b0), [c0] "+x"(c0), [d0] "+x"(d0), [a1] "+x"(a1), [b1] "+x"(b1),            \
        [c1] "+x"(c1), [d1] "+x"(d1), [at] "+r"(at)                                                          \
      : [left_0] "r"(left_0), [left_1] "r"(left_1), [right] "r"(right), [right_1] "r"(right_1),              \
        [right_2] "r"(right_2), [right_3] "r"(right_3), [end] "r"(end)                                       \
      : "ymm8", "ymm9", "ymm10", "ymm11", "ymm12", "memory", "cc")

/// Two rows of the left side with four of the right side, whose first is `right`: totals[0 … 3] and [4 … 7].
ILK_AVX2 inline void tile_of_8_bits(const std::uint8_t* left_0, const std::uint8_t* left_1,
                                    const std::uint8_t* right, std::int64_t width,
                                    const std::int16_t* corrections, std::int32_t* totals) {
  const std::uint8_t *right_1 = right + width, *right_2 = right_1 + width, *right_3 = right_2 + width;
  auto* to = reinterpret_cast<__m128i*>(totals);
  for (std::int64_t begin = 0; begin < width; begin += chunk, corrections += 4 * sums) {
    const std::int64_t end = std::min(width, begin + chunk);
    __m256i a0 = load(corrections), b0 = load(corrections + sums), c0 = load(corrections + 2 * sums),
            d0 = load(corrections + 3 * sums), a1 = a0, b1 = b0, c1 = c0, d1 = d0;
    std::int64_t at = begin;
    ILK_LOOP("vpmaddubsw", "vpaddw");
    const __m128i first = sums_of(widened(a0), widened(b0), widened(c0), widened(d0));
    const __m128i second = sums_of(widened(a1), widened(b1), widened(c1), widened(d1));
    _mm_store_si128(to, _mm_add_epi32(first, _mm_load_si128(to)));
    _mm_store_si128(to + 1, _mm_add_epi32(second, _mm_load_si128(to + 1)));
  }
}

ILK_AVX2 inline void tile_of_16_bits(const std::uint8_t* left_0, const std::uint8_t* left_1,
                                     const std::uint8_t* right, std::int64_t width, std::int32_t* totals) {
  const std::uint8_t *right_1 = right + width, *right_2 = right_1 + width, *right_3 = right_2 + width;
  __m256i a0 = _mm256_setzero_si256(), b0 = a0, c0 = a0, d0 = a0, a1 = a0, b1 = a0, c1 = a0, d1 = a0;
  std::int64_t at = 0;
  const std::int64_t end = width;
  ILK_LOOP("vpmaddwd", "vpaddd");
  _mm_store_si128(reinterpret_cast<__m128i*>(totals), sums_of(a0, b0, c0, d0));
  _mm_store_si128(reinterpret_cast<__m128i*>(totals) + 1, sums_of(a1, b1, c1, d1));
}
#undef ILK_STEP
#undef ILK_LOOP

}  // namespace

ILK_AVX2 void byte_products(const ByteRows& left, const std::int32_t* left_rows, std::int64_t n_left,
                            const ByteRows& right, std::int64_t first_right, std::int64_t n_right,
                            const float* bias, float* out, std::int64_t stride) {
  const std::int64_t width = left.width_, chunks = (width + chunk - 1) / chunk;
  for (std::int64_t row = first_right; row < first_right + n_right; row += byte_rows_at_once, out += 4) {
    const std::uint8_t* bytes = right.bytes_.get() + row * width;
    const std::int16_t* corrections =
        left.bits_ == 8 ? right.corrections_.data() + row * chunks * sums : nullptr;
    for (std::int64_t p = 0; p < n_left; p += 2) {
      // The last of an odd number is its own companion.
      const std::int64_t pair[] = {p, std::min(p + 1, n_left - 1)};
      alignas(32) std::int32_t totals[8] = {};
      const std::uint8_t *left_0 = left.bytes_.get() + left_rows[pair[0]] * width,
                         *left_1 = left.bytes_.get() + left_rows[pair[1]] * width;
      if (left.bits_ == 16)
        tile_of_16_bits(left_0, left_1, bytes, width, totals);
      else
        tile_of_8_bits(left_0, left_1, bytes, width, corrections, totals);
      for (int i = 0; i < 2; ++i) {
        const __m128 scale =
            _mm_mul_ps(_mm_loadu_ps(right.scales_.data() + row),
                       _mm_set1_ps(left.scales_[static_cast<std::size_t>(left_rows[pair[i]])]));
        const __m128 total = _mm_cvtepi32_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(totals) + i));
        _mm_storeu_ps(out + pair[i] * stride, _mm_fmadd_ps(total, scale, _mm_loadu_ps(bias + row)));
      }
    }
  }
}
#else
void byte_products(const ByteRows&, const std::int32_t*, std::int64_t, const ByteRows&, std::int64_t,
                   std::int64_t, const float*, float*, std::int64_t) {
  std::abort();
}
#endif

}  // namespace ilk::internal
