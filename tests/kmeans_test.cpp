#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/threads.h>

#include <algorithm>

#include "made_points.h"
#include "matrices.h"
#include "npy_fixture.h"
#include "targets.h"

namespace {

using Labels = std::vector<std::int64_t>;

/// `times` copies of `rows`, one after another.
ilk::Matrix<float> repeated(const ilk::Matrix<float>& rows, std::int64_t times) {
  auto result = ilk::Matrix<float>::uninitialised(rows.rows() * times, rows.columns());
  for (std::int64_t i = 0; i < result.rows(); ++i) std::ranges::copy(rows.row(i % rows.rows()), result[i]);
  return result;
}

Labels labels_of(const std::string& fixture) {
  return npy_fixture(fixture).to_integers();
}

void expect_equal(const ilk::KMeansResult& a, const ilk::KMeansResult& b) {
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_TRUE(equal(a.centroids, b.centroids));
  EXPECT_EQ(a.objectives, b.objectives);
  EXPECT_EQ(a.objective, b.objective);
  EXPECT_EQ(a.iterations, b.iterations);
}

Labels sizes_of(const Labels& labels, std::int64_t k) {
  Labels sizes(static_cast<std::size_t>(k));
  for (const std::int64_t label : labels) ++sizes.at(static_cast<std::size_t>(label));
  return sizes;
}

/// Renumbers labels by the size of their groups, equals by first member.
Labels by_size(const Labels& labels, std::int64_t k) {
  const Labels sizes = sizes_of(labels, k);
  std::vector<std::pair<std::int64_t, std::int64_t>> order;
  for (std::int64_t c = 0; c < k; ++c) {
    const auto first = std::find(labels.begin(), labels.end(), c);
    order.push_back(
        {-sizes[static_cast<std::size_t>(c)], first == labels.end() ? 0 : first - labels.begin()});
  }
  Labels renumbered;
  for (const std::int64_t label : labels)
    renumbered.push_back(std::count_if(order.begin(), order.end(), [&](const auto& other) {
      return other < order[static_cast<std::size_t>(label)];
    }));
  return renumbered;
}

/// Everything that must hold of any result.
void expect_sound(ilk::MatrixView<const float> points, const ilk::KMeansResult& result, std::int64_t k,
                  std::int64_t non_empty = -1) {
  const Labels sizes = sizes_of(result.labels, k);
  EXPECT_EQ(std::count_if(sizes.begin(), sizes.end(), [](auto size) { return size > 0; }),
            non_empty < 0 ? k : non_empty);
  EXPECT_TRUE(std::is_sorted(sizes.rbegin(), sizes.rend())) << "largest first";
  EXPECT_EQ(result.labels, by_size(result.labels, k)) << "ties by first member";
  EXPECT_EQ(result.centroids.rows(), k);
  for (std::int64_t c = 0; c < k; ++c)
    EXPECT_NEAR(std::sqrt(dot(result.centroids.row(c), result.centroids.row(c))), 1, 1e-5);
  double total = 0;
  for (std::int64_t i = 0; i < points.rows(); ++i)
    total += dot(points.row(i), result.centroids.row(result.labels[static_cast<std::size_t>(i)]));
  EXPECT_NEAR(result.objective, total / static_cast<double>(points.rows()), 1e-6);
  EXPECT_EQ(result.objectives.back(), result.objective);
  EXPECT_EQ(result.iterations, static_cast<std::int64_t>(result.objectives.size()));
}

TEST(KMeans, FollowsThePathOfASlowFloat64Version) {
  const auto points = npy_matrix("kmeans/overlapping.npy"),
             start = npy_matrix("kmeans/overlapping_start.npy");
  const auto expected_objectives = npy_fixture("kmeans/overlapping_objectives.npy").to_doubles();
  const auto expected_labels = labels_of("kmeans/overlapping_labels.npy");
  const auto expected_centroids = npy_matrix("kmeans/overlapping_centroids.npy");
  for_each_target([&] {
    const auto result = ilk::kmeans_from(points, start, {.search = {.max_iterations = 10, .tolerance = 0}});
    expect_sound(points, result, 7);
    for (std::size_t i = 0; i < result.objectives.size(); ++i)
      EXPECT_NEAR(result.objectives[i], expected_objectives[i], 1e-6) << i;
    EXPECT_EQ(result.labels, by_size(expected_labels, 7));
    for (std::int64_t c = 0; c < 7; ++c) {
      double nearest = -1;
      for (std::int64_t other = 0; other < 7; ++other)
        nearest = std::max(nearest, dot(result.centroids.row(c), expected_centroids.row(other)));
      EXPECT_LT(1 - nearest, 1e-5);
    }
  });
}

TEST(KMeans, FindsScikitLearnsPartitionOfSeparatedGroups) {
  const auto points = npy_matrix("kmeans/separated.npy");
  const auto result = ilk::kmeans(points, {.n_clusters = 6});
  expect_sound(points, result, 6);
  EXPECT_TRUE(result.converged);
  EXPECT_EQ(result.empty_repaired, 0);
  EXPECT_EQ(result.labels, by_size(labels_of("kmeans/separated_labels.npy"), 6));
  EXPECT_NEAR(result.objective, npy_fixture("kmeans/separated_objective.npy").to_doubles()[0], 1e-6);
}

TEST(KMeans, ObjectiveRisesToAFixedPointOfBothSteps) {
  const auto points = grouped(3000, 24, 9, 1.0, 1);
  const auto result = ilk::kmeans(points, {.n_clusters = 9, .search = {.n_init = 3, .tolerance = 0}});
  expect_sound(points, result, 9);
  EXPECT_TRUE(result.converged);
  for (std::size_t i = 1; i < result.objectives.size(); ++i)
    EXPECT_GE(result.objectives[i], result.objectives[i - 1] - 1e-7) << i;
  EXPECT_EQ(ilk::assign_to_nearest(points, result.centroids).labels, result.labels);
  ilk::Matrix<double> means(9, 24);
  for (std::int64_t i = 0; i < points.rows(); ++i)
    for (std::int64_t j = 0; j < 24; ++j)
      means[result.labels[static_cast<std::size_t>(i)]][j] += static_cast<double>(points[i][j]);
  for (std::int64_t c = 0; c < 9; ++c) {
    double square = 0;
    for (const double value : means.row(c)) square += value * value;
    for (std::int64_t j = 0; j < 24; ++j)
      EXPECT_NEAR(means[c][j] / std::sqrt(square), result.centroids[c][j], 1e-6);
  }
}

TEST(KMeans, BitIdenticalForAnyNumberOfThreads) {
  const auto points = grouped(5003, 33, 8, 1.5, 4);
  for (const auto init : {ilk::KMeansInit::kmeanspp, ilk::KMeansInit::random}) {
    const ilk::KMeansOptions options{
        .n_clusters = 11, .seed = 3, .search = {.n_init = 5, .max_iterations = 25, .init = init}};
    ilk::set_threads(1);
    const auto one = ilk::kmeans(points, options);
    expect_sound(points, one, 11);
    for (const int threads : {2, 3, 5}) {
      ilk::set_threads(threads);
      const auto other = ilk::kmeans(points, options);
      expect_equal(other, one);
    }
    ilk::set_threads(0);
  }
}

TEST(KMeans, ManyCentresFillSeveralTilesAndAllProcessorsAgree) {
  const auto points = grouped(2100, 20, 300, 0.5, 8);
  const ilk::KMeansOptions options{.n_clusters = 290,
                                   .search = {.n_init = 1, .max_iterations = 5, .tolerance = 0}};
  const auto expected = ilk::kmeans(points, options);
  expect_sound(points, expected, 290);
  for_each_target([&] { expect_equal(ilk::kmeans(points, options), expected); });
}

/// Lloyd's iterations as they read, each with a look at every point; the labels after the last.
Labels slow_lloyd(const ilk::Matrix<float>& points, ilk::Matrix<float> centres, std::int64_t iterations) {
  Labels labels(static_cast<std::size_t>(points.rows()));
  for (std::int64_t iteration = 0; iteration <= iterations; ++iteration) {
    ilk::Matrix<double> sums(centres.rows(), centres.columns());
    for (std::int64_t i = 0; i < points.rows(); ++i) {
      std::int64_t& label = labels[static_cast<std::size_t>(i)] = 0;
      double best = dot(points.row(i), centres.row(0));
      for (std::int64_t c = 1; c < centres.rows(); ++c)
        if (const double score = dot(points.row(i), centres.row(c)); score > best) best = score, label = c;
      for (std::int64_t j = 0; j < points.columns(); ++j) sums[label][j] += static_cast<double>(points[i][j]);
    }
    for (std::int64_t c = 0; c < centres.rows(); ++c) {
      double square = 0;
      for (const double sum : sums.row(c)) square += sum * sum;
      for (std::int64_t j = 0; j < centres.columns(); ++j)
        centres[c][j] = static_cast<float>(sums[c][j] / std::sqrt(square));
    }
  }
  return labels;
}

TEST(KMeans, PointsThatAreSkippedAreThoseThatWouldStay) {
  // To convergence on groups that overlap a little, where most points are skipped in most iterations.
  const auto points = grouped(4000, 16, 12, 0.45, 21);
  for (const std::int64_t k : {1, 2, 14, 60}) {
    const ilk::KMeansOptions options{
        .n_clusters = k, .search = {.n_init = 3, .tolerance = 0, .init = ilk::KMeansInit::random}};
    const auto result = ilk::kmeans(points, options);
    expect_sound(points, result, k);
    EXPECT_TRUE(result.converged);
    for_each_target([&] { expect_equal(ilk::kmeans(points, options), result); });
    const auto from = ilk::kmeans_from(points, points.rows_between(0, k), options);
    expect_sound(points, from, k);
    EXPECT_EQ(from.labels,
              by_size(slow_lloyd(points, ilk::Matrix<float>(points.rows_between(0, k)), from.iterations), k));
  }
}

TEST(KMeans, MoreStartsNeverGiveLessAndSeedsMatter) {
  const auto points = grouped(600, 10, 12, 0.8, 6);
  const ilk::KMeansOptions options{.n_clusters = 12, .search = {.init = ilk::KMeansInit::random}};
  auto few = options, many = options, other = options;
  few.search.n_init = 1, many.search.n_init = 70, other.search.n_init = 1, other.seed = 99;
  const double one = ilk::kmeans(points, few).objective;
  EXPECT_GE(ilk::kmeans(points, many).objective, one);
  EXPECT_NE(ilk::kmeans(points, other).objective, one) << "another seed, another local optimum";
}

TEST(KMeans, PlusPlusStartsBetterThanRandomOnes) {
  const auto points = grouped(2000, 16, 40, 0.15, 2);
  double random = 0, plus_plus = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    ilk::KMeansOptions options{.n_clusters = 40, .seed = seed, .search = {.n_init = 1, .max_iterations = 1}};
    plus_plus += ilk::kmeans(points, options).objective;
    options.search.init = ilk::KMeansInit::random;
    random += ilk::kmeans(points, options).objective;
  }
  EXPECT_GT(plus_plus, random + 0.1);
}

