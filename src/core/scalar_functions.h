#pragma once
// Functions of one number whose last bit a C library chooses for itself. These are made of basic operations,
// square roots and std::fma, all of which IEEE 754 rounds correctly: the same bits on every processor and C
// library.
//
// They are within one unit in the last place of the true value, or as many as is said. NaN, infinities, zeros
// and subnormals give what C says they do.

namespace ilk::kernels {

double exp(double x);
double log(double x);
/// base ≥ 0, else NaN. Exact where the power is a float64.
double pow(double base, double exponent);

/// cos and sin of 2πt.
double cos_of_turn(double turns);
double sin_of_turn(double turns);

/// 1 / (1 + e^−x). Three units in the last place.
double sigmoid(double x);

}  // namespace ilk::kernels
