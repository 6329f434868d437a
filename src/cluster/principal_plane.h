#pragma once
// N points, D dimensions.
#include <ilk/matrix.h>

namespace ilk {

/// Where points lie on the plane of their first two principal components (Hotelling 1933): the plane that
/// keeps most of their variance. Returns (N, 2), columns in order of variance, each with mean 0; a column's
/// sign is such that its component's largest coordinate is positive. One point, or points that are all equal,
/// lie at 0.
///
/// `points` (N, D) float32, finite. Subspace iteration on the covariance (D, D), which is summed in fixed
/// blocks: the same points give the same bits for any number of threads and on any processor. Throws Error
/// for an empty matrix.
Matrix<float> principal_plane(MatrixView<const float> points);

}  // namespace ilk
