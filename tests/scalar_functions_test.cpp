// src/core/scalar_functions.h against the C library's long double, and pinned bits.
#include "core/scalar_functions.h"
#include "core/random.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

namespace kernels = ilk::kernels;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double least = std::numeric_limits<double>::denorm_min();

// Some processors have long double in software only.
constexpr bool fast = std::numeric_limits<long double>::digits <= 64;

/// How many units in the last place `value` is away from the true one.
double units_off(double value, long double truth) {
  if (std::isnan(value) && std::isnan(truth)) return 0;
  if (static_cast<long double>(value) == truth) return 0;
  if (std::isinf(value) || std::isnan(value)) return static_cast<double>(truth) == value ? 0 : infinity;
  int exponent = 0;
  std::frexp(truth, &exponent);
  constexpr int digits = std::numeric_limits<double>::digits;
  const int last = std::max(exponent - digits, std::numeric_limits<double>::min_exponent - digits);
  return static_cast<double>(std::fabs(std::ldexp(static_cast<long double>(value) - truth, -last)));
}

/// The largest such over evenly spaced and random numbers between two bounds.
template <class Truth>
void expect_within(double units, double from, double to, double (*function)(double), Truth truth) {
  constexpr int count = fast ? 100000 : 1000;
  ilk::RandomStream random(7, "numbers");
  double worst = 0;
  double where = 0;
  for (int i = 0; i <= 2 * count; ++i) {
    const double share = i <= count ? static_cast<double>(i) / count : random.uniform();
    const double x = from + (to - from) * share;
    const double off = units_off(function(x), truth(static_cast<long double>(x)));
    if (!(off <= worst)) worst = off, where = x;
  }
  EXPECT_LE(worst, units) << "at " << where << " between " << from << " and " << to;
}

long double sigmoid_of(long double x) {
  return 1 / (1 + std::exp(-x));
}
/// cos 2πt: of a quarter of a turn at most, so that π's rounding does not count.
long double cos_of_turn(long double t) {
  constexpr long double turn = 2 * std::numbers::pi_v<long double>;
  t = std::fabs(t - std::round(t));
  if (t > 0.375L) return -std::cos(turn * (0.5L - t));
  return t < 0.125L ? std::cos(turn * t) : std::sin(turn * (0.25L - t));
}

std::uint64_t bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

}  // namespace

TEST(ScalarFunctions, ExponentialsAndLogarithmsAreWithinAUnit) {
  const auto exp = [](long double x) { return std::exp(x); };
  const auto log = [](long double x) { return std::log(x); };
  for (const double bound : {746.0, 300.0, 1.0, 0.3465, 1e-5})
    expect_within(0.9, -bound, std::min(bound, 709.78), kernels::exp, exp);
  for (const double bound : {1e308, 100.0, 2.0, 1e-300, 1e-310})
    expect_within(0.9, 0, bound, kernels::log, log);
  expect_within(0.9, 0.7, 1.45, kernels::log, log);
  expect_within(0.9, 0.999, 1.001, kernels::log, log);
}

TEST(ScalarFunctions, CirclesAreWithinAUnit) {
  for (const double bound : {0.13, 1.0, 1000.0}) {
    expect_within(0.9, -bound, bound, kernels::cos_of_turn, cos_of_turn);
    expect_within(0.9, -bound, bound, kernels::sin_of_turn,
                  [](long double t) { return cos_of_turn(t - 0.25L); });
  }
}

TEST(ScalarFunctions, SigmoidsAreWithinTheirUnits) {
  for (const double bound : {700.0, 23.0, 7.0, 1.0, 0.01})
    expect_within(2.6, -bound, bound, kernels::sigmoid, sigmoid_of);
}

TEST(ScalarFunctions, PowersAreWithinAUnit) {
  ilk::RandomStream random(3, "powers");
  double worst = 0;
  for (int i = 0; i < (fast ? 200000 : 2000); ++i) {
    const double log_base = (random.uniform() - 0.5) * (i % 2 == 0 ? 1400 : 4);
    const double base = std::exp(log_base);
    const double exponent =
        i % 4 < 2 ? (random.uniform() - 0.5) * 1400 / log_base : (random.uniform() - 0.5) * 80;
    const long double truth = std::pow(static_cast<long double>(base), static_cast<long double>(exponent));
    worst = std::max(worst, units_off(kernels::pow(base, exponent), truth));
  }
  EXPECT_LE(worst, 0.75);
}

TEST(ScalarFunctions, ExactPowersAreExact) {
  for (int base = 1; base <= 1100; ++base) {
    double power = 1;
    for (int exponent = 0; power < 0x1p53; ++exponent, power *= base) {
      ASSERT_EQ(kernels::pow(base, exponent), power) << base << '^' << exponent;
      if (base == 1 && exponent == 60) break;
    }
    ASSERT_EQ(kernels::pow(static_cast<double>(base) * base, 0.5), base);
  }
  for (int exponent = -1074; exponent < 1024; ++exponent)
    ASSERT_EQ(kernels::pow(2, exponent), std::ldexp(1, exponent));
}

