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
#include <limits>
#include <numeric>
#include <set>

#include "../src/cluster/blocks.h"
#include "../src/cluster/centre_groups.h"
#include "../src/cluster/kmeans_start.h"
#include "../src/cluster/lloyd.h"
#include "../src/cluster/row_loops.h"
#include "registers.h"

namespace {

using ilk::internal::ByteRows;
using ilk::internal::Geometry;
using ilk::internal::Lloyd;
using ilk::internal::ScreenedPoints;

torch::Tensor normal_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "screen");
  auto rows = torch::empty({n, d});
  for (std::int64_t i = 0; i < n * d; ++i) rows.data_ptr<float>()[i] = static_cast<float>(random.normal());
  return rows;
}

torch::Tensor unit(const torch::Tensor& rows) {
  return ilk::normalise_rows(rows, "test", "rows");
}

torch::Tensor grouped(std::int64_t n, std::int64_t d, std::int64_t groups, double spread,
                      std::uint64_t seed) {
  return normal_rows(groups, d, seed).index_select(0, torch::arange(n) % groups) +
         spread * normal_rows(n, d, seed + 1);
}

/// The plain search: every exact score, ties to the lower number.
torch::Tensor slow_labels(const torch::Tensor& points, const torch::Tensor& centres, Geometry geometry) {
  const std::int64_t n = points.size(0), k = centres.size(0), d = points.size(1);
  auto labels = torch::empty({n}, torch::kInt32);
  for (std::int64_t i = 0; i < n; ++i) {
    double best = 0;
    for (std::int64_t j = 0; j < k; ++j) {
      const float *point = points.data_ptr<float>() + i * d, *centre = centres.data_ptr<float>() + j * d;
      const double score =
          ilk::internal::exact_dot(point, centre, d) -
          (geometry == Geometry::cosine ? 0 : ilk::internal::exact_dot(centre, centre, d) / 2);
      if (j == 0 || score > best)
        best = score, labels.data_ptr<std::int32_t>()[i] = static_cast<std::int32_t>(j);
    }
  }
  return labels;
}

/// Follows Lloyd's iterations and compares each assignment with the plain one.
void expect_plain_lloyd(const std::string& name, const torch::Tensor& points, const torch::Tensor& centres,
                        Geometry geometry, int iterations) {
  for (const bool without_bytes : {false, true})
    for (const std::int64_t memory : {ScreenedPoints::most_memory, std::int64_t{0}}) {
      const WithoutWideRegisters way(without_bytes);
      const ScreenedPoints screened(points, centres.size(0), memory);
      Lloyd lloyd(points, &screened, centres.size(0), 1, geometry);
      Lloyd::Start& start = lloyd.start(0);
      start.centroids.copy_(centres);
      for (int iteration = 0; iteration < iterations; ++iteration) {
        if (iteration > 0) lloyd.update(0);
        lloyd.assign({0});
        const auto expected = slow_labels(points, start.centroids.contiguous(), geometry);
        ASSERT_TRUE(start.labels.equal(expected)) << name << " " << without_bytes << " " << iteration;
        const auto sums = torch::zeros_like(start.sums)
                              .index_add_(0, expected.to(torch::kInt64), points.to(torch::kFloat64));
        ASSERT_LT((sums - start.sums).abs().max().item<double>(),
                  1e-6 * points.abs().max().item<double>() * 100)
            << name;
        const auto sizes = expected.to(torch::kInt64).bincount({}, centres.size(0));
        ASSERT_TRUE(sizes.equal(torch::tensor(start.sizes, torch::kInt64))) << name;
      }
    }
}

