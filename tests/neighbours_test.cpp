#include <gtest/gtest.h>
#include <ilk/approximate_neighbours.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>
#include <ilk/parallel.h>
#include <ilk/random.h>

#include <numeric>

#include "../src/cluster/blocks.h"

namespace {

torch::Tensor unit_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  auto rows = torch::empty({n, d});
  for (std::int64_t i = 0; i < n * d; ++i) rows.data_ptr<float>()[i] = static_cast<float>(random.normal());
  return ilk::normalise_rows(rows, "test", "rows");
}

/// Rows whose cosines are multiples of 1/16, exact in floats: signs over sixteen coordinates, so ties abound.
torch::Tensor sign_rows(std::int64_t n, std::uint64_t seed) {
  ilk::RandomStream random(seed, "signs");
  auto rows = torch::empty({n, 16});
  for (std::int64_t i = 0; i < n * 16; ++i) rows.data_ptr<float>()[i] = random.below(2) ? 0.25f : -0.25f;
  return rows;
}

/// All cosines, sorted one row at a time; ties by index.
ilk::Neighbours slow_neighbours(const torch::Tensor& queries, const torch::Tensor& base, std::int64_t k) {
  const auto cosines = queries.to(torch::kFloat64).matmul(base.to(torch::kFloat64).t());
  ilk::Neighbours found{torch::empty({queries.size(0), k}, torch::kInt64),
                        torch::empty({queries.size(0), k})};
  const auto at = cosines.accessor<double, 2>();
  for (std::int64_t q = 0; q < queries.size(0); ++q) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(base.size(0)));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return at[q][a] > at[q][b]; });
    for (std::int64_t i = 0; i < k; ++i) {
      found.indices[q][i] = order[static_cast<std::size_t>(i)];
      found.cosines[q][i] = at[q][order[static_cast<std::size_t>(i)]];
    }
  }
  return found;
}

template <class Body>
void on_both_paths(Body body) {
  for (const bool plain : {false, true}) {
    ilk::internal::plain_path() = plain;
    body();
    ilk::internal::plain_path() = false;
  }
}

TEST(NearestNeighbours, EqualASlowSearchWithTiesToTheLowerIndex) {
  // Shapes that need one and several query blocks, base tiles and segments of the base.
  const std::pair<std::int64_t, std::int64_t> shapes[] = {{3, 5000}, {300, 1500}, {9, 60}};
  for (const auto& [q, b] : shapes) {
    const auto queries = sign_rows(q, 1), base = sign_rows(b, 2);
    for (const std::int64_t k : {std::int64_t{1}, std::int64_t{7}, std::int64_t{50}}) {
      const auto expected = slow_neighbours(queries, base, k);
      on_both_paths([&] {
        const auto found = ilk::nearest_neighbours(queries, base, k);
        EXPECT_TRUE(found.indices.equal(expected.indices)) << q << " " << b << " " << k;
        EXPECT_TRUE(found.cosines.equal(expected.cosines)) << q << " " << b << " " << k;
      });
    }
  }
}

TEST(NearestNeighbours, TheWholeBaseInOrder) {
  const auto queries = unit_rows(4, 12, 3), base = unit_rows(1100, 12, 4);
  const auto expected = slow_neighbours(queries, base, 1100);
  on_both_paths([&] {
    const auto found = ilk::nearest_neighbours(queries, base, 1100);
    EXPECT_LT((found.cosines - expected.cosines).abs().max().item<double>(), 1e-6);
    EXPECT_TRUE(std::get<0>(found.indices.sort(1)).equal(torch::arange(1100).expand({4, 1100})));
  });
}

TEST(NearestNeighbours, BitIdenticalForAnyNumberOfThreads) {
  const auto queries = unit_rows(700, 24, 5), base = unit_rows(2500, 24, 6);
  ilk::set_threads(1);
  const auto one = ilk::nearest_neighbours(queries, base, 10);
  for (const int threads : {2, 3, 5}) {
    ilk::set_threads(threads);
    const auto other = ilk::nearest_neighbours(queries, base, 10);
    EXPECT_TRUE(other.indices.equal(one.indices));
    EXPECT_TRUE(other.cosines.equal(one.cosines));
  }
  ilk::set_threads(0);
}

TEST(NearestNeighbours, OneColumnAndCopies) {
  const auto line = torch::tensor({{1.f}, {-1.f}, {1.f}, {-1.f}}),
             copies = torch::tensor({{0.6f, 0.8f}}).repeat({30, 1});
  on_both_paths([&] {
    EXPECT_TRUE(
        ilk::nearest_neighbours(line, line, 3)
            .indices.equal(torch::tensor({{0, 2, 1}, {1, 3, 0}, {0, 2, 1}, {1, 3, 0}}, torch::kInt64)));
    EXPECT_TRUE(ilk::nearest_neighbours(copies, copies, 5).indices.equal(torch::arange(5).expand({30, 5})));
  });
}

