// N points, D dimensions, K clusters, R starts that run side by side.
#include "lloyd.h"

#include <cmath>
#include <limits>

#include "blocks.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t points_per_block = 1024, centres_per_block = 64;
// Points of unit length are no longer than this.
constexpr double longest = 1.001;

/// Groups of centres are as small as may be while there are not too many margins (0: one group).
std::int64_t group_size_of(std::int64_t n, std::int64_t n_clusters, const ScreenedPoints& points) {
  constexpr std::int64_t least = 16, margins = std::int64_t{1} << 22;
  if (!points.may_group(n_clusters)) return 0;
  const std::int64_t groups = std::max<std::int64_t>(1, margins / n);
  return std::max(least, block_count(block_count(n_clusters, groups), least) * least);
}

}  // namespace

std::vector<Move> repair_empty(torch::Tensor labels, torch::Tensor scores, double best,
                               std::vector<std::int64_t>& sizes) {
  std::vector<Move> moves;
  for (std::size_t cluster = 0; cluster < sizes.size(); ++cluster) {
    if (sizes[cluster] > 0) continue;
    const auto crowded = torch::tensor(sizes, torch::kInt64).to(labels.device()) > 1;
    const auto may_leave = crowded.index_select(0, labels.to(torch::kInt64));
    const auto point = scores.masked_fill(may_leave.logical_not(), std::numeric_limits<float>::infinity())
                           .argmin()
                           .item<std::int64_t>();
    const Move move{point, labels[point].item<std::int64_t>(), static_cast<std::int64_t>(cluster)};
    labels[point].fill_(move.to);
    scores[point].fill_(best);
    --sizes[static_cast<std::size_t>(move.from)];
    ++sizes[cluster];
    moves.push_back(move);
  }
  return moves;
}

Lloyd::Lloyd(const torch::Tensor& points, const ScreenedPoints* screened, std::int64_t n_clusters,
             std::int64_t n_starts, Geometry geometry)
    : points_(points),
      n_clusters_(n_clusters),
      geometry_(geometry),
      screened_(screened),
      starts_(static_cast<std::size_t>(n_starts)) {
  const std::int64_t n = points.size(0), d = points.size(1);
  const auto real = points.options();
  centroids_ = torch::zeros({n_starts, n_clusters, d}, real);
  labels_ = torch::full({n_starts, n}, -1, real.dtype(torch::kInt32));
  const std::int64_t group_size = screened ? group_size_of(n, n_clusters, *screened) : 0;
  const std::int64_t groups = group_size > 0 ? block_count(n_clusters, group_size) : 1;
  if (screened) margins_ = torch::zeros({n_starts, n, groups}, real);
  sums_ = torch::zeros({n_starts, n_clusters, d}, real.dtype(torch::kFloat64));
  std::vector<double> squares(static_cast<std::size_t>(block_count(n, points_per_block))),
      most(squares.size());
  if (geometry == Geometry::euclidean)
    row_blocks(points, n, points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
      const auto block = points.slice(0, begin, end).to(torch::kFloat64);
      const auto of_rows = block.square().sum(1);
      squares[static_cast<std::size_t>(index)] = of_rows.sum().item<double>();
      most[static_cast<std::size_t>(index)] = of_rows.max().item<double>();
    });
  for (const double square : squares) square_mean_ += square / static_cast<double>(n);
  longest_ =
      geometry == Geometry::cosine ? longest : 1.001 * std::sqrt(*std::max_element(most.begin(), most.end()));
  // No sum of N coordinates reaches 2^power; a float64 holds numbers below it exactly to 2^(power − 52).
  int power = 0;
  std::frexp(longest_ * static_cast<double>(n), &power);
  rounding_ = std::ldexp(1.5, power);
  for (std::int64_t i = 0; i < n_starts; ++i) {
    Start& one = start(i);
    one.centroids = centroids_[i], one.labels = labels_[i], one.sums = sums_[i];
    one.sizes.resize(static_cast<std::size_t>(n_clusters));
    if (!screened_) continue;
    one.margins = margins_[i];
    one.falls.resize(static_cast<std::size_t>(n_clusters));
    one.rises.resize(static_cast<std::size_t>(groups));
    one.next_rises.resize(one.rises.size());
    one.highest.resize(one.rises.size());
    one.screened = std::make_unique<ScreenedCentres>(*screened_, n_clusters, geometry, group_size);
  }
}

torch::Tensor Lloyd::quantised(const torch::Tensor& rows) const {
  return rows.to(torch::kFloat64).add(rounding_).sub(rounding_);
}

torch::Tensor Lloyd::gains(const Start& start) const {
  auto result = torch::empty({points_.size(0)}, points_.options());
  row_blocks(
      points_, points_.size(0), points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
        const auto own = start.centroids.index_select(0, start.labels.slice(0, begin, end).to(torch::kInt64));
        const auto block = points_.slice(0, begin, end);
        result.slice(0, begin, end)
            .copy_(geometry_ == Geometry::cosine ? (block * own).sum(1)
                                                 : (block - own).square_().sum(1).neg_());
      });
  return result;
}