TEST(Screen, LabelsAreThoseOfAPlainSearchInEveryIteration) {
  // Widths that fill groups and chunks of bytes and that do not; numbers of centres for 16 bits and for 8.
  for (const std::int64_t d : {1, 7, 64, 600})
    for (const std::int64_t k : {1, 5, 70}) {
      const auto name = std::to_string(d) + " " + std::to_string(k);
      for (const auto& rows : {normal_rows(500, d, 1), grouped(500, d, 20, 0.3, 2)}) {
        expect_plain_lloyd("cosine " + name, unit(rows), unit(rows).slice(0, 0, k), Geometry::cosine, 5);
        expect_plain_lloyd("distance " + name, rows, rows.slice(0, 0, k).contiguous(), Geometry::euclidean,
                           5);
      }
    }
}

TEST(Screen, NearTiesAndDuplicatesAreSettledExactly) {
  // Centres one rounding apart, and copies of them; points that are copies, and points halfway between
  // centres.
  const std::int64_t d = 48;
  auto centres = unit(normal_rows(80, d, 5));
  for (std::int64_t j = 20; j < 60; ++j) {
    centres[j] = centres[j % 20];
    if (j < 40) centres[j][j % d] = std::nextafter(centres[j][j % d].item<float>(), 1.0f);
  }
  auto points = torch::cat({centres.slice(0, 0, 20), centres.slice(0, 20, 40), centres.slice(0, 0, 20)});
  points = torch::cat({points, unit(centres.slice(0, 0, 60) + centres.slice(0, 1, 61)), points});
  for (const std::int64_t k : {50, 80})
    for (const Geometry geometry : {Geometry::cosine, Geometry::euclidean})
      expect_plain_lloyd("ties", points, centres.slice(0, 0, k).contiguous(), geometry, 6);
}

TEST(Screen, RowsOfAllSizesAndFarFromTheOrigin) {
  auto rows = grouped(300, 40, 9, 0.5, 3);
  expect_plain_lloyd("far", rows + 1000, (rows + 1000).slice(0, 0, 12).contiguous(), Geometry::euclidean, 4);
  expect_plain_lloyd("large", rows * 1e12, (rows * 1e12).slice(0, 0, 12).contiguous(), Geometry::euclidean,
                     4);
  expect_plain_lloyd("small", rows * 1e-12, (rows * 1e-12).slice(0, 0, 70).contiguous(), Geometry::euclidean,
                     4);
  rows.select(1, 3).mul_(1e6);  // one coordinate outshines the rest
  rows[5].zero_();
  for (const std::int64_t k : {12, 70})
    expect_plain_lloyd("uneven", rows, rows.slice(0, 0, k).contiguous(), Geometry::euclidean, 4);
  expect_plain_lloyd("equal", torch::ones({70, 9}), torch::ones({66, 9}), Geometry::euclidean, 2);
}

