#pragma once
// N points, D dimensions.
#include <ilk/matrix.h>

#include <cstdint>

namespace ilk::internal {

/// Where a layout begins: points (N, D) on a plane near that of their first two principal components (a few
/// steps of subspace iteration on at most 16,384 evenly spaced points; principal_plane goes on until it is
/// exact, which takes longer). At most `width` from the middle, and each moved a little, so that copies can
/// part. Returns (N, 2); the same bits for any number of threads and on any processor.
Matrix<float> layout_start(MatrixView<const float> points, float width, std::uint64_t seed);

}  // namespace ilk::internal
