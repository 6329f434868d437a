// N points, D dimensions, K clusters. S_k is the sum of the points of cluster k, n_k their number.
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/parallel.h>
#include <ilk/separation.h>

#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

namespace ilk {
namespace {

constexpr std::string_view function = "separation";
constexpr std::int64_t points_per_block = 1024;
// As numpy.allclose with a zero on one side, by which scikit-learn tells clusters of no extent.
constexpr double nearly_zero = 1e-8;

struct Clusters {
  torch::Tensor of_point;  ///< (N) int64, 0 … K − 1
  torch::Tensor sizes;     ///< (K) float64
  torch::Tensor sums;      ///< (K, D) float64
  torch::Tensor means;     ///< (K, D) float64
};

Clusters sum_clusters(const torch::Tensor& points, const torch::Tensor& labels) {
  Clusters clusters;
  torch::Tensor names;
  std::tie(names, clusters.of_point) = at::_unique(labels, true, true);
  const std::int64_t k = names.size(0), d = points.size(1), n = points.size(0);
  clusters.sizes = torch::bincount(clusters.of_point, {}, k).to(torch::kFloat64);
  clusters.sums = torch::zeros({k, d}, torch::kFloat64);
  const auto* of_point = clusters.of_point.data_ptr<std::int64_t>();
  const float* rows = points.data_ptr<float>();
  double* sums = clusters.sums.data_ptr<double>();
  // Each block owns some dimensions of all sums, so that every sum is taken in the order of the points.
  parallel_blocks(d, 32, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = begin; j < end; ++j) sums[of_point[i] * d + j] += rows[i * d + j];
  });
  clusters.means = clusters.sums / clusters.sizes.unsqueeze(1);
  return clusters;
}

/// What one block of points adds up to.
struct BlockScores {
  double silhouette = 0, squares = 0;
  std::int64_t on_the_fence = 0;
};

class Scorer {
 public:
  Scorer(const torch::Tensor& points, const Clusters& clusters, const SeparationOptions& options)
      : points_(points),
        clusters_(clusters),
        fence_(options.fence),
        distances_(torch::empty({points.size(0)}, torch::kFloat64)),
        blocks_(static_cast<std::size_t>((points.size(0) + points_per_block - 1) / points_per_block)) {
    const auto lengths = at::linalg_vector_norm(clusters.sums, 2, at::IntArrayRef{1});
    // A cluster whose points cancel out has no direction; its cosine with everything is 0.
    inverse_lengths_ = torch::where(lengths > 0, lengths.reciprocal(), torch::zeros_like(lengths));
    parallel_blocks(points.size(0), points_per_block,
                    [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
                      score_block(begin, end, blocks_[static_cast<std::size_t>(index)]);
                    });
  }

  BlockScores total() const {
    BlockScores total;
    for (const BlockScores& block : blocks_) {
      total.silhouette += block.silhouette;
      total.squares += block.squares;
      total.on_the_fence += block.on_the_fence;
    }
    return total;
  }
  /// Mean Euclidean distance of a cluster's points from their mean, (K) float64.
  torch::Tensor spreads() const {
    const std::int64_t n = distances_.size(0);
    auto spreads = torch::zeros_like(clusters_.sizes);
    const auto* of_point = clusters_.of_point.data_ptr<std::int64_t>();
    const auto* distances = distances_.data_ptr<double>();
    auto* sums = spreads.data_ptr<double>();
    for (std::int64_t i = 0; i < n; ++i) sums[of_point[i]] += distances[i];
    return spreads / clusters_.sizes;
  }

 private:
  void score_block(std::int64_t begin, std::int64_t end, BlockScores& scores) {
    const std::int64_t k = clusters_.sizes.size(0);
    const auto block = points_.slice(0, begin, end).to(torch::kFloat64);
    const auto own = clusters_.of_point.slice(0, begin, end);
    const auto offsets = block - clusters_.means.index_select(0, own);
    const auto squares = offsets.square().sum(1);
    scores.squares = squares.sum().item<double>();
    distances_.slice(0, begin, end).copy_(squares.sqrt());
    if (k == 1) return;

    const auto products = block.matmul(clusters_.sums.t()).contiguous();
    const auto self = block.square().sum(1);
    const auto* product = products.data_ptr<double>();
    const auto* with_itself = self.data_ptr<double>();
    const auto* sizes = clusters_.sizes.data_ptr<double>();
    const auto* inverse = inverse_lengths_.data_ptr<double>();
    for (std::int64_t i = 0; i < end - begin; ++i, product += k) {
      const std::int64_t mine = own[i].item<std::int64_t>();
      double nearest = std::numeric_limits<double>::infinity(), first = -nearest, second = -nearest;
      for (std::int64_t c = 0; c < k; ++c) {
        const double cosine = product[c] * inverse[c];
        if (cosine > first)
          second = std::exchange(first, cosine);
        else
          second = std::max(second, cosine);
        if (c != mine) nearest = std::min(nearest, 1 - product[c] / sizes[c]);
      }
      if (first - second <= fence_ * std::abs(first)) ++scores.on_the_fence;
      const double others = sizes[mine] - 1;
      if (others == 0) continue;
      const double within = std::max(0.0, 1 - (product[mine] - with_itself[i]) / others);
      nearest = std::max(0.0, nearest);
      const double larger = std::max(within, nearest);
      if (larger > 0) scores.silhouette += (nearest - within) / larger;
    }
  }

