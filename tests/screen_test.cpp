// Screening may rule out only what cannot be best: labels and sums are those of a plain search over all exact
// scores, for any data, iteration, number of threads and kind of processor.
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>
#include <ilk/parallel.h>
#include <ilk/random.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <set>

#include "cluster/centre_groups.h"
#include "cluster/kmeans_init.h"
#include "cluster/lloyd.h"
#include "matrices.h"
#include "targets.h"

namespace {

using ilk::Matrix;
using ilk::MatrixView;
using ilk::QuantisedRows;
using ilk::internal::Geometry;
using ilk::internal::Lloyd;
using ilk::internal::ScreenedPoints;
using ilk::kernels::kernels;

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += static_cast<double>(a[j]) * b[j];
  return sum;
}

/// f(number, row, column) of each number.
Matrix<float> changed(Matrix<float> matrix,
                      const std::function<float(float, std::int64_t, std::int64_t)>& f) {
  for (std::int64_t i = 0; i < matrix.rows(); ++i)
    for (std::int64_t j = 0; j < matrix.columns(); ++j) matrix[i][j] = f(matrix[i][j], i, j);
  return matrix;
}
Matrix<float> plus(MatrixView<const float> matrix, float value) {
  return changed(Matrix<float>(matrix), [&](float x, auto, auto) { return x + value; });
}
Matrix<float> times(MatrixView<const float> matrix, float factor) {
  return changed(Matrix<float>(matrix), [&](float x, auto, auto) { return x * factor; });
}

/// Row i is of group i mod `groups`.
Matrix<float> grouped(std::int64_t n, std::int64_t d, std::int64_t groups, double spread,
                      std::uint64_t seed) {
  const auto centres = random_matrix(groups, d, seed);
  return changed(random_matrix(n, d, seed + 1), [&](float x, std::int64_t i, std::int64_t j) {
    return centres[i % groups][j] + static_cast<float>(spread) * x;
  });
}

/// The plain search: every exact score, ties to the lower number.
std::vector<std::int32_t> slow_labels(MatrixView<const float> points, MatrixView<const float> centres,
                                      Geometry geometry) {
  const std::int64_t d = points.columns();
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < points.rows(); ++i) {
    double best = 0;
    std::int32_t label = 0;
    for (std::int64_t j = 0; j < centres.rows(); ++j) {
      const double score = kernels().dot_f64(points[i], centres[j], d) -
                           (geometry == Geometry::cosine ? 0 : kernels().sum_of_squares(centres[j], d) / 2);
      if (j == 0 || score > best) best = score, label = static_cast<std::int32_t>(j);
    }
    labels.push_back(label);
  }
  return labels;
}

/// The sums and sizes of a start are those of its labels, to `tolerance`.
void expect_sums_of_labels(MatrixView<const float> points, const Lloyd::Start& start, double tolerance) {
  Matrix<double> sums(start.sums.rows(), start.sums.columns());
  std::vector<std::int64_t> sizes(start.sizes.size());
  for (std::int64_t i = 0; i < points.rows(); ++i) {
    const std::int32_t label = start.labels[static_cast<std::size_t>(i)];
    ++sizes[static_cast<std::size_t>(label)];
    for (std::int64_t j = 0; j < points.columns(); ++j) sums[label][j] += static_cast<double>(points[i][j]);
  }
  ASSERT_EQ(sizes, start.sizes);
  for (std::int64_t i = 0; i < sums.size(); ++i) ASSERT_NEAR(sums.data()[i], start.sums.data()[i], tolerance);
}

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

/// k-means++ for one start as it reads: all distances (halved squares of points in 16 bits), nothing passed
/// by.
std::vector<std::int64_t> slow_first_centres(const ScreenedPoints& screened,
                                             const ilk::KMeansOptions& options, std::uint64_t start) {
  const std::int64_t n = screened.size(), d = screened.dimensions(), k = options.n_clusters, block = 256;
  QuantisedRows left(QuantisedRows::Side::left, 16, n, d);
  for (std::int64_t i = 0; i < n; ++i) left.set(i, screened.row(i), screened.origin().data());
  std::vector<std::int32_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  const auto distances_from = [&](std::int64_t candidate) {
    QuantisedRows right(QuantisedRows::Side::right, 16, 1, d);
    right.set(0, screened.row(candidate), screened.origin().data());
    const std::int64_t stride = QuantisedRows::tile;
    std::vector<float> out(static_cast<std::size_t>(n * stride)),
        none(static_cast<std::size_t>(stride), 0.0f), distances;
    ilk::byte_products(left, all.data(), nullptr, n, right, 0, stride, none.data(), out.data(), stride);
    for (std::int64_t i = 0; i < n; ++i)
      distances.push_back(std::max(0.0f, left.half_square(i) + left.half_square(candidate) -
                                             out[static_cast<std::size_t>(i * stride)]));
    return distances;
  };
  ilk::RandomStream random(options.seed, "kmeans", start);
  std::vector<float> lowest(static_cast<std::size_t>(n), std::numeric_limits<float>::max());
  std::vector<std::int64_t> chosen;
  const auto draw = [&]() -> std::int64_t {
    std::vector<double> sums;
    double total = 0;
    for (std::int64_t begin = 0; begin < n; begin += block) {
      double sum = 0;
      for (std::int64_t i = begin; i < std::min(n, begin + block); ++i)
        sum += lowest[static_cast<std::size_t>(i)];
      sums.push_back(sum);
      total += sum;
    }
    while (!(total > 0))
      if (const std::int64_t i = random.below(n); std::find(chosen.begin(), chosen.end(), i) == chosen.end())
        return i;
    double rest = random.uniform() * total;
    std::size_t place = 0;
    while (place + 1 < sums.size() && rest >= sums[place]) rest -= sums[place++];
    while (place > 0 && sums[place] == 0) --place;
    std::int64_t drawn = -1;
    const std::int64_t begin = static_cast<std::int64_t>(place) * block;
    for (std::int64_t i = begin; i < std::min(n, begin + block) && !(drawn >= 0 && rest < 0); ++i)
      if (const float weight = lowest[static_cast<std::size_t>(i)]; weight > 0) drawn = i, rest -= weight;
    return drawn;
  };
  for (std::int64_t centre = 0; centre < k; ++centre) {
    std::vector<std::int64_t> candidates;
    for (std::int64_t trial = 0; trial < (centre == 0 ? 1 : ilk::internal::trials_per_centre(k)); ++trial)
      candidates.push_back(centre == 0 ? random.below(n) : draw());
    double most = -1;
    std::vector<float> best;
    std::int64_t winner = -1;
    for (const std::int64_t candidate : candidates) {
      const auto distances = distances_from(candidate);
      double gain = 0;
      for (std::int64_t begin = 0; begin < n; begin += block) {
        double of_block = 0;
        for (std::int64_t i = begin; i < std::min(n, begin + block); ++i)
          of_block += std::max(0.0, static_cast<double>(lowest[static_cast<std::size_t>(i)]) -
                                        static_cast<double>(distances[static_cast<std::size_t>(i)]));
        gain += of_block;
      }
      if (gain > most) most = gain, best = distances, winner = candidate;
    }
    chosen.push_back(winner);
    for (std::size_t i = 0; i < lowest.size(); ++i) lowest[i] = std::min(lowest[i], best[i]);
  }
  return chosen;
}

