// The loops of src/kernels/kernels.h: each against a slow one that is plainly right, and the same bits on
// every target.
#include "kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "core/philox.h"
#include "core/random.h"
#include "targets.h"

using ilk::kernels::Kernels;
using ilk::kernels::Target;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
const std::vector<std::int64_t> sizes{0,  1,  2,  3,  4,  7,  8,   9,   15,  16,  17,   31,   32,
                                      33, 47, 48, 63, 64, 65, 100, 127, 768, 769, 1000, 4099, 10000};

/// Standard normal numbers. They begin `offset` numbers after an aligned place.
class Numbers {
 public:
  Numbers(std::int64_t n, std::uint64_t seed, std::int64_t offset = 1)
      : values_(n + offset), offset_(offset) {
    ilk::RandomStream random(seed, "kernels test");
    for (float& value : values_) value = static_cast<float>(random.normal());
  }
  float* data() { return values_.data() + offset_; }
  const float* data() const { return values_.data() + offset_; }
  float operator[](std::int64_t i) const { return data()[i]; }

 private:
  std::vector<float> values_;
  std::int64_t offset_;
};

template <class T>
std::vector<T> copy_of(const T* values, std::int64_t n) {
  return {values, values + n};
}

/// What run(kernels) returns, a vector, which must have the same bits on all targets. NaN has many bits: all
/// count as one.
template <class Run>
auto on_all_targets(Run&& run) {
  decltype(run(ilk::kernels::kernels())) first;
  bool have_first = false;
  for_each_target([&] {
    auto result = run(ilk::kernels::kernels());
    for (auto& value : result)
      if (value != value) value = std::numeric_limits<std::decay_t<decltype(value)>>::quiet_NaN();
    if (!have_first) {
      first = std::move(result), have_first = true;
      return;
    }
    ASSERT_EQ(result.size(), first.size());
    EXPECT_TRUE(result.empty() ||
                std::memcmp(result.data(), first.data(), result.size() * sizeof(result[0])) == 0);
  });
  return first;
}

/// body(n) for many sizes.
template <class Body>
void for_sizes(std::int64_t least, Body&& body) {
  for (const std::int64_t n : sizes) {
    if (n < least) continue;
    SCOPED_TRACE(n);
    body(n);
  }
}

double units_off(float value, double truth) {
  int exponent = 0;
  std::frexp(truth, &exponent);
  return std::fabs(value - truth) / std::ldexp(1, std::max(exponent, -125) - 24);
}

}  // namespace

TEST(Kernels, TheBestTargetIsChosen) {
  const auto targets = ilk::kernels::available_targets();
  ASSERT_FALSE(targets.empty());
  EXPECT_EQ(targets.front(), Target::plain);
  for_each_target([&] { EXPECT_NE(ilk::kernels::kernels().dot_f64, nullptr); });
}

TEST(Kernels, Products) {
  for_sizes(0, [](std::int64_t n) {
    const Numbers a(n, 1, 1), b(n, 2, 3);
    double product = 0, lengths = 0, half = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      product += static_cast<double>(a[i]) * b[i];
      half += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]) / 2;
      lengths += std::fabs(static_cast<double>(a[i]) * b[i]);
    }
    const std::vector<double> wide(b.data(), b.data() + n);
    const auto exact = on_all_targets([&](const Kernels& k) {
      return std::vector{k.dot_f64(a.data(), b.data(), n), k.dot_mixed(a.data(), wide.data(), n)};
    });
    EXPECT_NEAR(exact[0], product, 1e-13 * lengths);
    EXPECT_EQ(exact[1], exact[0]);  // numbers that were float32
    const auto near = on_all_targets([&](const Kernels& k) {
      return std::vector{k.dot_f32(a.data(), b.data(), n), k.half_squared_distance(a.data(), b.data(), n)};
    });
    EXPECT_NEAR(near[0], product, ilk::kernels::dot_f32_error(n) * lengths);
    EXPECT_NEAR(near[1], half, ilk::kernels::dot_f32_error(n) * half);
  });
}

