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

/// The points that the starts numbered first_start … first_start + n_starts − 1 begin from: (R, K) int64 on
/// the CPU. Each start draws from its own random stream, so what it draws does not depend on the others.
/// `screened` are the points, or null where loops cannot be used (has_kernels).
torch::Tensor first_centres(const torch::Tensor& points, const ScreenedPoints* screened,
                            const KMeansOptions& options, std::int64_t first_start, std::int64_t n_starts,
                            const Progress& progress);

}  // namespace ilk::internal
