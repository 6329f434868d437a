#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/parallel.h>
#include <ilk/random.h>

#include <numeric>
#include <set>

#include "../src/cluster/blocks.h"
#include "npy_fixture.h"

namespace {

torch::Tensor normal_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  auto rows = torch::empty({n, d});
  for (std::int64_t i = 0; i < n * d; ++i) rows.data_ptr<float>()[i] = static_cast<float>(random.normal());
  return rows;
}

/// Points around `groups` random directions; a larger spread makes them overlap.
torch::Tensor grouped(std::int64_t n, std::int64_t d, std::int64_t groups, double spread,
                      std::uint64_t seed) {
  ilk::RandomStream random(seed, "groups");
  const auto centres = normal_rows(groups, d, seed + 1);
  auto rows = spread * normal_rows(n, d, seed + 2);
  for (std::int64_t i = 0; i < n; ++i) rows[i] += centres[random.below(groups)];
  return ilk::normalise_rows(rows, "test", "rows");
}

/// Sends CPU tensors down the path of other devices while it lives.
struct PlainPath {
  PlainPath() { ilk::internal::plain_path() = true; }
  ~PlainPath() { ilk::internal::plain_path() = false; }
};

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const ilk::Error& error) {
    return error.what();
  }
  return "";
}

void expect_equal(const ilk::KMeansResult& a, const ilk::KMeansResult& b) {
  EXPECT_TRUE(a.labels.equal(b.labels));
  EXPECT_TRUE(a.centroids.equal(b.centroids));
  ASSERT_EQ(a.objectives.size(), b.objectives.size());
  for (std::size_t i = 0; i + 1 < a.objectives.size(); ++i) EXPECT_EQ(a.objectives[i], b.objectives[i]) << i;
  EXPECT_NEAR(a.objective, b.objective, 1e-7);
  EXPECT_EQ(a.iterations, b.iterations);
}

/// Renumbers labels by the size of their groups, equals by first member.
torch::Tensor by_size(const torch::Tensor& labels, std::int64_t k) {
  std::vector<std::pair<std::int64_t, std::int64_t>> order;
  for (std::int64_t c = 0; c < k; ++c) {
    const auto members = (labels == c).nonzero();
    order.push_back({-members.size(0), members.size(0) ? members[0].item<std::int64_t>() : 0});
  }
  std::vector<std::int64_t> rank(static_cast<std::size_t>(k));
  for (std::int64_t c = 0; c < k; ++c)
    for (std::int64_t other = 0; other < k; ++other)
      rank[static_cast<std::size_t>(c)] +=
          order[static_cast<std::size_t>(other)] < order[static_cast<std::size_t>(c)];
  return torch::tensor(rank, torch::kInt64).index_select(0, labels);
}

/// Everything that must hold of any result.
void expect_sound(const torch::Tensor& points, const ilk::KMeansResult& result, std::int64_t k) {
  const auto sizes = result.labels.bincount({}, k);
  EXPECT_EQ(sizes.size(0), k);
  EXPECT_GE(sizes.min().item<std::int64_t>(), 1);
  EXPECT_TRUE((sizes.diff() <= 0).all().item<bool>()) << "largest first";
  EXPECT_TRUE(result.labels.equal(by_size(result.labels, k))) << "ties by first member";
  EXPECT_TRUE(((result.centroids.norm(2, 1) - 1).abs() < 1e-5).all().item<bool>());
  const auto own = (points * result.centroids.index_select(0, result.labels)).sum(1);
  EXPECT_NEAR(result.objective, own.to(torch::kFloat64).mean().item<double>(), 1e-6);
  EXPECT_EQ(result.objectives.back(), result.objective);
  EXPECT_EQ(result.iterations, static_cast<std::int64_t>(result.objectives.size()));
}

