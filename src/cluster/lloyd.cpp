// N points, D dimensions, K clusters, R starts that run side by side.
#include "cluster/lloyd.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.h"

namespace ilk::internal {
namespace {

using kernels::kernels;

constexpr std::int64_t points_per_lloyd_block = 1024, centres_per_block = 64;
// Sums of points that are shorter cancel out.
constexpr double least_length = 1e-9;

/// A sum in float64, eight side by side: an addition need not wait for the one before it.
class WideSum {
 public:
  /// Adds term(0) … term(n − 1).
  template <class Term>
  WideSum(std::int64_t n, Term term) {
    std::int64_t i = 0;
    for (; i + lanes <= n; i += lanes)
      for (std::int64_t lane = 0; lane < lanes; ++lane) sums_[lane] += term(i + lane);
    for (std::int64_t lane = 0; i + lane < n; ++lane) sums_[lane] += term(i + lane);
    for (std::int64_t half = lanes / 2; half > 0; half /= 2)
      for (std::int64_t lane = 0; lane < half; ++lane) sums_[lane] += sums_[lane + half];
  }
  operator double() const { return sums_[0]; }

 private:
  static constexpr std::int64_t lanes = 8;
  double sums_[lanes] = {};
};

/// Groups of centres are as small as may be while there are not too many margins (0: one group).
std::int64_t group_size_of(std::int64_t n, std::int64_t n_clusters, const ScreenedPoints& points) {
  constexpr std::int64_t least = 16, margins = std::int64_t{1} << 22;
  if (!points.may_group(n_clusters)) return 0;
  const std::int64_t groups = std::max<std::int64_t>(1, margins / n);
  return std::max(least, block_count(block_count(n_clusters, groups), least) * least);
}

}  // namespace

template <class Label>
std::vector<Move> repair_empty(std::span<Label> labels, std::span<float> scores, float best,
                               std::span<std::int64_t> sizes) {
  std::vector<Move> moves;
  const auto size_of = [&](Label label) -> std::int64_t& { return sizes[static_cast<std::size_t>(label)]; };
  for (std::size_t cluster = 0; cluster < sizes.size(); ++cluster) {
    if (sizes[cluster] > 0) continue;
    std::size_t worst = labels.size();
    for (std::size_t i = 0; i < labels.size(); ++i)
      if (size_of(labels[i]) > 1 && (worst == labels.size() || scores[i] < scores[worst])) worst = i;
    const Move move{static_cast<std::int64_t>(worst), static_cast<std::int64_t>(labels[worst]),
                    static_cast<std::int64_t>(cluster)};
    --size_of(labels[worst]);
    ++sizes[cluster];
    labels[worst] = static_cast<Label>(cluster);
    scores[worst] = best;
    moves.push_back(move);
  }
  return moves;
}
template std::vector<Move> repair_empty(std::span<std::int32_t>, std::span<float>, float,
                                        std::span<std::int64_t>);
template std::vector<Move> repair_empty(std::span<std::int64_t>, std::span<float>, float,
                                        std::span<std::int64_t>);

double rounding_of(double longest, std::int64_t n_points) {
  // No sum of N coordinates reaches 2^power; a float64 holds numbers below it exactly to 2^(power − 52).
  int power = 0;
  std::frexp(longest * static_cast<double>(n_points), &power);
  return std::ldexp(1.5, power);
}

void direction_of(const double* sum, std::int64_t d, float* centroid) {
  const double length = std::sqrt(WideSum(d, [&](std::int64_t i) { return sum[i] * sum[i]; }));
  if (length > least_length)
    for (std::int64_t i = 0; i < d; ++i) centroid[i] = static_cast<float>(sum[i] / length);
}

double sum_of_cosines(MatrixView<const double> sums, MatrixView<const float> centroids) {
  double total = 0;
  for (std::int64_t k = 0; k < sums.rows(); ++k)
    total += kernels().dot_mixed(centroids[k], sums[k], sums.columns());
  return total;
}

Lloyd::Lloyd(const ScreenedPoints& points, std::int64_t n_clusters, std::int64_t n_starts, Geometry geometry,
             std::int64_t n_points)
    : points_(points),
      n_clusters_(n_clusters),
      geometry_(geometry),
      starts_(static_cast<std::size_t>(n_starts)) {
  const std::int64_t n = points.size(), d = points.dimensions();
  const std::int64_t group_size = group_size_of(n, n_clusters, points);
  const std::int64_t groups = group_size > 0 ? block_count(n_clusters, group_size) : 1;
  std::vector<double> squares(static_cast<std::size_t>(block_count(n, points_per_lloyd_block))),
      most(squares.size());
  if (geometry == Geometry::euclidean)
    parallel_blocks(n, points_per_lloyd_block, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
      const auto block = static_cast<std::size_t>(index);
      for (std::int64_t i = begin; i < end; ++i) {
        const double square = kernels().sum_of_squares(points.row(i), d);
        squares[block] += square;
        most[block] = std::max(most[block], square);
      }
    });
  for (const double square : squares) square_mean_ += square / static_cast<double>(n);
  longest_ = geometry == Geometry::cosine ? longest_unit_point
                                          : 1.001 * std::sqrt(*std::max_element(most.begin(), most.end()));
  rounding_ = rounding_of(longest_, n_points > 0 ? n_points : n);
  for (Start& one : starts_) {
    one.centroids = Matrix<float>(n_clusters, d);
    one.labels.assign(static_cast<std::size_t>(n), -1);
    one.margins = Matrix<float>(n, groups);
    one.sums = Matrix<double>(n_clusters, d);
    one.sizes.resize(static_cast<std::size_t>(n_clusters));
    one.falls.resize(static_cast<std::size_t>(n_clusters));
    one.rises.resize(static_cast<std::size_t>(groups));
    one.next_rises.resize(one.rises.size());
    one.highest.resize(one.rises.size());
    one.screened = std::make_unique<ScreenedCentres>(points, n_clusters, geometry, group_size);
  }
}

