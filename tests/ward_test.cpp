// K clusters, D dimensions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/threads.h>

#include <limits>
#include <numeric>
#include <set>

#include "cluster/ward.h"
#include "core/random.h"

namespace {

using ilk::cut_merges;
using ilk::Matrix;
using ilk::ward_merges;
using testing::ElementsAre;
using Sizes = std::vector<std::int64_t>;

Matrix<double> random_points(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "ward_test");
  Matrix<double> points(n, d);
  for (double& value : points.flat()) value = random.normal();
  return points;
}

Sizes random_sizes(std::int64_t k, std::uint64_t seed) {
  ilk::RandomStream random(seed, "ward_test sizes");
  Sizes sizes;
  for (std::int64_t c = 0; c < k; ++c) sizes.push_back(1 + static_cast<std::int64_t>(random.uniform() * 40));
  return sizes;
}

/// Sum of squared distances of weighted points from the mean of those with the same label.
double scatter(const Matrix<double>& points, const Sizes& sizes, const std::vector<std::int64_t>& labels) {
  double total = 0;
  for (const std::int64_t label : std::set<std::int64_t>(labels.begin(), labels.end())) {
    for (std::int64_t j = 0; j < points.columns(); ++j) {
      double sum = 0, square = 0, n = 0;
      for (std::int64_t i = 0; i < points.rows(); ++i) {
        if (labels[static_cast<std::size_t>(i)] != label) continue;
        const auto weight = static_cast<double>(sizes[static_cast<std::size_t>(i)]);
        sum += weight * points[i][j], square += weight * points[i][j] * points[i][j], n += weight;
      }
      total += square - sum * sum / n;
    }
  }
  return total;
}

/// Tries every two clusters at every step, by the scatter itself.
std::vector<std::int64_t> slow_ward(const Matrix<double>& points, const Sizes& sizes, std::int64_t count) {
  std::vector<std::int64_t> labels(sizes.size());
  std::iota(labels.begin(), labels.end(), std::int64_t{0});
  for (auto left = std::ssize(sizes); left > count; --left) {
    double least = std::numeric_limits<double>::infinity();
    std::vector<std::int64_t> best;
    const std::set<std::int64_t> there(labels.begin(), labels.end());
    for (const std::int64_t a : there)
      for (const std::int64_t b : there) {
        if (a >= b) continue;
        auto merged = labels;
        for (auto& label : merged)
          if (label == b) label = a;
        if (const double value = scatter(points, sizes, merged); value < least) least = value, best = merged;
      }
    labels = best;
  }
  std::vector<std::int64_t> numbers(labels.size(), -1), result;
  std::int64_t next = 0;
  for (const std::int64_t label : labels) {
    auto& number = numbers[static_cast<std::size_t>(label)];
    if (number < 0) number = next++;
    result.push_back(number);
  }
  return result;
}

TEST(Ward, IsTheGreedyMergeOfTheLeastScatter) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const auto points = random_points(14, 3, seed);
    const auto sizes = random_sizes(14, seed);
    const auto merges = ward_merges(points, sizes);
    for (std::int64_t count = 1; count <= 14; ++count)
      EXPECT_EQ(cut_merges(merges, count), slow_ward(points, sizes, count)) << seed << " " << count;
    double cost = 0;
    for (const auto& merge : merges) cost += merge.cost;
    EXPECT_NEAR(cost, scatter(points, sizes, std::vector<std::int64_t>(14, 0)), 1e-9 * cost);
  }
}