TEST(KMeans, FollowsThePathOfASlowFloat64Version) {
  const auto points = npy_fixture("kmeans/overlapping.npy"),
             start = npy_fixture("kmeans/overlapping_start.npy");
  const auto expected_objectives = npy_fixture("kmeans/overlapping_objectives.npy");
  const auto expected_labels = npy_fixture("kmeans/overlapping_labels.npy");
  const auto expected_centroids = npy_fixture("kmeans/overlapping_centroids.npy").to(torch::kFloat32);
  for (const bool plain : {false, true}) {
    ilk::internal::plain_path() = plain;
    const auto result = ilk::kmeans_from(points, start, {.max_iterations = 10, .tolerance = 0});
    ilk::internal::plain_path() = false;
    expect_sound(points, result, 7);
    for (std::size_t i = 0; i < result.objectives.size(); ++i)
      EXPECT_NEAR(result.objectives[i], expected_objectives[static_cast<std::int64_t>(i)].item<double>(),
                  1e-6)
          << i;
    EXPECT_TRUE(result.labels.equal(by_size(expected_labels, 7)));
    const auto distance = (1 - result.centroids.matmul(expected_centroids.t())).amin(1);
    EXPECT_LT(distance.max().item<double>(), 1e-5);
  }
}

TEST(KMeans, FindsScikitLearnsPartitionOfSeparatedGroups) {
  const auto points = npy_fixture("kmeans/separated.npy");
  const auto result = ilk::kmeans(points, {.n_clusters = 6});
  expect_sound(points, result, 6);
  EXPECT_TRUE(result.converged);
  EXPECT_EQ(result.empty_repaired, 0);
  EXPECT_TRUE(result.labels.equal(by_size(npy_fixture("kmeans/separated_labels.npy"), 6)));
  EXPECT_NEAR(result.objective, npy_fixture("kmeans/separated_objective.npy")[0].item<double>(), 1e-6);
}

TEST(KMeans, ObjectiveRisesToAFixedPointOfBothSteps) {
  const auto points = grouped(3000, 24, 9, 1.0, 1);
  const auto result = ilk::kmeans(points, {.n_clusters = 9, .n_init = 3, .tolerance = 0});
  expect_sound(points, result, 9);
  EXPECT_TRUE(result.converged);
  for (std::size_t i = 1; i < result.objectives.size(); ++i)
    EXPECT_GE(result.objectives[i], result.objectives[i - 1] - 1e-7) << i;
  EXPECT_TRUE(ilk::assign_to_nearest(points, result.centroids).labels.equal(result.labels));
  auto means =
      torch::zeros({9, 24}, torch::kFloat64).index_add_(0, result.labels, points.to(torch::kFloat64));
  means = means / means.norm(2, 1, true);
  EXPECT_LT((means - result.centroids).abs().max().item<double>(), 1e-6);
}

TEST(KMeans, BitIdenticalForAnyNumberOfThreads) {
  const auto points = grouped(5003, 33, 8, 1.5, 4);
  for (const auto init : {ilk::KMeansInit::kmeanspp, ilk::KMeansInit::random}) {
    const ilk::KMeansOptions options{
        .n_clusters = 11, .seed = 3, .n_init = 5, .max_iterations = 25, .init = init};
    ilk::set_threads(1);
    const auto one = ilk::kmeans(points, options);
    expect_sound(points, one, 11);
    for (const int threads : {2, 3, 5}) {
      ilk::set_threads(threads);
      const auto other = ilk::kmeans(points, options);
      expect_equal(other, one);
      EXPECT_EQ(other.objective, one.objective);
    }
    ilk::set_threads(0);
  }
}

TEST(KMeans, ManyCentresFillSeveralTilesAndThePlainPathAgrees) {
  const auto points = grouped(2100, 20, 300, 0.5, 8);
  const ilk::KMeansOptions options{.n_clusters = 290, .n_init = 1, .max_iterations = 5, .tolerance = 0};
  const auto fast = ilk::kmeans(points, options);
  expect_sound(points, fast, 290);
  const PlainPath on;
  const auto plain = ilk::kmeans(points, options);
  expect_sound(points, plain, 290);
  EXPECT_TRUE(fast.labels.equal(plain.labels));
  EXPECT_TRUE(fast.centroids.equal(plain.centroids))
      << "sums are exact, so the order of adding cannot matter";
  EXPECT_NEAR(fast.objective, plain.objective, 1e-6);
}

TEST(KMeans, PointsThatAreSkippedAreThoseThatWouldStay) {
  // To convergence on groups that overlap a little, where most points are skipped in most iterations.
  const auto points = grouped(4000, 16, 12, 0.45, 21);
  for (const std::int64_t k : {1, 2, 14, 60}) {
    const ilk::KMeansOptions options{
        .n_clusters = k, .n_init = 3, .tolerance = 0, .init = ilk::KMeansInit::random};
    const auto fast = ilk::kmeans(points, options);
    expect_sound(points, fast, k);
    EXPECT_TRUE(fast.converged);
    const PlainPath on;  // looks at every point in every iteration
    expect_equal(ilk::kmeans(points, options), fast);
  }
}

