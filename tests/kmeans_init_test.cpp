// First centres drawn with screening are those of a plain draw.
#include <gtest/gtest.h>
#include <ilk/kmeans.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "cluster/kmeans_init.h"
#include "cluster/lloyd.h"
#include "core/random.h"
#include "matrices.h"
#include "plain_lloyd.h"
#include "targets.h"

namespace {

using ilk::Matrix;
using ilk::QuantisedRows;
using ilk::internal::Geometry;
using ilk::internal::Lloyd;
using ilk::internal::ScreenedPoints;

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

}  // namespace
