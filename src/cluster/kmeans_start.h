#pragma once
// N points, D dimensions, K clusters, R starts.
#include <ilk/kmeans.h>
#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "screen.h"

namespace ilk::internal {

/// How many candidates k-means++ tries for each centre: 2 + ln K, as Arthur and Vassilvitskii suggest.
std::int64_t trials_per_centre(std::int64_t n_clusters);

struct FirstCentres {
  torch::Tensor centres;  ///< (R, K) int64 on the CPU: the points that starts begin from
  /// Where it is known already, (R, N) each: the nearest of a start's centres to each point as int32, right
  /// wherever the score with it is above those with others by more than 0; by how much it is at least.
  torch::Tensor labels, margins;
};

/// What the starts numbered first_start … first_start + n_starts − 1 begin from. Each start draws from its
/// own random stream, so what it draws does not depend on the others. `screened` are the points, or null
/// where loops cannot be used (has_kernels).
FirstCentres first_centres(const torch::Tensor& points, const ScreenedPoints* screened, Geometry geometry,
                           const KMeansOptions& options, std::int64_t first_start, std::int64_t n_starts,
                           const Progress& progress);

}  // namespace ilk::internal