TEST(KMeans, MoreStartsNeverGiveLessAndSeedsMatter) {
  const auto points = grouped(600, 10, 12, 0.8, 6);
  const ilk::KMeansOptions options{.n_clusters = 12, .init = ilk::KMeansInit::random};
  auto few = options, many = options, other = options;
  few.n_init = 1, many.n_init = 70, other.n_init = 1, other.seed = 99;
  const double one = ilk::kmeans(points, few).objective;
  EXPECT_GE(ilk::kmeans(points, many).objective, one);
  EXPECT_NE(ilk::kmeans(points, other).objective, one) << "another seed, another local optimum";
}

TEST(KMeans, PlusPlusStartsBetterThanRandomOnes) {
  const auto points = grouped(2000, 16, 40, 0.15, 2);
  double random = 0, plus_plus = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    ilk::KMeansOptions options{.n_clusters = 40, .seed = seed, .n_init = 1, .max_iterations = 1};
    plus_plus += ilk::kmeans(points, options).objective;
    options.init = ilk::KMeansInit::random;
    random += ilk::kmeans(points, options).objective;
  }
  EXPECT_GT(plus_plus, random + 0.1);
}

TEST(KMeans, DuplicatesAreCountedAndNoClusterStaysEmpty) {
  const auto three = ilk::normalise_rows(normal_rows(3, 8, 1), "test", "rows");
  const auto points = three.repeat({10, 1});
  for (const bool plain : {false, true}) {
    ilk::internal::plain_path() = plain;
    for (const std::int64_t k : {1, 2, 3, 5, 30}) {
      const auto result = ilk::kmeans(points, {.n_clusters = k, .n_init = 4});
      expect_sound(points, result, k);
      EXPECT_EQ(result.duplicates, 27);
      EXPECT_EQ(result.empty_repaired > 0, k > 3) << k;
      EXPECT_TRUE(result.converged) << k;
      if (k >= 3) {
        EXPECT_NEAR(result.objective, 1, 1e-6);
      }
    }
    ilk::internal::plain_path() = false;
  }
}

TEST(KMeans, AnEmptyClusterTakesTheFarthestPoint) {
  const double angle[] = {0, 0.1, 0.2, 0.3, 1.4};
  auto points = torch::empty({5, 2});
  for (std::int64_t i = 0; i < 5; ++i)
    points[i] = torch::tensor({std::cos(angle[i]), std::sin(angle[i])}, torch::kFloat32);
  // All points are nearest to the first of these centres.
  const auto start = torch::tensor({{1.f, 0.f}, {-1.f, 0.f}});
  const auto result = ilk::kmeans_from(points, start, {});
  EXPECT_EQ(result.empty_repaired, 1);
  EXPECT_TRUE(result.labels.equal(torch::tensor({0, 0, 0, 0, 1}, torch::kInt64)));
  EXPECT_EQ(result.labels.scalar_type(), torch::kInt64);
}

TEST(KMeans, ExtremeShapes) {
  const auto single = torch::tensor({{0.6f, 0.8f}});
  const auto one = ilk::kmeans(single, {.n_clusters = 1});
  EXPECT_TRUE(one.centroids.allclose(single));
  EXPECT_EQ(one.labels.item<std::int64_t>(), 0);
  // Two opposite points cancel: any centroid is as good, none is NaN.
  const auto opposite = torch::tensor({{1.f, 0.f}, {-1.f, 0.f}});
  const auto both = ilk::kmeans(opposite, {.n_clusters = 1});
  EXPECT_TRUE(both.centroids.isfinite().all().item<bool>());
  EXPECT_NEAR(both.objective, 0, 1e-6);
  // One dimension, and every point its own cluster.
  EXPECT_NEAR(ilk::kmeans(torch::tensor({{1.f}, {-1.f}, {1.f}}), {.n_clusters = 2}).objective, 1, 1e-6);
  const auto points = ilk::normalise_rows(normal_rows(40, 6, 3), "test", "rows");
  const auto all = ilk::kmeans(points, {.n_clusters = 40, .n_init = 2});
  EXPECT_EQ(all.labels.bincount().max().item<std::int64_t>(), 1);
  EXPECT_NEAR(all.objective, 1, 1e-5);
  // Rows that are not next to each other in memory.
  const auto wide = torch::cat({points, points}, 1);
  EXPECT_TRUE(ilk::kmeans(wide.slice(1, 6, 12), {.n_clusters = 4})
                  .labels.equal(ilk::kmeans(points, {.n_clusters = 4}).labels));
}

