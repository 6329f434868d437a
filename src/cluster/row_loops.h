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

/// The highest of each `size` numbers in turn, a multiple of 8, of n · size.
void group_tops(const float* values, std::int64_t n, std::int64_t size, float* tops);

/// Writes the indices, in order, of the numbers that are not below `threshold` (all where it is NaN); returns
/// how many.
std::int64_t not_below(const float* values, std::int64_t n, float threshold, std::int32_t* indices);

/// What these run on processors without AVX2.
TopTwo top_two_plain(const float* values, std::int64_t n);
void group_tops_plain(const float* values, std::int64_t n, std::int64_t size, float* tops);
std::int64_t not_below_plain(const float* values, std::int64_t n, float threshold, std::int32_t* indices);

/// Takes costs[i] + cost off each of n ≥ 1 numbers, and a little more so that rounding leaves none too high
/// above 0; returns the lowest that is left.
float spend(float* numbers, const float* costs, float cost, std::int64_t n);

/// sums += values or sums −= values, each value rounded to the quantum of `rounding` (see Lloyd).
void add_rounded(double* sums, const float* values, std::int64_t n, double rounding);
void subtract_rounded(double* sums, const float* values, std::int64_t n, double rounding);

}  // namespace ilk::internal