void expect_that_equal_points_share(ilk::MatrixView<const float> points, const ilk::KMeansResult& result) {
  for (std::int64_t i = 0; i < points.rows(); ++i)
    for (std::int64_t other = 0; other < i; ++other)
      if (std::ranges::equal(points.row(i), points.row(other))) {
        EXPECT_EQ(result.labels[static_cast<std::size_t>(i)], result.labels[static_cast<std::size_t>(other)])
            << i << " and " << other;
      }
}

TEST(KMeans, DuplicatesAreCountedAndShareACluster) {
  const auto points = repeated(random_unit_rows(3, 8, 1), 10);
  for_each_target([&] {
    for (const std::int64_t k : {1, 2, 3, 5, 30}) {
      const auto result = ilk::kmeans(points, {.n_clusters = k, .search = {.n_init = 4}});
      expect_sound(points, result, k, std::min<std::int64_t>(k, 3));
      expect_that_equal_points_share(points, result);
      EXPECT_EQ(ilk::assign_to_nearest(points, result.centroids).labels, result.labels) << k;
      EXPECT_EQ(result.duplicates, 27);
      EXPECT_EQ(result.empty_repaired, 0) << k;
      EXPECT_TRUE(result.converged) << k;
      if (k >= 3) {
        EXPECT_NEAR(result.objective, 1, 1e-6);
      }
    }
  });
}

