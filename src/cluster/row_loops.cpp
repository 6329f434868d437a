#include "row_loops.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ilk::internal {
namespace {

constexpr std::int64_t lanes = 16;
constexpr float lowest = -std::numeric_limits<float>::infinity();

#if defined(__GNUC__)
#define ILK_INLINE inline __attribute__((always_inline))
#else
#define ILK_INLINE inline
#endif

ILK_INLINE double exact_dot_loop(const float* a, const float* b, std::int64_t n) {
  double sums[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane)
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  for (std::int64_t lane = 0; i < n; ++i, ++lane)
    sums[lane] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  for (std::int64_t half = lanes / 2; half > 0; half /= 2)
    for (std::int64_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0];
}

ILK_INLINE float near_dot_loop(const float* a, const float* b, std::int64_t n) {
  constexpr std::int64_t wide = 2 * lanes;
  float sums[wide] = {};
  std::int64_t i = 0;
  for (; i + wide <= n; i += wide)
    for (std::int64_t lane = 0; lane < wide; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  for (std::int64_t lane = 0; i < n; ++i, ++lane) sums[lane] += a[i] * b[i];
  for (std::int64_t half = wide / 2; half > 0; half /= 2)
    for (std::int64_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0];
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
  for (std::int64_t half = wide / 2; half > 0; half /= 2)
    for (std::int64_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0] / 2;
}

ILK_INLINE TopTwo top_two_loop(const float* values, std::int64_t n) {
  float first[lanes], second[lanes];
  std::fill_n(first, lanes, lowest), std::fill_n(second, lanes, lowest);
  const auto offer = [&](std::int64_t lane, float value) {
    const float loser = value > first[lane] ? first[lane] : value;
    first[lane] = value > first[lane] ? value : first[lane];
    second[lane] = loser > second[lane] ? loser : second[lane];
  };
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane) offer(lane, values[i + lane]);
  for (std::int64_t lane = 0; i < n; ++i, ++lane) offer(lane, values[i]);
  TopTwo top{lowest, lowest};
  for (std::int64_t lane = 0; lane < lanes; ++lane)
    for (const float value : {first[lane], second[lane]}) {
      top.second = std::max(top.second, std::min(top.first, value));
      top.first = std::max(top.first, value);
    }
  return top;
}

ILK_INLINE std::int64_t index_of_loop(const float* values, std::int64_t n, float value) {
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    int found = 0;
    for (std::int64_t lane = 0; lane < lanes; ++lane) found |= values[i + lane] == value;
    if (found) break;
  }
  while (i + 1 < n && values[i] != value) ++i;
  return i;
}

ILK_INLINE std::int64_t not_below_loop(const float* values, std::int64_t n, float threshold,
                                       std::int32_t* indices, float& highest_below) {
  std::int64_t count = 0;
  float below[lanes];
  std::fill_n(below, lanes, lowest);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    int some = 0;
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      const float value = values[i + lane];
      const bool is_below = value < threshold;
      some |= !is_below;
      const float candidate = is_below ? value : lowest;
      below[lane] = candidate > below[lane] ? candidate : below[lane];
    }
    if (!some) continue;
    for (std::int64_t lane = 0; lane < lanes; ++lane)
      if (!(values[i + lane] < threshold)) indices[count++] = static_cast<std::int32_t>(i + lane);
  }
  for (; i < n; ++i) {
    if (values[i] < threshold)
      below[0] = std::max(below[0], values[i]);
    else
      indices[count++] = static_cast<std::int32_t>(i);
  }
  highest_below = *std::max_element(below, below + lanes);
  return count;
}

ILK_INLINE void add_rounded_loop(double* sums, const float* values, std::int64_t n, double rounding) {
  for (std::int64_t i = 0; i < n; ++i) sums[i] += (static_cast<double>(values[i]) + rounding) - rounding;
}
ILK_INLINE void subtract_rounded_loop(double* sums, const float* values, std::int64_t n, double rounding) {
  for (std::int64_t i = 0; i < n; ++i) sums[i] -= (static_cast<double>(values[i]) + rounding) - rounding;
}

#if defined(__x86_64__) && defined(__GNUC__)
bool wide_registers() {
  static const bool found = __builtin_cpu_supports("avx2");
  return found;
}
// A function NAME, made twice of the loop NAME_loop. Without fused multiplication, so that both give the
// same.
#define ILK_TWICE(result, name, parameters, arguments)                       \
  __attribute__((target("avx2"))) result name##_avx2 parameters {            \
    return name##_loop arguments;                                            \
  }                                                                          \
  }                                                                          \
  result name parameters {                                                   \
    return wide_registers() ? name##_avx2 arguments : name##_loop arguments; \
  }                                                                          \
  namespace {
#else
#define ILK_TWICE(result, name, parameters, arguments) \
  }                                                    \
  result name parameters {                             \
    return name##_loop arguments;                      \
  }                                                    \
  namespace {
#endif

ILK_TWICE(double, exact_dot, (const float* a, const float* b, std::int64_t n), (a, b, n))
ILK_TWICE(float, near_dot, (const float* a, const float* b, std::int64_t n), (a, b, n))
ILK_TWICE(float, near_half_square, (const float* a, const float* b, std::int64_t n), (a, b, n))
ILK_TWICE(TopTwo, top_two, (const float* values, std::int64_t n), (values, n))
ILK_TWICE(std::int64_t, index_of, (const float* values, std::int64_t n, float value), (values, n, value))
ILK_TWICE(std::int64_t, not_below,
          (const float* values, std::int64_t n, float threshold, std::int32_t* indices, float& highest_below),
          (values, n, threshold, indices, highest_below))
ILK_TWICE(void, add_rounded, (double* sums, const float* values, std::int64_t n, double rounding),
          (sums, values, n, rounding))
ILK_TWICE(void, subtract_rounded, (double* sums, const float* values, std::int64_t n, double rounding),
          (sums, values, n, rounding))

}  // namespace

double near_dot_error(std::int64_t n) {
  return 1.01 * static_cast<double>(n + 4) * 0x1p-24;
}

}  // namespace ilk::internal
