// The pieces of k-means over parts of the points, against k-means in one place.
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <algorithm>

#include "cluster/distributed_kmeans.h"
#include "matrices.h"

namespace {

/// Lloyd's iterations over parts of uneven sizes, until no label changes.
TEST(SpreadKMeans, IterationsAreThoseOfOnePlace) {
  const std::int64_t n = 1500, d = 13, k = 9;
  const auto points = random_unit_rows(n, d, 1), start = random_unit_rows(k, d, 2);
  ilk::KMeansOptions options;
  options.search.tolerance = 0;
  const auto whole = ilk::kmeans_from(points, start, options);
  ASSERT_EQ(whole.empty_repaired, 0);
  const std::vector<std::int64_t> ends = {0, 1, 700, 1100, n};
  std::vector<ilk::KMeansPart> parts;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i)
    parts.emplace_back(points.rows_between(ends[i], ends[i + 1]), n, k, std::int64_t{1} << 20);
  auto centroids = ilk::Matrix<float>(start.view());
  std::vector<double> objectives;
  for (int iteration = 0; iteration <= whole.iterations; ++iteration) {
    ilk::Matrix<double> sums(k, d);
    std::int64_t moved = 0;
    for (std::size_t i = parts.size(); i-- > 0;) {
      parts[i].assign(centroids);
      for (std::int64_t j = 0; j < k * d; ++j) sums.data()[j] += parts[i].sums().data()[j];
      moved += parts[i].moved();
    }
    if (iteration > 0) objectives.push_back(ilk::objective_of(sums, centroids, n));
    EXPECT_EQ(moved == 0, iteration == whole.iterations);
    if (moved > 0) centroids = ilk::centroids_of(sums, centroids);
  }
  EXPECT_EQ(objectives, whole.objectives);
}

TEST(SpreadKMeans, ManyPointsBeginWithTheClustersOfASample) {
  const std::int64_t n = 20000;
  const auto points = random_unit_rows(n, 5, 3);
  const ilk::KMeansOptions options{.n_clusters = 6, .seed = 4, .search = {.n_init = 3}};
  const auto sample = ilk::kmeans_sample(n, options);
  ASSERT_EQ(std::ssize(sample), ilk::kmeans_sample_size(n, 6));
  ASSERT_EQ(std::ssize(sample), 16384);
  EXPECT_TRUE(std::ranges::is_sorted(sample));
  const auto begin = ilk::kmeans(rows_of(points, sample), options);
  const auto expected = ilk::kmeans_from(points, begin.centroids, options),
             found = ilk::kmeans(points, options);
  EXPECT_EQ(found.labels, expected.labels);
  EXPECT_TRUE(equal(found.centroids, expected.centroids));
  EXPECT_EQ(found.objectives, expected.objectives);
  EXPECT_EQ(ilk::kmeans_sample_size(n, 600), 19200);
  EXPECT_EQ(ilk::kmeans_sample_size(n, 1000), n);
}

TEST(SpreadKMeans, TheWorstServedPointGoesToAnEmptyCluster) {
  const auto points = matrix_of({{1, 0}, {1, 0}, {0.6f, 0.8f}, {0.8f, 0.6f}, {0, 1}});
  const auto centroids = matrix_of({{1, 0}, {-1, 0}, {0, 1}});
  ilk::KMeansPart part(points, 5, 3, 1 << 20);
  part.assign(centroids);
  EXPECT_EQ(part.labels()[2], 2);
  std::vector<std::int64_t> sizes(part.sizes().begin(), part.sizes().end());
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{3, 0, 2}));
  for (const bool exact : {false, true}) {
    const auto worst = part.worst(sizes, exact);
    EXPECT_EQ(worst.point, 2);  // of two that are equally far the first
    EXPECT_FLOAT_EQ(worst.cosine, 0.8f);
  }
  EXPECT_EQ(part.worst(std::vector<std::int64_t>{3, 0, 1}, false).point, 3);
  part.remember(true);
  EXPECT_TRUE(part.as_remembered());
  part.repair(2, 1, points.row(2));
  EXPECT_FALSE(part.as_remembered());
  EXPECT_EQ(part.labels()[2], 1);
  EXPECT_EQ(std::vector<std::int64_t>(part.sizes().begin(), part.sizes().end()),
            (std::vector<std::int64_t>{3, 1, 1}));
  EXPECT_NEAR(part.sums()[1][0], 0.6, 1e-7);
  EXPECT_EQ(part.worst(std::vector<std::int64_t>{1, 2, 1}, false).cosine,
            1);  // its cosine is counted as 1
  part.move_copies(points.row(0), 0, 2);
  EXPECT_EQ(part.labels()[0], 2);
  EXPECT_EQ(part.labels()[1], 2);
  EXPECT_EQ(part.labels()[3], 0);
}

TEST(SpreadKMeans, SumsAreExact) {
  std::vector<double> sum(2);
  const std::vector<float> a = {0.1f, 0.7f}, b = {-0.3f, 1e-9f};
  for (int i = 0; i < 1000; ++i)
    ilk::add_to_sum(sum, a, 1 << 20, false), ilk::add_to_sum(sum, b, 1 << 20, false);
  for (int i = 0; i < 1000; ++i) ilk::add_to_sum(sum, a, 1 << 20, true);
  for (int i = 0; i < 1000; ++i) ilk::add_to_sum(sum, b, 1 << 20, true);
  EXPECT_EQ(sum, (std::vector<double>{0, 0}));
}

}  // namespace