TEST(KMeans, ZeroOfEitherSignIsZero) {
  const float values[] = {0, 1, -0.0f, 1, 1, 0, 1, -0.0f};
  auto points = ilk::Matrix<float>::uninitialised(4, 2);
  std::copy(std::begin(values), std::end(values), points.data());
  const auto result = ilk::kmeans(points, {.n_clusters = 3});
  EXPECT_EQ(result.duplicates, 2);
  expect_that_equal_points_share(points, result);
  EXPECT_NE(result.labels[0], result.labels[2]);
}

TEST(KMeans, EqualPointsShareAClusterHoweverTheStartsAreDrawn) {
  // Random starts are often equal, so that clusters are empty and get a point of another.
  const auto points = repeated(random_unit_rows(12, 4, 5), 4);
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const std::int64_t iterations : {1, 300}) {
      const auto result = ilk::kmeans(
          points, {.n_clusters = 9,
                   .seed = seed,
                   .search = {.n_init = 1, .max_iterations = iterations, .init = ilk::KMeansInit::random}});
      expect_that_equal_points_share(points, result);
    }
}

TEST(KMeans, AnEmptyClusterTakesTheFarthestPoint) {
  const double angle[] = {0, 0.1, 0.2, 0.3, 1.4};
  auto points = ilk::Matrix<float>::uninitialised(5, 2);
  for (std::int64_t i = 0; i < 5; ++i)
    points[i][0] = static_cast<float>(std::cos(angle[i])),
    points[i][1] = static_cast<float>(std::sin(angle[i]));
  // All points are nearest to the first of these centres.
  const auto result = ilk::kmeans_from(points, matrix_of({{1, 0}, {-1, 0}}), {});
  EXPECT_EQ(result.empty_repaired, 1);
  EXPECT_EQ(result.labels, (Labels{0, 0, 0, 0, 1}));
}

