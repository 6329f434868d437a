// Q queries, B rows of the base, D dimensions, k neighbours.
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

#include "blocks.h"
#include "row_loops.h"
#include "scratch_pool.h"
#include "screen.h"
#include "top_rows.h"

namespace ilk {
namespace {

constexpr std::int64_t queries_per_block = 480, base_per_tile = 512;
// Rows of the base that are kept in bytes at a time.
constexpr std::int64_t base_per_part = std::int64_t{1} << 16;
constexpr float lowest = -std::numeric_limits<float>::infinity();

/// Few queries over a long base are split along the base too, so that there is work for all threads.
std::int64_t base_segments(std::int64_t queries, std::int64_t base) {
  const std::int64_t query_blocks = internal::block_count(queries, queries_per_block);
  return std::clamp<std::int64_t>(32 / query_blocks, 1, internal::block_count(base, base_per_tile));
}

/// The lists of the best so far: one for each segment of the base and query.
struct Lists {
  torch::Tensor scores, indices;  // (segments, Q, k)
  std::int64_t q, k;

  internal::TopList at(std::int64_t segment, std::int64_t query) const {
    const std::int64_t place = (segment * q + query) * k;
    return {scores.data_ptr<float>() + place, indices.data_ptr<std::int64_t>() + place, k};
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
                 std::int64_t offset, const std::vector<double>& common, const Lists& lists,
                 std::int64_t segment, internal::ScreenedPoints::Scratch& scratch) {
  std::int32_t rows[queries_per_block];
  std::iota(rows, rows + queries_per_block, 0);
  scratch.candidates.resize(base_per_tile);
  const std::int64_t d = queries.dimensions(), at_once = internal::ScreenedPoints::at_once();
  const auto near_error = static_cast<float>(base.near_error());
  for (std::int64_t begin = 0; begin < count; begin += at_once) {
    const std::int64_t some = std::min(at_once, count - begin);
    queries.screen(first_query + begin, rows, some, base, first, n, scratch);
    for (std::int64_t i = 0; i < some; ++i) {
      const std::int64_t query = first_query + begin + i;
      const float* point = queries.row(query);
      const float* scores = scratch.scores.data() + i * internal::ScreenedPoints::padded(n);
      auto list = lists.at(segment, query);
      // Scores are short of what they have in common; the last term is for the rounding of these very
      // numbers.
      const float error = scratch.errors[static_cast<std::size_t>(i)];
      auto threshold =
          static_cast<float>(list.last() - common[static_cast<std::size_t>(query)] - error - 1e-6);
      // The k-th best of this tile alone says something too, above all of the first tile.
      if (threshold == lowest && n > lists.k)
        threshold = kth_highest(scores, n, lists.k, scratch.near) - 2.01f * error - 1e-6f;
      const std::int64_t found = internal::not_below(scores, n, threshold, scratch.candidates.data());
      const bool has_rests = base.has_rests();
      const double beyond =
          has_rests ? common[static_cast<std::size_t>(query)] + base.rest_error(query) + 1e-6 : near_error;
      for (std::int64_t candidate = 0; candidate < found; ++candidate) {
        const std::int32_t column = scratch.candidates[static_cast<std::size_t>(candidate)];
        const std::int64_t row = first + column;
        // A closer look, with what the bytes missed or in float32.
        const float closer =
            has_rests ? scores[column] + base.rest(query, row) : internal::near_dot(point, base.row(row), d);
        if (closer + beyond < list.last()) continue;
        list.offer(static_cast<float>(base.exact_score(point, row)), offset + row);
      }
    }
  }
}

Neighbours search_with_loops(const torch::Tensor& queries, const torch::Tensor& base, std::int64_t k) {
  const std::int64_t q = queries.size(0), b = base.size(0), part = std::min(b, base_per_part);
  const std::int64_t tiles = internal::block_count(part, base_per_tile);
  const std::int64_t per_segment = internal::block_count(tiles, base_segments(q, part)) * base_per_tile;
  const std::int64_t segments = internal::block_count(part, per_segment);
  const std::int64_t query_blocks = internal::block_count(q, queries_per_block);
  const Lists lists{torch::full({segments, q, k}, lowest, queries.options()),
                    torch::full({segments, q, k}, -1, queries.options().dtype(torch::kInt64)), q, k};
  const internal::ScreenedPoints screened(queries, b);
  internal::ScratchPool<internal::ScreenedPoints::Scratch> pool(
      [] { return std::make_unique<internal::ScreenedPoints::Scratch>(); });
  for (std::int64_t offset = 0; offset < b; offset += part) {
    const std::int64_t rows = std::min(part, b - offset);
    internal::ScreenedCentres against(screened, rows, internal::Geometry::cosine);
    against.set(base.narrow(0, offset, rows));
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
  if (segments == 1) return {lists.indices[0], lists.scores[0]};
  parallel_blocks(q, queries_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t query = begin; query < end; ++query) {
      auto merged = lists.at(0, query);
      for (std::int64_t segment = 1; segment < segments; ++segment) {
        const std::int64_t place = (segment * q + query) * k;
        const float* score = lists.scores.data_ptr<float>() + place;
        const auto* index = lists.indices.data_ptr<std::int64_t>() + place;
        for (std::int64_t i = 0; i < k && index[i] >= 0; ++i) merged.offer(score[i], index[i]);
      }
    }
  });
  return {lists.indices[0].clone(), lists.scores[0].clone()};
}

Neighbours search_with_operations(const torch::Tensor& queries, const torch::Tensor& base, std::int64_t k) {
  const std::int64_t q = queries.size(0), b = base.size(0);
  Neighbours result{torch::empty({q, k}, queries.options().dtype(torch::kInt64)),
                    torch::empty({q, k}, queries.options())};
  internal::row_blocks(queries, q, 4096, [&](auto begin, auto end, auto) {
    const auto block = queries.slice(0, begin, end);
    torch::Tensor scores, indices;
    for (std::int64_t first = 0; first < b; first += 16384) {
      auto tile = block.matmul(base.slice(0, first, first + 16384).t());
      auto numbers = torch::arange(first, first + tile.size(1), result.indices.options()).expand_as(tile);
      if (scores.defined()) {
        tile = torch::cat({scores, tile}, 1);
        numbers = torch::cat({indices, numbers}, 1);
      }
      const auto top = internal::top_columns(tile, std::min(k, tile.size(1)));
      scores = top.values;
      indices = numbers.gather(1, top.columns);
    }
    result.cosines.slice(0, begin, end).copy_(scores);
    result.indices.slice(0, begin, end).copy_(indices);
  });
  return result;
}

}  // namespace

Neighbours nearest_neighbours(const torch::Tensor& queries, const torch::Tensor& base, std::int64_t k) {
  constexpr auto function = "nearest_neighbours";
  require_unit_rows(queries, function, "queries");
  require_unit_rows(base, function, "base");
  require(queries.size(1) == base.size(1), function, "base must be as wide as the queries (", queries.size(1),
          "), got ", base.size(1), ".");
  require(queries.device() == base.device(), function, "base must be on the queries' device (",
          queries.device(), "), got ", base.device(), ".");
  require(k >= 1 && k <= base.size(0), function, "k must be between 1 and the rows of the base (",
          base.size(0), "), got ", k, ".");
  const auto from = internal::plain_rows(queries), among = internal::plain_rows(base);
  return internal::has_kernels(from) ? search_with_loops(from, among, k)
                                     : search_with_operations(from, among, k);
}

}  // namespace ilk