float Lloyd::gain(const Start& start, std::int64_t i) const {
  const float *point = points_.row(i), *own = start.centroids[start.labels[static_cast<std::size_t>(i)]];
  return geometry_ == Geometry::cosine
             ? kernels().dot_f32(point, own, points_.dimensions())
             : -2 * kernels().half_squared_distance(point, own, points_.dimensions());
}

// Distances: |x − c|² = |x|² − 2 x·c + |c|².
double Lloyd::objective_of(const Start& start) const {
  const std::int64_t d = points_.dimensions();
  const auto n = static_cast<double>(points_.size());
  if (geometry_ == Geometry::cosine) return sum_of_cosines(start.sums, start.centroids) / n;
  double total = 0;
  for (std::int64_t k = 0; k < n_clusters_; ++k) {
    const float* centroid = start.centroids[k];
    const double* sums = start.sums[k];
    total +=
        2 * kernels().dot_mixed(centroid, sums, d) -
        kernels().sum_of_squares(centroid, d) * static_cast<double>(start.sizes[static_cast<std::size_t>(k)]);
  }
  return total / n - square_mean_;
}

// A score x·c − h changes by x·Δ − Δh, where x·Δ = μ·Δ + (x − μ)·Δ: between shift − way and shift + way.
void Lloyd::move_centroid(Start& start, std::int64_t j, const float* to, float& fall, float& rise) const {
  const std::int64_t d = points_.dimensions();
  float* centroid = start.centroids[j];
  const std::vector<float>& origin = points_.origin();
  const auto difference = [&](std::int64_t i) {
    return static_cast<double>(to[i]) - static_cast<double>(centroid[i]);
  };
  double shift = WideSum(d, [&](std::int64_t i) {
    return difference(i) * static_cast<double>(origin[static_cast<std::size_t>(i)]);
  });
  double way = WideSum(d, [&](std::int64_t i) { return difference(i) * difference(i); });
  const double square = kernels().sum_of_squares(to, d),
               square_before = kernels().sum_of_squares(centroid, d);
  std::copy_n(to, d, centroid);
  if (geometry_ == Geometry::euclidean) shift -= (square - square_before) / 2;
  way = std::sqrt(way) * points_.spread();
  // A little more than the truth, so that rounding is on the safe side.
  const double slack = 1e-4 * (way + std::fabs(shift)) + 1e-12 * (square + square_before);
  rise = static_cast<float>(shift + way + slack);
  fall = static_cast<float>(way - shift + slack);
}

