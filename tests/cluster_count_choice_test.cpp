#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/cluster_count.h>
#include <ilk/error.h>
#include <ilk/threads.h>

#include <set>

#include "matrices.h"

namespace {

using testing::HasSubstr;

constexpr std::int64_t width = 24;

/// Points around these centres, as many as `sizes` says, with normal noise of this size in each coordinate.
ilk::Matrix<float> around(const ilk::Matrix<float>& centres, const std::vector<std::int64_t>& sizes,
                          double noise, std::uint64_t seed) {
  std::vector<std::int64_t> of_point;
  for (std::size_t c = 0; c < sizes.size(); ++c)
    of_point.insert(of_point.end(), static_cast<std::size_t>(sizes[c]), static_cast<std::int64_t>(c));
  auto points = rows_of(centres, of_point);
  const auto offsets = random_matrix(points.rows(), width, seed);
  for (std::int64_t i = 0; i < points.size(); ++i)
    points.data()[i] += static_cast<float>(noise) * offsets.data()[i];
  return points;
}

/// Points around `n_clusters` random directions.
ilk::Matrix<float> mixture(std::int64_t n_clusters, std::int64_t each, double noise, std::uint64_t seed) {
  const std::vector<std::int64_t> sizes(static_cast<std::size_t>(n_clusters), each);
  return unit_rows(around(random_unit_rows(n_clusters, width, 100 + seed), sizes, noise, 200 + seed));
}

TEST(ChooseClusterCount, FindsTheNumberOfAMixture) {
  for (const std::int64_t k : {3, 6, 11}) {
    const auto found =
        ilk::choose_cluster_count(mixture(k, 60, 0.08, static_cast<std::uint64_t>(k)), {.largest = 20});
    EXPECT_EQ(found.n_clusters, k) << found.verdict;
    EXPECT_TRUE(found.clear) << k << ": " << found.verdict;
    EXPECT_GE(found.confidence, 0.75) << k;
    EXPECT_EQ(found.verdict, std::to_string(k) + " clusters");
    EXPECT_EQ(found.evidence.size(), 19u);
  }
}

TEST(ChooseClusterCount, SaysThatThereIsNoClearAnswer) {
  const auto found = ilk::choose_cluster_count(random_unit_rows(600, width, 5), {.largest = 15});
  EXPECT_FALSE(found.clear) << found.verdict;
  EXPECT_THAT(found.verdict, HasSubstr("no clear answer"));
}

TEST(ChooseClusterCount, SaysThatTheRangeEndsTooEarly) {
  const auto found = ilk::choose_cluster_count(mixture(12, 40, 0.05, 9), {.largest = 5});
  EXPECT_FALSE(found.clear) << found.verdict;
}

TEST(ChooseClusterCount, NamesBothLevelsOfANestedMixture) {
  // Four far groups of three near ones each.
  const auto near = around(random_unit_rows(4, width, 8), {3, 3, 3, 3}, 0.13, 9);
  const auto points = unit_rows(around(near, std::vector<std::int64_t>(12, 50), 0.03, 10));
  const auto found = ilk::choose_cluster_count(points, {.largest = 20});
  ASSERT_TRUE(found.runner_up);
  const std::set<std::int64_t> named{found.n_clusters, *found.runner_up};
  EXPECT_EQ(named, (std::set<std::int64_t>{4, 12})) << found.verdict;
  EXPECT_TRUE(found.n_clusters == 12 || found.finer == 12) << found.verdict;
}

TEST(ChooseClusterCount, CountsGroupsOfUnevenSizes) {
  const auto points =
      unit_rows(around(random_unit_rows(8, width, 11), {160, 120, 100, 80, 60, 50, 45, 40}, 0.2, 12));
  const auto found = ilk::choose_cluster_count(points, {.largest = 20});
  EXPECT_EQ(found.n_clusters, 8) << found.verdict;
  for (const auto& one : found.evidence) {
    EXPECT_GE(one.bend, 0);
    EXPECT_LE(one.bend, 1);
  }
}

TEST(ChooseClusterCount, SamplesSpreadsAndRepeats) {
  const auto points = mixture(6, 100, 0.08, 4);
  const ilk::ClusterCountOptions options{
      .largest = 60, .candidates = 12, .resamples = 4, .sample = 300, .seed = 3};
  ilk::set_threads(1);
  const auto one = ilk::choose_cluster_count(points, options);
  ilk::set_threads(3);
  const auto many = ilk::choose_cluster_count(points, options);
  ilk::set_threads(0);
  EXPECT_EQ(one.sampled, 300);
  EXPECT_EQ(one.n_points, 600);
  EXPECT_LE(one.evidence.size(), 12u);
  EXPECT_EQ(one.evidence.back().n_clusters, 60);
  double votes = 0;
  for (std::size_t i = 0; i < one.evidence.size(); ++i) {
    EXPECT_EQ(one.evidence[i].score, many.evidence[i].score);
    votes += one.evidence[i].votes;
  }
  EXPECT_NEAR(votes, 1, 1e-12);
}

TEST(ChooseClusterCount, RefusesARangeOfOneNumber) {
  const auto points = mixture(3, 4, 0.1, 1);
  auto longer = points.copy();
  for (float& number : longer.flat()) number *= 2;
  EXPECT_THROW(ilk::choose_cluster_count(points, {.smallest = 7, .largest = 7}), ilk::Error);
  EXPECT_THROW(ilk::choose_cluster_count(points, {.smallest = 9, .largest = 20}), ilk::Error);
  EXPECT_THROW(ilk::choose_cluster_count(longer), ilk::Error);
}

}  // namespace
