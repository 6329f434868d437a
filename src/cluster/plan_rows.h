#pragma once
// N images, M words, D dimensions. Row i of P is softmax_j((S_ij + g_j) / ε): a row of the plan scaled to
// sum 1.
#include <ilk/transport.h>

#include "cosine_rows.h"
#include "heaviest_entries.h"

namespace ilk::internal {

/// What one walk over rows of P leaves; tensors that are not defined are not made. Rows are at the places of
/// the order (row_potentials), or those of their images (placed).
struct PlanSinks {
  torch::Tensor row_potentials;  ///< f, (N) float64, such that the rows of the plan are exact
  torch::Tensor sums;            ///< (chunks, M) float64, zeros: rows of P are added to those of their chunk
  Placed placed;                 ///< of all images, made by room_for
  HeaviestEntries* entries = nullptr;  ///< takes the rows of all images; for has_kernels alone
};

Placed room_for(const torch::Tensor& images, const torch::Tensor& words, const Placing& wanted);

/// One walk over the first `n_chunks` chunks. g (M) float64.
void walk_plan(CosineRows& rows, std::int64_t n_chunks, const torch::Tensor& column_potentials,
               double epsilon, bool times_cosine, const PlanSinks& sinks, const Progress& progress);

}  // namespace ilk::internal