// Cosines: Σ_k c_k · S_k. Distances: |x − c|² = |x|² − 2 x·c + |c|².
double Lloyd::objective_of(const Start& start) const {
  double total = 0;
  on_one_thread([&] {
    const auto products = start.centroids.mul(start.sums).sum(1);
    if (geometry_ == Geometry::cosine) {
      total = products.sum().item<double>();
      return;
    }
    const auto squares = start.centroids.to(torch::kFloat64).square_().sum(1);
    const auto sizes = torch::tensor(start.sizes, torch::kInt64).to(squares.device());
    total = (2 * products - squares * sizes).sum().item<double>();
  });
  return total / static_cast<double>(points_.size(0)) - (geometry_ == Geometry::cosine ? 0 : square_mean_);
}

void Lloyd::assign(const std::vector<std::int64_t>& active) {
  screened_ ? assign_with_loops(active) : assign_with_operations(active);
  parallel_blocks(static_cast<std::int64_t>(active.size()), 1,
                  [&](std::int64_t place, std::int64_t, std::int64_t) {
                    Start& one = start(active[static_cast<std::size_t>(place)]);
                    one.objective = objective_of(one);
                  });
}

void Lloyd::assign_with_operations(const std::vector<std::int64_t>& active) {
  const std::int64_t n = points_.size(0), k = n_clusters_;
  for (const std::int64_t number : active) {
    Start& one = start(number);
    one.sums.zero_();
    one.moved = 0;
    one.searched = n;
    const auto halves = one.centroids.square().sum(1).mul_(geometry_ == Geometry::cosine ? 0 : 0.5);
    row_blocks(points_, n, 16 * points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      const auto block = points_.slice(0, begin, end);
      const auto label = std::get<1>(block.matmul(one.centroids.t()).sub_(halves).max(1));
      auto labels = one.labels.slice(0, begin, end);
      one.moved += (labels != label).sum().item<std::int64_t>();
      labels.copy_(label);
      one.sums.index_add_(0, label, quantised(block));
    });
    const auto sizes = one.labels.to(torch::kInt64).bincount({}, k).cpu();
    std::copy_n(sizes.data_ptr<std::int64_t>(), k, one.sizes.begin());
  }
}

void Lloyd::update(std::int64_t number) {
  Start& one = start(number);
  const auto sizes = torch::tensor(one.sizes, torch::kInt64).to(one.sums.options()).unsqueeze(1);
  std::vector<float> rises(one.sizes.size());
  // In blocks, so that little is held in float64 beside the sums.
  row_blocks(
      points_, n_clusters_, centres_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
        auto centroids = one.centroids.slice(0, begin, end);
        const auto sums = one.sums.slice(0, begin, end), before = centroids.to(torch::kFloat64);
        const auto lengths = geometry_ == Geometry::cosine
                                 ? at::linalg_vector_norm(sums, 2, at::IntArrayRef{1}, /*keepdim=*/true)
                                 : sizes.slice(0, begin, end);
        centroids.copy_(torch::where(lengths > 1e-9, (sums / lengths).to(torch::kFloat32), centroids));
        if (screened_)
          bound_drifts(before, centroids.to(torch::kFloat64), &one.falls[static_cast<std::size_t>(begin)],
                       &rises[static_cast<std::size_t>(begin)]);
      });
  one.updated = true;
  if (!screened_) return;
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

// A score x·c − h changes by x·Δ − Δh, where x·Δ = μ·Δ + (x − μ)·Δ: between shift − way and shift + way.
void Lloyd::bound_drifts(const torch::Tensor& before, const torch::Tensor& after, float* falls,
                         float* rises) const {
  const auto difference = after - before;
  const auto origin = torch::tensor(screened_->origin(), torch::kFloat32).to(torch::kFloat64);
  const auto squares = after.square().sum(1), squares_before = before.square().sum(1);
  auto shifts = difference.matmul(origin);
  if (geometry_ == Geometry::euclidean) shifts.sub_((squares - squares_before).div_(2));
  const auto ways = at::linalg_vector_norm(difference, 2, at::IntArrayRef{1}).mul_(screened_->spread());
  // A little more than the truth, so that rounding is on the safe side.
  const auto slack = 1e-4 * (ways + shifts.abs()) + 1e-12 * (squares + squares_before);
  const auto ups = (shifts + ways + slack).to(torch::kFloat32),
             downs = (ways - shifts + slack).to(torch::kFloat32);
  std::copy_n(ups.data_ptr<float>(), ups.size(0), rises);
  std::copy_n(downs.data_ptr<float>(), downs.size(0), falls);
}

std::int64_t Lloyd::repair(std::int64_t number, double& gain) {
  Start& one = start(number);
  if (std::all_of(one.sizes.begin(), one.sizes.end(), [](std::int64_t size) { return size > 0; })) return 0;
  const auto before = gains(one);
  const double best = best_gain(geometry_);
  const auto moves = repair_empty(one.labels, before.clone(), best, one.sizes);
  for (const Move& move : moves) {
    const auto point = points_[move.point], exact = quantised(point);
    one.sums[move.from].sub_(exact);
    one.sums[move.to].add_(exact);
    one.centroids[move.to].copy_(point);
    gain += best - before[move.point].item<double>();
  }
  one.bounded = false;
  return static_cast<std::int64_t>(moves.size());
}

}  // namespace ilk::internal
