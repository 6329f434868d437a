#pragma once
// Functions of one number whose last bit a C library chooses for itself. These are made of basic operations,
// square roots and std::fma, all of which IEEE 754 rounds correctly: the same bits on every processor and C
// library.
//
// In float64 they are within one unit in the last place of the true value, or as many as is said; in float32
// within 0.501. NaN, infinities, zeros and subnormals give what C says they do.

namespace ilk::kernels {

double exp(double x);
double log(double x);
/// base ≥ 0, else NaN. Exact where the power is a float64.
double pow(double base, double exponent);

/// cos and sin of 2πt.
double cos_of_turn(double turns);
double sin_of_turn(double turns);
/// For |x| ≤ 2^20; NaN beyond.
double cos(double x);
double sin(double x);

/// Two units in the last place.
double erf(double x);
/// Three.
double tanh(double x);
/// 1 / (1 + e^−x). Three.
double sigmoid(double x);

float exp(float x);
float log(float x);
float tanh(float x);
float erf(float x);
float sigmoid(float x);

}  // namespace ilk::kernels
