#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>
#include <ilk/threads.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "core/random.h"
#include "matrices.h"
#include "targets.h"

namespace {

using Indices = std::vector<std::int64_t>;

Indices row_of(const ilk::Matrix<std::int64_t>& matrix, std::int64_t i) {
  return {matrix.row(i).begin(), matrix.row(i).end()};
}

/// Rows whose cosines are multiples of 1/16, exact in floats: signs over sixteen coordinates, so ties abound.
ilk::Matrix<float> sign_rows(std::int64_t n, std::uint64_t seed) {
  ilk::RandomStream random(seed, "signs");
  auto rows = ilk::Matrix<float>::uninitialised(n, 16);
  for (float& value : rows.flat()) value = random.below(2) ? 0.25f : -0.25f;
  return rows;
}

ilk::Matrix<float> copies_of(std::span<const float> row, std::int64_t n) {
  auto rows = ilk::Matrix<float>::uninitialised(n, static_cast<std::int64_t>(row.size()));
  for (std::int64_t i = 0; i < n; ++i) std::ranges::copy(row, rows[i]);
  return rows;
}

/// All cosines, sorted one row at a time; ties by index.
ilk::Neighbours slow_neighbours(const ilk::Matrix<float>& queries, const ilk::Matrix<float>& base,
                                std::int64_t k) {
  ilk::Neighbours found{ilk::Matrix<std::int64_t>(queries.rows(), k), ilk::Matrix<float>(queries.rows(), k)};
  for (std::int64_t q = 0; q < queries.rows(); ++q) {
    std::vector<std::pair<double, std::int64_t>> order;
    for (std::int64_t b = 0; b < base.rows(); ++b) order.push_back({-dot(queries.row(q), base.row(b)), b});
    std::sort(order.begin(), order.end());
    for (std::int64_t i = 0; i < k; ++i) {
      found.indices[q][i] = order[static_cast<std::size_t>(i)].second;
      found.cosines[q][i] = static_cast<float>(-order[static_cast<std::size_t>(i)].first);
    }
  }
  return found;
}

TEST(NearestNeighbours, EqualASlowSearchWithTiesToTheLowerIndex) {
  // Shapes that need one and several query blocks, base tiles and segments of the base.
  const std::pair<std::int64_t, std::int64_t> shapes[] = {{3, 5000}, {300, 1500}, {9, 60}};
  for (const auto& [q, b] : shapes) {
    const auto queries = sign_rows(q, 1), base = sign_rows(b, 2);
    for (const std::int64_t k : {std::int64_t{1}, std::int64_t{7}, std::int64_t{50}}) {
      const auto expected = slow_neighbours(queries, base, k);
      for_each_target([&, q = q, b = b] {
        const auto found = ilk::nearest_neighbours(queries, base, k);
        EXPECT_TRUE(equal(found.indices, expected.indices)) << q << " " << b << " " << k;
        EXPECT_TRUE(equal(found.cosines, expected.cosines)) << q << " " << b << " " << k;
      });
    }
  }
}

TEST(NearestNeighbours, TheWholeBaseInOrder) {
  const auto queries = random_unit_rows(4, 12, 3), base = random_unit_rows(1100, 12, 4);
  const auto expected = slow_neighbours(queries, base, 1100);
  Indices all(1100);
  std::iota(all.begin(), all.end(), 0);
  for_each_target([&] {
    const auto found = ilk::nearest_neighbours(queries, base, 1100);
    EXPECT_LT(largest_difference(found.cosines, expected.cosines), 1e-6);
    for (std::int64_t q = 0; q < 4; ++q) {
      Indices sorted = row_of(found.indices, q);
      std::sort(sorted.begin(), sorted.end());
      EXPECT_EQ(sorted, all);
    }
  });
}

TEST(NearestNeighbours, BitIdenticalForAnyNumberOfThreads) {
  const auto queries = random_unit_rows(700, 24, 5), base = random_unit_rows(2500, 24, 6);
  ilk::set_threads(1);
  const auto one = ilk::nearest_neighbours(queries, base, 10);
  for (const int threads : {2, 3, 5}) {
    ilk::set_threads(threads);
    const auto other = ilk::nearest_neighbours(queries, base, 10);
    EXPECT_TRUE(equal(other.indices, one.indices));
    EXPECT_TRUE(equal(other.cosines, one.cosines));
  }
  ilk::set_threads(0);
}

TEST(NearestNeighbours, OneColumnAndCopies) {
  const auto line = matrix_of({{1}, {-1}, {1}, {-1}});
  const auto copies = copies_of(std::vector<float>{0.6f, 0.8f}, 30);
  for_each_target([&] {
    const auto on_line = ilk::nearest_neighbours(line, line, 3);
    EXPECT_EQ(row_of(on_line.indices, 0), (Indices{0, 2, 1}));
    EXPECT_EQ(row_of(on_line.indices, 1), (Indices{1, 3, 0}));
    EXPECT_EQ(row_of(on_line.indices, 2), (Indices{0, 2, 1}));
    EXPECT_EQ(row_of(on_line.indices, 3), (Indices{1, 3, 0}));
    const auto of_copies = ilk::nearest_neighbours(copies, copies, 5);
    for (std::int64_t i = 0; i < 30; ++i) EXPECT_EQ(row_of(of_copies.indices, i), (Indices{0, 1, 2, 3, 4}));
  });
}

TEST(NearestNeighbours, BadInputNamesTheRuleAndTheValue) {
  const auto error = [](const ilk::Matrix<float>& queries, const ilk::Matrix<float>& base, std::int64_t k) {
    return error_of([&] { ilk::nearest_neighbours(queries, base, k); });
  };
  const auto eye = matrix_of({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
  EXPECT_EQ(error(eye, eye, 4),
            "[nearest_neighbours] k must be between 1 and the rows of the base (3), got 4.");
  EXPECT_EQ(error(eye, eye, 0),
            "[nearest_neighbours] k must be between 1 and the rows of the base (3), got 0.");
  EXPECT_EQ(error(eye, matrix_of({{1, 0, 0, 0}}), 1),
            "[nearest_neighbours] base must be as wide as the queries (3), got 4.");
  auto broken = eye.copy();
  broken[1][2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(error(broken, eye, 1),
            "[nearest_neighbours] queries must have finite rows of unit length, got row 1 of length nan.");
  std::ranges::fill(broken.row(1), 0.0f);
  EXPECT_EQ(error(eye, broken, 1),
            "[nearest_neighbours] base must have finite rows of unit length, got row 1 of length 0.");
  EXPECT_EQ(error(eye, matrix_of({{2, 0, 0}}), 1),
            "[nearest_neighbours] base must have finite rows of unit length, got row 0 of length 2.");
}

/// Points in groups, as embeddings are: neighbours that a graph can find.
ilk::Matrix<float> grouped_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  const auto centres = random_unit_rows(40, d, seed);
  auto rows = random_unit_rows(n, d, seed + 1);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < d; ++j) rows[i][j] += centres[i % 40][j];
  return unit_rows(std::move(rows));
}

TEST(ApproximateNeighbours, FindNearlyAllWithExactCosines) {
  if (!ilk::ApproximateNeighbours::built_in()) GTEST_SKIP() << "built without hnswlib";
  const std::int64_t k = 20;
  const auto base = grouped_rows(3000, 24, 5), queries = grouped_rows(50, 24, 7);
  const auto truth = slow_neighbours(queries, base, k);
  for (const std::int64_t rows_per_graph : {1000, 4000}) {
    const ilk::ApproximateNeighbours graphs(base, {.rows_per_graph = rows_per_graph});
    const auto found = graphs.search(queries, k);
    std::int64_t right = 0;
    for (std::int64_t q = 0; q < queries.rows(); ++q)
      for (std::int64_t i = 0; i < k; ++i) {
        const std::int64_t row = found.indices[q][i];
        right += std::ranges::count(truth.indices.row(q), row);
        EXPECT_FLOAT_EQ(found.cosines[q][i], static_cast<float>(dot(queries.row(q), base.row(row))));
        if (i > 0) {
          EXPECT_GE(found.cosines[q][i - 1], found.cosines[q][i]);
        }
      }
    EXPECT_GE(static_cast<double>(right), 0.97 * static_cast<double>(queries.rows() * k)) << rows_per_graph;
    EXPECT_GE(graphs.recall(k, 100), 0.97);
    EXPECT_LE(graphs.recall(k, 100), 1.0);
  }
}

TEST(ApproximateNeighbours, SameForAnyThreadsAndProcessorAndNeverTwice) {
  if (!ilk::ApproximateNeighbours::built_in()) GTEST_SKIP() << "built without hnswlib";
  const auto base = grouped_rows(2000, 16, 9);
  const auto search = [&] {
    return ilk::ApproximateNeighbours(base, {.rows_per_graph = 500}).search(base, 7).indices;
  };
  const auto first = search();
  const int before = ilk::threads();
  for (const int threads : {1, 2, 3}) {
    ilk::set_threads(threads);
    EXPECT_TRUE(equal(search(), first)) << threads;
  }
  ilk::set_threads(before);
  for_each_target([&] { EXPECT_TRUE(equal(search(), first)); });
  for (std::int64_t i = 0; i < first.rows(); ++i)
    EXPECT_EQ(std::set<std::int64_t>(first.row(i).begin(), first.row(i).end()).size(), 7u) << i;
}

TEST(ApproximateNeighbours, CopiesAllOfTheBaseAndBadInput) {
  if (!ilk::ApproximateNeighbours::built_in()) GTEST_SKIP() << "built without hnswlib";
  const auto copies = copies_of(random_unit_rows(1, 8, 3).row(0), 300);
  const ilk::ApproximateNeighbours graph(copies);
  const auto of_copies = graph.search(copies.rows_between(0, 2), 5);
  EXPECT_EQ(*std::ranges::min_element(of_copies.cosines.flat()), 1);
  EXPECT_EQ(graph.recall(5, 10), 1);  // any copy is as near as any other
  // A list too short to be filled by any walk: the rest is searched exactly.
  const auto base = grouped_rows(400, 8, 11);
  const auto walked = ilk::ApproximateNeighbours(base, {.rows_per_graph = 200, .links = 2, .build_list = 2})
                          .search(base, 399);
  EXPECT_GE(*std::ranges::min_element(walked.indices.flat()), 0);
  const auto few = random_unit_rows(5, 8, 4);
  const auto all = ilk::ApproximateNeighbours(few, {.rows_per_graph = 2}).search(few, 5);
  EXPECT_TRUE(equal(all.indices, slow_neighbours(few, few, 5).indices));
  EXPECT_THROW(graph.search(copies, 0), ilk::Error);
  EXPECT_THROW(graph.search(copies, 301), ilk::Error);
  EXPECT_THROW(graph.search(random_unit_rows(2, 9, 1), 1), ilk::Error);
  EXPECT_THROW(ilk::ApproximateNeighbours(ilk::Matrix<float>(3, 8)), ilk::Error);
  EXPECT_THROW(ilk::ApproximateNeighbours(few, {.links = 0}), ilk::Error);
}

}  // namespace
