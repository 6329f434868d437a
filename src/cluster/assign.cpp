// N points, K centres, D dimensions.
#include <ilk/error.h>
#include <ilk/kmeans.h>

#include <limits>

#include "blocks.h"
#include "score_tiles.h"

namespace ilk {
namespace {

constexpr std::int64_t points_per_block = 1024;
constexpr float lowest = -std::numeric_limits<float>::infinity();

/// The best two centres of each point of one block; the output pointers are the block's.
struct BestTwo {
  float first[points_per_block], second[points_per_block];
  std::int32_t first_centre[points_per_block], second_centre[points_per_block];

  explicit BestTwo(std::int64_t n) {
    std::fill_n(first, n, lowest), std::fill_n(second, n, lowest);
    std::fill_n(first_centre, n, -1), std::fill_n(second_centre, n, -1);
  }

  // Written without branches so that the loop runs on several points at once. Strict comparisons and centres
  // in ascending order send ties to the lower number, the runner-up's too.
  void offer(std::int32_t centre, const float* scores, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) {
      const float score = scores[i], old = first[i];
      const std::int32_t old_centre = first_centre[i];
      const bool wins = score > old;
      const float rest = wins ? old : score;
      const std::int32_t rest_centre = wins ? old_centre : centre;
      first[i] = wins ? score : old;
      first_centre[i] = wins ? centre : old_centre;
      const bool places = wins | (score > second[i]);
      second[i] = places ? rest : second[i];
      second_centre[i] = places ? rest_centre : second_centre[i];
    }
  }
};

void assign_with_loops(const torch::Tensor& points, const torch::Tensor& centres, Assignment& to) {
  auto* labels = to.labels.data_ptr<std::int64_t>();
  auto* second_labels = to.second_labels.data_ptr<std::int64_t>();
  auto* scores = to.scores.data_ptr<float>();
  auto* second_scores = to.second_scores.data_ptr<float>();
  parallel_blocks(points.size(0), points_per_block, [&](auto begin, auto end, auto) {
    const std::int64_t n = end - begin;
    internal::ScoreTiles tiles(n);
    BestTwo best(n);
    tiles.each(points.slice(0, begin, end), centres, [&](std::int64_t centre, const float* row) {
      best.offer(static_cast<std::int32_t>(centre), row, n);
    });
    std::copy_n(best.first, n, scores + begin);
    std::copy_n(best.second, n, second_scores + begin);
    std::copy_n(best.first_centre, n, labels + begin);
    std::copy_n(best.second_centre, n, second_labels + begin);
  });
}

void assign_with_operations(const torch::Tensor& points, const torch::Tensor& centres, Assignment& to) {
  internal::row_blocks(points, points.size(0), 16 * points_per_block, [&](auto begin, auto end, auto) {
    auto products = points.slice(0, begin, end).matmul(centres.t());
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
  const auto whole = points.options().dtype(torch::kInt64);
  Assignment result{torch::empty({points.size(0)}, whole), torch::empty({points.size(0)}, points.options()),
                    torch::full({points.size(0)}, -1, whole),
                    torch::full({points.size(0)}, -1, points.options())};
  internal::has_kernels(points) ? assign_with_loops(points, centres, result)
                                : assign_with_operations(points, centres, result);
  if (centres.size(0) == 1) result.second_scores.fill_(-1);
  return result;
}

}  // namespace ilk
