#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/metrics.h>
#include <ilk/random.h>

#include <algorithm>
#include <fstream>
#include <numeric>

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

TEST(LinearAssignment, IsTheBestOfAllPermutations) {
  ilk::RandomStream stream(4, "test");
  for (int trial = 0; trial < 200; ++trial) {
    const auto rows = 1 + stream.below(5), columns = 1 + stream.below(5);
    auto scores = torch::empty({rows, columns}, torch::kFloat64);
    for (std::int64_t i = 0; i < rows; ++i) {
      // Whole numbers, so that there are ties, negative ones too.
      for (std::int64_t j = 0; j < columns; ++j) scores[i][j] = static_cast<double>(stream.below(9) - 4);
    }
    const auto value = [&](const torch::Tensor& s, const std::vector<std::int64_t>& order) {
      double sum = 0;
      for (std::int64_t i = 0; i < std::min(s.size(0), s.size(1)); ++i) sum += s[i][order[i]].item<double>();
      return sum;
    };
    const auto wide = rows <= columns ? scores : scores.t();
    std::vector<std::int64_t> order(static_cast<std::size_t>(wide.size(1)));
    std::iota(order.begin(), order.end(), 0);
    double best = -1e9;
    do best = std::max(best, value(wide, order));
    while (std::next_permutation(order.begin(), order.end()));

    const auto found = ilk::linear_assignment(scores);
    double sum = 0;
    std::vector<std::int64_t> used;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i] < 0) continue;
      sum += scores[static_cast<std::int64_t>(i)][found[i]].item<double>();
      used.push_back(found[i]);
    }
    EXPECT_EQ(static_cast<std::int64_t>(used.size()), std::min(rows, columns));
    std::sort(used.begin(), used.end());
    EXPECT_EQ(std::adjacent_find(used.begin(), used.end()), used.end());
    EXPECT_DOUBLE_EQ(sum, best) << scores;
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
  EXPECT_THROW(ilk::linear_assignment(torch::full({2, 2}, std::nan(""), torch::kFloat64)), ilk::Error);
}

}  // namespace
