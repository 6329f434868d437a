// Products of numbers of known bound against float64.
#include "kernels/bounded_product.h"

#include <gtest/gtest.h>

#include "core/random.h"
#include "matrices.h"
#include "targets.h"

namespace {

using ilk::Matrix;

TEST(BoundedProduct, NoSumOverflowsAndWeightsAreNearlyKept) {
  for (const std::int64_t count : {1, 16, 27, 1152}) {
    for (const float factor : {1e-20f, 1.0f, 1e20f}) {
      Matrix<float> weights = random_matrix(1, count, 3);
      for (float& weight : weights.flat()) weight *= factor;
      std::vector<std::int16_t> numbers(static_cast<std::size_t>(count));
      const float scale = ilk::quantise_weights(weights[0], count, numbers.data());
      std::int64_t sum = 0;
      for (std::int64_t i = 0; i < count; ++i) {
        sum += std::abs(numbers[i]);
        EXPECT_NEAR(numbers[i] * static_cast<double>(scale), weights[0][i], 0.501 * scale);
      }
      EXPECT_LT(sum * ilk::bounded_top, std::int64_t{1} << 31);
    }
  }
  std::int16_t number = 1;
  const float zero = 0, nan = NAN;
  EXPECT_EQ(ilk::quantise_weights(&zero, 1, &number), 0);
  EXPECT_TRUE(std::isnan(ilk::quantise_weights(&nan, 1, &number)));
}

TEST(BoundedProduct, IsTheSameOnEveryProcessorAndRight) {
  for (const auto& [rows, k, columns] : {std::tuple<std::int64_t, std::int64_t, std::int64_t>{1, 16, 32},
                                         {5, 27, 96},
                                         {13, 40, 48},
                                         {50, 144, 24},
                                         {7, 96, 8}}) {
    Matrix<float> x = random_matrix(rows, k, 1);
    const Matrix<float> weight = random_matrix(columns, k, 2), bias = random_matrix(1, columns, 3);
    const ilk::BoundedMatrix a(weight, bias.row(0), 1);
    Matrix<float> first;
    Matrix<std::int16_t> first_whole;
    for_each_target([&] {
      const auto& loops = ilk::kernels::kernels();
      Matrix<std::int16_t> numbers(rows, (k + 1) / 2 * 2), dense(rows, k);
      std::vector<float> scales(static_cast<std::size_t>(rows));
      loops.quantise_bounded_i16(x.data(), rows, k, dense.data(), scales.data());
      for (std::int64_t i = 0; i < rows; ++i) std::copy_n(dense[i], k, numbers[i]);
      const ilk::BoundedRows given{{numbers.data(), rows, k, numbers.columns()}, scales.data()};
      Matrix<float> y = Matrix<float>::filled(rows, columns, 1);
      multiply(given, a, y, true);
      Matrix<std::int16_t> whole(rows, columns);
      if (columns % 16 == 0) {
        std::vector<std::int16_t*> places;
        for (std::int64_t i = 0; i < rows; ++i) places.push_back(whole[i]);
        multiply_rectified(given, a, places.data());
      }
      if (first.empty()) first = y.copy(), first_whole = whole.copy();
      EXPECT_TRUE(equal(y, first)) << rows << " " << k << " " << columns;
      EXPECT_TRUE(equal(whole, first_whole)) << rows << " " << k << " " << columns;
    });
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) {
        double wanted = bias[0][j];
        for (std::int64_t l = 0; l < k; ++l) wanted += static_cast<double>(x[i][l]) * weight[j][l];
        EXPECT_NEAR(first[i][j], wanted + 1, 0.002 * std::sqrt(static_cast<double>(k)));
        if (columns % 16 == 0) {
          EXPECT_EQ(first_whole[i][j], std::clamp<double>(std::nearbyint(first[i][j] - 1), 0, 8191));
        }
      }
  }
}

