#include "row_loops.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../core/twice.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

namespace ilk::internal {
namespace {

constexpr std::int64_t lanes = 16;
constexpr float lowest = -std::numeric_limits<float>::infinity();

/// The sum of the lanes, in an order that is always the same.
template <class Real, std::int64_t count>
ILK_INLINE Real folded(Real (&sums)[count]) {
  for (std::int64_t half = count / 2; half > 0; half /= 2)
    for (std::int64_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0];
}

ILK_INLINE double exact_dot_loop(const float* a, const float* b, std::int64_t n) {
  double sums[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane)
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  for (std::int64_t lane = 0; i < n; ++i, ++lane)
    sums[lane] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return folded(sums);
}

ILK_INLINE float near_dot_loop(const float* a, const float* b, std::int64_t n) {
  constexpr std::int64_t wide = 2 * lanes;
  float sums[wide] = {};
  std::int64_t i = 0;
  for (; i + wide <= n; i += wide)
    for (std::int64_t lane = 0; lane < wide; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  for (std::int64_t lane = 0; i < n; ++i, ++lane) sums[lane] += a[i] * b[i];
  return folded(sums);
}

ILK_INLINE float near_half_square_loop(const float* a, const float* b, std::int64_t n) {
  constexpr std::int64_t wide = 2 * lanes;
  float sums[wide] = {};
  std::int64_t i = 0;
  for (; i + wide <= n; i += wide)
    for (std::int64_t lane = 0; lane < wide; ++lane) {
      const float difference = a[i + lane] - b[i + lane];
      sums[lane] += difference * difference;
    }
  for (std::int64_t lane = 0; i < n; ++i, ++lane) sums[lane] += (a[i] - b[i]) * (a[i] - b[i]);
  return folded(sums) / 2;
}

ILK_INLINE float spend_loop(float* numbers, const float* costs, float cost, std::int64_t n) {
  float least[lanes];
  std::fill_n(least, lanes, -lowest);
  const auto take = [&](std::int64_t i, std::int64_t lane) {
    numbers[i] = (numbers[i] - (costs[i] + cost)) * 0.999999f;
    least[lane] = numbers[i] < least[lane] ? numbers[i] : least[lane];
  };
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane) take(i + lane, lane);
  for (std::int64_t lane = 0; i < n; ++i, ++lane) take(i, lane);
  return *std::min_element(least, least + lanes);
}

ILK_INLINE void add_rounded_loop(double* sums, const float* values, std::int64_t n, double rounding) {
  for (std::int64_t i = 0; i < n; ++i) sums[i] += (static_cast<double>(values[i]) + rounding) - rounding;
}
ILK_INLINE void subtract_rounded_loop(double* sums, const float* values, std::int64_t n, double rounding) {
  for (std::int64_t i = 0; i < n; ++i) sums[i] -= (static_cast<double>(values[i]) + rounding) - rounding;
}

}  // namespace

ILK_TWICE(double, exact_dot, (const float* a, const float* b, std::int64_t n), (a, b, n))
ILK_TWICE(float, near_dot, (const float* a, const float* b, std::int64_t n), (a, b, n))
ILK_TWICE(float, near_half_square, (const float* a, const float* b, std::int64_t n), (a, b, n))
ILK_TWICE(float, spend, (float* numbers, const float* costs, float cost, std::int64_t n),
          (numbers, costs, cost, n))
ILK_TWICE(void, add_rounded, (double* sums, const float* values, std::int64_t n, double rounding),
          (sums, values, n, rounding))
ILK_TWICE(void, subtract_rounded, (double* sums, const float* values, std::int64_t n, double rounding),
          (sums, values, n, rounding))

std::int64_t not_below_plain(const float* values, std::int64_t n, float threshold, std::int32_t* indices) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i)
    if (!(values[i] < threshold)) indices[count++] = static_cast<std::int32_t>(i);
  return count;
}

TopTwo top_two_plain(const float* values, std::int64_t n) {
  TopTwo top{lowest, lowest};
  for (std::int64_t i = 0; i < n; ++i) {
    top.second = std::max(top.second, std::min(top.first, values[i]));
    top.first = std::max(top.first, values[i]);
  }
  return top;
}

void group_tops_plain(const float* values, std::int64_t n, std::int64_t size, float* tops) {
  for (std::int64_t group = 0; group < n; ++group)
    tops[group] = *std::max_element(values + group * size, values + (group + 1) * size);
}

