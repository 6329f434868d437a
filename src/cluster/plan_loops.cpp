#include "plan_loops.h"

#include <algorithm>
#include <bit>

#include "../core/twice.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t lanes = 16;
// Where k (below) is −127 and 2^k comes out as 0.
constexpr float lowest_exponent = -88;

/// e^x = 2^k e^r with r = x − k ln 2, |r| ≤ ln(2) / 2, and e^r by its series up to r^7 / 7!, which misses
/// less than a tenth of a unit in the last place. For x from lowest_exponent to 0.
ILK_INLINE float exp_of(float x) {
  constexpr float per_octave = 1.44269504f;
  // ln 2 in two parts: k times the first is exact.
  constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  // Adding this rounds to a whole number and leaves it in the lowest bits.
  constexpr float rounding = 0x1.8p23f;
  const float shifted = x * per_octave + rounding;
  const float k = shifted - rounding;
  const float r = (x - k * ln2_high) - k * ln2_low;
  float series = 1 / 5040.0f;
  series = series * r + 1 / 720.0f;
  series = series * r + 1 / 120.0f;
  series = series * r + 1 / 24.0f;
  series = series * r + 1 / 6.0f;
  series = series * r + 0.5f;
  series = (series * r) * r + r + 1;
  const auto power = (std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(rounding) + 127u)
                     << 23;
  return series * std::bit_cast<float>(power);
}

ILK_INLINE float exp_below_loop(float x) {
  return exp_of(x > lowest_exponent ? x : lowest_exponent);
}

ILK_INLINE float add_potentials_loop(const float* __restrict cosines, const float* __restrict potentials,
                                     float* __restrict preferences, std::int64_t m) {
  for (std::int64_t j = 0; j < m; ++j) preferences[j] = cosines[j] + potentials[j];
  float highest[lanes];
  std::fill_n(highest, lanes, preferences[0]);
  std::int64_t j = 0;
  for (; j + lanes <= m; j += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane)
      highest[lane] = preferences[j + lane] > highest[lane] ? preferences[j + lane] : highest[lane];
  for (; j < m; ++j) highest[0] = preferences[j] > highest[0] ? preferences[j] : highest[0];
  return *std::max_element(highest, highest + lanes);
}

ILK_INLINE double exponentiate_loop(float* values, std::int64_t m, float highest, float scale) {
  // On its own, or compilers make a branch of it and nothing is vectorised.
  for (std::int64_t j = 0; j < m; ++j) {
    const float x = (values[j] - highest) * scale;
    values[j] = x > lowest_exponent ? x : lowest_exponent;
  }
  for (std::int64_t j = 0; j < m; ++j) values[j] = exp_of(values[j]);
  double sums[lanes] = {};
  std::int64_t j = 0;
  for (; j + lanes <= m; j += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane) sums[lane] += static_cast<double>(values[j + lane]);
  for (std::int64_t lane = 0; j < m; ++j, ++lane) sums[lane] += static_cast<double>(values[j]);
  for (std::int64_t half = lanes / 2; half > 0; half /= 2)
    for (std::int64_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0];
}

ILK_INLINE void add_four_rows_loop(double* __restrict sums, const float* __restrict rows,
                                   const float* __restrict weights, std::int64_t m) {
  const float *a = rows, *b = a + m, *c = b + m, *d = c + m;
  const float wa = weights[0], wb = weights[1], wc = weights[2], wd = weights[3];
  for (std::int64_t j = 0; j < m; ++j)
    sums[j] += static_cast<double>((a[j] * wa + b[j] * wb) + (c[j] * wc + d[j] * wd));
}

ILK_INLINE void add_row_loop(double* __restrict sums, const float* __restrict row, float weight,
                             std::int64_t m) {
  for (std::int64_t j = 0; j < m; ++j) sums[j] += static_cast<double>(row[j] * weight);
}

ILK_INLINE void scale_row_loop(const float* __restrict row, float weight, float* __restrict scaled,
                               std::int64_t m) {
  for (std::int64_t j = 0; j < m; ++j) scaled[j] = row[j] * weight;
}

ILK_INLINE void multiply_rows_loop(const float* __restrict row, float weight, const float* __restrict factors,
                                   float* __restrict products, std::int64_t m) {
  for (std::int64_t j = 0; j < m; ++j) products[j] = row[j] * weight * factors[j];
}

ILK_INLINE void round_row_loop(const float* __restrict row, float weight, std::uint16_t* __restrict rounded,
                               std::int64_t m) {
  for (std::int64_t j = 0; j < m; ++j) {
    const auto bits = std::bit_cast<std::uint32_t>(row[j] * weight);
    rounded[j] = static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);  // ties to even
  }
}

ILK_INLINE void add_rounded_row_loop(double* __restrict sums, const std::uint16_t* __restrict rounded,
                                     std::int64_t m) {
  for (std::int64_t j = 0; j < m; ++j)
    sums[j] += static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(rounded[j]) << 16));
}

}  // namespace

ILK_TWICE(float, exp_below, (float x), (x))
ILK_TWICE(float, add_potentials,
          (const float* cosines, const float* potentials, float* preferences, std::int64_t m),
          (cosines, potentials, preferences, m))
ILK_TWICE(double, exponentiate, (float* values, std::int64_t m, float highest, float scale),
          (values, m, highest, scale))
ILK_TWICE(void, add_four_rows, (double* sums, const float* rows, const float* weights, std::int64_t m),
          (sums, rows, weights, m))
ILK_TWICE(void, add_row, (double* sums, const float* row, float weight, std::int64_t m),
          (sums, row, weight, m))
ILK_TWICE(void, scale_row, (const float* row, float weight, float* scaled, std::int64_t m),
          (row, weight, scaled, m))
ILK_TWICE(void, multiply_rows,
          (const float* row, float weight, const float* factors, float* products, std::int64_t m),
          (row, weight, factors, products, m))
ILK_TWICE(void, round_row, (const float* row, float weight, std::uint16_t* rounded, std::int64_t m),
          (row, weight, rounded, m))
ILK_TWICE(void, add_rounded_row, (double* sums, const std::uint16_t* rounded, std::int64_t m),
          (sums, rounded, m))

}  // namespace ilk::internal
