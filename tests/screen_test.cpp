// Screening may rule out only what cannot be best: labels and sums are those of a plain search over all exact
// scores, for any data, iteration, number of threads and kind of processor.
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "cluster/centre_groups.h"
#include "cluster/lloyd.h"
#include "matrices.h"
#include "plain_lloyd.h"
#include "targets.h"

namespace {

using ilk::Matrix;
using ilk::MatrixView;
using ilk::internal::Geometry;
using ilk::internal::Lloyd;
using ilk::internal::ScreenedPoints;

/// Follows Lloyd's iterations and compares each assignment with the plain one.
void expect_plain_lloyd(const std::string& name, MatrixView<const float> points,
                        MatrixView<const float> centres, Geometry geometry, int iterations) {
  double largest = 0;
  for (std::int64_t i = 0; i < points.rows(); ++i)
    for (const float value : points.row(i))
      largest = std::max(largest, std::fabs(static_cast<double>(value)));
  for_each_target([&] {
    for (const std::int64_t memory : {ScreenedPoints::most_memory, std::int64_t{0}}) {
      const ScreenedPoints screened(points, centres.rows(), memory);
      Lloyd lloyd(screened, centres.rows(), 1, geometry);
      Lloyd::Start& start = lloyd.start(0);
      start.centroids = Matrix<float>(centres);
      for (int iteration = 0; iteration < iterations; ++iteration) {
        SCOPED_TRACE(name + " " + std::to_string(iteration));
        if (iteration > 0) lloyd.update(0);
        lloyd.assign({0});
        ASSERT_EQ(start.labels, slow_labels(points, start.centroids, geometry));
        expect_sums_of_labels(points, start, 1e-6 * largest * 100);
      }
    }
  });
}

TEST(Screen, LabelsAreThoseOfAPlainSearchInEveryIteration) {
  // Widths that fill groups and chunks of bytes and that do not; numbers of centres for 16 bits and for 8.
  for (const std::int64_t d : {1, 7, 64, 600})
    for (const std::int64_t k : {1, 5, 70}) {
      const auto name = std::to_string(d) + " " + std::to_string(k);
      for (const bool in_groups : {false, true}) {
        const auto rows = in_groups ? grouped(500, d, 20, 0.3, 2) : random_matrix(500, d, 1);
        const auto unit = unit_rows(rows.copy());
        expect_plain_lloyd("cosine " + name, unit, unit.rows_between(0, k), Geometry::cosine, 5);
        expect_plain_lloyd("distance " + name, rows, rows.rows_between(0, k), Geometry::euclidean, 5);
      }
    }
}

TEST(Screen, NearTiesAndDuplicatesAreSettledExactly) {
  // Centres one rounding apart, and copies of them; points that are copies, and points halfway between
  // centres.
  const std::int64_t d = 48;
  auto centres = random_unit_rows(80, d, 5);
  for (std::int64_t j = 20; j < 60; ++j) {
    std::ranges::copy(centres.row(j % 20), centres[j]);
    if (j < 40) centres[j][j % d] = std::nextafter(centres[j][j % d], 1.0f);
  }
  const auto halfway =
      unit_rows(changed(Matrix<float>(centres.rows_between(0, 60)),
                        [&](float x, std::int64_t i, std::int64_t j) { return x + centres[i + 1][j]; }));
  // All of these, with the first 60 before and after.
  Matrix<float> points(180, d);
  for (std::int64_t i = 0; i < 180; ++i) {
    const auto row = i % 120 < 60 ? centres.row(i % 60 < 40 ? i % 60 : i % 60 - 40) : halfway.row(i - 60);
    std::ranges::copy(row, points[i]);
  }
  for (const std::int64_t k : {50, 80})
    for (const Geometry geometry : {Geometry::cosine, Geometry::euclidean})
      expect_plain_lloyd("ties", points, centres.rows_between(0, k), geometry, 6);
}

TEST(Screen, RowsOfAllSizesAndFarFromTheOrigin) {
  auto rows = grouped(300, 40, 9, 0.5, 3);
  const auto far = plus(rows, 1000), large = times(rows, 1e12f), small = times(rows, 1e-12f);
  expect_plain_lloyd("far", far, far.rows_between(0, 12), Geometry::euclidean, 4);
  expect_plain_lloyd("large", large, large.rows_between(0, 12), Geometry::euclidean, 4);
  expect_plain_lloyd("small", small, small.rows_between(0, 70), Geometry::euclidean, 4);
  for (std::int64_t i = 0; i < rows.rows(); ++i) rows[i][3] *= 1e6f;  // one coordinate outshines the rest
  std::ranges::fill(rows.row(5), 0.0f);
  for (const std::int64_t k : {12, 70})
    expect_plain_lloyd("uneven", rows, rows.rows_between(0, k), Geometry::euclidean, 4);
  const auto ones = Matrix<float>::filled(70, 9, 1);
  expect_plain_lloyd("equal", ones, ones.rows_between(0, 66), Geometry::euclidean, 2);
}

TEST(Screen, GroupsOfCentresThatAreSkippedHoldNoBetterOne) {
  // More centres than groups of points, so that a point's best centres are in one or two groups.
  const auto rows = grouped(1200, 40, 30, 0.4, 21);
  const auto points = unit_rows(rows.copy());
  expect_plain_lloyd("groups", points, points.rows_between(0, 150), Geometry::cosine, 8);
  expect_plain_lloyd("groups", rows, rows.rows_between(0, 150), Geometry::euclidean, 8);
  // A repair in between: bounds do not hold any more.
  const ScreenedPoints screened(points, 120);
  Lloyd lloyd(screened, 120, 1, Geometry::cosine);
  Lloyd::Start& start = lloyd.start(0);
  start.centroids = Matrix<float>(points.rows_between(0, 120));
  Matrix<float> nobodys(1, 40);
  for (std::int64_t i = 0; i < points.rows(); ++i)
    for (std::int64_t j = 0; j < 40; ++j) nobodys[0][j] -= points[i][j];
  nobodys = unit_rows(std::move(nobodys));
  std::ranges::copy(nobodys.row(0), start.centroids[7]);
  std::int64_t repaired = 0, skipped = 0;
  for (int iteration = 0; iteration < 8; ++iteration) {
    if (iteration > 0) lloyd.update(0);
    if (iteration == 4) std::ranges::copy(start.centroids.row(7), start.centroids[9]), start.bounded = false;
    lloyd.assign({0});
    ASSERT_EQ(start.labels, slow_labels(points, start.centroids, Geometry::cosine));
    skipped += points.rows() - start.searched;
    double gain = 0;
    repaired += lloyd.repair(0, gain);
  }
  EXPECT_GT(repaired, 0);
  EXPECT_GT(skipped, 0);
}

TEST(Screen, LikeCentresAreInOneGroup) {
  const auto centres = grouped(96, 24, 6, 0.1, 31);  // row i is of group i mod 6
  const auto order = ilk::internal::order_by_likeness(centres, 16);
  EXPECT_EQ(std::set<std::int32_t>(order.begin(), order.end()).size(), 96u);
  for (std::size_t i = 0; i < 96; ++i) EXPECT_EQ(order[i] % 6, order[i / 16 * 16] % 6) << i;
  EXPECT_EQ(ilk::internal::order_by_likeness(Matrix<float>::filled(40, 3, 1), 16).size(), 40u);
}

TEST(Screen, ResultsAreTheSameOnEveryProcessor) {
  const auto points = unit_rows(grouped(1500, 40, 30, 1.0, 9));
  for (const std::int64_t k : {10, 90}) {
    const ilk::KMeansOptions options{.n_clusters = k,
                                     .search = {.n_init = 2, .max_iterations = 15, .tolerance = 0}};
    const auto expected = ilk::kmeans(points, options);
    const auto neighbours = ilk::nearest_neighbours(points.rows_between(0, 300), points, k);
    const auto assigned = ilk::assign_to_nearest(points, expected.centroids);
    for_each_target([&] {
      const auto found = ilk::kmeans(points, options);
      EXPECT_EQ(found.labels, expected.labels);
      EXPECT_TRUE(equal(found.centroids, expected.centroids));
      EXPECT_EQ(found.objectives, expected.objectives);
      const auto near = ilk::nearest_neighbours(points.rows_between(0, 300), points, k);
      EXPECT_TRUE(equal(near.indices, neighbours.indices));
      EXPECT_TRUE(equal(near.cosines, neighbours.cosines));
      const auto again = ilk::assign_to_nearest(points, expected.centroids);
      EXPECT_EQ(again.labels, assigned.labels);
      EXPECT_EQ(again.scores, assigned.scores);
      EXPECT_EQ(again.second_labels, assigned.second_labels);
    });
  }
}

TEST(EuclideanKMeans, FindsGroupsOfAnyLengthAndItsObjectiveIsMinusTheMeanSquare) {
  const auto points = plus(times(grouped(900, 12, 6, 0.05, 11), 3), 7);
  for_each_target([&] {
    const auto found = ilk::euclidean_kmeans(points, {.n_clusters = 6, .search = {.n_init = 5}});
    double squares = 0;
    for (std::int64_t i = 0; i < 900; ++i) {
      const std::int64_t label = found.labels[static_cast<std::size_t>(i)];
      for (std::int64_t j = 0; j < 12; ++j) {
        const double difference = static_cast<double>(points[i][j]) - found.centroids[label][j];
        squares += difference * difference;
      }
      EXPECT_EQ(label, found.labels[static_cast<std::size_t>(i % 6)]);  // point i was made of group i mod 6
    }
    EXPECT_NEAR(found.objective, -squares / 900, 1e-3);
    EXPECT_GT(found.objective, -0.5);
    for (std::size_t i = 1; i < found.objectives.size(); ++i)
      EXPECT_GE(found.objectives[i], found.objectives[i - 1] - 1e-3);
    EXPECT_EQ(found.duplicates, 0);
  });
  auto broken = points.copy();
  broken[4][1] = INFINITY;
  EXPECT_THROW(ilk::euclidean_kmeans(broken, {.n_clusters = 2}), ilk::Error);
  EXPECT_THROW(ilk::euclidean_kmeans(points, {.n_clusters = 901}), ilk::Error);
}

}  // namespace
