#pragma once
// N points, D dimensions.
#include <ilk/matrix.h>

#include <cstdint>
#include <vector>

namespace ilk {

struct PrincipalDirections {
  std::vector<double> means;  ///< (D)
  /// Orthogonal, of unit length, those that keep most variance first; rows of zeros where there are no more.
  Matrix<double> directions;
};

/// The directions in which points vary most, by subspace iteration on their covariance (D, D), which is
/// summed in fixed blocks: the same points give the same bits for any number of threads and on any processor.
///
/// `points` (N, D) float32, finite, N ≥ 1. Returns min(followed, D) directions; the last of them have not
/// converged, so more must be followed than are wanted.
PrincipalDirections principal_directions(MatrixView<const float> points, std::int64_t followed);

}  // namespace ilk
