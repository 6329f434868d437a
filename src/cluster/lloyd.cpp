// N points, D dimensions, K clusters, R starts that run side by side.
#include "lloyd.h"

#include <cmath>
#include <limits>

#include "blocks.h"
#include "lanes.h"
#include "score_tiles.h"
#include "scratch_pool.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t points_per_block = 1024;
constexpr float lowest = -std::numeric_limits<float>::infinity();

}  // namespace

std::vector<Move> repair_empty(torch::Tensor labels, torch::Tensor scores, std::vector<std::int64_t>& sizes) {
  std::vector<Move> moves;
  for (std::size_t cluster = 0; cluster < sizes.size(); ++cluster) {
    if (sizes[cluster] > 0) continue;
    const auto crowded = torch::tensor(sizes, torch::kInt64).to(labels.device()) > 1;
    const auto may_leave = crowded.index_select(0, labels.to(torch::kInt64));
    const auto point = scores.masked_fill(may_leave.logical_not(), -lowest).argmin().item<std::int64_t>();
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
  scores_ = torch::zeros({n_starts, n}, real);
  sums_ = torch::zeros({n_starts, n_clusters, d}, real.dtype(torch::kFloat64));
  // No sum of N coordinates, none above 1.001, reaches 2^power; a float64 holds 2^power exactly to 2^(power −
  // 52).
  int power = 0;
  std::frexp(1.01 * static_cast<double>(n), &power);
  rounding_ = std::ldexp(1.5, power);
  for (std::int64_t i = 0; i < n_starts; ++i)
    starts_[static_cast<std::size_t>(i)] = {
        centroids_[i], labels_[i], scores_[i], sums_[i],
        std::vector<std::int64_t>(static_cast<std::size_t>(n_clusters), 0)};
}

torch::Tensor Lloyd::quantised(const torch::Tensor& rows) const {
  return rows.to(torch::kFloat64).add(rounding_).sub(rounding_);
}

void Lloyd::assign(const std::vector<std::int64_t>& active) {
  const auto numbers = torch::tensor(active, torch::kInt64).to(points_.device());
  const auto centres = centroids_.index_select(0, numbers).view({-1, points_.size(1)});
  has_kernels(points_) ? assign_with_loops(active, centres) : assign_with_operations(active, centres);
}

/// What one thread gathers: the change of sums and sizes, in the order of the active starts.
struct Lloyd::Worker {
  Worker(std::int64_t n_active, std::int64_t n_clusters, std::int64_t dimensions, std::int64_t block)
      : tiles(block),
        sums(static_cast<std::size_t>(n_active * n_clusters * dimensions), 0.0),
        sizes(static_cast<std::size_t>(n_active * n_clusters), 0) {}

  ScoreTiles tiles;
  std::vector<double> sums;
  std::vector<std::int64_t> sizes;
  float best[points_per_block];
  std::int32_t label[points_per_block];
};

void Lloyd::assign_with_loops(const std::vector<std::int64_t>& active, const torch::Tensor& centres) {
  const std::int64_t n = points_.size(0), d = points_.size(1), k = n_clusters_;
  const auto n_active = static_cast<std::int64_t>(active.size());
  const std::int64_t blocks = block_count(n, points_per_block);
  const float* points = points_.data_ptr<float>();
  std::vector<double> score_sums(static_cast<std::size_t>(blocks * n_active));
  std::vector<std::int64_t> moved(static_cast<std::size_t>(blocks * n_active), 0);
  ScratchPool<Worker> workers(
      [&] { return std::make_unique<Worker>(n_active, k, d, std::min(n, points_per_block)); });

  parallel_blocks(n, points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t index) {
    const std::int64_t size = end - begin;
    workers.use([&](Worker& worker) {
      float* best = worker.best;
      std::int32_t* label = worker.label;
      // Called when all centres of one start have been seen: takes over labels and moves points between sums.
      const auto finish = [&](std::int64_t place) {
        const Start& start = starts_[static_cast<std::size_t>(active[static_cast<std::size_t>(place)])];
        std::copy_n(best, size, start.scores.data_ptr<float>() + begin);
        score_sums[static_cast<std::size_t>(index * n_active + place)] =
            lane_sum(size, [&](std::int64_t i) { return static_cast<double>(best[i]); });
        std::int32_t* labels = start.labels.data_ptr<std::int32_t>() + begin;
        double* sums = worker.sums.data() + place * k * d;
        std::int64_t* sizes = worker.sizes.data() + place * k;
        for (std::int64_t i = 0; i < size; ++i) {
          const std::int32_t from = labels[i], to = label[i];
          if (from == to) continue;
          labels[i] = to;
          ++moved[static_cast<std::size_t>(index * n_active + place)];
          const float* point = points + (begin + i) * d;
          double* into = sums + to * d;
          ++sizes[to];
          for (std::int64_t j = 0; j < d; ++j)
            into[j] += (static_cast<double>(point[j]) + rounding_) - rounding_;
          if (from < 0) continue;
          double* out_of = sums + from * d;
          --sizes[from];
          for (std::int64_t j = 0; j < d; ++j)
            out_of[j] -= (static_cast<double>(point[j]) + rounding_) - rounding_;
        }
      };
      worker.tiles.each(points_.slice(0, begin, end), centres, [&](std::int64_t row, const float* scores) {
        const auto centre = static_cast<std::int32_t>(row % k);
        if (centre == 0) {
          std::copy_n(scores, size, best);
          std::fill_n(label, size, 0);
        } else {
          // Without branches, so that it runs on several points at once; ties stay with the lower centre.
          for (std::int64_t i = 0; i < size; ++i) {
            const bool wins = scores[i] > best[i];
            best[i] = wins ? scores[i] : best[i];
            label[i] = wins ? centre : label[i];
          }
        }
        if (centre == k - 1) finish(row / k);
      });
    });
  });

  for (std::int64_t place = 0; place < n_active; ++place) {
    Start& start = starts_[static_cast<std::size_t>(active[static_cast<std::size_t>(place)])];
    double total = 0;
    start.moved = 0;
    for (std::int64_t block = 0; block < blocks; ++block) {
      total += score_sums[static_cast<std::size_t>(block * n_active + place)];
      start.moved += moved[static_cast<std::size_t>(block * n_active + place)];
    }
    start.objective = total / static_cast<double>(n);
    if (start.moved == 0) continue;
    double* sums = start.sums.data_ptr<double>();
    for (const auto& worker : workers.all()) {
      const double* change = worker->sums.data() + place * k * d;
      for (std::int64_t j = 0; j < k * d; ++j) sums[j] += change[j];
      for (std::int64_t j = 0; j < k; ++j)
        start.sizes[static_cast<std::size_t>(j)] += worker->sizes[static_cast<std::size_t>(place * k + j)];
    }
  }
}