TEST(BoundedProduct, RowsOfZerosAndOfNaNs) {
  const Matrix<float> x = matrix_of({{0, 0, 0}, {1e-35f, 0, 0}, {NAN, 1, 2}, {1, -2, 0.5f}});
  for_each_target([&] {
    Matrix<std::int16_t> numbers(4, 3);
    std::vector<float> scales(4);
    ilk::kernels::kernels().quantise_bounded_i16(x.data(), 4, 3, numbers.data(), scales.data());
    EXPECT_EQ(scales[0], 0);
    EXPECT_EQ(scales[1], 0);
    EXPECT_TRUE(std::isnan(scales[2]));
    EXPECT_EQ(numbers[3][1], -8191);
    EXPECT_FLOAT_EQ(scales[3], 2.0f / 8191);
  });
}

/// What a result of whole numbers is made of: the exact sum, then as BoundedProduct says.
TEST(BoundedProduct, IsTheExactSumOfItsWholeNumbers) {
  for (std::int64_t rows = 1; rows <= 26; rows += rows < 13 ? 1 : 13)
    for (const std::int64_t columns : {16, 24, 32, 48})
      for (const std::int64_t k : {1, 2, 31, 200}) {
        const Matrix<float> weight = random_matrix(columns, k, 2), bias = random_matrix(1, columns, 3);
        const ilk::BoundedMatrix a(weight, bias.row(0), 300);
        Matrix<std::int16_t> x(rows, (k + 1) / 2 * 2);
        std::vector<float> scales(static_cast<std::size_t>(rows));
        ilk::RandomStream random(static_cast<std::uint64_t>(k), "bounded");
        for (std::int64_t i = 0; i < rows; ++i) {
          for (std::int64_t j = 0; j < k; ++j)
            x[i][j] = static_cast<std::int16_t>(static_cast<std::int64_t>(random.below(2 * 8191 + 1)) - 8191);
          scales[static_cast<std::size_t>(i)] = 0x1p-13f * static_cast<float>(1 + i);
        }
        std::vector<std::int16_t> column(static_cast<std::size_t>(k));
        const ilk::BoundedRows given{{x.data(), rows, k, x.columns()}, scales.data()};
        for_each_target([&] {
          Matrix<float> y = Matrix<float>::filled(rows, columns, 0.25f);
          multiply(given, a, y, true);
          Matrix<std::int16_t> whole(rows, columns);
          std::vector<std::int16_t*> places;
          for (std::int64_t i = 0; i < rows; ++i) places.push_back(whole[i]);
          if (columns % 16 == 0) multiply_rectified(given, a, places.data());
          for (std::int64_t j = 0; j < columns; ++j) {
            ilk::quantise_weights(weight[j], k, column.data());
            for (std::int64_t i = 0; i < rows; ++i) {
              std::int32_t sum = 0;
              for (std::int64_t l = 0; l < k; ++l) sum += x[i][l] * column[static_cast<std::size_t>(l)];
              const float value = std::fma(static_cast<float>(sum) * scales[static_cast<std::size_t>(i)],
                                           a.scales()[j], a.bias()[j]);
              ASSERT_EQ(y[i][j], value + 0.25f) << rows << " " << columns << " " << k;
              if (columns % 16 == 0) {
                ASSERT_EQ(whole[i][j], std::clamp<double>(std::nearbyint(value), 0, 8191))
                    << rows << " " << columns;
              }
            }
          }
        });
      }
}

TEST(BoundedProduct, NumbersAreRoundedToTheNearest) {
  const Matrix<float> values = random_matrix(1, 77, 4);
  for_each_target([&] {
    std::vector<std::int16_t> numbers(77);
    ilk::kernels::kernels().round_bounded_i16(values.data(), 77, 5000, numbers.data());
    for (std::int64_t i = 0; i < 77; ++i)
      EXPECT_EQ(numbers[static_cast<std::size_t>(i)],
                std::clamp(std::nearbyint(values[0][i] * 5000), -8191.0f, 8191.0f));
  });
}

}  // namespace
