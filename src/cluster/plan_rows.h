#pragma once
// N images, M words, D dimensions. Row i of P is softmax_j((S_ij + g_j) / ε): a row of the plan scaled to
// sum 1.
#include <ilk/transport.h>

#include <span>

#include "cluster/cosine_rows.h"
#include "cluster/heaviest_entries.h"

namespace ilk::internal {

/// What one walk over rows of P leaves; what is empty or null is not made. Rows are at the places of the
/// order (row_potentials), or those of their images (placed).
struct PlanSinks {
  std::span<double> row_potentials;    ///< f, (N), such that the rows of the plan are exact
  MatrixView<double> sums;             ///< (chunks, M), zeros: rows of P are added to those of their chunk
  Placed* placed = nullptr;            ///< of all images, made by room_for
  HeaviestEntries* entries = nullptr;  ///< takes the rows of all images
  std::int64_t n_images = 0;           ///< of the whole plan; 0: those of the rows
};

Placed room_for(MatrixView<const float> images, MatrixView<const float> words, const Placing& wanted);

/// One walk over the first `n_chunks` chunks. g (M).
void walk_plan(CosineRows& rows, CosinesBy by, std::int64_t n_chunks,
               std::span<const double> column_potentials, double epsilon, bool times_cosine,
               const PlanSinks& sinks, const Progress& progress);

}  // namespace ilk::internal
