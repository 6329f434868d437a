#include "cluster/cell_neighbours.h"

#include <ilk/kmeans.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "cluster/cluster_order.h"
#include "cluster/scratch_pool.h"
#include "cluster/screen.h"
#include "cluster/top_rows.h"
#include "core/fail.h"
#include "core/parallel.h"
#include "core/random.h"
#include "kernels/kernels.h"
#include "kernels/quantised_rows.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t sampled_per_cell = 64;
constexpr std::int64_t queries_at_once = 48, places_per_tile = 512;
// So many more than wanted are kept by their cosines in 8 bits, which are off by some 0.001.
constexpr std::int64_t spare = 16;
constexpr float no_score = -std::numeric_limits<float>::infinity();

using Rows = std::vector<std::int64_t>;

/// A short k-means on some of the points: cells need no best clustering.
Matrix<float> centres_of(MatrixView<const float> points, std::int64_t n_cells, std::uint64_t seed) {
  const std::int64_t n = points.rows(), some = std::min(n, sampled_per_cell * n_cells);
  Rows sample = RandomStream(seed, "cells").sample(n, some);
  std::sort(sample.begin(), sample.end());
  KMeansOptions options{.n_clusters = n_cells, .seed = seed};
  options.search = {.n_init = 1, .max_iterations = 10, .tolerance = 1e-3, .init = KMeansInit::random};
  return kmeans(rows_of(points, sample), options).centroids;
}

/// The points cell by cell in bytes, each cell filled up to whole tiles, so that the cells that a point is
/// compared with are products of consecutive rows.
class PointsByCell {
 public:
  PointsByCell(MatrixView<const float> points, const std::vector<std::int64_t>& cell_of, std::int64_t n_cells)
      : points_(points),
        origin_(mean_of(points, ScreenedPoints::origin_sample(points.rows()))),
        members_(cluster_members(cell_of, n_cells)),
        begins_(begins_of(members_)),
        bytes_(QuantisedRows::Side::right, 8, begins_.back(), points.columns()),
        bias_(static_cast<std::size_t>(begins_.back()), no_score),
        point_at_(bias_.size(), -1) {
    parallel_blocks(n_cells, 1, [&](std::int64_t cell, std::int64_t, std::int64_t) {
      std::int64_t place = begins_[static_cast<std::size_t>(cell)];
      for (const std::int64_t point : members(cell)) {
        point_at_[static_cast<std::size_t>(place)] = point;
        bias_[static_cast<std::size_t>(place)] =
            static_cast<float>(kernels::kernels().dot_f64(origin_.data(), points_[point], points_.columns()));
        bytes_.set(place++, points_[point], origin_.data());
      }
    });
  }

  const Rows& members(std::int64_t cell) const { return members_[static_cast<std::size_t>(cell)]; }

  /// Working memory of one thread.
  struct Scratch {
    QuantisedRows queries;
    std::vector<float> products, scores;
    std::vector<std::int32_t> rows, candidates;
    std::vector<std::int64_t> near;
  };
  std::unique_ptr<Scratch> scratch(std::int64_t k) const {
    auto made = std::make_unique<Scratch>(
        Scratch{.queries{QuantisedRows::Side::left, 8, queries_at_once, points_.columns()},
                .products = std::vector<float>(static_cast<std::size_t>(queries_at_once * places_per_tile)),
                .scores = std::vector<float>(static_cast<std::size_t>(queries_at_once * (k + spare))),
                .rows = std::vector<std::int32_t>(static_cast<std::size_t>(queries_at_once)),
                .candidates = std::vector<std::int32_t>(static_cast<std::size_t>(places_per_tile)),
                .near = std::vector<std::int64_t>(static_cast<std::size_t>(queries_at_once * (k + spare)))});
    std::iota(made->rows.begin(), made->rows.end(), 0);
    return made;
  }

