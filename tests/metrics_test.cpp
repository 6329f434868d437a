#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/metrics.h>

#include <algorithm>
#include <fstream>

namespace {

torch::Tensor labels(const std::vector<std::int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}

/// The generator of tests/data/metrics/make.py.
struct Generator {
  std::uint64_t x;
  std::int64_t below(std::uint64_t n) {
    x = x * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<std::int64_t>((x >> 33) % n);
  }
};

void expect_next_scores(const ilk::Agreement& found, std::istream& expected, const std::string& which) {
  double accuracy = -9, information = -9, rand_index = -9;
  ASSERT_TRUE(expected >> accuracy >> information >> rand_index) << which;
  EXPECT_NEAR(found.accuracy, accuracy, 1e-6) << which;
  EXPECT_NEAR(found.normalised_mutual_information, information, 1e-6) << which;
  EXPECT_NEAR(found.adjusted_rand_index, rand_index, 1e-6) << which;
}

TEST(Agreement, EqualsScikitLearnOnDegenerateAndRandomPartitions) {
  std::ifstream fixture(ILK_TEST_DATA "/metrics/partitions.txt");
  int given = 0;
  ASSERT_TRUE(fixture >> given);
  for (int i = 0; i < given; ++i) {
    std::size_t n = 0;
    fixture >> n;
    std::vector<std::int64_t> y(n), c(n);
    for (auto& label : y) fixture >> label;
    for (auto& label : c) fixture >> label;
    expect_next_scores(ilk::agreement(labels(y), labels(c)), fixture, "given " + std::to_string(i));
  }
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Generator generator{seed};
    const auto n = 1 + generator.below(60), classes = 1 + generator.below(8),
               clusters = 1 + generator.below(8), noise = generator.below(101);
    std::vector<std::int64_t> y, c;
    for (std::int64_t i = 0; i < n; ++i) y.push_back(generator.below(classes));
    for (const auto label : y)
      c.push_back(generator.below(100) >= noise ? label % clusters : generator.below(clusters));
    expect_next_scores(ilk::agreement(labels(y), labels(c)), fixture, "seed " + std::to_string(seed));
  }
}

TEST(Confusion, CountsByAscendingNames) {
  const auto table = ilk::confusion(labels({9, -1, 9, 9}), labels({3, 3, 1, 3}));
  EXPECT_EQ(table.classes, (std::vector<std::int64_t>{-1, 9}));
  EXPECT_EQ(table.clusters, (std::vector<std::int64_t>{1, 3}));
  EXPECT_TRUE(table.counts.equal(torch::tensor({0, 1, 1, 2}, torch::kInt64).view({2, 2})));
}

TEST(Agreement, RefusesWhatIsNoPartition) {
  EXPECT_THROW(ilk::agreement(labels({1, 2}), labels({1})), ilk::Error);
  EXPECT_THROW(ilk::agreement(labels({}), labels({})), ilk::Error);
  EXPECT_THROW(ilk::agreement(torch::ones({2}), labels({1, 2})), ilk::Error);
}

}  // namespace
