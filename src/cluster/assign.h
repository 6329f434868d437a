#pragma once
// N points, K centres, D dimensions.
#include <ilk/kmeans.h>

#include "screen.h"

namespace ilk::internal {

/// Where points (N, D) belong among centres (K, D), both float32 with rows one after another. Scores are
/// cosines, or minus squared distances. `screened` are the points, or null where loops cannot be used
/// (has_kernels).
Assignment assign_points(const torch::Tensor& points, const ScreenedPoints* screened,
                         const torch::Tensor& centres, Geometry geometry);

}  // namespace ilk::internal
