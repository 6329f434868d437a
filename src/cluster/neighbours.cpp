// Q queries, B rows of the base, D dimensions, k neighbours.
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

#include "cluster/scratch_pool.h"
#include "cluster/screen.h"
#include "cluster/top_rows.h"
#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/parallel.h"

namespace ilk {
namespace {

constexpr std::int64_t queries_per_block = 480, base_per_tile = 512;
// Rows of the base that are kept in bytes at a time.
constexpr std::int64_t base_per_part = std::int64_t{1} << 16;
constexpr float lowest = -std::numeric_limits<float>::infinity();

/// Few queries over a long base are split along the base too, so that there is work for all threads.
std::int64_t base_segments(std::int64_t queries, std::int64_t base) {
  const std::int64_t query_blocks = block_count(queries, queries_per_block);
  return std::clamp<std::int64_t>(32 / query_blocks, 1, block_count(base, base_per_tile));
}

/// The lists of the best so far: one for each segment of the base and query.
struct Lists {
  Matrix<float> scores;  // (segments · Q, k)
  Matrix<std::int64_t> indices;
  std::int64_t q, k;

  Lists(std::int64_t segments, std::int64_t q_, std::int64_t k_)
      : scores(Matrix<float>::filled(segments * q_, k_, lowest)),
        indices(Matrix<std::int64_t>::filled(segments * q_, k_, -1)),
        q(q_),
        k(k_) {}