TEST(ScalarFunctions, AtTheEdges) {
  for (double (*function)(double) :
       {kernels::exp, kernels::log, kernels::sigmoid, kernels::cos_of_turn, kernels::sin_of_turn})
    EXPECT_TRUE(std::isnan(function(not_a_number)));
  EXPECT_EQ(kernels::exp(infinity), infinity);
  EXPECT_EQ(kernels::exp(709.79), infinity);
  EXPECT_EQ(kernels::exp(1e300), infinity);
  EXPECT_EQ(kernels::exp(-infinity), 0);
  EXPECT_EQ(kernels::exp(-745.2), 0);
  EXPECT_EQ(kernels::exp(-745.0), least);
  EXPECT_EQ(kernels::exp(0.0), 1);
  EXPECT_EQ(kernels::exp(-0.0), 1);
  EXPECT_EQ(kernels::log(0.0), -infinity);
  EXPECT_EQ(kernels::log(-0.0), -infinity);
  EXPECT_TRUE(std::isnan(kernels::log(-least)));
  EXPECT_TRUE(std::isnan(kernels::log(-infinity)));
  EXPECT_EQ(kernels::log(infinity), infinity);
  EXPECT_EQ(bits(kernels::log(1.0)), bits(0.0));
  EXPECT_EQ(kernels::log(least), std::log(least));
  EXPECT_EQ(bits(kernels::sin_of_turn(-0.0)), bits(-0.0));
  EXPECT_EQ(kernels::sigmoid(infinity), 1);
  EXPECT_EQ(kernels::sigmoid(-infinity), 0);
  EXPECT_EQ(kernels::sigmoid(0.0), 0.5);
  EXPECT_TRUE(std::isnan(kernels::cos_of_turn(-infinity)));
  EXPECT_EQ(kernels::cos_of_turn(0x1p60 + 0.0), 1);
  EXPECT_EQ(kernels::cos_of_turn(2.5), -1);
  EXPECT_EQ(kernels::cos_of_turn(0.25), 0);
  EXPECT_EQ(kernels::sin_of_turn(-0.25), -1);
}

TEST(ScalarFunctions, PowersAtTheEdges) {
  EXPECT_EQ(kernels::pow(not_a_number, 0), 1);
  EXPECT_EQ(kernels::pow(1, not_a_number), 1);
  EXPECT_TRUE(std::isnan(kernels::pow(not_a_number, 1)));
  EXPECT_TRUE(std::isnan(kernels::pow(2, not_a_number)));
  EXPECT_TRUE(std::isnan(kernels::pow(-2, 2)));
  EXPECT_EQ(kernels::pow(0, 3), 0);
  EXPECT_EQ(kernels::pow(0, -3), infinity);
  EXPECT_EQ(kernels::pow(infinity, 0.5), infinity);
  EXPECT_EQ(kernels::pow(infinity, -0.5), 0);
  EXPECT_EQ(kernels::pow(2, infinity), infinity);
  EXPECT_EQ(kernels::pow(2, -infinity), 0);
  EXPECT_EQ(kernels::pow(0.5, infinity), 0);
  EXPECT_EQ(kernels::pow(0.5, -infinity), infinity);
  EXPECT_EQ(kernels::pow(2, 1e300), infinity);
  EXPECT_EQ(kernels::pow(1 - 0x1p-53, 1e300), 0);
  EXPECT_EQ(kernels::pow(least, 1), least);
}

TEST(ScalarFunctions, HaveTheseBits) {
  EXPECT_EQ(bits(kernels::exp(1.0)), 0x4005BF0A8B145769ull);
  EXPECT_EQ(bits(kernels::exp(-0.1)), 0x3FECF46D99D52B3Aull);
  EXPECT_EQ(bits(kernels::exp(-37.5)), 0x3C8DD5C566301EC8ull);
  EXPECT_EQ(bits(kernels::exp(-744.3)), 0x0000000000000001ull);
  EXPECT_EQ(bits(kernels::exp(88.25)), 0x47E3F180BD95A9AEull);
  EXPECT_EQ(bits(kernels::log(2.0)), 0x3FE62E42FEFA39EFull);
  EXPECT_EQ(bits(kernels::log(10.0)), 0x40026BB1BBB55516ull);
  EXPECT_EQ(bits(kernels::log(0.7)), 0xBFD6D3C324E13F50ull);
  EXPECT_EQ(bits(kernels::log(1e-310)), 0xC0864E69394D9508ull);
  EXPECT_EQ(bits(kernels::log(1.0001)), 0x3F1A368D0657FCD4ull);
  EXPECT_EQ(bits(kernels::pow(0.999, 1234)), 0x3FD29EDC3254EFC2ull);
  EXPECT_EQ(bits(kernels::pow(10, -7.5)), 0x3E60FA3389D6EB40ull);
  EXPECT_EQ(bits(kernels::pow(1.5, 0.3)), 0x3FF211CE179A0012ull);
  EXPECT_EQ(bits(kernels::cos_of_turn(0.1)), 0x3FE9E3779B97F4A8ull);
  EXPECT_EQ(bits(kernels::cos_of_turn(0.7)), 0xBFD3C6EF372FE954ull);
  EXPECT_EQ(bits(kernels::sin_of_turn(0.6)), 0xBFE2CF2304755A5Dull);
  EXPECT_EQ(bits(kernels::sigmoid(1.7)), 0x3FEB0E9EDC4324D8ull);
  EXPECT_EQ(bits(kernels::sigmoid(-5.0)), 0x3F7B69F67D638F8Full);
}