TEST(KMeans, AllPointsEqual) {
  const auto points = torch::tensor({{0.6f, 0.8f}}).repeat({50, 1});
  for (const std::int64_t k : {1, 3, 50}) {
    const auto result = ilk::kmeans(points, {.n_clusters = k, .n_init = 2});
    expect_sound(points, result, k);
    EXPECT_NEAR(result.objective, 1, 1e-6);
    EXPECT_EQ(result.duplicates, 49);
  }
}

TEST(KMeans, LabelsAreThoseOfASearchWithTheCentroidsWhereverItStops) {
  const auto points = grouped(1500, 20, 25, 0.7, 17);
  for (const std::int64_t k : {6, 100})
    for (const std::int64_t iterations : {1, 4, 300}) {
      const auto result =
          ilk::kmeans(points, {.n_clusters = k, .n_init = 2, .max_iterations = iterations, .tolerance = 0});
      expect_sound(points, result, k);
      EXPECT_TRUE(ilk::assign_to_nearest(points, result.centroids).labels.equal(result.labels)) << k;
    }
}

TEST(KMeans, SaysWhereIterationsRanOut) {
  const auto points = grouped(2000, 16, 5, 3.0, 2);
  const auto result =
      ilk::kmeans(points, {.n_clusters = 20, .n_init = 2, .max_iterations = 2, .tolerance = 0});
  EXPECT_FALSE(result.converged);
  EXPECT_EQ(result.iterations, 2);
  expect_sound(points, result, 20);
}

TEST(KMeans, BadInputNamesTheRuleAndTheValue) {
  const auto points = grouped(10, 4, 2, 0.5, 1);
  EXPECT_EQ(error_of([&] { ilk::kmeans(points, {.n_clusters = 11}); }),
            "[kmeans] n_clusters must be at most the number of images (10), got 11.");
  EXPECT_EQ(error_of([&] { ilk::kmeans(points, {.n_clusters = 0}); }),
            "[kmeans] n_clusters must be at least 1, got 0.");
  EXPECT_EQ(error_of([&] { ilk::kmeans(points, {.tolerance = std::nan("")}); }),
            "[kmeans] tolerance must be at least 0, got nan.");
  EXPECT_EQ(error_of([&] { ilk::kmeans(points * 2, {.n_clusters = 2}); }),
            "[kmeans] embeddings must have finite rows of unit length, got row 0 of length 2.");
  auto broken = points.clone();
  broken[7][2] = std::nan("");
  EXPECT_EQ(error_of([&] { ilk::kmeans(broken, {.n_clusters = 2}); }),
            "[kmeans] embeddings must have finite rows of unit length, got row 7 of length nan.");
  broken[7].zero_();
  EXPECT_EQ(error_of([&] { ilk::kmeans(broken, {.n_clusters = 2}); }),
            "[kmeans] embeddings must have finite rows of unit length, got row 7 of length 0.");
  broken[3][0] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(error_of([&] { ilk::kmeans(broken, {.n_clusters = 2}); }),
            "[kmeans] embeddings must have finite rows of unit length, got row 3 of length inf.");
  EXPECT_EQ(error_of([&] { ilk::kmeans(points.to(torch::kFloat64), {.n_clusters = 2}); }),
            "[kmeans] embeddings must be float32, got Double.");
  EXPECT_EQ(error_of([&] { ilk::kmeans(points.slice(0, 0, 0), {.n_clusters = 2}); }),
            "[kmeans] embeddings must have at least one row and one column, got 0 × 4.");
  EXPECT_EQ(error_of([&] { ilk::kmeans(points[0], {.n_clusters = 2}); }),
            "[kmeans] embeddings must be a matrix, got 1 dimensions.");
  EXPECT_NE(error_of([&] { ilk::kmeans_from(points, torch::eye(3), {}); }), "");
}

