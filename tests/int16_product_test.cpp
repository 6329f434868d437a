#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <bit>
#include <cmath>
#include <limits>

#include "core/random.h"
#include "kernels/int16_product.h"
#include "targets.h"

namespace {

using Numbers = std::vector<float>;
constexpr std::int64_t part = ilk::Int16Rows::part;

Numbers normal_numbers(std::int64_t count, const char* name) {
  ilk::RandomStream random(3, name);
  Numbers numbers(static_cast<std::size_t>(count));
  for (float& number : numbers) number = static_cast<float>(random.normal());
  return numbers;
}

ilk::Int16Rows held(const Numbers& values, std::int64_t rows) {
  return ilk::Int16Rows({values.data(), rows, static_cast<std::int64_t>(values.size()) / rows});
}

/// x (M, K) times the transpose of w (N, K).
Numbers multiplied(const Numbers& x, std::int64_t m, const Numbers& w, std::int64_t n, const Numbers& bias,
                   const Numbers& start = {}) {
  Numbers y = start.empty() ? Numbers(static_cast<std::size_t>(m * n), NAN) : start;
  ilk::multiply(held(x, m), ilk::Int16Matrix(held(w, n)), bias.empty() ? nullptr : bias.data(),
                {y.data(), m, n}, !start.empty());
  return y;
}

/// The sum of products of a part of two rows, each term added in 64 bits; no sum on the way may need more
/// than 32.
std::int32_t obvious_sum(const std::int16_t* a, const std::int16_t* b, std::int64_t count) {
  std::int64_t sum = 0, sizes = 0;
  for (std::int64_t j = 0; j < count; ++j) {
    sum += std::int64_t{a[j]} * b[j];
    sizes += std::abs(std::int64_t{a[j]} * b[j]);
  }
  EXPECT_LE(sizes, std::numeric_limits<std::int32_t>::max());
  return static_cast<std::int32_t>(sum);
}

bool same_bits(const Numbers& a, const Numbers& b) {
  const auto bits = [](float x) { return std::bit_cast<std::uint32_t>(x); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](float x, float y) { return bits(x) == bits(y) || (std::isnan(x) && std::isnan(y)); });
}

struct Shape {
  std::int64_t m, k, n;
};
const std::vector<Shape> shapes{{1, 1, 1},    {1, 2, 16},   {2, 3, 15},   {3, 17, 17},   {4, 511, 16},
                                {5, 512, 33}, {6, 513, 31}, {7, 1024, 1}, {193, 40, 48}, {400, 1100, 5}};

TEST(Int16Product, IsTheExactSumOfItsWholeNumbersOnEveryProcessor) {
  for_each_target([] {
    for (const auto& [m, k, n] : shapes) {
      const Numbers x = normal_numbers(m * k, "x"), w = normal_numbers(n * k, "w"),
                    bias = normal_numbers(n, "bias"), start = normal_numbers(m * n, "start");
      const ilk::Int16Rows left = held(x, m), right = held(w, n);
      const auto expect = [&](const Numbers& found, bool biased, bool add) {
        Numbers expected;
        for (std::int64_t i = 0; i < m; ++i)
          for (std::int64_t j = 0; j < n; ++j) {
            float y = add ? start[i * n + j] : 0;
            for (std::int64_t first = 0; first < k; first += part) {
              const std::int32_t sum =
                  obvious_sum(left.row(i) + first, right.row(j) + first, std::min(part, k - first));
              const float from = biased && first == 0 ? bias[j] : 0;
              y = from + static_cast<float>(sum) * right.scales()[j] * left.scales()[i] + y;
            }
            expected.push_back(y);
          }
        EXPECT_TRUE(same_bits(found, expected)) << m << " " << k << " " << n;
      };
      expect(multiplied(x, m, w, n, {}), false, false);
      expect(multiplied(x, m, w, n, bias), true, false);
      expect(multiplied(x, m, w, n, bias, start), true, true);
      expect(multiplied(x, m, w, n, {}, start), false, true);
    }
  });
}

TEST(Int16Product, IsNearTheProductOfTheFloats) {
  for (const auto& [m, k, n] : shapes) {
    const Numbers x = normal_numbers(m * k, "x"), w = normal_numbers(n * k, "w");
    const Numbers found = multiplied(x, m, w, n, {});
    const ilk::Int16Rows left = held(x, m), right = held(w, n);
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        double product = 0, bound = 0, size = 0;
        const double step_x = left.scales()[i], step_w = right.scales()[j];
        for (std::int64_t l = 0; l < k; ++l) {
          const double a = x[i * k + l], b = w[j * k + l];
          product += a * b;
          bound += step_x / 2 * std::abs(b) + step_w / 2 * std::abs(a) + step_x * step_w / 4;
          size += std::abs(a * b);
        }
        ASSERT_NEAR(found[i * n + j], product, 1.001 * bound + 1e-6 * size);
      }
  }
}

