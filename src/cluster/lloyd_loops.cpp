// N points, D dimensions, K clusters, R starts that run side by side: the assignment on a CPU, where the
// matrix product of a block, the search for the best centre and the sums are done while the block is in the
// cache.
#include <limits>

#include "blocks.h"
#include "lloyd.h"
#include "score_tiles.h"
#include "scratch_pool.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t points_per_block = 1024;
constexpr float lowest = -std::numeric_limits<float>::infinity();
// More than two float32 products can be off together, so that a point whose margin is spent by less is looked
// at.
constexpr float rounding_slack = 1e-5f;
// Where more than this share of a block must be looked at, gathering its points does not pay.
constexpr double most_gathered = 0.6;

}  // namespace

/// What one thread gathers: the change of sums and sizes, in the order of the active starts; and its buffers.
struct Lloyd::Worker {
  Worker(std::int64_t n_active, std::int64_t n_clusters, std::int64_t dimensions, std::int64_t block)
      : tiles(block),
        gathered(torch::empty({block, dimensions}, torch::kFloat32)),
        sums(static_cast<std::size_t>(n_active * n_clusters * dimensions), 0.0),
        sizes(static_cast<std::size_t>(n_active * n_clusters), 0),
        moved(static_cast<std::size_t>(n_active), 0) {}

  ScoreTiles tiles;
  torch::Tensor gathered;
  std::vector<double> sums;
  std::vector<std::int64_t> sizes, moved;
  // The best centre so far of the points that are looked at, and the cosines with it and with the runner-up.
  std::int32_t label[points_per_block];
  float best[points_per_block], second[points_per_block];
  std::int32_t rows[points_per_block];  // which points of the block are looked at

  void offer(std::int32_t centre, const float* scores, std::int64_t count) {
    if (centre == 0) {
      std::copy_n(scores, count, best);
      std::fill_n(second, count, lowest);
      std::fill_n(label, count, 0);
      return;
    }
    // Without branches, so that it runs on several points at once; ties stay with the lower centre.
    for (std::int64_t i = 0; i < count; ++i) {
      const float score = scores[i], old = best[i];
      const bool wins = score > old;
      const float rest = wins ? old : score;
      best[i] = wins ? score : old;
      label[i] = wins ? centre : label[i];
      second[i] = rest > second[i] ? rest : second[i];
    }
  }
};

/// One block of points and what is to be done with it for each start.
class Lloyd::BlockOfPoints {
 public:
  BlockOfPoints(Lloyd& lloyd, const std::vector<std::int64_t>& active, std::int64_t begin, std::int64_t end)
      : lloyd_(lloyd),
        active_(active),
        begin_(begin),
        size_(end - begin),
        d_(lloyd.points_.size(1)),
        points_(lloyd.points_.slice(0, begin, end)) {}

  void assign(const torch::Tensor& centres, Worker& worker) {
    const auto n_active = static_cast<std::int64_t>(active_.size());
    std::vector<std::int64_t> open(active_.size());
    bool all_wholly = true;
    for (std::int64_t place = 0; place < n_active; ++place) {
      open[place] = spend_margins(start(place));
      all_wholly = all_wholly && wholly(open[place]);
    }
    if (all_wholly) return search(points_, size_, nullptr, centres, 0, worker);
    for (std::int64_t place = 0; place < n_active; ++place) {
      const auto own = start(place).centroids;
      if (wholly(open[place])) {
        search(points_, size_, nullptr, own, place, worker);
      } else if (open[place] > 0) {
        gather(start(place), worker);
        search(worker.gathered.narrow(0, 0, open[place]), open[place], worker.rows, own, place, worker);
      }
    }
  }

 private:
  Start& start(std::int64_t place) const { return lloyd_.start(active_[static_cast<std::size_t>(place)]); }
  bool wholly(std::int64_t open) const {
    return static_cast<double>(open) > most_gathered * static_cast<double>(size_);
  }

  /// Takes the drifts off the margins; returns how many are used up.
  std::int64_t spend_margins(Start& one) const {
    if (!one.bounded) return size_;
    float* margins = one.margins.data_ptr<float>() + begin_;
    const std::int32_t* labels = one.labels.data_ptr<std::int32_t>() + begin_;
    std::int64_t open = 0;
    for (std::int64_t i = 0; i < size_; ++i) {
      margins[i] -= one.drifts[static_cast<std::size_t>(labels[i])];
      open += margins[i] <= 0;
    }
    return open;
  }

