#include "core/scalar_functions.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

// Each function's argument is reduced to a small interval, where a polynomial stands for it. The polynomials
// agree with the function (or with what is left of it once its first terms are taken off) at Chebyshev's
// points of that interval, computed with 400 bits; each misses it by less than 2^-56 of the result.

namespace ilk::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
// ln 2 in two parts: a whole number below 2^20 times the first is exact.
constexpr double ln2_high = 0x1.62e42fefp-1, ln2_low = 0x1.473de6af278edp-34;

/// Σ coefficients[i] x^i.
template <std::size_t count>
double polynomial(const double (&coefficients)[count], double x) {
  double sum = coefficients[count - 1];
  for (std::size_t i = count - 1; i > 0; --i) sum = sum * x + coefficients[i - 1];
  return sum;
}

/// A number in two parts: their sum, not rounded.
struct Pair {
  double high, low;
};
/// The exact sum.
Pair sum_of(double a, double b) {
  const double sum = a + b, part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}
/// The exact product.
Pair product_of(double a, double b) {
  const double product = a * b;
  return {product, std::fma(a, b, -product)};
}
/// To about 2^-100.
Pair operator+(Pair a, Pair b) {
  const Pair sum = sum_of(a.high, b.high);
  return sum_of(sum.high, sum.low + (a.low + b.low));
}
Pair operator*(Pair a, Pair b) {
  const Pair product = product_of(a.high, b.high);
  return sum_of(product.high, product.low + (a.high * b.low + a.low * b.high));
}

double power_of_two(std::int64_t k) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

/// e^x as 2^k (mantissa + rest), for |x| ≤ 746.
struct Exponential {
  double mantissa, rest;
  std::int64_t k;
};

/// Of x + tail: x = k ln 2 + r, and e^r = 1 + r + r² P(r) for |r| ≤ ln(2) / 2.
Exponential exponential(double x, double tail) {
  static constexpr double rest_of_series[] = {
      0x1.0000000000000p-1,  0x1.5555555555557p-3,  0x1.5555555555556p-5,  0x1.11111111100dap-7,
      0x1.6c16c16c16299p-10, 0x1.a01a01abe9028p-13, 0x1.a01a01a6f1467p-16, 0x1.71de022e5c2dcp-19,
      0x1.27e4db21f410bp-22, 0x1.af4df0332cf66p-26, 0x1.1f737ea4682abp-29};
  constexpr double per_octave = 0x1.71547652b82fep+0;
  // Adding this rounds to a whole number.
  constexpr double rounding = 0x1.8p52;
  const double k = (x * per_octave + rounding) - rounding;
  const double high = x - k * ln2_high, low = k * ln2_low - tail;
  const double r = high - low, lost = (high - r) - low;
  const double mantissa = 1 + r;
  return {mantissa, (r - (mantissa - 1)) + (r * r * polynomial(rest_of_series, r) + lost * mantissa),
          static_cast<std::int64_t>(k)};
}

double exp_of_sum(double x, double tail) {
  if (x > 710) return infinity;
  if (x < -746) return 0;
  if (!(x == x)) return x;
  const Exponential e = exponential(x, tail);
  // In two steps: 2^k alone may be too small or too large for a float64.
  const std::int64_t half = e.k / 2;
  return (e.mantissa + e.rest) * power_of_two(half) * power_of_two(e.k - half);
}

/// x = 2^k m with √½ ≤ m < √2, for positive finite x.
struct Binary {
  double m, k;
};
Binary binary_of(double x) {
  std::int64_t k = 0;
  if (x < std::numeric_limits<double>::min()) x *= 0x1p54, k = -54;
  constexpr std::uint64_t root_of_half = 0x3FE6A09E667F3BCDull;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const auto octaves = static_cast<std::int64_t>(bits - root_of_half) >> 52;
  k += octaves;
  return {std::bit_cast<double>(bits - (static_cast<std::uint64_t>(octaves) << 52)), static_cast<double>(k)};
}

/// ln x in two parts, for positive finite x. With s = (m − 1) / (m + 1): ln m = 2 artanh s = 2s (1 + s²/3 +
/// s⁴/5 + …).
Pair precise_log(double x) {
  static constexpr double rest_of_series[] = {
      0x1.2492492492492p-3, 0x1.c71c71c71c824p-4, 0x1.745d1745a3aecp-4, 0x1.3b13b16b845a0p-4,
      0x1.1110f7ed90f7bp-4, 0x1.e1f004ce6b5cap-5, 0x1.acf7370081675p-5, 0x1.b2ebd5566f660p-5};
  constexpr Pair one_third{0x1.5555555555555p-2, 0x1.5555555555555p-56};
  constexpr Pair one_fifth{0x1.999999999999ap-3, -0x1.999999999999ap-57};
  const auto [m, k] = binary_of(x);
  const double f = m - 1;
  const Pair divisor = sum_of(2, f);
  const double quotient = f / divisor.high;
  const Pair s{quotient, (std::fma(-quotient, divisor.high, f) - quotient * divisor.low) / divisor.high};
  const Pair z = s * s;
  const Pair series = one_third + z * (one_fifth + Pair{z.high * polynomial(rest_of_series, z.high), 0});
  const Pair twice{2 * s.high, 2 * s.low};
  return Pair{k * ln2_high, k * ln2_low} + (twice + twice * (z * series));
}

