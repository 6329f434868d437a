// N points, D dimensions, K clusters. S_k is the sum of the points of cluster k, n_k their number.
#include <ilk/kmeans.h>
#include <ilk/metrics.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/option_checks.h"
#include "core/parallel.h"
#include "kernels/kernels.h"

namespace ilk {
namespace {

constexpr std::string_view in_separation = "separation";
constexpr std::int64_t points_per_block = 1024, points_in_tile = 64, sums_in_tile = 8;
// As numpy.allclose with a zero on one side, by which scikit-learn tells clusters of no extent.
constexpr double nearly_zero = 1e-8;

struct Clusters {
  std::vector<std::int64_t> of_point;  ///< (N), 0 … K − 1
  std::vector<double> sizes;           ///< (K)
  Matrix<double> sums, means;          ///< (K, D)
  std::vector<double> lengths;         ///< (K) of the sums

  std::int64_t count() const { return sums.rows(); }
  std::int64_t of(std::int64_t point) const { return of_point[static_cast<std::size_t>(point)]; }
  double size(std::int64_t cluster) const { return sizes[static_cast<std::size_t>(cluster)]; }
};

double square_of(std::span<const double> row) {
  double sum = 0;
  for (const double value : row) sum += value * value;
  return sum;
}

Clusters sum_clusters(MatrixView<const float> points, std::span<const std::int64_t> labels) {
  Clusters clusters;
  std::vector<std::int64_t> names(labels.begin(), labels.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const std::int64_t n = points.rows(), d = points.columns(), k = static_cast<std::int64_t>(names.size());
  clusters.sizes.resize(names.size());
  for (const std::int64_t label : labels) {
    clusters.of_point.push_back(std::lower_bound(names.begin(), names.end(), label) - names.begin());
    ++clusters.sizes[static_cast<std::size_t>(clusters.of_point.back())];
  }
  clusters.sums = Matrix<double>(k, d);
  clusters.means = Matrix<double>::uninitialised(k, d);
  // Each block owns some dimensions of all sums, so that every sum is taken in the order of the points.
  constexpr std::int64_t dimensions_per_block = 32;
  parallel_blocks(d, dimensions_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = 0; i < n; ++i)
      kernels::kernels().add_row(clusters.sums[clusters.of(i)] + begin, points[i] + begin, 1, end - begin);
    for (std::int64_t c = 0; c < k; ++c)
      for (std::int64_t j = begin; j < end; ++j)
        clusters.means[c][j] = clusters.sums[c][j] / clusters.size(c);
  });
  for (std::int64_t c = 0; c < k; ++c) clusters.lengths.push_back(std::sqrt(square_of(clusters.sums.row(c))));
  return clusters;
}

/// What one block of points adds up to.
struct BlockScores {
  double silhouette = 0, squares = 0;
  std::int64_t on_the_fence = 0;
};

class Scorer {
 public:
  Scorer(MatrixView<const float> points, const Clusters& clusters, const SeparationOptions& options)
      : points_(points),
        clusters_(clusters),
        fence_(options.fence),
        distances_(static_cast<std::size_t>(points.rows())),
        blocks_(static_cast<std::size_t>(block_count(points.rows(), points_per_block))) {
    // A cluster whose points cancel out has no direction; its cosine with everything is 0.
    for (const double length : clusters.lengths) inverse_lengths_.push_back(length > 0 ? 1 / length : 0);
    parallel_blocks(points.rows(), points_per_block,
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
  /// Mean Euclidean distance of a cluster's points from their mean, (K).
  std::vector<double> spreads() const {
    std::vector<double> spreads(clusters_.sizes.size());
    for (std::size_t i = 0; i < distances_.size(); ++i)
      spreads[static_cast<std::size_t>(clusters_.of_point[i])] += distances_[i];
    for (std::size_t c = 0; c < spreads.size(); ++c) spreads[c] /= clusters_.sizes[c];
    return spreads;
  }

 private:
  void score_block(std::int64_t begin, std::int64_t end, BlockScores& scores) {
    const std::int64_t k = clusters_.count(), d = points_.columns();
    for (std::int64_t i = begin; i < end; ++i) {
      const double square = squared_distance(points_[i], clusters_.means[clusters_.of(i)], d);
      scores.squares += square;
      distances_[static_cast<std::size_t>(i)] = std::sqrt(square);
    }
    if (k == 1) return;
    auto products = Matrix<double>::uninitialised(points_in_tile, k);
    for (std::int64_t first = begin; first < end; first += points_in_tile) {
      const std::int64_t last = std::min(end, first + points_in_tile);
      // A tile of sums stays in the first cache while the tile of points passes.
      for (std::int64_t left = 0; left < k; left += sums_in_tile)
        for (std::int64_t i = first; i < last; ++i)
          for (std::int64_t c = left; c < std::min(k, left + sums_in_tile); ++c)
            products[i - first][c] = kernels::kernels().dot_mixed(points_[i], clusters_.sums[c], d);
      for (std::int64_t i = first; i < last; ++i) score_point(i, products[i - first], scores);
    }
  }

  static double squared_distance(const float* point, const double* mean, std::int64_t d) {
    constexpr std::int64_t lanes = 8;
    double sums[lanes] = {};
    std::int64_t j = 0;
    const auto add = [&](std::int64_t lane, std::int64_t at) {
      const double difference = static_cast<double>(point[at]) - mean[at];
      sums[lane] += difference * difference;
    };
    for (; j + lanes <= d; j += lanes)
      for (std::int64_t lane = 0; lane < lanes; ++lane) add(lane, j + lane);
    for (std::int64_t lane = 0; j < d; ++j, ++lane) add(lane, j);
    for (std::int64_t half = lanes / 2; half > 0; half /= 2)
      for (std::int64_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
    return sums[0];
  }

  /// `products` (K) with the sums.
  void score_point(std::int64_t point, const double* products, BlockScores& scores) const {
    const std::int64_t k = clusters_.count(), mine = clusters_.of(point);
    double nearest = std::numeric_limits<double>::infinity(), first = -nearest, second = -nearest;
    for (std::int64_t c = 0; c < k; ++c) {
      const double cosine = products[c] * inverse_lengths_[static_cast<std::size_t>(c)];
      if (cosine > first)
        second = std::exchange(first, cosine);
      else
        second = std::max(second, cosine);
      if (c != mine) nearest = std::min(nearest, 1 - products[c] / clusters_.size(c));
    }
    if (first - second <= fence_ * std::abs(first)) ++scores.on_the_fence;
    const double others = clusters_.size(mine) - 1;
    if (others == 0) return;
    const double with_itself = kernels::kernels().sum_of_squares(points_[point], points_.columns());
    const double within = std::max(0.0, 1 - (products[mine] - with_itself) / others);
    nearest = std::max(0.0, nearest);
    const double larger = std::max(within, nearest);
    if (larger > 0) scores.silhouette += (nearest - within) / larger;
  }

  MatrixView<const float> points_;
  const Clusters& clusters_;
  double fence_;
  std::vector<double> inverse_lengths_, distances_;
  std::vector<BlockScores> blocks_;
};

double davies_bouldin(const std::vector<double>& spreads, const Matrix<double>& means) {
  const std::int64_t k = means.rows(), d = means.columns();
  const double* spread = spreads.data();
  std::vector<double> worst(static_cast<std::size_t>(k)), farthest(static_cast<std::size_t>(k));
  parallel_blocks(k, 16, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t a = begin; a < end; ++a) {
      for (std::int64_t b = 0; b < k; ++b) {
        if (a == b) continue;
        double square = 0;
        for (std::int64_t j = 0; j < d; ++j) {
          const double difference = means[a][j] - means[b][j];
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
  if (*std::max_element(spreads.begin(), spreads.end()) <= nearly_zero) return 0;
  if (*std::max_element(farthest.begin(), farthest.end()) <= nearly_zero) return 0;
  double sum = 0;
  for (const double one : worst) sum += one;
  return sum / static_cast<double>(k);
}

double calinski_harabasz(std::int64_t points, const Clusters& clusters, double within) {
  const auto n = static_cast<double>(points), k = static_cast<double>(clusters.count());
  std::vector<double> centre(static_cast<std::size_t>(clusters.sums.columns()));
  for (std::int64_t c = 0; c < clusters.count(); ++c)
    for (std::size_t j = 0; j < centre.size(); ++j) centre[j] += clusters.sums[c][j] / n;
  double between = 0;
  for (std::int64_t c = 0; c < clusters.count(); ++c) {
    double square = 0;
    for (std::size_t j = 0; j < centre.size(); ++j) {
      const double difference = clusters.means[c][j] - centre[j];
      square += difference * difference;
    }
    between += square * clusters.size(c);
  }
  return within == 0 ? 1 : between * (n - k) / (within * (k - 1));
}

}  // namespace

Separation separation(MatrixView<const float> features, std::span<const std::int64_t> labels,
                      const SeparationOptions& options) {
  check_ranges(options, in_separation);
  require_unit_rows(features, in_separation, "features");
  const std::int64_t n = features.rows();
  require(static_cast<std::int64_t>(labels.size()) == n, in_separation,
          "labels must be one for each row of features (", n, "), got ", labels.size(), ".");
  const Clusters clusters = sum_clusters(features, labels);
  const Scorer scorer(features, clusters, options);
  const BlockScores total = scorer.total();
  const std::int64_t k = clusters.count();
  Separation result{.n_clusters = k};
  for (const double length : clusters.lengths) result.objective += length;
  result.objective /= static_cast<double>(n);
  result.on_the_fence = static_cast<double>(total.on_the_fence) / static_cast<double>(n);
  if (k == 1 || k == n) return result;
  result.silhouette = total.silhouette / static_cast<double>(n);
  result.calinski_harabasz = calinski_harabasz(n, clusters, total.squares);
  result.davies_bouldin = davies_bouldin(scorer.spreads(), clusters.means);
  return result;
}

}  // namespace ilk
