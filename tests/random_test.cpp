#include <gtest/gtest.h>
#include <ilk/error.h>

#include <cmath>
#include <map>
#include <set>

#include "core/philox.h"
#include "core/random.h"

namespace {

using Words = std::array<std::uint32_t, 4>;

// The known answers of Random123 (kat_vectors), which Salmon et al. published with the generator.
TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_EQ(ilk::internal::philox({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(ilk::internal::philox({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(ilk::internal::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, IsTheSameEverywhereAndDiffersByNameAndIndex) {
  ilk::RandomStream a(7, "kmeans"), b(7, "kmeans"), other_name(7, "transport"), other_index(7, "kmeans", 1),
      other_seed(8, "kmeans");
  const auto first = a.bits();
  EXPECT_EQ(first, b.bits());
  EXPECT_NE(first, other_name.bits());
  EXPECT_NE(first, other_index.bits());
  EXPECT_NE(first, other_seed.bits());
}

// Computed from the definition by another program, so that runs of any machine and version have these
// numbers.
TEST(RandomStream, HasItsKnownValues) {
  ilk::RandomStream stream(7, "kmeans", 2);
  for (const std::uint32_t bits : {2050517005u, 2502221518u, 4212407787u, 3240284151u})
    EXPECT_EQ(stream.bits(), bits);
  for (const double uniform : {0.9784389403336251, 0.996203160484226, 0.15978706533699139})
    EXPECT_EQ(stream.uniform(), uniform);
  for (const std::int64_t below : {353979, 889872, 526589, 426025}) EXPECT_EQ(stream.below(1000003), below);
  for (const double normal :
       {-0.49364726675061582, 0.67355046369345395, -0.72220590953958608, 0.32031962460970698})
    EXPECT_EQ(stream.normal(), normal);
  EXPECT_EQ(ilk::RandomStream(7, "kmeans").sample(100, 6),
            (std::vector<std::int64_t>{18, 89, 80, 82, 65, 52}));
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
