#pragma once
// Loops over rows of floats that are compiled twice, for AVX2 and for every processor; which one runs is
// decided when the program does.
#include <cstdint>

namespace ilk::internal {

/// a · b summed in float64 in sixteen fixed lanes. Products of floats are exact in float64, so that the
/// result is the same to the last bit on every processor, with fused multiplication or without.
double exact_dot(const float* a, const float* b, std::int64_t n);

/// |a − b|² / 2 in float32, in fixed lanes.
float near_half_square(const float* a, const float* b, std::int64_t n);

/// a · b in float32, in fixed lanes.
float near_dot(const float* a, const float* b, std::int64_t n);
/// How far near_dot, or any float32 matrix product, is from a · b at most, for |a| |b| = 1.
double near_dot_error(std::int64_t n);

struct TopTwo {
  float first, second;
};
/// The two highest of n ≥ 1 numbers; the second is −∞ where n = 1.
TopTwo top_two(const float* values, std::int64_t n);

/// The first index of a number that equals `value`; there is one.
std::int64_t index_of(const float* values, std::int64_t n, float value);

/// Writes the indices, in order, of the numbers that are not below `threshold` (all where it is NaN); returns
/// how many. `highest_below` becomes the highest number that is below, −∞ where none is.
std::int64_t not_below(const float* values, std::int64_t n, float threshold, std::int32_t* indices,
                       float& highest_below);

/// sums += values or sums −= values, each value rounded to the quantum of `rounding` (see Lloyd).
void add_rounded(double* sums, const float* values, std::int64_t n, double rounding);
void subtract_rounded(double* sums, const float* values, std::int64_t n, double rounding);

}  // namespace ilk::internal
