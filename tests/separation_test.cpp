#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/parallel.h>
#include <ilk/separation.h>

#include <fstream>
#include <map>
#include <set>

#include "generator.h"

namespace {

struct Drawn {
  torch::Tensor points, labels;
};

/// As drawn() of tests/data/metrics/make_separation.py.
Drawn drawn(std::uint64_t seed) {
  Generator g{seed};
  const auto n = 1 + g.below(40), d = 1 + g.below(6), k = 1 + g.below(7);
  const auto distinct = seed % 3 == 0 ? std::max<std::int64_t>(1, n / 3) : n;
  std::vector<double> rows;
  for (std::int64_t i = 0; i < distinct * d; ++i)
    rows.push_back(static_cast<double>(g.below(21)) - 10 + (i % d == 0 ? 11 : 0));
  std::vector<std::int64_t> labels, from;
  for (std::int64_t i = 0; i < n; ++i) {
    labels.push_back(seed % 25 == 24 ? i : g.below(static_cast<std::uint64_t>(k)));
    from.push_back(i % distinct);
  }
  const auto points = torch::tensor(rows, torch::kFloat64).view({distinct, d});
  return {ilk::normalise_rows(points.index_select(0, torch::tensor(from, torch::kInt64)), "test", "points"),
          torch::tensor(labels, torch::kInt64)};
}

/// Every pair of points, as the definitions are written.
struct Slow {
  double silhouette = 0, objective = 0, on_the_fence = 0;
};
Slow slow(const torch::Tensor& features, const torch::Tensor& labels, double fence) {
  const std::int64_t n = features.size(0);
  const auto points = features.to(torch::kFloat64);
  const auto distance = 1 - points.matmul(points.t());
  std::map<std::int64_t, std::vector<std::int64_t>> members;
  for (std::int64_t i = 0; i < n; ++i) members[labels[i].item<std::int64_t>()].push_back(i);
  std::map<std::int64_t, torch::Tensor> sums;
  for (const auto& [label, rows] : members)
    sums[label] = points.index_select(0, torch::tensor(rows, torch::kInt64)).sum(0);
  const auto between = distance.accessor<double, 2>();
  Slow scores;
  for (std::int64_t i = 0; i < n; ++i) {
    double within = 0, nearest = 1e9;
    std::vector<double> cosines;
    for (const auto& [label, rows] : members) {
      const auto& mean = sums[label];
      double sum = 0;
      for (const auto row : rows)
        if (row != i) sum += between[i][row];
      const double length = mean.norm().item<double>();
      cosines.push_back(length > 0 ? points[i].dot(mean).item<double>() / length : 0);
      const bool own = label == labels[i].item<std::int64_t>();
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
  torch::manual_seed(3);
  const auto points = ilk::normalise_rows(torch::randn({1500, 12}) + 0.7, "test", "points");
  const auto labels = torch::randint(0, 9, {1500}, torch::kInt64);
  const auto fast = ilk::separation(points, labels, {.fence = 0.02});
  const auto expected = slow(points, labels, 0.02);
  EXPECT_NEAR(*fast.silhouette, expected.silhouette, 1e-9);
  EXPECT_NEAR(fast.objective, expected.objective, 1e-6);
  EXPECT_NEAR(fast.on_the_fence, expected.on_the_fence, 1e-9);
  EXPECT_EQ(fast.n_clusters, 9);
  EXPECT_GT(fast.on_the_fence, 0.01);
  EXPECT_LT(fast.on_the_fence, 0.99);
}

TEST(Separation, IsTheSameForAnyNumberOfThreads) {
  torch::manual_seed(4);
  const auto points = ilk::normalise_rows(torch::randn({5000, 40}), "test", "points");
  const auto labels = torch::randint(0, 30, {5000}, torch::kInt64);
  ilk::set_threads(1);
  const auto one = ilk::separation(points, labels);
  for (const int threads : {2, 5}) {
    ilk::set_threads(threads);
    const auto many = ilk::separation(points, labels);
    EXPECT_EQ(*many.silhouette, *one.silhouette);
    EXPECT_EQ(*many.davies_bouldin, *one.davies_bouldin);
    EXPECT_EQ(*many.calinski_harabasz, *one.calinski_harabasz);
    EXPECT_EQ(many.objective, one.objective);
  }
  ilk::set_threads(0);
}

TEST(Separation, RefusesWhatIsNotClustersOfUnitRows) {
  const auto points = torch::eye(4), labels = torch::arange(4);
  EXPECT_THROW(ilk::separation(2 * points, labels), ilk::Error);
  EXPECT_THROW(ilk::separation(points, torch::arange(3)), ilk::Error);
  EXPECT_THROW(ilk::separation(points, labels.to(torch::kFloat32)), ilk::Error);
  EXPECT_THROW(ilk::separation(points, labels, {.fence = 2}), ilk::Error);
}

}  // namespace