TEST(Screen, SmallNumbersAreWithinTheirBounds) {
  if (!ilk::internal::has_byte_products()) GTEST_SKIP() << "this processor has no byte products";
  for (const int bits : {8, 16})
    for (const std::int64_t d : {1, 31, 512, 513, 1100}) {
      auto rows = normal_rows(64, d, 7);
      rows[1].zero_();
      rows[2] *= 1e-25;
      rows[3] *= 1e10;
      rows[4].zero_()[0] = 3;                           // all in one coordinate
      rows[5] = torch::full({d}, -1.0f);                // all coordinates alike
      rows[6] = rows[6].sign() * rows[6].abs().pow(6);  // a few large coordinates
      ByteRows left(ByteRows::Side::left, bits, 64, d, bits == 8),
          right(ByteRows::Side::right, bits, 64, d, bits == 8);
      std::vector<std::int32_t> numbers(64);
      for (std::int64_t i = 0; i < 64; ++i) {
        numbers[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i);
        left.set(i, rows.data_ptr<float>() + i * d, nullptr);
        right.set(i, rows.data_ptr<float>() + i * d, nullptr);
      }
      std::vector<float> bias(64, 0.0f), out(64 * 64);
      ilk::internal::byte_products(left, numbers.data(), nullptr, 63, right, 0, 64, bias.data(), out.data(),
                                   64);
      const auto exact = rows.to(torch::kFloat64).matmul(rows.to(torch::kFloat64).t());
      for (std::int64_t i = 0; i < 63; ++i)
        for (std::int64_t j = 0; j < 64; ++j) {
          const double bound = 1.001 * (static_cast<double>(left.error(i)) * right.length(j) +
                                        static_cast<double>(left.length(i)) * right.error(j)) +
                               1e-6 * left.length(i) * right.length(j);
          const double product = out[static_cast<std::size_t>(i * 64 + j)],
                       truth = exact[i][j].item<double>();
          ASSERT_LE(std::fabs(product - truth), bound) << bits << " " << d << " " << i << " " << j;
          if (bits == 16) continue;
          const double closer =
              ilk::internal::rest_product_error(left.error(i), left.rest_error(i), left.length(i),
                                                right.error(j), right.rest_error(j), right.length(j)) +
              1e-6 * left.length(i) * right.length(j);
          ASSERT_LE(std::fabs(product + ilk::internal::rest_product(left, i, right, j) - truth), closer)
              << d << " " << i << " " << j;
          if (i >= 10 && j >= 10 && d >= 31) {
            ASSERT_LT(closer, bound / 20) << "a closer look is worth it";
          }
        }
      // Some rows, to some rows of the result, from a tile on.
      const std::int32_t some[] = {9, 3, 40, 11, 12}, to[] = {4, 0, 1, 3, 2};
      std::vector<float> few(5 * 24, -1.0f);
      ilk::internal::byte_products(left, some, to, 5, right, 8, 24, bias.data(), few.data(), 24);
      for (std::size_t p = 0; p < 5; ++p)
        for (std::size_t j = 0; j < 24; ++j)
          ASSERT_EQ(few[static_cast<std::size_t>(to[p]) * 24 + j],
                    out[static_cast<std::size_t>(some[p]) * 64 + 8 + j]);
    }
}

TEST(Screen, SixteenBitsGiveTheSameNumbersForAnyCountAndProcessor) {
  for (const std::int64_t d : {1, 40, 513, 1500})
    for (const std::int64_t n : {1, 3, 4, 7, 8, 10, 12, 13, 16, 20, 28, 31, 45}) {
      const auto rows = normal_rows(n, d, 17);
      ByteRows left(ByteRows::Side::left, 16, n, d), right(ByteRows::Side::right, 16, n, d);
      std::vector<std::int32_t> numbers(static_cast<std::size_t>(n));
      std::iota(numbers.begin(), numbers.end(), 0);
      const std::int64_t stride = ByteRows::padded(n);
      const std::vector<float> none(static_cast<std::size_t>(stride), 0.0f);
      const auto products = [&](bool plain) {
        const WithoutWideRegisters way(plain);
        for (std::int64_t i = 0; i < n; ++i) {
          left.set(i, rows.data_ptr<float>() + i * d, nullptr);
          right.set(i, rows.data_ptr<float>() + i * d, nullptr);
        }
        std::vector<float> out(static_cast<std::size_t>(n * stride));
        ilk::internal::byte_products(left, numbers.data(), nullptr, n, right, 0, stride, none.data(),
                                     out.data(), stride);
        return out;
      };
      const auto plain = products(true), fast = products(false);
      EXPECT_EQ(fast, plain) << d << " " << n;
      const auto exact = rows.to(torch::kFloat64).matmul(rows.to(torch::kFloat64).t());
      for (std::int64_t i = 0; i < n; ++i) {
        // So that the distance of a copy is 0.
        EXPECT_EQ(2 * left.half_square(i), fast[static_cast<std::size_t>(i * stride + i)]) << d << " " << i;
        for (std::int64_t j = 0; j < n; ++j)
          ASSERT_LE(std::fabs(static_cast<double>(fast[static_cast<std::size_t>(i * stride + j)]) -
                              exact[i][j].item<double>()),
                    1.001 * (static_cast<double>(left.error(i)) * right.length(j) +
                             static_cast<double>(left.length(i)) * right.error(j)) +
                        1e-6 * left.length(i) * right.length(j));
      }
    }
}