void Lloyd::update(std::int64_t number) {
  Start& one = start(number);
  const std::int64_t d = points_.dimensions();
  update_to_each(one, [&](std::int64_t j, float* to) {
    const double* sums = one.sums[j];
    if (geometry_ == Geometry::cosine) return direction_of(sums, d, to);
    const auto size = static_cast<double>(one.sizes[static_cast<std::size_t>(j)]);
    if (size > 0)
      for (std::int64_t i = 0; i < d; ++i) to[i] = static_cast<float>(sums[i] / size);
  });
}

void Lloyd::update_to(std::int64_t number, MatrixView<const float> centroids) {
  update_to_each(start(number), [&](std::int64_t j, float* to) { std::ranges::copy(centroids.row(j), to); });
}

/// new_centroid(j, to) changes centroid j, which `to` (D) holds.
template <class NewCentroid>
void Lloyd::update_to_each(Start& one, NewCentroid new_centroid) const {
  std::vector<float> rises(one.sizes.size());
  parallel_blocks(n_clusters_, centres_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    std::vector<float> to(static_cast<std::size_t>(points_.dimensions()));
    for (std::int64_t j = begin; j < end; ++j) {
      std::ranges::copy(one.centroids.row(j), to.begin());
      new_centroid(j, to.data());
      move_centroid(one, j, to.data(), one.falls[static_cast<std::size_t>(j)],
                    rises[static_cast<std::size_t>(j)]);
    }
  });
  one.updated = true;
  std::fill(one.rises.begin(), one.rises.end(), -std::numeric_limits<float>::infinity());
  one.next_rises = one.rises;
  for (std::int64_t j = 0; j < n_clusters_; ++j) {
    const auto group = static_cast<std::size_t>(one.screened->group_of(j));
    const float rise = rises[static_cast<std::size_t>(j)];
    if (rise > one.rises[group]) {
      one.next_rises[group] = one.rises[group];
      one.rises[group] = rise, one.highest[group] = j;
    } else {
      one.next_rises[group] = std::max(one.next_rises[group], rise);
    }
  }
}

std::int64_t Lloyd::repair(std::int64_t number, double& gained) {
  Start& one = start(number);
  if (std::all_of(one.sizes.begin(), one.sizes.end(), [](std::int64_t size) { return size > 0; })) return 0;
  const std::int64_t d = points_.dimensions();
  std::vector<float> before(one.labels.size());
  parallel_blocks(points_.size(), points_per_lloyd_block,
                  [&](std::int64_t begin, std::int64_t end, std::int64_t) {
                    for (std::int64_t i = begin; i < end; ++i)
                      before[static_cast<std::size_t>(i)] = gain(one, i);
                  });
  const float best = best_gain(geometry_);
  std::vector<float> scores = before;
  const auto moves = repair_empty<std::int32_t>(one.labels, scores, best, one.sizes);
  for (const Move& move : moves) {
    const float* point = points_.row(move.point);
    kernels().subtract_rounded(one.sums[move.from], point, d, rounding_);
    kernels().add_rounded(one.sums[move.to], point, d, rounding_);
    std::copy_n(point, d, one.centroids[move.to]);
    gained += static_cast<double>(best) - static_cast<double>(before[static_cast<std::size_t>(move.point)]);
  }
  one.bounded = false;
  return static_cast<std::int64_t>(moves.size());
}

}  // namespace ilk::internal
