// What encoders do between products (src/kernels/loops/activations.h), against float64; the same bits on
// every target.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "core/random.h"
#include "kernels/kernels.h"
#include "targets.h"

using ilk::kernels::Kernels;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
using Numbers = std::vector<float>;

Numbers normal_numbers(std::int64_t n, std::uint64_t seed, double factor = 1) {
  ilk::RandomStream random(seed, "activations test");
  Numbers numbers(static_cast<std::size_t>(n));
  for (float& number : numbers) number = static_cast<float>(random.normal() * factor);
  return numbers;
}

/// What run(kernels) returns, which must have the same bits on all targets.
Numbers on_all_targets(const std::function<Numbers(const Kernels&)>& run) {
  Numbers first;
  for_each_target([&] {
    const Numbers result = run(ilk::kernels::kernels());
    if (first.empty()) first = result;
    EXPECT_TRUE(result.empty() ||
                std::memcmp(result.data(), first.data(), result.size() * sizeof(float)) == 0);
  });
  return first;
}

/// x, each number changed by truth(x), against what `loop` makes of them: `units` of 2^-24, and as many more
/// for each unit of size where `growing`.
void expect_changed(void (*Kernels::*loop)(float*, std::int64_t), double (*truth)(double), double units,
                    double growing) {
  Numbers x;
  for (float value = -12.8f; value < 12.8f; value += 0x1.3p-9f) x.push_back(value);
  x.insert(x.end(), {0.0f, -0.0f, 1e-30f, -1e-30f, 50.0f, 1e30f, 0x1p-140f});
  for (const std::size_t n : {x.size(), std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{23}}) {
    const Numbers changed = on_all_targets([&](const Kernels& k) {
      Numbers values(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n));
      (k.*loop)(values.data(), static_cast<std::int64_t>(n));
      return values;
    });
    for (std::size_t i = 0; i < n; ++i) {
      const double value = truth(x[i]);
      ASSERT_NEAR(changed[i], value,
                  (units + growing * std::fabs(x[i])) * 0x1p-24 * std::fabs(value) + 0x1p-149)
          << x[i];
    }
  }
}

double gelu(double x) {
  return x / 2 * std::erfc(-x / std::sqrt(2.0));
}
double quick_gelu(double x) {
  return x / (1 + std::exp(-1.702 * x));
}

}  // namespace

TEST(Activations, Gelu) {
  expect_changed(&Kernels::gelu, gelu, 7, 0);
}

TEST(Activations, QuickGelu) {
  expect_changed(&Kernels::quick_gelu, quick_gelu, 4, 2);
}

TEST(Activations, FarOff) {
  for_each_target([] {
    const Kernels& k = ilk::kernels::kernels();
    Numbers x{infinity, -infinity, -100, -1e30f, NAN}, y = x;
    k.gelu(x.data(), 5);
    k.quick_gelu(y.data(), 4);
    for (const Numbers& values : {x, y}) {
      EXPECT_EQ(values[0], infinity);
      EXPECT_EQ(values[2], 0);
      EXPECT_EQ(values[3], 0);
      EXPECT_TRUE(std::isnan(values[4]));
    }
    EXPECT_EQ(x[1], 0);
  });
}

TEST(Activations, Softmax) {
  for (const std::int64_t n : {0, 1, 2, 7, 15, 16, 17, 50, 64, 77, 1000})
    for (const bool with_bias : {false, true}) {
      constexpr std::int64_t rows = 5;
      const std::int64_t stride = n + 3;
      Numbers scores = normal_numbers(rows * stride, 1, 10);
      if (n > 2) scores[1] = scores[static_cast<std::size_t>(stride)] = -infinity;
      const Numbers bias = normal_numbers(rows * n, 2);
      const Numbers shares = on_all_targets([&](const Kernels& k) {
        Numbers values = scores;
        k.softmax(values.data(), stride, rows, n, 0.3f, with_bias ? bias.data() : nullptr);
        return values;
      });
      for (std::int64_t row = 0; row < rows; ++row) {
        const auto score = [&](std::int64_t i) {
          return static_cast<double>(scores[static_cast<std::size_t>(row * stride + i)]) * 0.3 +
                 (with_bias ? bias[static_cast<std::size_t>(row * n + i)] : 0);
        };
        double highest = -infinity, sum = 0;
        for (std::int64_t i = 0; i < n; ++i) highest = std::max(highest, score(i));
        for (std::int64_t i = 0; i < n; ++i) sum += std::exp(score(i) - highest);
        for (std::int64_t i = 0; i < stride; ++i) {
          const auto at = static_cast<std::size_t>(row * stride + i);
          if (i >= n) {
            ASSERT_EQ(shares[at], scores[at]);  // between rows nothing is touched
          } else {
            const double truth = std::exp(score(i) - highest) / sum;
            ASSERT_NEAR(shares[at], truth, 3e-6 * truth);
          }
        }
      }
    }
}

