// N points, D dimensions, K clusters, R starts that run side by side.
#include "lloyd.h"

#include <cmath>
#include <limits>

#include "blocks.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t points_per_block = 1024;
constexpr float lowest = -std::numeric_limits<float>::infinity();
// Points are longer than 1 by this at most.
constexpr double longest = 1.001;

}  // namespace

std::vector<Move> repair_empty(torch::Tensor labels, torch::Tensor scores, std::vector<std::int64_t>& sizes) {
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
    scores[point].fill_(1);
    --sizes[static_cast<std::size_t>(move.from)];
    ++sizes[cluster];
    moves.push_back(move);
  }
  return moves;
}

Lloyd::Lloyd(const torch::Tensor& points, std::int64_t n_clusters, std::int64_t n_starts)
    : points_(points), n_clusters_(n_clusters), starts_(static_cast<std::size_t>(n_starts)) {
  const std::int64_t n = points.size(0), d = points.size(1);
  const auto real = points.options();
  centroids_ = torch::zeros({n_starts, n_clusters, d}, real);
  labels_ = torch::full({n_starts, n}, -1, real.dtype(torch::kInt32));
  margins_ = torch::zeros({n_starts, n}, real);
  sums_ = torch::zeros({n_starts, n_clusters, d}, real.dtype(torch::kFloat64));
  // No sum of N coordinates reaches 2^power; a float64 holds numbers below it exactly to 2^(power − 52).
  int power = 0;
  std::frexp(longest * static_cast<double>(n), &power);
  rounding_ = std::ldexp(1.5, power);
  for (std::int64_t i = 0; i < n_starts; ++i) {
    Start& one = start(i);
    one.centroids = centroids_[i], one.labels = labels_[i], one.margins = margins_[i], one.sums = sums_[i];
    one.sizes.resize(static_cast<std::size_t>(n_clusters));
    one.drifts.resize(static_cast<std::size_t>(n_clusters));
  }
}

torch::Tensor Lloyd::quantised(const torch::Tensor& rows) const {
  return rows.to(torch::kFloat64).add(rounding_).sub(rounding_);
}

torch::Tensor Lloyd::centres_of(const std::vector<std::int64_t>& active) const {
  const auto numbers = torch::tensor(active, torch::kInt64).to(points_.device());
  return centroids_.index_select(0, numbers).view({-1, points_.size(1)});
}

torch::Tensor Lloyd::scores(const Start& start) const {
  auto result = torch::empty({points_.size(0)}, points_.options());
  row_blocks(
      points_, points_.size(0), points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
        const auto own = start.centroids.index_select(0, start.labels.slice(0, begin, end).to(torch::kInt64));
        result.slice(0, begin, end).copy_((points_.slice(0, begin, end) * own).sum(1));
      });
  return result;
}

void Lloyd::assign(const std::vector<std::int64_t>& active) {
  has_kernels(points_) ? assign_with_loops(active) : assign_with_operations(active);
  for (const std::int64_t number : active) {
    Start& one = start(number);
    on_one_thread([&] {
      one.objective = one.centroids.mul(one.sums).sum().item<double>() / static_cast<double>(points_.size(0));
    });
  }
}

void Lloyd::assign_with_operations(const std::vector<std::int64_t>& active) {
  const std::int64_t n = points_.size(0), k = n_clusters_;
  const auto n_active = static_cast<std::int64_t>(active.size());
  const auto centres = centres_of(active);
  for (const std::int64_t number : active) {
    start(number).sums.zero_();
    start(number).moved = 0;
  }
  row_blocks(points_, n, 16 * points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    const auto block = points_.slice(0, begin, end), exact = quantised(block);
    const auto products = block.matmul(centres.t()).view({end - begin, n_active, k});
    const auto nearest = std::get<1>(products.max(2));
    for (std::int64_t place = 0; place < n_active; ++place) {
      Start& one = start(active[static_cast<std::size_t>(place)]);
      const auto label = nearest.select(1, place);
      auto labels = one.labels.slice(0, begin, end);
      one.moved += (labels != label).sum().item<std::int64_t>();
      labels.copy_(label);
      one.sums.index_add_(0, label, exact);
    }
  });
  for (const std::int64_t number : active) {
    const auto sizes = start(number).labels.to(torch::kInt64).bincount({}, k).cpu();
    std::copy_n(sizes.data_ptr<std::int64_t>(), k, start(number).sizes.begin());
  }
}

void Lloyd::update(std::int64_t number) {
  Start& one = start(number);
  on_one_thread([&] {
    const auto lengths = at::linalg_vector_norm(one.sums, 2, at::IntArrayRef{1}, /*keepdim=*/true);
    const auto moved = torch::where(lengths > 1e-9, (one.sums / lengths).to(torch::kFloat32), one.centroids);
    const auto ways =
        at::linalg_vector_norm(moved.to(torch::kFloat64).sub_(one.centroids), 2, at::IntArrayRef{1}).cpu();
    one.centroids.copy_(moved);
    const double* way = ways.data_ptr<double>();
    // The farthest that any centre went, and any other than that one.
    std::size_t farthest = 0;
    double most = 0, next = 0;
    for (std::size_t i = 0; i < one.drifts.size(); ++i) {
      if (way[i] > most)
        next = most, most = way[i], farthest = i;
      else
        next = std::max(next, way[i]);
    }
    // A little more than the truth, so that rounding is on the safe side.
    for (std::size_t i = 0; i < one.drifts.size(); ++i)
      one.drifts[i] = static_cast<float>(1.0001 * longest * (way[i] + (i == farthest ? next : most)));
  });
}

std::int64_t Lloyd::repair(std::int64_t number, double& gain) {
  Start& one = start(number);
  if (std::all_of(one.sizes.begin(), one.sizes.end(), [](std::int64_t size) { return size > 0; })) return 0;
  const auto before = scores(one);
  const auto moves = repair_empty(one.labels, before.clone(), one.sizes);
  for (const Move& move : moves) {
    const auto point = points_[move.point], exact = quantised(point);
    one.sums[move.from].sub_(exact);
    one.sums[move.to].add_(exact);
    one.centroids[move.to].copy_(point);
    gain += 1 - before[move.point].item<double>();
  }
  one.bounded = false;
  return static_cast<std::int64_t>(moves.size());
}

}  // namespace ilk::internal
