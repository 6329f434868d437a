#pragma once
// N points, D dimensions, k neighbours.
#include <ilk/matrix.h>
#include <ilk/options.h>
#include <ilk/progress.h>

#include <cstdint>
#include <optional>

namespace ilk {

struct PlaneLayoutOptions {
  std::int64_t neighbours = 15;        ///< k; fewer where there are not so many other points
  std::optional<std::int64_t> epochs;  ///< else 500 up to 20,000 points, and fewer above
  std::uint64_t seed = 0;
};

/// Places points on a plane so that neighbours stay neighbours. Returns (N, 2), centred.
///
/// `points` (N, D) float32, rows of unit length. The k nearest others of each by cosine (exact up to
/// 20,000 points, above by cell_neighbours) make a graph, weighed as UMAP does (McInnes, Healy and Melville
/// 2018, section 3.1). Points start near the principal plane; edges attract, and random other points repel
/// (the objective of section 3.2, with the curve 1 / (1 + d²)). Departure: all points move at once, by the
/// mean of what their edges ask for, and random points are a function of seed, epoch and point. So the same
/// points give the same bits for any number of threads and on any processor.
///
/// Takes about 1 kB a point. Throws Error for an empty matrix or rows that are not of unit length; Stopped on
/// request.
Matrix<float> plane_layout(MatrixView<const float> points, const PlaneLayoutOptions& options = {},
                           Progress& progress = silent());

}  // namespace ilk