// scipy 1.17.1: Z = scipy.cluster.hierarchy.linkage(P, "ward") of the points below, each there as often as
// its size says; the heights of its last seven merges, of which half the square is the cost.
TEST(Ward, AgreesWithScipy) {
  constexpr double given[8][3] = {{-0.8, -1.32, -0.25},  {0.42, 1.14, 0.11},  {-0.55, -0.78, 0.75},
                                  {1.63, 0.27, -1.23},   {-0.96, 1.6, 0.2},   {-1.73, -0.08, -1.16},
                                  {-0.63, -0.49, -0.71}, {0.55, -0.06, -0.59}};
  Matrix<double> points(8, 3);
  for (std::int64_t i = 0; i < 8; ++i) std::copy_n(given[i], 3, points[i]);
  const auto merges = ward_merges(points, Sizes{3, 1, 4, 1, 5, 2, 6, 2});
  const double heights[] = {1.498843998998339, 1.8421635830367145, 1.9281078807992045, 2.50937152580989,
                            3.536373077809318, 4.748888955933744,  6.183756842261063};
  ASSERT_EQ(merges.size(), 7u);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(merges[i].cost, heights[i] * heights[i] / 2, 1e-12);
  // fcluster(Z, count, "maxclust")
  EXPECT_THAT(cut_merges(merges, 2), ElementsAre(0, 0, 0, 0, 1, 0, 0, 0));
  EXPECT_THAT(cut_merges(merges, 3), ElementsAre(0, 1, 0, 1, 2, 0, 0, 1));
  EXPECT_THAT(cut_merges(merges, 4), ElementsAre(0, 1, 2, 1, 3, 0, 0, 1));
  EXPECT_THAT(cut_merges(merges, 5), ElementsAre(0, 1, 2, 1, 3, 4, 0, 1));
}

TEST(Ward, CutsAreNested) {
  const auto merges = ward_merges(random_points(200, 5, 9), random_sizes(200, 9));
  auto fine = cut_merges(merges, 200);
  for (std::int64_t count = 199; count >= 1; --count) {
    const auto coarse = cut_merges(merges, count);
    EXPECT_EQ(std::set<std::int64_t>(coarse.begin(), coarse.end()).size(), static_cast<std::size_t>(count));
    std::vector<std::int64_t> parent(static_cast<std::size_t>(count) + 1, -1);
    for (std::size_t c = 0; c < fine.size(); ++c) {
      auto& its = parent[static_cast<std::size_t>(fine[c])];
      if (its < 0) its = coarse[c];
      ASSERT_EQ(its, coarse[c]) << "a cluster of " << count + 1 << " is in two of " << count;
    }
    fine = coarse;
  }
}

TEST(Ward, IsTheSameForAnyNumberOfThreads) {
  const auto points = random_points(700, 4, 3);
  const auto sizes = random_sizes(700, 3);
  ilk::set_threads(1);
  const auto one = ward_merges(points, sizes);
  ilk::set_threads(3);
  const auto three = ward_merges(points, sizes);
  ilk::set_threads(0);
  ASSERT_EQ(one.size(), three.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].first, three[i].first);
    EXPECT_EQ(one[i].second, three[i].second);
    EXPECT_EQ(one[i].cost, three[i].cost);
  }
}

TEST(Ward, EqualAndEmptyClustersMergeFirst) {
  Matrix<double> points(5, 1);
  points[0][0] = 4, points[1][0] = 9, points[2][0] = 4, points[3][0] = 0, points[4][0] = 9;
  const auto merges = ward_merges(points, Sizes{1, 2, 3, 0, 1});
  EXPECT_THAT(cut_merges(merges, 2), ElementsAre(0, 1, 0, 0, 1));
  EXPECT_EQ(merges[2].cost, 0);
  EXPECT_NEAR(merges[3].cost, 4.0 * 3 / 7 * 25, 1e-12);
}

TEST(Ward, RefusesWhatDoesNotFit) {
  const auto points = random_points(3, 2, 0);
  EXPECT_THROW(ward_merges(points, Sizes{1, 2}), ilk::Error);
  EXPECT_THROW(ward_merges(points, Sizes{1, 2, -1}), ilk::Error);
  const auto merges = ward_merges(points, Sizes{1, 1, 1});
  EXPECT_THROW(cut_merges(merges, 0), ilk::Error);
  EXPECT_THROW(cut_merges(merges, 4), ilk::Error);
  EXPECT_TRUE(ward_merges(random_points(1, 2, 0), Sizes{5}).empty());
}

}  // namespace