/// k-means++ for one start as it reads: all distances (halved squares of points in 16 bits), nothing passed
/// by.
std::vector<std::int64_t> slow_first_centres(const ScreenedPoints& screened,
                                             const ilk::KMeansOptions& options, std::uint64_t start) {
  const std::int64_t n = screened.size(), d = screened.dimensions(), k = options.n_clusters, block = 256;
  ByteRows left(ByteRows::Side::left, 16, n, d);
  for (std::int64_t i = 0; i < n; ++i) left.set(i, screened.row(i), screened.middle().data());
  std::vector<std::int32_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  const auto distances_from = [&](std::int64_t candidate) {
    ByteRows right(ByteRows::Side::right, 16, 1, d);
    right.set(0, screened.row(candidate), screened.middle().data());
    std::vector<float> out(static_cast<std::size_t>(n * 8)), none(8, 0.0f), distances;
    ilk::internal::byte_products(left, all.data(), nullptr, n, right, 0, 8, none.data(), out.data(), 8);
    for (std::int64_t i = 0; i < n; ++i)
      distances.push_back(std::max(
          0.0f, left.half_square(i) + left.half_square(candidate) - out[static_cast<std::size_t>(i * 8)]));
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
    torch::Tensor rows;
    std::int64_t k;
  };
  auto copies = normal_rows(9, 20, 3).repeat({40, 1});
  auto nearly = copies.clone();
  nearly.select(1, 4).add_(1e-6 * normal_rows(360, 1, 8).squeeze(1));
  std::vector<Case> cases{{"even", normal_rows(700, 40, 1), 10},
                          {"groups", grouped(900, 60, 8, 0.1, 2), 8},
                          {"wide groups", grouped(600, 30, 5, 0.7, 5), 23},
                          {"copies", copies, 12},
                          {"nearly copies", nearly, 12},
                          {"as many as points", grouped(40, 7, 4, 0.3, 6), 40},
                          {"more than 64", grouped(600, 30, 90, 0.2, 7), 70},
                          {"one column", normal_rows(300, 1, 9), 3},
                          {"one centre", normal_rows(300, 8, 10), 1},
                          {"equal", torch::ones({50, 5}), 4}};
  for (const Case& one : cases)
    for (const Geometry geometry : {Geometry::cosine, Geometry::euclidean}) {
      const auto points = (geometry == Geometry::cosine ? unit(one.rows) : one.rows + 30).contiguous();
      const ilk::KMeansOptions options{.n_clusters = one.k, .seed = 5};
      const std::int64_t n_starts = 3;
      torch::Tensor first_found;
      for (const bool without_bytes : {false, true}) {
        const WithoutWideRegisters way(without_bytes);
        const ScreenedPoints screened(points, one.k);
        const auto found =
            ilk::internal::first_centres(points, &screened, geometry, options, 0, n_starts, ilk::silent());
        if (!first_found.defined()) first_found = found.centres;
        EXPECT_TRUE(found.centres.equal(first_found)) << one.name;
        ASSERT_TRUE(found.labels.defined()) << one.name;
        Lloyd lloyd(points, &screened, one.k, n_starts, geometry);
        for (std::int64_t i = 0; i < n_starts; ++i)
          lloyd.start(i).centroids.copy_(points.index_select(0, found.centres[i]));
        lloyd.begin_with(found.labels, found.margins);
        lloyd.assign({0, 1, 2});
        std::int64_t known = 0;
        for (std::int64_t i = 0; i < n_starts; ++i) {
          EXPECT_EQ(slow_first_centres(screened, options, static_cast<std::uint64_t>(i)),
                    std::vector<std::int64_t>(found.centres[i].data_ptr<std::int64_t>(),
                                              found.centres[i].data_ptr<std::int64_t>() + one.k))
              << one.name;
          Lloyd::Start& start = lloyd.start(i);
          const auto centres = start.centroids.to(torch::kFloat64);
          auto scores = points.to(torch::kFloat64).matmul(centres.t());
          if (geometry == Geometry::euclidean) scores -= centres.square().sum(1) / 2;
          const auto labels = found.labels[i].to(torch::kInt64).unsqueeze(1);
          const auto own = scores.gather(1, labels);
          const auto others = scores.scatter(1, labels, -std::numeric_limits<double>::infinity());
          const auto margin = found.margins[i].to(torch::kFloat64).unsqueeze(1);
          EXPECT_TRUE(((own - others >= margin) | (margin <= 0)).all().item<bool>()) << one.name;
          known += (margin > 0).sum().item<std::int64_t>();
          EXPECT_TRUE(start.labels.equal(slow_labels(points, start.centroids.contiguous(), geometry)))
              << one.name << " " << i;
          const auto whole = start.labels.to(torch::kInt64);
          const auto sums = torch::zeros_like(start.sums).index_add_(0, whole, points.to(torch::kFloat64));
          EXPECT_LT((sums - start.sums).abs().max().item<double>(), 1e-4) << one.name;
          EXPECT_TRUE(whole.bincount({}, one.k).equal(torch::tensor(start.sizes, torch::kInt64))) << one.name;
        }
        if (one.name == "groups") {
          EXPECT_EQ(known, n_starts * points.size(0));
        }
      }
    }
}

