#pragma once
// N points, K centres, D dimensions.
#include <ilk/kmeans.h>

#include "cluster/screen.h"

namespace ilk::internal {

/// Where points (N, D) belong among centres (K, D). Scores are cosines, or minus squared distances.
Assignment assign_points(const ScreenedPoints& points, MatrixView<const float> centres, Geometry geometry);

}  // namespace ilk::internal
