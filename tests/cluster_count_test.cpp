#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/cluster_count.h>
#include <ilk/error.h>
#include <ilk/parallel.h>

namespace {

using testing::HasSubstr;

/// Points around `n_clusters` random directions of D = 24, with normal noise of this size in each coordinate.
torch::Tensor mixture(std::int64_t n_clusters, std::int64_t each, double noise, std::uint64_t seed) {
  torch::manual_seed(seed);
  const auto centres = ilk::normalise_rows(torch::randn({n_clusters, 24}), "test", "centres");
  const auto points = centres.repeat_interleave(each, 0) + noise * torch::randn({n_clusters * each, 24});
  return ilk::normalise_rows(points, "test", "points");
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
  torch::manual_seed(5);
  const auto noise = ilk::normalise_rows(torch::randn({600, 24}), "test", "points");
  const auto found = ilk::choose_cluster_count(noise, {.largest = 15});
  EXPECT_FALSE(found.clear) << found.verdict;
  EXPECT_THAT(found.verdict, HasSubstr("no clear answer"));
}

TEST(ChooseClusterCount, SaysThatTheRangeEndsTooEarly) {
  const auto found = ilk::choose_cluster_count(mixture(12, 40, 0.05, 9), {.largest = 5});
  EXPECT_FALSE(found.clear) << found.verdict;
}

TEST(ChooseClusterCount, NamesBothLevelsOfANestedMixture) {
  // Four far groups of three near ones each.
  torch::manual_seed(8);
  const auto far = ilk::normalise_rows(torch::randn({4, 24}), "test", "far");
  const auto near = far.repeat_interleave(3, 0) + 0.13 * torch::randn({12, 24});
  const auto points =
      ilk::normalise_rows(near.repeat_interleave(50, 0) + 0.03 * torch::randn({600, 24}), "test", "points");
  const auto found = ilk::choose_cluster_count(points, {.largest = 20});
  ASSERT_TRUE(found.runner_up);
  const std::set<std::int64_t> named{found.n_clusters, *found.runner_up};
  EXPECT_EQ(named, (std::set<std::int64_t>{4, 12})) << found.verdict;
}

TEST(ChooseClusterCount, CountsGroupsOfUnevenSizes) {
  torch::manual_seed(11);
  const auto centres = ilk::normalise_rows(torch::randn({8, 24}), "test", "centres");
  const auto sizes = torch::tensor({160, 120, 100, 80, 60, 50, 45, 40}, torch::kInt64);
  const auto points = centres.repeat_interleave(sizes, 0) + 0.2 * torch::randn({655, 24});
  const auto found =
      ilk::choose_cluster_count(ilk::normalise_rows(points, "test", "points"), {.largest = 20});
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
  EXPECT_THROW(ilk::choose_cluster_count(points, {.smallest = 7, .largest = 7}), ilk::Error);
  EXPECT_THROW(ilk::choose_cluster_count(points, {.smallest = 9, .largest = 20}), ilk::Error);
  EXPECT_THROW(ilk::choose_cluster_count(2 * points), ilk::Error);
}

}  // namespace
