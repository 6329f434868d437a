// N points, K centres, D dimensions.
#include "assign.h"

#include <ilk/error.h>

#include <numeric>

#include "blocks.h"
#include "row_loops.h"
#include "scratch_pool.h"

namespace ilk {
namespace internal {
namespace {

constexpr std::int64_t points_per_block = 256;
constexpr float lowest = -std::numeric_limits<float>::infinity();

void assign_with_loops(const ScreenedPoints& points, const torch::Tensor& centres, Geometry geometry,
                       Assignment& to) {
  auto* labels = to.labels.data_ptr<std::int64_t>();
  auto* second_labels = to.second_labels.data_ptr<std::int64_t>();
  auto* scores = to.scores.data_ptr<float>();
  auto* second_scores = to.second_scores.data_ptr<float>();
  ScreenedCentres screened(points, centres.size(0), geometry);
  screened.set(centres);
  ScratchPool<ScreenedPoints::Scratch> pool([] { return std::make_unique<ScreenedPoints::Scratch>(); });
  std::int32_t all[points_per_block];
  std::iota(all, all + points_per_block, 0);
  parallel_blocks(points.size(), points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    pool.use([&](ScreenedPoints::Scratch& scratch) {
      for (std::int64_t first = begin; first < end; first += ScreenedPoints::at_once()) {
        const std::int64_t count = std::min(ScreenedPoints::at_once(), end - first);
        points.screen(first, all, count, screened, scratch);
        for (std::int64_t i = 0; i < count; ++i) {
          const float* point = points.row(first + i);
          const ScreenedCentres::BestTwo best =
              screened.best_two(point, scratch.scores.data() + i * screened.stride(),
                                scratch.errors[static_cast<std::size_t>(i)], scratch);
          const double square =
              geometry == Geometry::cosine ? 0 : exact_dot(point, point, points.dimensions());
          const auto shown = [&](double score) {
            return static_cast<float>(geometry == Geometry::cosine ? score : 2 * score - square);
          };
          labels[first + i] = best.first;
          scores[first + i] = shown(best.first_score);
          second_labels[first + i] = best.second;
          second_scores[first + i] = best.second < 0 ? -1 : shown(best.second_score);
        }
      }
    });
  });
}

void assign_with_operations(const torch::Tensor& points, const torch::Tensor& centres, Geometry geometry,
                            Assignment& to) {
  row_blocks(points, points.size(0), 16 * 1024, [&](auto begin, auto end, auto) {
    const auto block = points.slice(0, begin, end);
    auto products = block.matmul(centres.t());
    if (geometry == Geometry::euclidean)
      products.mul_(2).sub_(centres.square().sum(1)).sub_(block.square().sum(1, /*keepdim=*/true));
    const auto [scores, labels] = products.max(1);
    to.scores.slice(0, begin, end).copy_(scores);
    to.labels.slice(0, begin, end).copy_(labels);
    if (centres.size(0) == 1) return;
    products.scatter_(1, labels.unsqueeze(1), lowest);
    const auto [second_scores, second_labels] = products.max(1);
    to.second_scores.slice(0, begin, end).copy_(second_scores);
    to.second_labels.slice(0, begin, end).copy_(second_labels);
  });
}

}  // namespace

Assignment assign_points(const torch::Tensor& points, const ScreenedPoints* screened,
                         const torch::Tensor& centres, Geometry geometry) {
  const auto whole = points.options().dtype(torch::kInt64);
  const std::int64_t n = points.size(0);
  Assignment result{torch::empty({n}, whole), torch::empty({n}, points.options()),
                    torch::full({n}, -1, whole), torch::full({n}, -1, points.options())};
  screened ? assign_with_loops(*screened, centres, geometry, result)
           : assign_with_operations(points, centres, geometry, result);
  return result;
}

}  // namespace internal

Assignment assign_to_nearest(const torch::Tensor& embeddings, const torch::Tensor& centroids) {
  constexpr auto function = "assign_to_nearest";
  require_unit_rows(embeddings, function, "embeddings");
  require_unit_rows(centroids, function, "centroids");
  require(embeddings.size(1) == centroids.size(1), function, "centroids must be as wide as the embeddings (",
          embeddings.size(1), "), got ", centroids.size(1), ".");
  require(embeddings.device() == centroids.device(), function,
          "centroids must be on the embeddings' device (", embeddings.device(), "), got ", centroids.device(),
          ".");
  const auto points = internal::plain_rows(embeddings), centres = internal::plain_rows(centroids);
  const auto screened = internal::has_kernels(points) ? std::make_unique<internal::ScreenedPoints>(
                                                            points, centroids.size(0), /*memory=*/0)
                                                      : nullptr;
  return internal::assign_points(points, screened.get(), centres, internal::Geometry::cosine);
}

}  // namespace ilk
