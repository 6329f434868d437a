// Q queries, B rows of the base, D dimensions, k neighbours.
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>

#include <limits>

#include "blocks.h"
#include "top_rows.h"

namespace ilk {
namespace {

constexpr std::int64_t queries_per_block = 256, base_per_tile = 1024;
constexpr float lowest = -std::numeric_limits<float>::infinity();

/// Few queries over a long base are split along the base too, so that there is work for all threads.
std::int64_t base_segments(std::int64_t queries, std::int64_t base) {
  const std::int64_t query_blocks = internal::block_count(queries, queries_per_block);
  return std::clamp<std::int64_t>(32 / query_blocks, 1, internal::block_count(base, base_per_tile));
}

Neighbours search_with_loops(const torch::Tensor& queries, const torch::Tensor& base, std::int64_t k) {
  const std::int64_t q = queries.size(0), b = base.size(0);
  const std::int64_t tiles = internal::block_count(b, base_per_tile);
  const std::int64_t per_segment = internal::block_count(tiles, base_segments(q, b)) * base_per_tile;
  const std::int64_t segments = internal::block_count(b, per_segment);
  // Each segment of the base has its own list, and the lists are merged in order.
  const auto scores = torch::full({segments, q, k}, lowest, queries.options());
  const auto indices = torch::full({segments, q, k}, -1, queries.options().dtype(torch::kInt64));
  const auto list = [&](std::int64_t segment, std::int64_t query) {
    const std::int64_t place = (segment * q + query) * k;
    return internal::TopList(scores.data_ptr<float>() + place, indices.data_ptr<std::int64_t>() + place, k);
  };
  const std::int64_t query_blocks = internal::block_count(q, queries_per_block);
  parallel_blocks(query_blocks * segments, 1, [&](std::int64_t task, std::int64_t, std::int64_t) {
    const std::int64_t first = task % query_blocks * queries_per_block, segment = task / query_blocks;
    const std::int64_t count = std::min(queries_per_block, q - first);
    const std::int64_t end = std::min(b, (segment + 1) * per_segment);
    const auto buffer = torch::empty({count * base_per_tile}, queries.options());
    for (std::int64_t begin = segment * per_segment; begin < end; begin += base_per_tile) {
      const std::int64_t width = std::min(base_per_tile, end - begin);
      auto tile = buffer.narrow(0, 0, count * width).view({count, width});
      at::mm_out(tile, queries.narrow(0, first, count), base.narrow(0, begin, width).t());
      const float* products = tile.data_ptr<float>();
      for (std::int64_t i = 0; i < count; ++i)
        list(segment, first + i).offer_row(products + i * width, width, begin);
    }
  });
  if (segments == 1) return {indices[0], scores[0]};
  parallel_blocks(q, queries_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t query = begin; query < end; ++query) {
      auto merged = list(0, query);
      for (std::int64_t segment = 1; segment < segments; ++segment) {
        const std::int64_t place = (segment * q + query) * k;
        const float* score = scores.data_ptr<float>() + place;
        const auto* index = indices.data_ptr<std::int64_t>() + place;
        for (std::int64_t i = 0; i < k && index[i] >= 0; ++i) merged.offer(score[i], index[i]);
      }
    }
  });
  return {indices[0].clone(), scores[0].clone()};
}

Neighbours search_with_operations(const torch::Tensor& queries, const torch::Tensor& base, std::int64_t k) {
  const std::int64_t q = queries.size(0), b = base.size(0);
  Neighbours result{torch::empty({q, k}, queries.options().dtype(torch::kInt64)),
                    torch::empty({q, k}, queries.options())};
  internal::row_blocks(queries, q, 16 * queries_per_block, [&](auto begin, auto end, auto) {
    const auto block = queries.slice(0, begin, end);
    torch::Tensor scores, indices;
    for (std::int64_t first = 0; first < b; first += 16 * base_per_tile) {
      auto tile = block.matmul(base.slice(0, first, first + 16 * base_per_tile).t());
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