TEST(Kernels, SumsInFloat64) {
  for_sizes(0, [](std::int64_t n) {
    const Numbers a(4 * n, 3), weights(4, 4);
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += a[i], squares += static_cast<double>(a[i]) * a[i];
    const auto sums = on_all_targets([&](const Kernels& k) {
      return std::vector{k.sum(a.data(), n), k.sum_of_squares(a.data(), n)};
    });
    EXPECT_NEAR(sums[0], sum, 1e-13 * (squares + 1));
    EXPECT_NEAR(sums[1], squares, 1e-13 * squares);

    const double rounding = 0x1.8p40;  // to multiples of 2^-12
    const std::vector<double> start(static_cast<std::size_t>(n), 0.25);
    for (const int which : {0, 1, 2, 3}) {
      const auto changed = on_all_targets([&](const Kernels& k) {
        auto some = start;
        if (which == 0) k.add_rounded(some.data(), a.data(), n, rounding);
        if (which == 1) k.subtract_rounded(some.data(), a.data(), n, rounding);
        if (which == 2) k.add_row(some.data(), a.data(), 0.7f, n);
        if (which == 3) k.add_four_rows(some.data(), a.data(), weights.data(), n);
        return some;
      });
      for (std::int64_t i = 0; i < n; ++i) {
        double truth = 0.25, bound = 0;
        if (which == 0) truth += std::round(a[i] * 4096.0) / 4096;
        if (which == 1) truth -= std::round(a[i] * 4096.0) / 4096;
        if (which == 2) truth += static_cast<double>(a[i] * 0.7f);
        for (std::int64_t r = 0; r < 4 && which == 3; ++r)
          truth += static_cast<double>(a[r * n + i]) * weights[r],
              bound += std::fabs(a[r * n + i] * weights[r]);
        ASSERT_NEAR(changed[static_cast<std::size_t>(i)], truth, 3e-7 * bound) << which << ' ' << i;
      }
    }
  });
}

TEST(Kernels, RowsTimesNumbers) {
  for_sizes(0, [](std::int64_t n) {
    const Numbers a(n, 5), b(n, 6, 2);
    for (const int which : {0, 1, 2, 3}) {
      const auto result = on_all_targets([&](const Kernels& k) {
        Numbers y(n, 7, 3);
        if (which == 0) k.add_scaled(y.data(), a.data(), 0.3f, n);
        if (which == 1) k.scale(a.data(), 0.3f, y.data(), n);
        if (which == 2) k.multiply_elements(a.data(), 0.3f, b.data(), y.data(), n);
        if (which == 3) k.add(y.data(), a.data(), n);
        return copy_of(y.data(), n);
      });
      const Numbers y(n, 7, 3);
      for (std::int64_t i = 0; i < n; ++i) {
        const float truth[] = {std::fma(a[i], 0.3f, y[i]), a[i] * 0.3f, a[i] * 0.3f * b[i], y[i] + a[i]};
        ASSERT_EQ(result[static_cast<std::size_t>(i)], truth[which]) << which << ' ' << i;
      }
    }
  });
}

// The target without an instruction for it makes a · b + c of float64.
TEST(Kernels, FusedIsRoundedOnce) {
  std::vector<float> a, b, c;
  const auto take = [&](float x, float y, float z) {
    for (const float sign : {1.0f, -1.0f}) {
      a.push_back(x), b.push_back(y), c.push_back(sign * z);
      a.push_back(-x), b.push_back(y), c.push_back(sign * z);
    }
  };
  ilk::RandomStream random(8, "fused");
  for (int i = 0; i < 300000; ++i)  // of any size, infinite and NaN among them
    take(std::bit_cast<float>(random.bits()), std::bit_cast<float>(random.bits()),
         std::bit_cast<float>(random.bits()));
  for (int i = 0; i < 300000; ++i) {  // of like size; of results that are not normal
    const float small = i % 2 == 0 ? 1 : 0x1p-70f;
    take(static_cast<float>(random.normal()) * small, static_cast<float>(random.normal()) * small,
         static_cast<float>(random.normal() * std::ldexp(1, static_cast<int>(random.below(60)) - 30)) *
             small * small);
  }
  std::int64_t twice = 0;
  for (int i = 0; i < 300000;
       ++i) {  // just beside the middle between two floats, where rounding twice is wrong
    const auto step = static_cast<float>(random.below(1 << 12)) * 0x1p-23f;
    const auto scale = std::ldexp(1.0f, static_cast<int>(random.below(200)) - 100);
    const float factor = (1 + step) * scale, other = (1 - step) * 0x1p-24f;
    const float near = (1 + static_cast<float>(random.below(1 << 23)) * 0x1p-23f) * scale;
    take(factor, other, near);
    twice += static_cast<float>(static_cast<double>(factor) * other + near) != std::fma(factor, other, near);
  }
  EXPECT_GT(twice, 10000);
  for (const float x : {0.0f, 1.0f, infinity, not_a_number, 0x1p-149f, 0x1p-126f, 0x1.fffffep127f})
    for (const float y : {0.0f, 1.0f, infinity, 0x1p-149f, 0.5f, 0x1.fffffep127f})
      for (const float z : {0.0f, 1.0f, infinity, not_a_number, 0x1p-149f, 0x1.fffffep127f}) take(x, y, z);
  for_each_target([&] {
    const Kernels& k = ilk::kernels::kernels();
    std::int64_t wrong = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      float row[5], y[5];  // a register of all targets' shortest, and one number by itself
      std::fill_n(row, 5, a[i]), std::fill_n(y, 5, c[i]);
      k.add_scaled(y, row, b[i], 5);
      const float truth = std::fma(a[i], b[i], c[i]);
      for (const float value : {y[1], y[4]})
        wrong += std::isnan(truth)
                     ? !std::isnan(value)
                     : std::bit_cast<std::uint32_t>(value) != std::bit_cast<std::uint32_t>(truth);
    }
    EXPECT_EQ(wrong, 0);
  });
}

