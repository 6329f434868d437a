// N points, K centres, D dimensions.
#include "cluster/assign.h"

#include <numeric>

#include "cluster/scratch_pool.h"
#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/parallel.h"

namespace ilk {
namespace internal {
namespace {

constexpr std::int64_t points_per_block = 256;

}  // namespace

Assignment assign_points(const ScreenedPoints& points, MatrixView<const float> centres, Geometry geometry) {
  const auto n = static_cast<std::size_t>(points.size());
  Assignment result{std::vector<std::int64_t>(n), std::vector<float>(n), std::vector<std::int64_t>(n),
                    std::vector<float>(n)};
  ScreenedCentres screened(points, centres.rows(), geometry);
  screened.set(centres);
  ScratchPool<ScreenedPoints::Scratch> pool([] { return std::make_unique<ScreenedPoints::Scratch>(); });
  std::int32_t all[points_per_block];
  std::iota(all, all + points_per_block, 0);
  const bool cosine = geometry == Geometry::cosine;
  const auto assign_some = [&](std::int64_t first, std::int64_t count, ScreenedPoints::Scratch& scratch) {
    points.screen(first, all, count, screened, scratch);
    for (std::int64_t i = 0; i < count; ++i) {
      const float* point = points.row(first + i);
      const ScreenedCentres::BestTwo best =
          screened.best_two(point, scratch.scores.data() + i * screened.stride(),
                            scratch.errors[static_cast<std::size_t>(i)], scratch);
      const double square = cosine ? 0 : kernels::kernels().sum_of_squares(point, points.dimensions());
      const auto shown = [&](double score) {
        return static_cast<float>(cosine ? score : 2 * score - square);
      };
      const auto place = static_cast<std::size_t>(first + i);
      result.labels[place] = best.first;
      result.scores[place] = shown(best.first_score);
      result.second_labels[place] = best.second;
      result.second_scores[place] = best.second < 0 ? -1 : shown(best.second_score);
    }
  };
  parallel_blocks(points.size(), points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    pool.use([&](ScreenedPoints::Scratch& scratch) {
      for (std::int64_t first = begin; first < end; first += ScreenedPoints::at_once)
        assign_some(first, std::min(std::int64_t{ScreenedPoints::at_once}, end - first), scratch);
    });
  });
  return result;
}

}  // namespace internal

Assignment assign_to_nearest(MatrixView<const float> embeddings, MatrixView<const float> centroids) {
  constexpr auto function = "assign_to_nearest";
  require_unit_rows(embeddings, function, "embeddings");
  require_unit_rows(centroids, function, "centroids");
  require(embeddings.columns() == centroids.columns(), function,
          "centroids must be as wide as the embeddings (", embeddings.columns(), "), got ",
          centroids.columns(), ".");
  const internal::ScreenedPoints screened(embeddings, centroids.rows(), /*memory=*/0);
  return internal::assign_points(screened, centroids, internal::Geometry::cosine);
}

Assignment assignment_of(MatrixView<const float> features, const KMeansResult& clusters) {
  Assignment assignment = assign_to_nearest(features, clusters.centroids);
  for (std::int64_t i = 0; i < features.rows(); ++i) {
    const auto row = static_cast<std::size_t>(i);
    const std::int64_t own = clusters.labels[row];
    if (assignment.labels[row] == own) continue;
    assignment.second_labels[row] = assignment.labels[row];
    assignment.second_scores[row] = assignment.scores[row];
    assignment.labels[row] = own;
    assignment.scores[row] = static_cast<float>(
        kernels::kernels().dot_f64(features[i], clusters.centroids[own], features.columns()));
  }
  return assignment;
}

}  // namespace ilk