#if defined(__x86_64__) && defined(__GNUC__)
namespace {
// Compilers leave these without vector instructions, or nearly so.
__attribute__((target("avx2"))) std::int64_t not_below_avx2(const float* values, std::int64_t n,
                                                            float threshold, std::int32_t* indices) {
  constexpr std::int64_t at_once = 8;
  const __m256 limit = _mm256_set1_ps(threshold);
  std::int64_t count = 0, i = 0;
  for (; i + at_once <= n; i += at_once) {
    const __m256 kept = _mm256_cmp_ps(_mm256_loadu_ps(values + i), limit, _CMP_NLT_UQ);
    for (auto left = static_cast<unsigned>(_mm256_movemask_ps(kept)); left != 0; left &= left - 1)
      indices[count++] = static_cast<std::int32_t>(i) + __builtin_ctz(left);
  }
  for (; i < n; ++i)
    if (!(values[i] < threshold)) indices[count++] = static_cast<std::int32_t>(i);
  return count;
}

__attribute__((target("avx2"))) TopTwo top_two_avx2(const float* values, std::int64_t n) {
  constexpr std::int64_t at_once = 8;
  const std::int64_t whole = n / at_once * at_once;
  __m256 first = _mm256_set1_ps(lowest), second = first;
  for (std::int64_t i = 0; i < whole; i += at_once) {
    const __m256 value = _mm256_loadu_ps(values + i);
    second = _mm256_max_ps(second, _mm256_min_ps(first, value));
    first = _mm256_max_ps(first, value);
  }
  // Folded in halves: the second of two pairs is the higher second or the lower first.
  const auto fold =
      [](__m128 & high, __m128 & low, __m128 other_high, __m128 other_low) __attribute__((target("avx2"))) {
    low = _mm_max_ps(_mm_max_ps(low, other_low), _mm_min_ps(high, other_high));
    high = _mm_max_ps(high, other_high);
  };
  __m128 high = _mm256_castps256_ps128(first), low = _mm256_castps256_ps128(second);
  fold(high, low, _mm256_extractf128_ps(first, 1), _mm256_extractf128_ps(second, 1));
  fold(high, low, _mm_movehl_ps(high, high), _mm_movehl_ps(low, low));
  fold(high, low, _mm_movehdup_ps(high), _mm_movehdup_ps(low));
  TopTwo top{_mm_cvtss_f32(high), _mm_cvtss_f32(low)};
  for (std::int64_t i = whole; i < n; ++i) {
    top.second = std::max(top.second, std::min(top.first, values[i]));
    top.first = std::max(top.first, values[i]);
  }
  return top;
}

__attribute__((target("avx2"))) void group_tops_avx2(const float* values, std::int64_t n, std::int64_t size,
                                                     float* tops) {
  for (std::int64_t group = 0; group < n; ++group, values += size) {
    __m256 top = _mm256_loadu_ps(values);
    for (std::int64_t i = 8; i < size; i += 8) top = _mm256_max_ps(top, _mm256_loadu_ps(values + i));
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(top), _mm256_extractf128_ps(top, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    tops[group] = _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
  }
}
}  // namespace

TopTwo top_two(const float* values, std::int64_t n) {
  return wide_registers() ? top_two_avx2(values, n) : top_two_plain(values, n);
}
void group_tops(const float* values, std::int64_t n, std::int64_t size, float* tops) {
  wide_registers() ? group_tops_avx2(values, n, size, tops) : group_tops_plain(values, n, size, tops);
}
std::int64_t not_below(const float* values, std::int64_t n, float threshold, std::int32_t* indices) {
  return wide_registers() ? not_below_avx2(values, n, threshold, indices)
                          : not_below_plain(values, n, threshold, indices);
}
#else
TopTwo top_two(const float* values, std::int64_t n) {
  return top_two_plain(values, n);
}
void group_tops(const float* values, std::int64_t n, std::int64_t size, float* tops) {
  group_tops_plain(values, n, size, tops);
}
std::int64_t not_below(const float* values, std::int64_t n, float threshold, std::int32_t* indices) {
  return not_below_plain(values, n, threshold, indices);
}
#endif

double near_dot_error(std::int64_t n) {
  return 1.01 * static_cast<double>(n + 4) * 0x1p-24;
}

}  // namespace ilk::internal