TEST(NearestNeighbours, BadInputNamesTheRuleAndTheValue) {
  const auto error_of = [](const torch::Tensor& queries, const torch::Tensor& base,
                           std::int64_t k) -> std::string {
    try {
      ilk::nearest_neighbours(queries, base, k);
    } catch (const ilk::Error& error) {
      return error.what();
    }
    return "";
  };
  const auto eye = torch::eye(3);
  EXPECT_EQ(error_of(eye, eye, 4),
            "[nearest_neighbours] k must be between 1 and the rows of the base (3), got 4.");
  EXPECT_EQ(error_of(eye, eye, 0),
            "[nearest_neighbours] k must be between 1 and the rows of the base (3), got 0.");
  EXPECT_EQ(error_of(eye, torch::eye(4), 1),
            "[nearest_neighbours] base must be as wide as the queries (3), got 4.");
  auto broken = torch::eye(3);
  broken[1][2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(error_of(broken, eye, 1),
            "[nearest_neighbours] queries must have finite rows of unit length, got row 1 of length nan.");
  broken[1] = torch::zeros({3});
  EXPECT_EQ(error_of(eye, broken, 1),
            "[nearest_neighbours] base must have finite rows of unit length, got row 1 of length 0.");
  EXPECT_EQ(error_of(eye, eye * 2, 1),
            "[nearest_neighbours] base must have finite rows of unit length, got row 0 of length 2.");
}

/// Points in groups, as embeddings are: neighbours that a graph can find.
torch::Tensor grouped_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  const auto centres = unit_rows(40, d, seed), noise = unit_rows(n, d, seed + 1);
  return ilk::normalise_rows(centres.index_select(0, torch::arange(n) % 40) + noise, "test", "rows");
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
    for (std::int64_t q = 0; q < queries.size(0); ++q)
      for (std::int64_t i = 0; i < k; ++i) {
        const auto row = found.indices[q][i].item<std::int64_t>();
        right += (truth.indices[q] == row).any().item<bool>() ? 1 : 0;
        const auto cosine = queries[q].to(torch::kFloat64).dot(base[row].to(torch::kFloat64)).item<double>();
        EXPECT_FLOAT_EQ(found.cosines[q][i].item<float>(), static_cast<float>(cosine));
        if (i > 0) {
          EXPECT_GE(found.cosines[q][i - 1].item<float>(), found.cosines[q][i].item<float>());
        }
      }
    EXPECT_GE(static_cast<double>(right), 0.97 * static_cast<double>(queries.size(0) * k)) << rows_per_graph;
    EXPECT_GE(graphs.recall(k, 100), 0.97);
    EXPECT_LE(graphs.recall(k, 100), 1.0);
  }
}

TEST(ApproximateNeighbours, SameForAnyThreadsAndNeverTwice) {
  if (!ilk::ApproximateNeighbours::built_in()) GTEST_SKIP() << "built without hnswlib";
  const auto base = grouped_rows(2000, 16, 9);
  torch::Tensor first;
  const int before = ilk::threads();
  for (const int threads : {1, 2, 3}) {
    ilk::set_threads(threads);
    const auto found = ilk::ApproximateNeighbours(base, {.rows_per_graph = 500}).search(base, 7).indices;
    if (!first.defined()) first = found;
    EXPECT_TRUE(found.equal(first)) << threads;
  }
  ilk::set_threads(before);
  for (std::int64_t i = 0; i < first.size(0); ++i)
    EXPECT_EQ(std::get<0>(at::_unique(first[i])).size(0), 7) << i;
}

TEST(ApproximateNeighbours, CopiesAllOfTheBaseAndBadInput) {
  if (!ilk::ApproximateNeighbours::built_in()) GTEST_SKIP() << "built without hnswlib";
  const auto copies = unit_rows(1, 8, 3).repeat({300, 1});
  const ilk::ApproximateNeighbours graph(copies);
  EXPECT_EQ(graph.search(copies.slice(0, 0, 2), 5).cosines.min().item<float>(), 1);
  EXPECT_EQ(graph.recall(5, 10), 1);  // any copy is as near as any other
  // A list too short to be filled by any walk: the rest is searched exactly.
  const auto base = grouped_rows(400, 8, 11);
  const auto walked = ilk::ApproximateNeighbours(base, {.rows_per_graph = 200, .links = 2, .build_list = 2})
                          .search(base, 399);
  EXPECT_GE(walked.indices.min().item<std::int64_t>(), 0);
  const auto few = unit_rows(5, 8, 4);
  const auto all = ilk::ApproximateNeighbours(few, {.rows_per_graph = 2}).search(few, 5);
  EXPECT_TRUE(all.indices.equal(slow_neighbours(few, few, 5).indices));
  EXPECT_THROW(graph.search(copies, 0), ilk::Error);
  EXPECT_THROW(graph.search(copies, 301), ilk::Error);
  EXPECT_THROW(graph.search(unit_rows(2, 9, 1), 1), ilk::Error);
  EXPECT_THROW(ilk::ApproximateNeighbours(torch::zeros({3, 8})), ilk::Error);
  EXPECT_THROW(ilk::ApproximateNeighbours(few, {.links = 0}), ilk::Error);
}

}  // namespace