  const torch::Tensor& points_;
  const Clusters& clusters_;
  double fence_;
  torch::Tensor inverse_lengths_, distances_;
  std::vector<BlockScores> blocks_;
};

double davies_bouldin(const torch::Tensor& spreads, const torch::Tensor& means) {
  const std::int64_t k = means.size(0), d = means.size(1);
  const double* spread = spreads.data_ptr<double>();
  const double* mean = means.data_ptr<double>();
  std::vector<double> worst(static_cast<std::size_t>(k)), farthest(static_cast<std::size_t>(k));
  parallel_blocks(k, 16, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t a = begin; a < end; ++a) {
      for (std::int64_t b = 0; b < k; ++b) {
        if (a == b) continue;
        double square = 0;
        for (std::int64_t j = 0; j < d; ++j) {
          const double difference = mean[a * d + j] - mean[b * d + j];
          square += difference * difference;
        }
        const double distance = std::sqrt(square);
        auto& far = farthest[static_cast<std::size_t>(a)];
        far = std::max(far, distance);
        // Clusters of one mean count nothing, as in scikit-learn.
        if (distance > 0)
          worst[static_cast<std::size_t>(a)] =
              std::max(worst[static_cast<std::size_t>(a)], (spread[a] + spread[b]) / distance);
      }
    }
  });
  if (spreads.max().item<double>() <= nearly_zero) return 0;
  if (*std::max_element(farthest.begin(), farthest.end()) <= nearly_zero) return 0;
  double sum = 0;
  for (const double one : worst) sum += one;
  return sum / static_cast<double>(k);
}

double calinski_harabasz(const torch::Tensor& points, const Clusters& clusters, double within) {
  const auto n = static_cast<double>(points.size(0)), k = static_cast<double>(clusters.sizes.size(0));
  const auto centre = clusters.sums.sum(0) / n;
  const double between = ((clusters.means - centre).square().sum(1) * clusters.sizes).sum().item<double>();
  return within == 0 ? 1 : between * (n - k) / (within * (k - 1));
}

}  // namespace

Separation separation(const torch::Tensor& features, const torch::Tensor& labels,
                      const SeparationOptions& options) {
  check_ranges(options, function);
  require_unit_rows(features, function, "features");
  require(labels.dim() == 1 && labels.scalar_type() == torch::kInt64, function,
          "labels must be a vector of int64, got ", labels.dim(), " dimensions of ", labels.scalar_type(),
          ".");
  require(labels.size(0) == features.size(0), function, "labels must be one for each row of features (",
          features.size(0), "), got ", labels.size(0), ".");
  const auto points = features.detach().cpu().contiguous();
  Separation result;
  const Clusters clusters = sum_clusters(points, labels.detach().cpu().contiguous());
  const Scorer scorer(points, clusters, options);
  const std::int64_t n = points.size(0), k = clusters.sizes.size(0);
  // One block, so that libtorch does not split these sums by the number of threads.
  parallel_blocks(1, 1, [&](std::int64_t, std::int64_t, std::int64_t) {
    const BlockScores total = scorer.total();
    result.n_clusters = k;
    result.objective = at::linalg_vector_norm(clusters.sums, 2, at::IntArrayRef{1}).sum().item<double>() /
                       static_cast<double>(n);
    result.on_the_fence = static_cast<double>(total.on_the_fence) / static_cast<double>(n);
    if (k == 1 || k == n) return;
    result.silhouette = total.silhouette / static_cast<double>(n);
    result.calinski_harabasz = calinski_harabasz(points, clusters, total.squares);
  });
  if (k > 1 && k < n) result.davies_bouldin = davies_bouldin(scorer.spreads(), clusters.means);
  return result;
}

}  // namespace ilk