TEST(Kernels, Searches) {
  for_sizes(1, [](std::int64_t n) {
    Numbers a(n, 9);
    auto sorted = copy_of(a.data(), n);
    std::sort(sorted.rbegin(), sorted.rend());
    const auto found = on_all_targets([&](const Kernels& k) {
      const auto top = k.top_two(a.data(), n);
      return std::vector{top.first, top.second, k.highest(a.data(), n)};
    });
    EXPECT_EQ(found, (std::vector{sorted[0], n > 1 ? sorted[1] : -infinity, sorted[0]}));
    a.data()[n / 2] = not_a_number;
    for (const float threshold : {0.5f, -10.0f, 10.0f, not_a_number}) {
      const auto kept = on_all_targets([&](const Kernels& k) {
        std::vector<std::int32_t> indices(static_cast<std::size_t>(n));
        indices.resize(static_cast<std::size_t>(k.not_below(a.data(), n, threshold, indices.data())));
        return indices;
      });
      std::vector<std::int32_t> truth;
      for (std::int64_t i = 0; i < n; ++i)
        if (!(a[i] < threshold)) truth.push_back(static_cast<std::int32_t>(i));
      EXPECT_EQ(kept, truth);
    }
  });
  for (const std::int64_t size : {8, 16, 24, 64}) {
    constexpr std::int64_t groups = 37;
    const Numbers a(groups * size, 10);
    const auto tops = on_all_targets([&](const Kernels& k) {
      std::vector<float> highest(groups);
      k.group_tops(a.data(), groups, size, highest.data());
      return highest;
    });
    for (std::int64_t g = 0; g < groups; ++g)
      EXPECT_EQ(tops[static_cast<std::size_t>(g)],
                *std::max_element(a.data() + g * size, a.data() + (g + 1) * size));
  }
}

TEST(Kernels, Bounds) {
  for_sizes(1, [](std::int64_t n) {
    const Numbers a(n, 11), b(n, 12, 2);
    const auto spent = on_all_targets([&](const Kernels& k) {
      auto numbers = copy_of(a.data(), n);
      numbers.push_back(k.spend(numbers.data(), b.data(), 0.1f, n));
      return numbers;
    });
    float least = infinity;
    for (std::int64_t i = 0; i < n; ++i) {
      const float truth = (a[i] - (b[i] + 0.1f)) * 0.999999f;
      ASSERT_EQ(spent[static_cast<std::size_t>(i)], truth);
      least = std::min(least, truth);
    }
    EXPECT_EQ(spent.back(), least);
    const auto distances = on_all_targets([&](const Kernels& k) {
      std::vector<float> result(static_cast<std::size_t>(n));
      k.distances_of(a.data(), b.data(), 0.4f, n, result.data());
      return result;
    });
    const auto gains = on_all_targets([&](const Kernels& k) {
      std::vector<double> result(static_cast<std::size_t>(n), 0.5);
      k.add_gains(a.data(), b.data(), n, result.data());
      return result;
    });
    for (std::int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(distances[static_cast<std::size_t>(i)], std::max(0.0f, (0.4f + b[i]) - a[i]));
      ASSERT_EQ(gains[static_cast<std::size_t>(i)], 0.5 + std::max(0.0, static_cast<double>(b[i]) - a[i]));
    }
  });
}

