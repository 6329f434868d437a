#pragma once
// N points, D dimensions, C cells.
#include <ilk/matrix.h>
#include <ilk/neighbours.h>

#include <cstdint>

namespace ilk::internal {

struct CellOptions {
  std::int64_t cells = 0;    ///< C; 0: the root of N
  std::int64_t probed = 10;  ///< cells that a point's neighbours are looked for in: its own and the next ones
  std::uint64_t seed = 0;
};

/// The k nearest of each point among all, itself among them, where they lie in the cells next to its own:
/// cells are those of a short k-means, and the points in them are compared in 8 bits, the 16 next after the
/// k best too, of which exact cosines have the last word (an inverted file with refinement, as faiss's
/// IndexIVFFlat with IndexRefineFlat). Takes N · (N / C) · probed products instead of N². The same for any
/// number of threads and on every processor. `points` (N, D) float32, rows of unit length; throws Error
/// unless 1 ≤ k ≤ N.
Neighbours cell_neighbours(MatrixView<const float> points, std::int64_t k, const CellOptions& options = {});

}  // namespace ilk::internal
