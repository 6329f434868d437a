#pragma once
// M pairs of rows of width W.
#include <ilk/matrix.h>

#include <span>
#include <vector>

namespace ilk::internal {

/// Whether a row is among those that its partner is told apart from.
enum class OwnRow { counted, left_out };

struct Contrast {
  std::vector<double> losses;  ///< (M): the mean of the losses of a pair's two rows
  Matrix<float> gradient;      ///< (2 M, W): of Σ_i weights_i · losses_i, the weights held fixed
};

/// Row i and row M + i of `rows` (2 M, W) are partners. The loss of a row is −log softmax of its partner,
/// over all rows, of the dot products / temperature. `weights` (M).
///
/// Rows must be no longer than 1, no number may be negative, and the temperature must be at least
/// `least_temperature`, so that one shift fits the exp of all similarities in float32; then similarities are
/// symmetric in what follows too, and the gradient takes two products with them instead of four. Streamed
/// over blocks of rows where 2 M × 2 M is too much to keep.
///
/// `room` is memory for similarities that a caller keeps from step to step; it is made larger where needed.
Contrast contrast(MatrixView<const float> rows, std::span<const double> weights, double temperature,
                  OwnRow own, Matrix<float>& room);
inline constexpr double least_temperature = 0.02;

}  // namespace ilk::internal