TEST(Kernels, ExponentialsAreWithinAUnit) {
  std::vector<float> x;
  for (float value = -90; value < 0; value += 0x1.9p-12f) x.push_back(value);
  x.insert(x.end(), {-infinity, -1e30f, -87.7f, -87.68f, -87.3f, -1e-30f, -0.0f, 0.0f});
  const auto powers = on_all_targets([&](const Kernels& k) {
    auto result = x;
    k.exponentiate(result.data(), static_cast<std::int64_t>(x.size()), 0, 1);
    return result;
  });
  for (std::size_t i = 0; i < x.size(); ++i)
    if (x[i] < -87.683f)
      ASSERT_EQ(powers[i], 0) << x[i];
    else
      ASSERT_LE(units_off(powers[i], std::exp(static_cast<double>(x[i]))), 1) << x[i];
}

TEST(Kernels, SumsOfExponentials) {
  for_sizes(1, [](std::int64_t n) {
    const Numbers a(n, 13), b(n, 14, 2);
    const auto values = on_all_targets([&](const Kernels& k) {
      std::vector<float> preferences(static_cast<std::size_t>(n));
      for (std::int64_t i = 0; i < n; ++i) preferences[static_cast<std::size_t>(i)] = a[i] + b[i];
      const float highest = k.highest(preferences.data(), n);
      EXPECT_EQ(highest, *std::max_element(preferences.begin(), preferences.end()));
      const double sum = k.exponentiate(preferences.data(), n, highest, 3);
      EXPECT_EQ(sum, k.sum(preferences.data(), n));
      return preferences;
    });
    float highest = -infinity;
    for (std::int64_t i = 0; i < n; ++i) highest = std::max(highest, a[i] + b[i]);
    for (std::int64_t i = 0; i < n; ++i) {
      const double truth = std::exp(static_cast<double>(((a[i] + b[i]) - highest) * 3));
      ASSERT_LE(units_off(values[static_cast<std::size_t>(i)], truth), 1);
    }
  });
}

TEST(Kernels, Bfloat16) {
  for_sizes(0, [](std::int64_t n) {
    const Numbers a(n, 15);
    const auto rounded = on_all_targets([&](const Kernels& k) {
      std::vector<std::uint16_t> result(static_cast<std::size_t>(n));
      k.round_to_bf16(a.data(), 0.7f, result.data(), n);
      return result;
    });
    const auto sums = on_all_targets([&](const Kernels& k) {
      std::vector<double> result(static_cast<std::size_t>(n), 0.25);
      k.add_bf16(result.data(), rounded.data(), n);
      return result;
    });
    for (std::int64_t i = 0; i < n; ++i) {
      const double value = sums[static_cast<std::size_t>(i)] - 0.25, truth = static_cast<double>(a[i] * 0.7f);
      ASSERT_NEAR(value, truth, std::fabs(truth) * 0x1p-8);
    }
  });
}

TEST(Kernels, PointsArePushedOffAsEachWouldBeAlone) {
  using ilk::kernels::Repulsion;
  const Numbers at(2 * 61, 16);
  const auto n = static_cast<std::uint64_t>(61);
  for (const auto& [begin, end] :
       {std::pair<std::int64_t, std::int64_t>{0, 61}, {3, 4}, {16, 48}, {29, 61}}) {
    const auto pushed = on_all_targets([&, first = begin, last = end](const Kernels& k) {
      std::vector<float> push(static_cast<std::size_t>(2 * (last - first)));
      k.repel({.at = at.data(),
               .n = n,
               .begin = first,
               .end = last,
               .epoch = 7,
               .key = {11, 12},
               .push = push.data()});
      return push;
    });
    for (std::int64_t i = begin; i < end; ++i) {
      float x = 0, y = 0;
      for (std::uint32_t four = 0; four < Repulsion::drawn / 4; ++four)
        for (const std::uint32_t word :
             ilk::internal::philox({static_cast<std::uint32_t>(i), 7, four, 2}, {11, 12})) {
          const auto other = static_cast<std::int64_t>(word * n >> 32);
          const float dx = at[2 * i] - at[2 * other], dy = at[2 * i + 1] - at[2 * other + 1];
          const float square = dx * dx + dy * dy, force = 2 / ((0.001f + square) * (1 + square));
          x += std::clamp(force * dx, -Repulsion::most, Repulsion::most);
          y += std::clamp(force * dy, -Repulsion::most, Repulsion::most);
        }
      const auto place = static_cast<std::size_t>(2 * (i - begin));
      ASSERT_EQ(pushed[place], x) << begin << " " << i;
      ASSERT_EQ(pushed[place + 1], y) << begin << " " << i;
    }
  }
}
