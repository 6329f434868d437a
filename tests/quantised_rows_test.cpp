// Small whole numbers keep their bounds, and loops give the same numbers, on every processor.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "kernels/quantised_rows.h"
#include "matrices.h"
#include "targets.h"

namespace {

using ilk::byte_products;
using ilk::Matrix;
using ilk::QuantisedRows;
using ilk::rest_product;
using ilk::rest_product_error;
using ilk::kernels::kernels;

/// Rows of all kinds, no two alike.
Matrix<float> awkward_rows(std::int64_t d) {
  auto rows = random_matrix(64, d, 7);
  std::ranges::fill(rows.row(1), 0.0f);
  for (float& value : rows.row(2)) value *= 1e-25f;
  for (float& value : rows.row(3)) value *= 1e10f;
  std::ranges::fill(rows.row(4), 0.0f);
  rows[4][0] = 3;                         // all in one coordinate
  std::ranges::fill(rows.row(5), -1.0f);  // all coordinates alike
  for (float& value : rows.row(6))
    value = std::copysign(std::pow(std::fabs(value), 6.0f), value);  // a few large
  return rows;
}

TEST(QuantisedRows, SmallNumbersAreWithinTheirBoundsAndTheSameOnEveryProcessor) {
  for (const int bits : {8, 16})
    for (const std::int64_t d : {1, 31, 512, 513, 1100}) {
      const auto rows = awkward_rows(d);
      std::vector<float> first_out, first_rests;
      for_each_target([&] {
        QuantisedRows left(QuantisedRows::Side::left, bits, 64, d, bits == 8),
            right(QuantisedRows::Side::right, bits, 64, d, bits == 8);
        std::vector<std::int32_t> numbers(64);
        for (std::int64_t i = 0; i < 64; ++i) {
          numbers[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i);
          left.set(i, rows[i], nullptr);
          right.set(i, rows[i], nullptr);
        }
        std::vector<float> bias(64, 0.0f), out(64 * 64), rests;
        byte_products(left, numbers.data(), nullptr, 63, right, 0, 64, bias.data(), out.data(), 64);
        for (std::int64_t i = 0; i < 63; ++i)
          for (std::int64_t j = 0; j < 64; ++j) {
            const double bound = 1.001 * (static_cast<double>(left.error(i)) * right.length(j) +
                                          static_cast<double>(left.length(i)) * right.error(j)) +
                                 1e-6 * left.length(i) * right.length(j);
            const double product = out[static_cast<std::size_t>(i * 64 + j)],
                         truth = dot(rows.row(i), rows.row(j));
            ASSERT_LE(std::fabs(product - truth), bound) << bits << " " << d << " " << i << " " << j;
            if (bits == 16) continue;
            const double closer = rest_product_error(left.error(i), left.rest_error(i), left.length(i),
                                                     right.error(j), right.rest_error(j), right.length(j)) +
                                  1e-6 * left.length(i) * right.length(j);
            rests.push_back(rest_product(left, i, right, j));
            ASSERT_LE(std::fabs(product + rests.back() - truth), closer) << d << " " << i << " " << j;
            if (i >= 10 && j >= 10 && d >= 31) {
              ASSERT_LT(closer, bound / 20) << "a closer look is worth it";
            }
          }
        if (first_out.empty()) first_out = out, first_rests = rests;
        EXPECT_EQ(out, first_out) << bits << " " << d;
        EXPECT_EQ(rests, first_rests) << bits << " " << d;
        // Some rows, to some rows of the result, from a tile on.
        const std::int32_t some[] = {9, 3, 40, 11, 12}, to[] = {4, 0, 1, 3, 2};
        std::vector<float> few(5 * 32, -1.0f);
        byte_products(left, some, to, 5, right, 16, 32, bias.data(), few.data(), 32);
        for (std::size_t p = 0; p < 5; ++p)
          for (std::size_t j = 0; j < 32; ++j)
            ASSERT_EQ(few[static_cast<std::size_t>(to[p]) * 32 + j],
                      out[static_cast<std::size_t>(some[p]) * 64 + 16 + j]);
      });
    }
}

TEST(QuantisedRows, SixteenBitsGiveTheSameNumbersForAnyCountAndProcessor) {
  for (const std::int64_t d : {1, 40, 513, 1500})
    for (const std::int64_t n : {1, 3, 4, 7, 8, 10, 12, 13, 16, 20, 28, 31, 45}) {
      const auto rows = random_matrix(n, d, 17);
      std::vector<std::int32_t> numbers(static_cast<std::size_t>(n));
      std::iota(numbers.begin(), numbers.end(), 0);
      const std::int64_t stride = QuantisedRows::padded(n);
      const std::vector<float> none(static_cast<std::size_t>(stride), 0.0f);
      std::vector<float> first_out;
      for_each_target([&] {
        QuantisedRows left(QuantisedRows::Side::left, 16, n, d), right(QuantisedRows::Side::right, 16, n, d);
        for (std::int64_t i = 0; i < n; ++i) {
          left.set(i, rows[i], nullptr);
          right.set(i, rows[i], nullptr);
        }
        std::vector<float> out(static_cast<std::size_t>(n * stride));
        byte_products(left, numbers.data(), nullptr, n, right, 0, stride, none.data(), out.data(), stride);
        if (first_out.empty()) first_out = out;
        EXPECT_EQ(out, first_out) << d << " " << n;
        for (std::int64_t i = 0; i < n; ++i) {
          // So that the distance of a copy is 0.
          EXPECT_EQ(2 * left.half_square(i), out[static_cast<std::size_t>(i * stride + i)]) << d << " " << i;
          for (std::int64_t j = 0; j < n; ++j)
            ASSERT_LE(std::fabs(static_cast<double>(out[static_cast<std::size_t>(i * stride + j)]) -
                                dot(rows.row(i), rows.row(j))),
                      1.001 * (static_cast<double>(left.error(i)) * right.length(j) +
                               static_cast<double>(left.length(i)) * right.error(j)) +
                          1e-6 * left.length(i) * right.length(j));
        }
      });
    }
}

TEST(Kernels, LoopsOfAllProcessorsEqualPlainOnes) {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  for (const std::int64_t n : {1, 7, 8, 16, 29, 208}) {
    auto numbers = random_matrix(1, n, static_cast<std::uint64_t>(n));
    float* values = numbers.data();
    values[n / 2] = -infinity;
    std::vector<float> sorted(values, values + n);
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    for_each_target([&] {
      for (const float threshold : {-infinity, -0.5f, values[n - 1], 9.0f, nan}) {
        std::vector<std::int32_t> found(static_cast<std::size_t>(n)), expected;
        found.resize(static_cast<std::size_t>(kernels().not_below(values, n, threshold, found.data())));
        for (std::int64_t i = 0; i < n; ++i)
          if (!(values[i] < threshold)) expected.push_back(static_cast<std::int32_t>(i));
        EXPECT_EQ(found, expected) << n << " " << threshold;
      }
      if (n % 8 == 0) {
        std::vector<float> tops(static_cast<std::size_t>(n / 8)), expected;
        kernels().group_tops(values, n / 8, 8, tops.data());
        for (std::int64_t i = 0; i < n; i += 8)
          expected.push_back(*std::max_element(values + i, values + i + 8));
        EXPECT_EQ(tops, expected) << n;
      }
      const auto top = kernels().top_two(values, n);
      EXPECT_EQ(top.first, sorted[0]) << n;
      EXPECT_EQ(top.second, n > 1 ? sorted[1] : -infinity) << n;
      std::vector<float> left(values, values + n), costs(left.size(), 0.25f);
      const float least = kernels().spend(left.data(), costs.data(), 0.5f, n);
      EXPECT_EQ(least, *std::min_element(left.begin(), left.end()));
      for (std::size_t i = 0; i < left.size(); ++i) {
        if (std::isinf(values[i])) continue;
        EXPECT_NEAR(left[i], values[i] - 0.75f, 1e-5);
        if (values[i] > 0.75f) {
          EXPECT_LE(left[i], values[i] - 0.75f);
        }
      }
    });
  }
}

}  // namespace