TEST(Int16Product, ARowIsTheSameToTheBitWhateverItsCompanionsAndPlace) {
  const std::int64_t m = 401, k = 700, n = 37;
  const Numbers x = normal_numbers(m * k, "x"), w = normal_numbers(n * k, "w"), bias = normal_numbers(n, "b");
  const Numbers together = multiplied(x, m, w, n, bias);
  for (std::int64_t i = 0; i < m; ++i)
    ASSERT_TRUE(same_bits(multiplied({x.begin() + i * k, x.begin() + (i + 1) * k}, 1, w, n, bias),
                          {together.begin() + i * n, together.begin() + (i + 1) * n}))
        << i;
}

/// Rows of 1,100 numbers that go to the ends of what is allowed.
std::vector<Numbers> extreme_rows() {
  const auto row = [](auto number) {
    Numbers numbers;
    for (int j = 0; j < 1100; ++j) numbers.push_back(static_cast<float>(number(j)));
    return numbers;
  };
  return {row([](int) { return 1.0; }),
          row([](int) { return -1e28; }),
          row([](int j) { return j % 2 == 0 ? 3e27 : -3e27; }),
          row([](int j) { return j == 700 ? -5e8 : 1e-3; }),
          row([](int j) { return j == 0 || j == 1 ? 1.0 : 0.0; }),
          row([](int j) { return j < 512 ? 1.0 : 1e-4; }),
          row([](int j) { return 1e-29 * j; }),
          row([](int) { return 1e-39; }),
          row([](int j) { return std::exp(-j / 10.0); }),
          row([](int) { return 0.0; })};
}

TEST(Int16Rows, HoldARowToHalfAStepAndNoPartIsLongerThanTheRootOfTwoToThe31) {
  for_each_target([] {
    for (const Numbers& values : extreme_rows()) {
      const ilk::Int16Rows rows = held(values, 1);
      const float scale = rows.scales()[0];
      ASSERT_TRUE(std::isfinite(scale));
      std::vector<std::int64_t> squares(3);
      for (std::int64_t j = 0; j < rows.columns(); ++j) {
        const std::int64_t number = rows.row(0)[j];
        ASSERT_LE(std::abs(number), 32767);
        squares[j / part] += number * number;
        // What is smaller than anything that counts is a zero.
        ASSERT_LE(std::abs(values[j] - static_cast<double>(scale) * static_cast<double>(number)),
                  0.501 * scale + 1e-30);
      }
      for (const std::int64_t square : squares) EXPECT_LT(square, std::int64_t{1} << 31);
    }
  });
}

TEST(Int16Product, DoesNotOverflowAtTheExtremes) {
  Numbers all;
  for (const Numbers& row : extreme_rows()) all.insert(all.end(), row.begin(), row.end());
  const auto n = static_cast<std::int64_t>(extreme_rows().size());
  std::vector<Numbers> found;
  for_each_target([&] { found.push_back(multiplied(all, n, all, n, {})); });
  for (const Numbers& other : found) EXPECT_TRUE(same_bits(found[0], other));
  const ilk::Int16Rows rows = held(all, n);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      double product = 0;
      for (std::int64_t first = 0; first < rows.columns(); first += part)
        product +=
            obvious_sum(rows.row(i) + first, rows.row(j) + first, std::min(part, rows.columns() - first));
      product *= static_cast<double>(rows.scales()[i]) * rows.scales()[j];
      if (std::abs(product) < 3e38)
        EXPECT_NEAR(found[0][i * n + j], product, 1e-6 * std::abs(product) + 1e-37) << i << " " << j;
      else
        EXPECT_TRUE(std::isinf(found[0][i * n + j])) << i << " " << j;
    }
}

TEST(Int16Product, WhatIsNotFiniteMakesItsOwnRowNaN) {
  for_each_target([] {
    for (const float bad : {NAN, -NAN, INFINITY, -INFINITY, 2e28f}) {
      const std::int64_t m = 9, k = 50, n = 20;
      Numbers x = normal_numbers(m * k, "x");
      const Numbers w = normal_numbers(n * k, "w"), before = multiplied(x, m, w, n, {});
      x[4 * k + 49] = bad;
      const Numbers after = multiplied(x, m, w, n, {});
      for (std::int64_t i = 0; i < m; ++i)
        for (std::int64_t j = 0; j < n; ++j)
          if (i == 4)
            EXPECT_TRUE(std::isnan(after[i * n + j]));
          else
            EXPECT_EQ(after[i * n + j], before[i * n + j]);
    }
  });
}

TEST(Int16Product, MatricesThatDoNotFitAreAnError) {
  const Numbers x(12, 1.0f);
  Numbers y(12);
  EXPECT_THROW(ilk::multiply(held(x, 3), ilk::Int16Matrix(held(x, 4)), nullptr, {y.data(), 3, 4}),
               ilk::Error);
  EXPECT_THROW(ilk::multiply(held(x, 3), ilk::Int16Matrix(held(x, 3)), nullptr, {y.data(), 3, 4}),
               ilk::Error);
}

}  // namespace
