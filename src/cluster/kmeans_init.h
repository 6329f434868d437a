#pragma once
// N points, D dimensions, K clusters, R starts.
#include <ilk/kmeans.h>
#include <ilk/matrix.h>

#include <cstdint>
#include <vector>

#include "cluster/screen.h"

namespace ilk::internal {

/// How many candidates k-means++ tries for each centre: 2 + ln K, as Arthur and Vassilvitskii suggest.
std::int64_t trials_per_centre(std::int64_t n_clusters);

struct FirstCentres {
  Matrix<std::int64_t> centres;  ///< (R, K): the points that starts begin from
  /// Where it is known already, (R, N) each, else empty: the nearest of a start's centres to each point,
  /// right wherever the score with it is above those with others by more than 0; by how much it is at least.
  Matrix<std::int32_t> labels;
  Matrix<float> margins;
};

/// What the starts numbered first_start … first_start + n_starts − 1 begin from. Each start draws from its
/// own random stream, so what it draws does not depend on the others.
FirstCentres first_centres(const ScreenedPoints& points, Geometry geometry, const KMeansOptions& options,
                           std::int64_t first_start, std::int64_t n_starts, const Progress& progress);

}  // namespace ilk::internal