void Lloyd::assign_with_operations(const std::vector<std::int64_t>& active, const torch::Tensor& centres) {
  const std::int64_t n = points_.size(0), k = n_clusters_;
  const auto n_active = static_cast<std::int64_t>(active.size());
  std::vector<torch::Tensor> totals(static_cast<std::size_t>(n_active));
  for (std::int64_t place = 0; place < n_active; ++place) {
    Start& start = starts_[static_cast<std::size_t>(active[static_cast<std::size_t>(place)])];
    start.sums.zero_();
    start.moved = 0;
    totals[static_cast<std::size_t>(place)] = torch::zeros({}, start.sums.options());
  }
  row_blocks(points_, n, 16 * points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    const auto block = points_.slice(0, begin, end);
    const auto products = block.matmul(centres.t()).view({end - begin, n_active, k});
    const auto exact = quantised(block);
    const auto [best, nearest] = products.max(2);
    for (std::int64_t place = 0; place < n_active; ++place) {
      Start& start = starts_[static_cast<std::size_t>(active[static_cast<std::size_t>(place)])];
      const auto label = nearest.select(1, place), score = best.select(1, place);
      auto labels = start.labels.slice(0, begin, end);
      start.moved += (labels != label).sum().item<std::int64_t>();
      labels.copy_(label);
      start.scores.slice(0, begin, end).copy_(score);
      start.sums.index_add_(0, label, exact);
      totals[static_cast<std::size_t>(place)] += score.sum(torch::kFloat64);
    }
  });
  for (std::int64_t place = 0; place < n_active; ++place) {
    Start& start = starts_[static_cast<std::size_t>(active[static_cast<std::size_t>(place)])];
    start.objective = totals[static_cast<std::size_t>(place)].item<double>() / static_cast<double>(n);
    const auto sizes = start.labels.to(torch::kInt64).bincount({}, k).cpu();
    std::copy_n(sizes.data_ptr<std::int64_t>(), k, start.sizes.begin());
  }
}

void Lloyd::update(std::int64_t number) {
  Start& one = start(number);
  on_one_thread([&] {
    const auto lengths = at::linalg_vector_norm(one.sums, 2, at::IntArrayRef{1}, /*keepdim=*/true);
    one.centroids.copy_(
        torch::where(lengths > 1e-9, (one.sums / lengths).to(torch::kFloat32), one.centroids));
  });
}

std::int64_t Lloyd::repair(std::int64_t number, double& gain) {
  Start& one = start(number);
  if (std::all_of(one.sizes.begin(), one.sizes.end(), [](std::int64_t size) { return size > 0; })) return 0;
  const auto before = one.scores.clone();
  const auto moves = repair_empty(one.labels, one.scores, one.sizes);
  for (const Move& move : moves) {
    const auto point = points_[move.point], exact = quantised(point);
    one.sums[move.from].sub_(exact);
    one.sums[move.to].add_(exact);
    one.centroids[move.to].copy_(point);
    gain += 1 - before[move.point].item<double>();
  }
  return static_cast<std::int64_t>(moves.size());
}

}  // namespace ilk::internal
