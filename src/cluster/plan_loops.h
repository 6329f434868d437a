#pragma once
// Loops over a row of the plan, M words.
#include <cstdint>

namespace ilk::internal {

/// e^x for x ≤ 0, within 2 units in the last place; 0 below −87.7, where nothing but subnormals is left.
float exp_below(float x);

/// preferences = cosines + potentials; returns the highest.
float add_potentials(const float* cosines, const float* potentials, float* preferences, std::int64_t m);

/// values = e^((values − highest) · scale); returns their sum, in float64 in sixteen fixed lanes.
double exponentiate(float* values, std::int64_t m, float highest, float scale);

/// sums += weights[0] · row 0 + … + weights[3] · row 3, for four rows one after another; a quadruple is added
/// up in float32.
void add_four_rows(double* sums, const float* rows, const float* weights, std::int64_t m);
void add_row(double* sums, const float* row, float weight, std::int64_t m);

/// scaled = row · weight.
void scale_row(const float* row, float weight, float* scaled, std::int64_t m);
/// products = row · weight · factors.
void multiply_rows(const float* row, float weight, const float* factors, float* products, std::int64_t m);

/// rounded = row · weight as bfloat16, to the nearest.
void round_row(const float* row, float weight, std::uint16_t* rounded, std::int64_t m);
/// sums += a row of bfloat16.
void add_rounded_row(double* sums, const std::uint16_t* rounded, std::int64_t m);

}  // namespace ilk::internal