/// cos (quarter 0) and sin (quarter 3) of an angle up to π/4 in size, and on by quarters of a turn.
double cosine(Pair angle, std::int64_t quarters) {
  static constexpr double of_sine[] = {-0x1.5555555555555p-3, 0x1.1111111111110p-7,   -0x1.a01a01a019936p-13,
                                       0x1.71de3a54605eep-19, -0x1.ae64541266378p-26, 0x1.61217ec01749dp-33,
                                       -0x1.ab17a79237a19p-41};
  static constexpr double of_cosine[] = {
      0x1.5555555555555p-5,  -0x1.6c16c16c16c16p-10, 0x1.a01a01a019d0ap-16, -0x1.27e4fb7712bdfp-22,
      0x1.1eed8deb6d561p-29, -0x1.9394b9c9c20a4p-37, 0x1.ab783376962cfp-45};
  const double x = angle.high, z = x * x, half = z / 2;
  double value = 0;
  if (quarters % 2 == 0) {
    const double first = 1 - half;
    value = first + (((1 - first) - half) + (z * z * polynomial(of_cosine, z) - x * angle.low));
  } else {
    value = x + (angle.low * (1 - half) + x * z * polynomial(of_sine, z));
  }
  quarters &= 3;
  return quarters == 1 || quarters == 2 ? -value : value;
}

/// cos of 2π turns + quarters · π/2.
double cosine_of_turn(double turns, std::int64_t quarters) {
  constexpr Pair turn{0x1.921fb54442d18p+2, 0x1.1a62633145c07p-52};
  turns -= std::floor(turns);  // a NaN where it was infinite
  if (!(turns == turns)) return turns;
  const double nearest = std::floor(4 * turns + 0.5);
  const double rest = turns - nearest / 4;
  const Pair angle = product_of(rest, turn.high);
  return cosine({angle.high, angle.low + rest * turn.low}, static_cast<std::int64_t>(nearest) + quarters);
}

}  // namespace

double exp(double x) {
  return exp_of_sum(x, 0);
}

double log(double x) {
  // ln m = 2s + s z P(z) with s = (m − 1) / (m + 1), z = s².
  static constexpr double rest_of_series[] = {
      0x1.5555555555555p-1, 0x1.9999999999a39p-2, 0x1.2492492476a1ap-2, 0x1.c71c7201a55d7p-3,
      0x1.745cf8e4bba1bp-3, 0x1.3b1c3c1c81c8fp-3, 0x1.0fbde0f4ad17bp-3, 0x1.0c0aff044a970p-3};
  if (!(x > 0)) return x == 0 ? -infinity : not_a_number;
  if (x == infinity) return x;
  const auto [m, k] = binary_of(x);
  const double f = m - 1, s = f / (2 + f), z = s * s;
  // 2s = f − f²/2 + s f²/2: of these only f is large, and it is exact.
  const double half_square = 0.5 * f * f;
  const double rest = s * (half_square + z * polynomial(rest_of_series, z)) + k * ln2_low;
  return k * ln2_high - ((half_square - rest) - f);
}

double pow(double base, double exponent) {
  if (exponent == 0 || base == 1) return 1;
  if (!(base >= 0) || !(exponent == exponent)) return not_a_number;
  if (base == 0 || base == infinity) return (base == 0) == (exponent > 0) ? 0 : infinity;
  // Beyond these, powers of all numbers but 1 are 0 or infinite.
  constexpr double largest = 0x1p64;
  exponent = exponent > largest ? largest : exponent < -largest ? -largest : exponent;
  const Pair log = precise_log(base);
  const Pair product = product_of(exponent, log.high);
  return exp_of_sum(product.high, product.low + exponent * log.low);
}

double cos_of_turn(double turns) {
  return cosine_of_turn(std::fabs(turns), 0);
}

double sin_of_turn(double turns) {
  if (turns == 0) return turns;
  const double sine = cosine_of_turn(std::fabs(turns), 3);
  return turns < 0 ? -sine : sine;
}

double sigmoid(double x) {
  if (x >= 0) return 1 / (1 + exp(-x));
  const double e = exp(x);
  return e / (1 + e);
}

}  // namespace ilk::kernels