  internal::TopList at(std::int64_t segment, std::int64_t query) {
    return {scores[segment * q + query], indices[segment * q + query], k};
  }
};

/// The k-th highest of n ≥ k numbers.
float kth_highest(const float* values, std::int64_t n, std::int64_t k, std::vector<float>& scratch) {
  scratch.assign(values, values + n);
  std::nth_element(scratch.begin(), scratch.begin() + (k - 1), scratch.end(), std::greater<>());
  return scratch[static_cast<std::size_t>(k - 1)];
}

/// Offers the rows first … first + n − 1 of a part of the base, which begins at row `offset`, to the lists of
/// some queries: those that may be among the best, with their exact cosines.
void search_tile(const internal::ScreenedPoints& queries, std::int64_t first_query, std::int64_t count,
                 const internal::ScreenedCentres& base, std::int64_t first, std::int64_t n,
                 std::int64_t offset, const std::vector<double>& common, Lists& lists, std::int64_t segment,
                 internal::ScreenedPoints::Scratch& scratch) {
  std::int32_t rows[queries_per_block];
  std::iota(rows, rows + queries_per_block, 0);
  scratch.candidates.resize(base_per_tile);
  const std::int64_t d = queries.dimensions(), at_once = internal::ScreenedPoints::at_once;
  const auto near_error = static_cast<float>(base.near_error());
  for (std::int64_t begin = 0; begin < count; begin += at_once) {
    const std::int64_t some = std::min(at_once, count - begin);
    queries.screen(first_query + begin, rows, some, base, first, n, scratch);
    for (std::int64_t i = 0; i < some; ++i) {
      const std::int64_t query = first_query + begin + i;
      const float* point = queries.row(query);
      const float* scores = scratch.scores.data() + i * internal::ScreenedPoints::padded(n);
      auto list = lists.at(segment, query);
      // Screened scores lack the common part; the last term is for the rounding of these numbers.
      const float error = scratch.errors[static_cast<std::size_t>(i)];
      auto threshold =
          static_cast<float>(list.last() - common[static_cast<std::size_t>(query)] - error - 1e-6);
      // The k-th best of this tile alone says something too, above all of the first tile.
      if (threshold == lowest && n > lists.k)
        threshold = kth_highest(scores, n, lists.k, scratch.near) - 2.01f * error - 1e-6f;
      const std::int64_t found =
          kernels::kernels().not_below(scores, n, threshold, scratch.candidates.data());
      const bool has_rests = base.has_rests();
      const double beyond =
          has_rests ? common[static_cast<std::size_t>(query)] + base.rest_error(query) + 1e-6 : near_error;
      for (std::int64_t candidate = 0; candidate < found; ++candidate) {
        const std::int32_t column = scratch.candidates[static_cast<std::size_t>(candidate)];
        const std::int64_t row = first + column;
        // A closer look, with what the bytes missed or in float32.
        const float closer = has_rests ? scores[column] + base.rest(query, row)
                                       : kernels::kernels().dot_f32(point, base.row(row), d);
        if (closer + beyond < list.last()) continue;
        list.offer(static_cast<float>(base.exact_score(point, row)), offset + row);
      }
    }
  }
}

Neighbours search(MatrixView<const float> queries, MatrixView<const float> base, std::int64_t k) {
  const std::int64_t q = queries.rows(), b = base.rows(), part = std::min(b, base_per_part);
  const std::int64_t tiles = block_count(part, base_per_tile);
  const std::int64_t per_segment = block_count(tiles, base_segments(q, part)) * base_per_tile;
  const std::int64_t segments = block_count(part, per_segment);
  const std::int64_t query_blocks = block_count(q, queries_per_block);
  Lists lists(segments, q, k);
  const internal::ScreenedPoints screened(queries, b);
  internal::ScratchPool<internal::ScreenedPoints::Scratch> pool(
      [] { return std::make_unique<internal::ScreenedPoints::Scratch>(); });
  for (std::int64_t offset = 0; offset < b; offset += part) {
    const std::int64_t rows = std::min(part, b - offset);
    internal::ScreenedCentres against(screened, rows, internal::Geometry::cosine);
    against.set(base.rows_between(offset, offset + rows));
    std::vector<double> common(static_cast<std::size_t>(q));
    parallel_blocks(q, queries_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      for (std::int64_t query = begin; query < end; ++query)
        common[static_cast<std::size_t>(query)] = against.common(screened.row(query));
    });
    parallel_blocks(query_blocks * segments, 1, [&](std::int64_t task, std::int64_t, std::int64_t) {
      const std::int64_t first_query = task % query_blocks * queries_per_block, segment = task / query_blocks;
      const std::int64_t count = std::min(queries_per_block, q - first_query);
      const std::int64_t end = std::min(rows, (segment + 1) * per_segment);
      pool.use([&](internal::ScreenedPoints::Scratch& scratch) {
        for (std::int64_t first = segment * per_segment; first < end; first += base_per_tile)
          search_tile(screened, first_query, count, against, first, std::min(base_per_tile, end - first),
                      offset, common, lists, segment, scratch);
      });
    });
  }
  if (segments == 1) return {std::move(lists.indices), std::move(lists.scores)};
  parallel_blocks(q, queries_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t query = begin; query < end; ++query) {
      auto merged = lists.at(0, query);
      for (std::int64_t segment = 1; segment < segments; ++segment) {
        const float* score = lists.scores[segment * q + query];
        const std::int64_t* index = lists.indices[segment * q + query];
        for (std::int64_t i = 0; i < k && index[i] >= 0; ++i) merged.offer(score[i], index[i]);
      }
    }
  });
  return {Matrix<std::int64_t>(lists.indices.rows_between(0, q)),
          Matrix<float>(lists.scores.rows_between(0, q))};
}

}  // namespace

Neighbours nearest_neighbours(MatrixView<const float> queries, MatrixView<const float> base, std::int64_t k) {
  constexpr auto function = "nearest_neighbours";
  require_unit_rows(queries, function, "queries");
  require_unit_rows(base, function, "base");
  require(queries.columns() == base.columns(), function, "base must be as wide as the queries (",
          queries.columns(), "), got ", base.columns(), ".");
  require(k >= 1 && k <= base.rows(), function, "k must be between 1 and the rows of the base (", base.rows(),
          "), got ", k, ".");
  return search(queries, base, k);
}

}  // namespace ilk