TEST(Activations, RowsWithoutAScoreAreNoNumbers) {
  for_each_target([] {
    for (const float score : {-infinity, static_cast<float>(NAN)}) {
      Numbers row(40, -infinity);
      row[20] = score;
      ilk::kernels::kernels().softmax(row.data(), 40, 1, 40, 1, nullptr);
      for (const float share : row) EXPECT_TRUE(std::isnan(share));
    }
  });
}

TEST(Activations, MixedRows) {
  for (const std::int64_t head_width : {3, 16, 32, 64})
    for (const std::int64_t length : {1, 5, 77}) {
      constexpr std::int64_t heads = 4, places_held = 90;
      const std::int64_t width = heads * head_width;
      const Numbers query = normal_numbers(width, 3), keys = normal_numbers(places_held * width, 4),
                    values = normal_numbers(places_held * width, 5);
      std::vector<std::int64_t> places;
      for (std::int64_t i = 0; i < length; ++i) places.push_back(i * 7 % places_held);
      const Numbers mixed = on_all_targets([&](const Kernels& k) {
        Numbers scores(static_cast<std::size_t>(heads * length)),
            result(static_cast<std::size_t>(width), NAN);
        k.mix_rows(query.data(), keys.data(), values.data(), width, heads, places.data(), length, 0.2f,
                   scores.data(), result.data());
        return result;
      });
      for (std::int64_t j = 0; j < width; ++j) {
        const std::int64_t first = j / head_width * head_width;
        double sum = 0, weighted = 0;
        for (const std::int64_t place : places) {
          double product = 0;
          for (std::int64_t c = first; c < first + head_width; ++c)
            product += static_cast<double>(query[static_cast<std::size_t>(c)]) *
                       keys[static_cast<std::size_t>(place * width + c)];
          sum += std::exp(0.2 * product);
          weighted += std::exp(0.2 * product) * values[static_cast<std::size_t>(place * width + j)];
        }
        ASSERT_NEAR(mixed[static_cast<std::size_t>(j)], weighted / sum, 1e-5);
      }
    }
}

TEST(Activations, LayerNorm) {
  for (const std::int64_t n : {1, 2, 15, 16, 17, 33, 512, 768, 1000}) {
    Numbers x = normal_numbers(n, 6);
    for (float& value : x) value = value * 0.01f + 30;  // far from 0, where float32 would lose its variance
    const Numbers weight = normal_numbers(n, 7), bias = normal_numbers(n, 8);
    const Numbers normed = on_all_targets([&](const Kernels& k) {
      Numbers y(x.size(), NAN), in_place = x;
      k.layer_norm(x.data(), n, weight.data(), bias.data(), 1e-5f, y.data());
      k.layer_norm(in_place.data(), n, weight.data(), bias.data(), 1e-5f, in_place.data());
      EXPECT_EQ(y, in_place);
      return y;
    });
    double mean = 0, variance = 0;
    for (const float value : x) mean += static_cast<double>(value) / static_cast<double>(n);
    for (const float value : x) variance += (value - mean) * (value - mean) / static_cast<double>(n);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double truth =
          (x[i] - mean) / std::sqrt(variance + static_cast<double>(1e-5f)) * weight[i] + bias[i];
      ASSERT_NEAR(normed[i], truth, 3e-7 * (std::fabs(truth) + std::fabs(bias[i]) + 1e-6));
    }
  }
}
