// N points, D dimensions, K clusters, R starts.
#include "cluster/kmeans_init.h"

#include <algorithm>

#include "cluster/kmeans_plus_plus.h"
#include "core/random.h"
#include "kernels/functions.h"

namespace ilk::internal {
namespace {

std::vector<RandomStream> streams_of(const KMeansOptions& options, std::int64_t first_start,
                                     std::int64_t n_starts) {
  std::vector<RandomStream> streams;
  for (std::int64_t start = 0; start < n_starts; ++start)
    streams.emplace_back(options.seed, "kmeans", static_cast<std::uint64_t>(first_start + start));
  return streams;
}

/// The centres of all starts, (R, K).
Matrix<std::int64_t> choose_all(KMeansPlusPlus& plus_plus, std::vector<RandomStream>& streams, std::int64_t k,
                                const Progress& progress) {
  for (std::int64_t centre = 0; centre < k; ++centre) {
    progress.check_stop();
    std::vector<std::int64_t> candidates;
    for (RandomStream& random : streams) {
      const auto start = static_cast<std::int64_t>(&random - streams.data());
      if (centre == 0)
        candidates.push_back(random.below(plus_plus.size()));
      else
        for (std::int64_t trial = 0; trial < trials_per_centre(k); ++trial)
          candidates.push_back(plus_plus.draw(start, random));
    }
    plus_plus.choose(candidates);
  }
  auto centres = Matrix<std::int64_t>::uninitialised(static_cast<std::int64_t>(streams.size()), k);
  for (std::int64_t start = 0; start < centres.rows(); ++start)
    std::ranges::copy(plus_plus.chosen(start), centres[start]);
  return centres;
}

}  // namespace

std::int64_t trials_per_centre(std::int64_t n_clusters) {
  return 2 + static_cast<std::int64_t>(kernels::log(static_cast<double>(n_clusters)));
}

FirstCentres first_centres(const ScreenedPoints& points, Geometry geometry, const KMeansOptions& options,
                           std::int64_t first_start, std::int64_t n_starts, const Progress& progress) {
  const std::int64_t n = points.size(), k = options.n_clusters;
  std::vector<RandomStream> streams = streams_of(options, first_start, n_starts);
  FirstCentres first;
  if (options.search.init == KMeansInit::random) {
    first.centres = Matrix<std::int64_t>::uninitialised(n_starts, k);
    for (std::int64_t start = 0; start < n_starts; ++start)
      std::ranges::copy(streams[static_cast<std::size_t>(start)].sample(n, k), first.centres[start]);
    return first;
  }
  KMeansPlusPlus plus_plus(points, n_starts);
  first.centres = choose_all(plus_plus, streams, k, progress);
  if (!plus_plus.knows_labels()) return first;
  first.labels = Matrix<std::int32_t>::uninitialised(n_starts, n);
  first.margins = Matrix<float>::uninitialised(n_starts, n);
  for (std::int64_t start = 0; start < n_starts; ++start)
    plus_plus.assign(start, geometry, first.labels[start], first.margins[start]);
  return first;
}

}  // namespace ilk::internal
