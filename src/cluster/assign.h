#pragma once
// N points, K centres, D dimensions.
#include <ilk/kmeans.h>

#include "cluster/screen.h"

namespace ilk::internal {

/// Where points (N, D) belong among centres (K, D). Scores are cosines, or minus squared distances.
Assignment assign_points(const ScreenedPoints& points, MatrixView<const float> centres, Geometry geometry);

}  // namespace ilk::internal

namespace ilk {

/// Scores and runners-up for k-means' labels of these features. Where points lie exactly between centres, as
/// copies of one image in two clusters do, assign_to_nearest alone could give others.
Assignment assignment_of(MatrixView<const float> features, const KMeansResult& clusters);

}  // namespace ilk