TEST(KMeans, ExtremeShapes) {
  const auto single = matrix_of({{0.6f, 0.8f}});
  const auto one = ilk::kmeans(single, {.n_clusters = 1});
  EXPECT_LT(largest_difference(one.centroids, single), 1e-6);
  EXPECT_EQ(one.labels, Labels{0});
  // Two opposite points cancel: any centroid is as good, none is NaN.
  const auto both = ilk::kmeans(matrix_of({{1, 0}, {-1, 0}}), {.n_clusters = 1});
  EXPECT_TRUE(std::isfinite(both.centroids[0][0]) && std::isfinite(both.centroids[0][1]));
  EXPECT_NEAR(both.objective, 0, 1e-6);
  // One dimension, and every point its own cluster.
  EXPECT_NEAR(ilk::kmeans(matrix_of({{1}, {-1}, {1}}), {.n_clusters = 2}).objective, 1, 1e-6);
  const auto points = random_unit_rows(40, 6, 3);
  const auto all = ilk::kmeans(points, {.n_clusters = 40, .search = {.n_init = 2}});
  EXPECT_EQ(sizes_of(all.labels, 40), Labels(40, 1));
  EXPECT_NEAR(all.objective, 1, 1e-5);
  // Rows that are not next to each other in memory.
  auto wide = ilk::Matrix<float>::uninitialised(40, 18);
  for (std::int64_t i = 0; i < 40; ++i)
    for (std::int64_t j = 0; j < 18; ++j) wide[i][j] = points[i][j % 6];
  expect_equal(ilk::kmeans(wide.view().columns_between(6, 12), {.n_clusters = 4}),
               ilk::kmeans(points, {.n_clusters = 4}));
}