  /// The neighbours of some points of a cell among the points of `cells`.
  void search(std::span<const std::int64_t> queries, const Rows& cells, Neighbours& found,
              Scratch& scratch) const {
    const std::int64_t k = found.indices.columns(), wide = k + spare;
    std::ranges::fill(scratch.scores, no_score);
    std::ranges::fill(scratch.near, -1);
    for (std::size_t i = 0; i < queries.size(); ++i)
      scratch.queries.set(static_cast<std::int64_t>(i), points_[queries[i]], origin_.data());
    for (const std::int64_t cell : cells)
      for (std::int64_t first = begins_[static_cast<std::size_t>(cell)],
                        end = begins_[static_cast<std::size_t>(cell) + 1];
           first < end; first += places_per_tile)
        search_tile(std::ssize(queries), first, std::min(places_per_tile, end - first), wide, scratch);
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const float* point = points_[queries[i]];
      TopList best(found.cosines[queries[i]], found.indices[queries[i]], k);
      for (std::int64_t j = 0; j < wide; ++j) {
        const std::int64_t other =
            scratch.near[i * static_cast<std::size_t>(wide) + static_cast<std::size_t>(j)];
        if (other >= 0)
          best.offer(kernels::kernels().dot_f32(point, points_[other], points_.columns()), other);
      }
    }
  }

 private:
  static std::vector<std::int64_t> begins_of(const std::vector<Rows>& members) {
    std::vector<std::int64_t> begins{0};
    for (const Rows& rows : members)
      begins.push_back(begins.back() + QuantisedRows::padded(std::ssize(rows)));
    return begins;
  }

  void search_tile(std::int64_t n_queries, std::int64_t first, std::int64_t n, std::int64_t wide,
                   Scratch& scratch) const {
    byte_products(scratch.queries, scratch.rows.data(), nullptr, n_queries, bytes_, first, n, bias_.data(),
                  scratch.products.data(), n);
    for (std::int64_t i = 0; i < n_queries; ++i) {
      TopList list(scratch.scores.data() + i * wide, scratch.near.data() + i * wide, wide);
      const float* products = scratch.products.data() + i * n;
      const std::int64_t n_candidates =
          kernels::kernels().not_below(products, n, list.last(), scratch.candidates.data());
      for (std::int64_t c = 0; c < n_candidates; ++c) {
        const std::int32_t place = scratch.candidates[static_cast<std::size_t>(c)];
        const std::int64_t point = point_at_[static_cast<std::size_t>(first + place)];
        if (point >= 0) list.offer(products[place], point);
      }
    }
  }

  MatrixView<const float> points_;
  std::vector<float> origin_;
  std::vector<Rows> members_;
  std::vector<std::int64_t> begins_;  // of each cell, its first place
  QuantisedRows bytes_;               // by place
  std::vector<float> bias_;  // by place: what cosines have in common for a point; −∞ where there is none
  std::vector<std::int64_t> point_at_;
};

/// A cell and those next to it, until there are as many as wanted and k points in them.
Rows cells_beside(std::int64_t cell, const Neighbours& next, const PointsByCell& points, std::int64_t probed,
                  std::int64_t k) {
  // Its own cell comes first, also where another has the same centre.
  Rows cells{cell};
  std::int64_t n_points = std::ssize(points.members(cell));
  for (const std::int64_t other : next.indices.row(cell)) {
    if (other == cell) continue;
    if (std::ssize(cells) >= probed && n_points >= k) break;
    cells.push_back(other);
    n_points += std::ssize(points.members(other));
  }
  return cells;
}

}  // namespace

Neighbours cell_neighbours(MatrixView<const float> points, std::int64_t k, const CellOptions& options) {
  const std::int64_t n = points.rows();
  require(k >= 1 && k <= n, "cell_neighbours", "k must be from 1 to the number of points (", n, "), got ", k,
          ".");
  const std::int64_t wanted =
      options.cells > 0 ? options.cells : std::llround(std::sqrt(static_cast<double>(n)));
  const std::int64_t n_cells = std::clamp<std::int64_t>(wanted, 1, n);
  const Matrix<float> centres = centres_of(points, n_cells, options.seed);
  const PointsByCell by_cell(points, assign_to_nearest(points, centres).labels, n_cells);
  const Neighbours next = nearest_neighbours(centres, centres, n_cells);
  Neighbours found{Matrix<std::int64_t>::filled(n, k, -1), Matrix<float>::filled(n, k, no_score)};
  ScratchPool<PointsByCell::Scratch> pool([&] { return by_cell.scratch(k); });
  parallel_blocks(n_cells, 1, [&](std::int64_t cell, std::int64_t, std::int64_t) {
    const Rows cells = cells_beside(cell, next, by_cell, options.probed, k);
    const std::span<const std::int64_t> own = by_cell.members(cell);
    pool.use([&](PointsByCell::Scratch& scratch) {
      for (std::size_t begin = 0; begin < own.size(); begin += queries_at_once)
        by_cell.search(own.subspan(begin, std::min<std::size_t>(queries_at_once, own.size() - begin)), cells,
                       found, scratch);
    });
  });
  return found;
}

}  // namespace ilk::internal