TEST(Screen, GroupsOfCentresThatAreSkippedHoldNoBetterOne) {
  // More centres than groups of points, so that a point's best centres are in one or two groups.
  const auto rows = grouped(1200, 40, 30, 0.4, 21);
  for (const Geometry geometry : {Geometry::cosine, Geometry::euclidean}) {
    const auto points = geometry == Geometry::cosine ? unit(rows) : rows;
    expect_plain_lloyd("groups", points, points.slice(0, 0, 150).contiguous(), geometry, 8);
  }
  // A repair in between: bounds do not hold any more.
  const auto points = unit(rows);
  const ScreenedPoints screened(points, 120);
  Lloyd lloyd(points, &screened, 120, 1, Geometry::cosine);
  Lloyd::Start& start = lloyd.start(0);
  start.centroids.copy_(points.slice(0, 0, 120));
  start.centroids[7].copy_(-points.mean(0) / points.mean(0).norm());  // nobody's
  std::int64_t repaired = 0, skipped = 0;
  for (int iteration = 0; iteration < 8; ++iteration) {
    if (iteration > 0) lloyd.update(0);
    if (iteration == 4) start.centroids[9].copy_(start.centroids[7]), start.bounded = false;
    lloyd.assign({0});
    ASSERT_TRUE(start.labels.equal(slow_labels(points, start.centroids.contiguous(), Geometry::cosine)));
    skipped += points.size(0) - start.searched;
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
  EXPECT_EQ(ilk::internal::order_by_likeness(torch::ones({40, 3}), 16).size(), 40u);
}

TEST(RowLoops, WideOnesEqualPlainOnes) {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  for (const std::int64_t n : {1, 7, 8, 16, 29, 208}) {
    auto numbers = normal_rows(1, n, static_cast<std::uint64_t>(n));
    float* values = numbers.data_ptr<float>();
    values[n / 2] = -infinity;
    for (const float threshold : {-infinity, -0.5f, values[n - 1], 9.0f, nan}) {
      std::vector<std::int32_t> wide(static_cast<std::size_t>(n)), plain = wide;
      wide.resize(static_cast<std::size_t>(ilk::internal::not_below(values, n, threshold, wide.data())));
      plain.resize(
          static_cast<std::size_t>(ilk::internal::not_below_plain(values, n, threshold, plain.data())));
      EXPECT_EQ(wide, plain) << n << " " << threshold;
    }
    if (n % 8 == 0) {
      std::vector<float> wide(static_cast<std::size_t>(n / 8)), plain = wide;
      ilk::internal::group_tops(values, n / 8, 8, wide.data());
      ilk::internal::group_tops_plain(values, n / 8, 8, plain.data());
      EXPECT_EQ(wide, plain) << n;
    }
    const auto top = ilk::internal::top_two(values, n), plain_top = ilk::internal::top_two_plain(values, n);
    EXPECT_EQ(top.first, plain_top.first) << n;
    EXPECT_EQ(top.second, plain_top.second) << n;
    std::vector<float> left(values, values + n), costs(left.size(), 0.25f);
    const float least = ilk::internal::spend(left.data(), costs.data(), 0.5f, n);
    EXPECT_EQ(least, *std::min_element(left.begin(), left.end()));
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (std::isinf(values[i])) continue;
      EXPECT_NEAR(left[i], values[i] - 0.75f, 1e-5);
      if (values[i] > 0.75f) {
        EXPECT_LE(left[i], values[i] - 0.75f);
      }
    }
  }
}

