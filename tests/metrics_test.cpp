#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/metrics.h>

#include <algorithm>
#include <fstream>

#include "generator.h"

namespace {

torch::Tensor labels(const std::vector<std::int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}

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

TEST(MatchClusters, PutsMatchedClustersOnTheDiagonal) {
  // Class 0 is split over clusters 7 and 8, class 1 is in 9, class 2 shares 9 and gets no cluster of its own.
  const auto matched = ilk::match_clusters(
      ilk::confusion(labels({0, 0, 0, 0, 0, 1, 1, 1, 2, 2}), labels({8, 8, 8, 7, 5, 9, 9, 9, 9, 9})));
  EXPECT_EQ(matched.table.clusters, (std::vector<std::int64_t>{8, 9, 5, 7}));
  EXPECT_EQ(matched.column_of_class, (std::vector<std::int64_t>{0, 1, -1}));
  EXPECT_EQ(matched.recall, (std::vector<double>{0.6, 1, 0}));
  EXPECT_TRUE(matched.table.counts.equal(
      torch::tensor({3, 0, 1, 1, 0, 3, 0, 0, 0, 2, 0, 0}, torch::kInt64).view({3, 4})));
}

TEST(MatchClusters, AgreesWithAccuracyAndKeepsEveryCount) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Generator generator{seed};
    const auto n = 1 + generator.below(60), classes = 1 + generator.below(8),
               clusters = 1 + generator.below(8);
    std::vector<std::int64_t> y, c;
    for (std::int64_t i = 0; i < n; ++i)
      y.push_back(generator.below(classes)), c.push_back(generator.below(clusters));
    const auto table = ilk::confusion(labels(y), labels(c));
    const auto matched = ilk::match_clusters(table);
    double correct = 0;
    for (std::size_t r = 0; r < matched.recall.size(); ++r) {
      const auto row = static_cast<std::int64_t>(r);
      correct += matched.recall[r] * table.counts[row].sum().item<double>();
      // Matched columns come in the order of their classes.
      if (const auto column = matched.column_of_class[r]; column >= 0) {
        EXPECT_EQ(std::count_if(matched.column_of_class.begin(), matched.column_of_class.begin() + row,
                                [](auto other) { return other >= 0; }),
                  column);
      }
    }
    EXPECT_NEAR(correct / static_cast<double>(n), ilk::agreement(labels(y), labels(c)).accuracy, 1e-12);
    // Every column is there once, with its counts.
    const auto again = torch::tensor(matched.table.clusters, torch::kInt64).argsort();
    EXPECT_TRUE(matched.table.counts.index_select(1, again).equal(table.counts));
  }
}

TEST(Agreement, RefusesWhatIsNoPartition) {
  EXPECT_THROW(ilk::agreement(labels({1, 2}), labels({1})), ilk::Error);
  EXPECT_THROW(ilk::agreement(labels({}), labels({})), ilk::Error);
  EXPECT_THROW(ilk::agreement(torch::ones({2}), labels({1, 2})), ilk::Error);
}

}  // namespace