TEST(KMeans, AllPointsEqual) {
  const auto points = repeated(matrix_of({{0.6f, 0.8f}}), 50);
  for (const std::int64_t k : {1, 3, 50}) {
    const auto result = ilk::kmeans(points, {.n_clusters = k, .search = {.n_init = 2}});
    expect_sound(points, result, k, 1);
    EXPECT_EQ(result.labels, Labels(50, 0));
    EXPECT_EQ(ilk::assign_to_nearest(points, result.centroids).labels, result.labels) << k;
    EXPECT_NEAR(result.objective, 1, 1e-6);
    EXPECT_EQ(result.duplicates, 49);
  }
}

TEST(KMeans, LabelsAreThoseOfASearchWithTheCentroidsWhereverItStops) {
  const auto points = grouped(1500, 20, 25, 0.7, 17);
  for (const std::int64_t k : {6, 100})
    for (const std::int64_t iterations : {1, 4, 300}) {
      const auto result = ilk::kmeans(
          points, {.n_clusters = k, .search = {.n_init = 2, .max_iterations = iterations, .tolerance = 0}});
      expect_sound(points, result, k);
      EXPECT_EQ(ilk::assign_to_nearest(points, result.centroids).labels, result.labels) << k;
    }
}

TEST(KMeans, SaysWhereIterationsRanOut) {
  const auto points = grouped(2000, 16, 5, 3.0, 2);
  const auto result =
      ilk::kmeans(points, {.n_clusters = 20, .search = {.n_init = 2, .max_iterations = 2, .tolerance = 0}});
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
  EXPECT_EQ(error_of([&] { ilk::kmeans(points, {.search = {.tolerance = std::nan("")}}); }),
            "[kmeans] tolerance must be at least 0, got nan.");
  const auto broken = [&](std::int64_t row, std::vector<float> values) {
    auto rows = points.copy();
    std::ranges::copy(values, rows[row]);
    return error_of([&] { ilk::kmeans(rows, {.n_clusters = 2}); });
  };
  EXPECT_EQ(broken(0, {2, 0, 0, 0}),
            "[kmeans] embeddings must have finite rows of unit length, got row 0 of length 2.");
  EXPECT_EQ(broken(7, {0, 0, std::nanf(""), 0}),
            "[kmeans] embeddings must have finite rows of unit length, got row 7 of length nan.");
  EXPECT_EQ(broken(7, {0, 0, 0, 0}),
            "[kmeans] embeddings must have finite rows of unit length, got row 7 of length 0.");
  EXPECT_EQ(broken(3, {INFINITY, 0, 0, 0}),
            "[kmeans] embeddings must have finite rows of unit length, got row 3 of length inf.");
  EXPECT_EQ(error_of([&] { ilk::kmeans(points.rows_between(0, 0), {.n_clusters = 2}); }),
            "[kmeans] embeddings must have at least one row and one column, got 0 × 4.");
  EXPECT_EQ(error_of([&] { ilk::kmeans_from(points, axes(3), {}); }),
            "[kmeans_from] centroids must be as wide as the embeddings (4), got 3.");
}

class StopsAtOnce : public ilk::Progress {
  bool stop_requested() const override { return true; }
};

TEST(KMeans, StopsWhereAsked) {
  StopsAtOnce progress;
  EXPECT_THROW(ilk::kmeans(grouped(50, 4, 2, 0.5, 1), {.n_clusters = 2}, progress), ilk::Stopped);
}

}  // namespace