TEST(Screen, ResultsAreTheSameWithAndWithoutByteProducts) {
  const auto points = unit(grouped(1500, 40, 30, 1.0, 9));
  for (const std::int64_t k : {10, 90}) {
    const ilk::KMeansOptions options{.n_clusters = k, .n_init = 2, .max_iterations = 15, .tolerance = 0};
    const auto fast = ilk::kmeans(points, options);
    const auto found = ilk::nearest_neighbours(points.slice(0, 0, 300), points, k);
    const auto assigned = ilk::assign_to_nearest(points, fast.centroids);
    const WithoutWideRegisters way(true);
    const auto slow = ilk::kmeans(points, options);
    EXPECT_TRUE(fast.labels.equal(slow.labels));
    EXPECT_TRUE(fast.centroids.equal(slow.centroids));
    EXPECT_EQ(fast.objectives, slow.objectives);
    const auto expected = ilk::nearest_neighbours(points.slice(0, 0, 300), points, k);
    EXPECT_TRUE(found.indices.equal(expected.indices));
    EXPECT_TRUE(found.cosines.equal(expected.cosines));
    const auto again = ilk::assign_to_nearest(points, fast.centroids);
    EXPECT_TRUE(assigned.labels.equal(again.labels));
    EXPECT_TRUE(assigned.scores.equal(again.scores));
    EXPECT_TRUE(assigned.second_labels.equal(again.second_labels));
  }
}

TEST(EuclideanKMeans, FindsGroupsOfAnyLengthAndItsObjectiveIsMinusTheMeanSquare) {
  const auto points = grouped(900, 12, 6, 0.05, 11) * 3 + 7;
  for (const bool plain : {false, true}) {
    ilk::internal::plain_path() = plain;
    const auto found = ilk::euclidean_kmeans(points, {.n_clusters = 6, .n_init = 5});
    ilk::internal::plain_path() = false;
    const auto own = found.centroids.index_select(0, found.labels);
    EXPECT_NEAR(found.objective, -(points - own).square().sum(1).mean().item<double>(), 1e-3);
    EXPECT_GT(found.objective, -0.5);
    for (std::size_t i = 1; i < found.objectives.size(); ++i)
      EXPECT_GE(found.objectives[i], found.objectives[i - 1] - 1e-3);
    const auto members = found.labels.view({-1, 6});  // point i was made of group i mod 6
    EXPECT_TRUE(members.eq(members[0]).all().item<bool>());
    EXPECT_EQ(found.duplicates, 0);
  }
  auto broken = points.clone();
  broken[4][1] = INFINITY;
  EXPECT_THROW(ilk::euclidean_kmeans(broken, {.n_clusters = 2}), ilk::Error);
  EXPECT_THROW(ilk::euclidean_kmeans(points, {.n_clusters = 901}), ilk::Error);
}

}  // namespace
