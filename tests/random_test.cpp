#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/random.h>

#include <cmath>
#include <map>
#include <set>

namespace {

TEST(RandomStream, IsTheSameEverywhereAndDiffersByNameAndIndex) {
  ilk::RandomStream a(7, "kmeans"), b(7, "kmeans"), other_name(7, "transport"), other_index(7, "kmeans", 1),
      other_seed(8, "kmeans");
  const auto first = a.bits();
  EXPECT_EQ(first, b.bits());
  EXPECT_NE(first, other_name.bits());
  EXPECT_NE(first, other_index.bits());
  EXPECT_NE(first, other_seed.bits());
}

TEST(RandomStream, BelowIsEvenWithinChance) {
  ilk::RandomStream stream(1, "test");
  std::map<std::int64_t, int> counts;
  const int draws = 70000;
  for (int i = 0; i < draws; ++i) ++counts[stream.below(7)];
  ASSERT_EQ(counts.size(), 7u);
  double chi_squared = 0;
  for (const auto& [value, count] : counts) chi_squared += std::pow(count - draws / 7.0, 2) / (draws / 7.0);
  EXPECT_LT(chi_squared, 22.5);  // the 0.1 % point of chi-squared with 6 degrees of freedom
}

TEST(RandomStream, UniformAndNormalHaveTheirMoments) {
  ilk::RandomStream stream(2, "test");
  double sum = 0, squares = 0, uniform = 0;
  const int draws = 100000;
  for (int i = 0; i < draws; ++i) {
    const double z = stream.normal(), u = stream.uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
    sum += z, squares += z * z, uniform += u;
  }
  EXPECT_NEAR(sum / draws, 0, 0.015);
  EXPECT_NEAR(squares / draws, 1, 0.02);
  EXPECT_NEAR(uniform / draws, 0.5, 0.005);
}

TEST(RandomStream, SampleDrawsWithoutRepeating) {
  ilk::RandomStream stream(3, "test");
  const auto drawn = stream.sample(50, 50);
  EXPECT_EQ(std::set<std::int64_t>(drawn.begin(), drawn.end()).size(), 50u);
  EXPECT_TRUE(stream.sample(10, 0).empty());
  EXPECT_THROW(stream.sample(3, 4), ilk::Error);
  EXPECT_THROW(stream.below(0), ilk::Error);
}

}  // namespace
