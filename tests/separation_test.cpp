#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/metrics.h>
#include <ilk/threads.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "core/random.h"
#include "generator.h"
#include "matrices.h"
#include "targets.h"

namespace {

struct Drawn {
  ilk::Matrix<float> points;
  std::vector<std::int64_t> labels;
};

/// As drawn() of tests/data/metrics/make_separation.py.
Drawn drawn(std::uint64_t seed) {
  Generator g{seed};
  const auto n = 1 + g.below(40), d = 1 + g.below(6), k = 1 + g.below(7);
  const auto distinct = seed % 3 == 0 ? std::max<std::int64_t>(1, n / 3) : n;
  ilk::Matrix<float> rows(distinct, d);
  for (std::int64_t i = 0; i < distinct; ++i)
    for (std::int64_t j = 0; j < d; ++j)
      rows[i][j] = static_cast<float>(g.below(21) - 10 + (j == 0 ? 11 : 0));
  std::vector<std::int64_t> labels, from;
  for (std::int64_t i = 0; i < n; ++i) {
    labels.push_back(seed % 25 == 24 ? i : g.below(static_cast<std::uint64_t>(k)));
    from.push_back(i % distinct);
  }
  return {rows_of(unit_rows(std::move(rows)), from), labels};
}

std::vector<std::int64_t> random_labels(std::int64_t n, std::int64_t k, std::uint64_t seed) {
  ilk::RandomStream random(seed, "labels");
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < n; ++i) labels.push_back(random.below(k));
  return labels;
}

/// Every pair of points, as the definitions are written.
struct Slow {
  double silhouette = 0, objective = 0, on_the_fence = 0;
};
Slow slow(const ilk::Matrix<float>& points, const std::vector<std::int64_t>& labels, double fence) {
  const std::int64_t n = points.rows();
  std::map<std::int64_t, std::vector<std::int64_t>> members;
  std::map<std::int64_t, std::vector<double>> sums;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t label = labels[static_cast<std::size_t>(i)];
    members[label].push_back(i);
    auto& sum = sums[label];
    sum.resize(static_cast<std::size_t>(points.columns()));
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += static_cast<double>(points.row(i)[j]);
  }
  Slow scores;
  for (std::int64_t i = 0; i < n; ++i) {
    double within = 0, nearest = 1e9;
    std::vector<double> cosines;
    for (const auto& [label, rows] : members) {
      const auto& mean = sums[label];
      double sum = 0;
      for (const auto row : rows)
        if (row != i) sum += 1 - dot(points.row(i), points.row(row));
      const double length = std::sqrt(dot(mean, mean));
      cosines.push_back(length > 0 ? dot(points.row(i), mean) / length : 0);
      const bool own = label == labels[static_cast<std::size_t>(i)];
      if (own) scores.objective += cosines.back() / static_cast<double>(n);
      if (own)
        within = rows.size() > 1 ? sum / static_cast<double>(rows.size() - 1) : -1;
      else
        nearest = std::min(nearest, sum / static_cast<double>(rows.size()));
    }
    std::sort(cosines.rbegin(), cosines.rend());
    if (cosines.size() > 1 && cosines[0] - cosines[1] <= fence * std::abs(cosines[0]))
      scores.on_the_fence += 1.0 / static_cast<double>(n);
    if (within >= 0 && std::max(within, nearest) > 0)
      scores.silhouette += (nearest - within) / std::max(within, nearest) / static_cast<double>(n);
  }
  return scores;
}

TEST(Separation, EqualsScikitLearn) {
  std::ifstream fixture(ILK_TEST_DATA "/metrics/separation.txt");
  int defined = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto [points, labels] = drawn(seed);
    const auto scores = ilk::separation(points, labels);
    std::string first;
    ASSERT_TRUE(fixture >> first) << seed;
    if (first == "undefined") {
      EXPECT_FALSE(scores.silhouette || scores.davies_bouldin || scores.calinski_harabasz) << seed;
      continue;
    }
    ++defined;
    double davies_bouldin = 0, calinski_harabasz = 0;
    ASSERT_TRUE(fixture >> davies_bouldin >> calinski_harabasz);
    ASSERT_TRUE(scores.silhouette && scores.davies_bouldin && scores.calinski_harabasz) << seed;
    EXPECT_NEAR(*scores.silhouette, std::stod(first), 1e-6) << seed;
    EXPECT_NEAR(*scores.davies_bouldin, davies_bouldin, 1e-6 * std::max(1.0, davies_bouldin)) << seed;
    EXPECT_NEAR(*scores.calinski_harabasz, calinski_harabasz, 1e-6 * std::max(1.0, calinski_harabasz))
        << seed;
  }
  EXPECT_GT(defined, 100);
}

TEST(Separation, EqualsEveryPairOfPoints) {
  auto rows = random_matrix(1500, 12, 3);
  for (float& value : rows.flat()) value += 0.7f;
  const auto points = unit_rows(std::move(rows));
  const auto labels = random_labels(1500, 9, 3);
  const auto fast = ilk::separation(points, labels, {.fence = 0.02});
  const auto expected = slow(points, labels, 0.02);
  EXPECT_NEAR(*fast.silhouette, expected.silhouette, 1e-9);
  EXPECT_NEAR(fast.objective, expected.objective, 1e-6);
  EXPECT_NEAR(fast.on_the_fence, expected.on_the_fence, 1e-9);
  EXPECT_EQ(fast.n_clusters, 9);
  EXPECT_GT(fast.on_the_fence, 0.01);
  EXPECT_LT(fast.on_the_fence, 0.99);
}

TEST(Separation, IsTheSameForAnyNumberOfThreadsAndEveryProcessor) {
  const auto points = random_unit_rows(5000, 40, 4);
  const auto labels = random_labels(5000, 30, 4);
  ilk::set_threads(1);
  const auto one = ilk::separation(points, labels);
  for (const int threads : {2, 5}) {
    ilk::set_threads(threads);
    for_each_target([&] {
      const auto many = ilk::separation(points, labels);
      EXPECT_EQ(*many.silhouette, *one.silhouette);
      EXPECT_EQ(*many.davies_bouldin, *one.davies_bouldin);
      EXPECT_EQ(*many.calinski_harabasz, *one.calinski_harabasz);
      EXPECT_EQ(many.objective, one.objective);
      EXPECT_EQ(many.on_the_fence, one.on_the_fence);
    });
  }
  ilk::set_threads(0);
}

TEST(Separation, RefusesWhatIsNotClustersOfUnitRows) {
  const auto points = random_unit_rows(4, 3, 1);
  auto longer = points.copy();
  for (float& value : longer.flat()) value *= 2;
  const std::vector<std::int64_t> labels = {0, 1, 2, 3}, fewer = {0, 1, 2};
  EXPECT_THROW(ilk::separation(longer, labels), ilk::Error);
  EXPECT_THROW(ilk::separation(points, fewer), ilk::Error);
  EXPECT_THROW(ilk::separation(points, labels, {.fence = 2}), ilk::Error);
}

}  // namespace