  void gather(const Start& one, Worker& worker) const {
    const float* margins = one.margins.data_ptr<float>() + begin_;
    const float* points = points_.data_ptr<float>();
    float* gathered = worker.gathered.data_ptr<float>();
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < size_; ++i) {
      if (margins[i] > 0) continue;
      std::copy_n(points + i * d_, d_, gathered + count * d_);
      worker.rows[count++] = static_cast<std::int32_t>(i);
    }
  }

  /// Looks for the best of the centres, those of one start after another from `first_place` on. `rows` says
  /// which points of the block these are; null: all.
  void search(const torch::Tensor& points, std::int64_t count, const std::int32_t* rows,
              const torch::Tensor& centres, std::int64_t first_place, Worker& worker) const {
    const std::int64_t k = lloyd_.n_clusters_;
    worker.tiles.each(points, centres, [&](std::int64_t row, const float* scores) {
      const std::int64_t centre = row % k;
      worker.offer(static_cast<std::int32_t>(centre), scores, count);
      if (centre == k - 1) take_over(first_place + row / k, count, rows, worker);
    });
  }

  /// Writes labels and margins, and moves points between sums.
  void take_over(std::int64_t place, std::int64_t count, const std::int32_t* rows, Worker& worker) const {
    Start& one = start(place);
    const std::int64_t k = lloyd_.n_clusters_;
    const double rounding = lloyd_.rounding_;
    const float* points = points_.data_ptr<float>();
    std::int32_t* labels = one.labels.data_ptr<std::int32_t>() + begin_;
    float* margins = one.margins.data_ptr<float>() + begin_;
    double* sums = worker.sums.data() + place * k * d_;
    std::int64_t* sizes = worker.sizes.data() + place * k;
    for (std::int64_t found = 0; found < count; ++found) {
      const std::int64_t i = rows ? rows[found] : found;
      margins[i] = worker.best[found] - worker.second[found] - rounding_slack;
      const std::int32_t from = labels[i], to = worker.label[found];
      if (from == to) continue;
      labels[i] = to;
      ++worker.moved[static_cast<std::size_t>(place)];
      const float* point = points + i * d_;
      double* into = sums + to * d_;
      ++sizes[to];
      for (std::int64_t j = 0; j < d_; ++j) into[j] += (static_cast<double>(point[j]) + rounding) - rounding;
      if (from < 0) continue;
      double* out_of = sums + from * d_;
      --sizes[from];
      for (std::int64_t j = 0; j < d_; ++j)
        out_of[j] -= (static_cast<double>(point[j]) + rounding) - rounding;
    }
  }

  Lloyd& lloyd_;
  const std::vector<std::int64_t>& active_;
  std::int64_t begin_, size_, d_;
  torch::Tensor points_;
};

void Lloyd::assign_with_loops(const std::vector<std::int64_t>& active) {
  const std::int64_t n = points_.size(0), d = points_.size(1), k = n_clusters_;
  const auto n_active = static_cast<std::int64_t>(active.size());
  const auto centres = centres_of(active);
  ScratchPool<Worker> workers(
      [&] { return std::make_unique<Worker>(n_active, k, d, std::min(n, points_per_block)); });
  parallel_blocks(n, points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    workers.use([&](Worker& worker) { BlockOfPoints(*this, active, begin, end).assign(centres, worker); });
  });
  for (std::int64_t place = 0; place < n_active; ++place) {
    Start& one = start(active[static_cast<std::size_t>(place)]);
    one.moved = 0;
    one.bounded = true;
    double* sums = one.sums.data_ptr<double>();
    for (const auto& worker : workers.all()) {
      const std::int64_t moved = worker->moved[static_cast<std::size_t>(place)];
      if (moved == 0) continue;
      one.moved += moved;
      const double* change = worker->sums.data() + place * k * d;
      for (std::int64_t j = 0; j < k * d; ++j) sums[j] += change[j];
      for (std::int64_t j = 0; j < k; ++j)
        one.sizes[static_cast<std::size_t>(j)] += worker->sizes[static_cast<std::size_t>(place * k + j)];
    }
  }
}

}  // namespace ilk::internal