class StopsAtOnce : public ilk::Progress {
  bool stop_requested() const override { return true; }
};

TEST(KMeans, StopsWhereAsked) {
  StopsAtOnce progress;
  EXPECT_THROW(ilk::kmeans(grouped(50, 4, 2, 0.5, 1), {.n_clusters = 2}, progress), ilk::Stopped);
}

TEST(AssignToNearest, EqualsASlowSearchForBestAndRunnerUp) {
  const auto points = grouped(2500, 17, 5, 1.0, 3), centres = grouped(270, 17, 9, 1.0, 5);
  const auto products = points.to(torch::kFloat64).matmul(centres.to(torch::kFloat64).t());
  const auto [sorted, order] = products.sort(1, true);
  for (const bool plain : {false, true}) {
    ilk::internal::plain_path() = plain;
    const auto found = ilk::assign_to_nearest(points, centres);
    ilk::internal::plain_path() = false;
    EXPECT_TRUE(found.labels.equal(order.select(1, 0)));
    EXPECT_TRUE(found.second_labels.equal(order.select(1, 1)));
    EXPECT_LT((found.scores - sorted.select(1, 0)).abs().max().item<double>(), 1e-6);
    EXPECT_LT((found.second_scores - sorted.select(1, 1)).abs().max().item<double>(), 1e-6);
  }
}

TEST(AssignToNearest, TiesGoToTheLowerNumberAndTheRunnerUpToo) {
  const auto axes = torch::eye(4);
  const auto point = torch::full({1, 4}, 0.5f);  // equally far from all four axes
  const auto low_then_high = torch::tensor({{-1.f, 0.f}, {-1.f, 0.f}, {1.f, 0.f}});
  for (const bool plain : {false, true}) {
    ilk::internal::plain_path() = plain;
    auto found = ilk::assign_to_nearest(point, axes);
    EXPECT_EQ(found.labels.item<std::int64_t>(), 0);
    EXPECT_EQ(found.second_labels.item<std::int64_t>(), 1);
    found = ilk::assign_to_nearest(torch::tensor({{1.f, 0.f}}), low_then_high);
    EXPECT_EQ(found.labels.item<std::int64_t>(), 2);
    EXPECT_EQ(found.second_labels.item<std::int64_t>(), 0);
    found = ilk::assign_to_nearest(point, axes.slice(0, 0, 1));
    EXPECT_EQ(found.second_labels.item<std::int64_t>(), -1);
    EXPECT_EQ(found.second_scores.item<float>(), -1);
    ilk::internal::plain_path() = false;
  }
}

TEST(AssignToNearest, RefusesOtherWidths) {
  EXPECT_EQ(error_of([] { ilk::assign_to_nearest(torch::eye(3), torch::eye(4)); }),
            "[assign_to_nearest] centroids must be as wide as the embeddings (3), got 4.");
}

TEST(NormaliseRows, ScalesAnyRealTypeAndNamesTheFirstBadRow) {
  const auto rows = torch::tensor({{3.0, 4.0}, {1e-30, 0.0}, {1e200, 1e200}}, torch::kFloat64);
  const auto unit = ilk::normalise_rows(rows, "embed", "features");
  EXPECT_EQ(unit.scalar_type(), torch::kFloat32);
  const float half = std::sqrt(0.5f);
  EXPECT_TRUE(unit.slice(0, 0, 2).allclose(torch::tensor({{0.6f, 0.8f}, {1.f, 0.f}})));
  EXPECT_TRUE(unit[2].allclose(torch::tensor({half, half})));
  EXPECT_TRUE(ilk::normalise_rows(torch::tensor({{0, 5}}, torch::kInt32), "embed", "features")
                  .equal(torch::tensor({{0.f, 1.f}})));
  auto zero = torch::ones({5000, 3});
  zero[4500].zero_();
  zero[4700].fill_(std::nan(""));
  EXPECT_EQ(error_of([&] { ilk::normalise_rows(zero, "embed", "features"); }),
            "[embed] features must have no zero row, got row 4500 of length 0.");
  zero[4200].fill_(std::numeric_limits<float>::infinity());
  EXPECT_EQ(error_of([&] { ilk::normalise_rows(zero, "embed", "features"); }),
            "[embed] features must be finite, got row 4200 of length inf.");
}

}  // namespace
