#include "cluster/cell_neighbours.h"
#include "core/fail.h"
#include "core/random.h"

#include <ilk/kmeans.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace ilk::internal {
namespace {

constexpr std::int64_t sampled_per_cell = 64;

using Rows = std::vector<std::int64_t>;

Matrix<float> rows_of(MatrixView<const float> points, const Rows& rows) {
  auto matrix = Matrix<float>::uninitialised(static_cast<std::int64_t>(rows.size()), points.columns());
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(points[rows[i]], points.columns(), matrix[static_cast<std::int64_t>(i)]);
  return matrix;
}

/// A short k-means on some of the points: cells need no best clustering.
Matrix<float> centres_of(MatrixView<const float> points, std::int64_t n_cells, std::uint64_t seed) {
  const std::int64_t n = points.rows(), some = std::min(n, sampled_per_cell * n_cells);
  Rows sample = RandomStream(seed, "cells").sample(n, some);
  std::sort(sample.begin(), sample.end());
  KMeansOptions options{.n_clusters = n_cells, .seed = seed};
  options.search = {.n_init = 1, .max_iterations = 10, .tolerance = 1e-3, .init = KMeansInit::random};
  return kmeans(rows_of(points, sample), options).centroids;
}

}  // namespace

Neighbours cell_neighbours(MatrixView<const float> points, std::int64_t k, const CellOptions& options,
                           const Progress& progress) {
  const std::int64_t n = points.rows();
  require(k >= 1 && k <= n, "cell_neighbours", "k must be from 1 to the number of points (", n, "), got ", k,
          ".");
  const std::int64_t wanted =
      options.cells > 0 ? options.cells : std::llround(std::sqrt(static_cast<double>(n)));
  const std::int64_t n_cells = std::clamp<std::int64_t>(wanted, 1, n);
  const Matrix<float> centres = centres_of(points, n_cells, options.seed);
  const Assignment assignment = assign_to_nearest(points, centres);
  std::vector<Rows> members(static_cast<std::size_t>(n_cells));
  for (std::int64_t i = 0; i < n; ++i)
    members[static_cast<std::size_t>(assignment.labels[static_cast<std::size_t>(i)])].push_back(i);
  const Neighbours next = nearest_neighbours(centres, centres, n_cells);

  Neighbours found{Matrix<std::int64_t>::uninitialised(n, k), Matrix<float>::uninitialised(n, k)};
  for (std::int64_t cell = 0; cell < n_cells; ++cell) {
    progress.check_stop();
    const Rows& own = members[static_cast<std::size_t>(cell)];
    if (own.empty()) continue;
    // Its own cell comes first, also where another has the same centre.
    Rows base = own;
    for (std::int64_t rank = 0, probed = 1; rank < n_cells; ++rank) {
      const std::int64_t other = next.indices[cell][rank];
      if (other == cell) continue;
      if (probed++ >= options.probed && std::ssize(base) >= k) break;
      const Rows& more = members[static_cast<std::size_t>(other)];
      base.insert(base.end(), more.begin(), more.end());
    }
    std::sort(base.begin(), base.end());  // so that ties go to the lower index
    const Neighbours near = nearest_neighbours(rows_of(points, own), rows_of(points, base), k);
    for (std::size_t i = 0; i < own.size(); ++i)
      for (std::int64_t j = 0; j < k; ++j) {
        found.indices[own[i]][j] =
            base[static_cast<std::size_t>(near.indices[static_cast<std::int64_t>(i)][j])];
        found.cosines[own[i]][j] = near.cosines[static_cast<std::int64_t>(i)][j];
      }
  }
  return found;
}

}  // namespace ilk::internal
