#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/metrics.h>

#include <algorithm>
#include <fstream>
#include <numeric>

#include "generator.h"

namespace {

using Labels = std::vector<std::int64_t>;
using Counts = std::vector<Labels>;

Counts counts_of(const ilk::Confusion& table) {
  Counts counts;
  for (std::int64_t r = 0; r < table.counts.rows(); ++r)
    counts.emplace_back(table.counts.row(r).begin(), table.counts.row(r).end());
  return counts;
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
    expect_next_scores(ilk::agreement(y, c), fixture, "given " + std::to_string(i));
  }
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Generator generator{seed};
    const auto n = 1 + generator.below(60), classes = 1 + generator.below(8),
               clusters = 1 + generator.below(8), noise = generator.below(101);
    std::vector<std::int64_t> y, c;
    for (std::int64_t i = 0; i < n; ++i) y.push_back(generator.below(classes));
    for (const auto label : y)
      c.push_back(generator.below(100) >= noise ? label % clusters : generator.below(clusters));
    expect_next_scores(ilk::agreement(y, c), fixture, "seed " + std::to_string(seed));
  }
}

TEST(Confusion, CountsByAscendingNames) {
  const auto table = ilk::confusion(Labels{9, -1, 9, 9}, Labels{3, 3, 1, 3});
  EXPECT_EQ(table.classes, (std::vector<std::int64_t>{-1, 9}));
  EXPECT_EQ(table.clusters, (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(counts_of(table), (Counts{{0, 1}, {1, 2}}));
}

TEST(MatchClusters, PutsMatchedClustersOnTheDiagonal) {
  // Class 0 is split over clusters 7 and 8, class 1 is in 9, class 2 shares 9 and gets no cluster of its own.
  const auto matched = ilk::match_clusters(
      ilk::confusion(Labels{0, 0, 0, 0, 0, 1, 1, 1, 2, 2}, Labels{8, 8, 8, 7, 5, 9, 9, 9, 9, 9}));
  EXPECT_EQ(matched.table.clusters, (std::vector<std::int64_t>{8, 9, 5, 7}));
  EXPECT_EQ(matched.column_of_class, (std::vector<std::int64_t>{0, 1, -1}));
  EXPECT_EQ(matched.recall, (std::vector<double>{0.6, 1, 0}));
  EXPECT_EQ(counts_of(matched.table), (Counts{{3, 0, 1, 1}, {0, 3, 0, 0}, {0, 2, 0, 0}}));
}

TEST(MatchClusters, AgreesWithAccuracyAndKeepsEveryCount) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Generator generator{seed};
    const auto n = 1 + generator.below(60), classes = 1 + generator.below(8),
               clusters = 1 + generator.below(8);
    std::vector<std::int64_t> y, c;
    for (std::int64_t i = 0; i < n; ++i)
      y.push_back(generator.below(classes)), c.push_back(generator.below(clusters));
    const auto table = ilk::confusion(y, c);
    const auto matched = ilk::match_clusters(table);
    double correct = 0;
    for (std::size_t r = 0; r < matched.recall.size(); ++r) {
      const auto row = static_cast<std::int64_t>(r);
      const auto counts = table.counts.row(row);
      correct += matched.recall[r] *
                 static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
      // Matched columns come in the order of their classes.
      if (const auto column = matched.column_of_class[r]; column >= 0) {
        EXPECT_EQ(std::count_if(matched.column_of_class.begin(), matched.column_of_class.begin() + row,
                                [](auto other) { return other >= 0; }),
                  column);
      }
    }
    EXPECT_NEAR(correct / static_cast<double>(n), ilk::agreement(y, c).accuracy, 1e-12);
    // Every column is there once, with its counts.
    ASSERT_TRUE(std::is_permutation(table.clusters.begin(), table.clusters.end(),
                                    matched.table.clusters.begin(), matched.table.clusters.end()));
    const auto before = transposed(table.counts), after = transposed(matched.table.counts);
    for (std::size_t column = 0; column < matched.table.clusters.size(); ++column) {
      const auto found =
          std::find(table.clusters.begin(), table.clusters.end(), matched.table.clusters[column]);
      EXPECT_TRUE(std::ranges::equal(after.row(static_cast<std::int64_t>(column)),
                                     before.row(found - table.clusters.begin())));
    }
  }
}

TEST(Agreement, RefusesWhatIsNoPartition) {
  EXPECT_THROW(ilk::agreement(Labels{1, 2}, Labels{1}), ilk::Error);
  EXPECT_THROW(ilk::agreement(Labels{}, Labels{}), ilk::Error);
}

}  // namespace