TEST(KMeansStart, DrawsWhatAPlainOneDrawsAndKnowsNearestCentres) {
  struct Case {
    std::string name;
    Matrix<float> rows;
    std::int64_t k;
  };
  const auto nine = random_matrix(9, 20, 3), noise = random_matrix(360, 1, 8);
  const auto copies =
      changed(Matrix<float>(360, 20), [&](float, std::int64_t i, std::int64_t j) { return nine[i % 9][j]; });
  std::vector<Case> cases;
  cases.push_back({"even", random_matrix(700, 40, 1), 10});
  cases.push_back({"groups", grouped(900, 60, 8, 0.1, 2), 8});
  cases.push_back({"wide groups", grouped(600, 30, 5, 0.7, 5), 23});
  cases.push_back({"copies", copies.copy(), 12});
  cases.push_back(
      {"nearly copies",
       changed(copies.copy(),
               [&](float x, std::int64_t i, std::int64_t j) { return j == 4 ? x + 1e-6f * noise[i][0] : x; }),
       12});
  cases.push_back({"as many as points", grouped(40, 7, 4, 0.3, 6), 40});
  cases.push_back({"more than 64", grouped(600, 30, 90, 0.2, 7), 70});
  cases.push_back({"one column", random_matrix(300, 1, 9), 3});
  cases.push_back({"one centre", random_matrix(300, 8, 10), 1});
  cases.push_back({"equal", Matrix<float>::filled(50, 5, 1), 4});
  for (const Case& one : cases)
    for (const Geometry geometry : {Geometry::cosine, Geometry::euclidean}) {
      SCOPED_TRACE(one.name);
      const auto points = geometry == Geometry::cosine ? unit_rows(one.rows.copy()) : plus(one.rows, 30);
      const ilk::KMeansOptions options{.n_clusters = one.k, .seed = 5};
      const std::int64_t n_starts = 3;
      Matrix<std::int64_t> first_found;
      for_each_target([&] {
        const ScreenedPoints screened(points, one.k);
        const auto found =
            ilk::internal::first_centres(screened, geometry, options, 0, n_starts, ilk::silent());
        if (first_found.empty()) first_found = found.centres.copy();
        EXPECT_TRUE(equal(found.centres, first_found));
        ASSERT_FALSE(found.labels.empty());
        Lloyd lloyd(screened, one.k, n_starts, geometry);
        for (std::int64_t i = 0; i < n_starts; ++i)
          lloyd.start(i).centroids = rows_of(points, found.centres.row(i));
        lloyd.begin_with(found.labels, found.margins);
        lloyd.assign({0, 1, 2});
        std::int64_t known = 0;
        for (std::int64_t i = 0; i < n_starts; ++i) {
          const auto centres = found.centres.row(i);
          EXPECT_EQ(slow_first_centres(screened, options, static_cast<std::uint64_t>(i)),
                    std::vector<std::int64_t>(centres.begin(), centres.end()));
          const Lloyd::Start& start = lloyd.start(i);
          for (std::int64_t p = 0; p < points.rows(); ++p) {
            const double margin = found.margins[i][p];
            if (!(margin > 0)) continue;
            ++known;
            const auto score = [&](std::int64_t j) {
              const auto centre = start.centroids.row(j);
              return dot(points.row(p), centre) -
                     (geometry == Geometry::cosine ? 0 : dot(centre, centre) / 2);
            };
            const std::int32_t own = found.labels[i][p];
            for (std::int64_t j = 0; j < one.k; ++j) {
              if (j != own) {
                ASSERT_GE(score(own) - score(j), margin);
              }
            }
          }
          EXPECT_EQ(start.labels, slow_labels(points, start.centroids, geometry)) << i;
          expect_sums_of_labels(points, start, 1e-4);
        }
        if (one.name == "groups") {
          EXPECT_EQ(known, n_starts * points.rows());
        }
      });
    }
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
