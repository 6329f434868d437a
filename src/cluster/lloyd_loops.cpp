// N points, D dimensions, K clusters, R starts that run side by side: the assignment on a CPU, where the
// search for the best centre and the sums are done while a block of points is in the cache.
#include <numeric>

#include "blocks.h"
#include "lloyd.h"
#include "row_loops.h"
#include "scratch_pool.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t points_per_block = 256;

}  // namespace

/// What one thread gathers: the change of sums and sizes, in the order of the active starts; and its buffers.
struct Lloyd::Worker {
  Worker(std::size_t n_active, std::int64_t n_clusters, std::int64_t dimensions)
      : sums(n_active * static_cast<std::size_t>(n_clusters * dimensions), 0.0),
        sizes(n_active * static_cast<std::size_t>(n_clusters), 0),
        touched(sizes.size(), 0),
        moved(n_active, 0),
        searched(n_active, 0) {}

  ScreenedPoints::Scratch scratch;
  std::vector<double> sums;
  std::vector<std::int64_t> sizes;
  std::vector<char> touched;  // whether anything was added to the sums of a cluster
  std::vector<std::int64_t> moved, searched;
  std::int32_t rows[points_per_block];  // which points of the block are looked at
};

/// One block of points and what is to be done with it for each start.
class Lloyd::BlockOfPoints {
 public:
  BlockOfPoints(Lloyd& lloyd, const std::vector<std::int64_t>& active, std::int64_t begin, std::int64_t end)
      : lloyd_(lloyd), active_(active), begin_(begin), size_(end - begin), d_(lloyd.points_.size(1)) {}

  void assign(Worker& worker) const {
    const ScreenedPoints& points = *lloyd_.screened_;
    for (std::size_t place = 0; place < active_.size(); ++place) {
      Start& one = lloyd_.start(active_[place]);
      const std::int64_t open = spend_margins(one, worker.rows);
      worker.searched[place] += open;
      for (std::int64_t first = 0; first < open; first += ScreenedPoints::at_once()) {
        const std::int64_t count = std::min(ScreenedPoints::at_once(), open - first);
        points.screen(begin_, worker.rows + first, count, *one.screened, worker.scratch);
        for (std::int64_t i = 0; i < count; ++i) take_over(one, place, worker.rows[first + i], i, worker);
      }
    }
  }

 private:
  /// Takes the drifts off the margins; writes which points have none left and returns how many.
  std::int64_t spend_margins(Start& one, std::int32_t* rows) const {
    if (!one.bounded) {
      std::iota(rows, rows + size_, 0);
      return size_;
    }
    float* margins = one.margins.data_ptr<float>() + begin_;
    const std::int32_t* labels = one.labels.data_ptr<std::int32_t>() + begin_;
    std::int64_t open = 0;
    for (std::int64_t i = 0; i < size_; ++i) {
      // Rounded down, so that what is left is never more than the truth.
      margins[i] = (margins[i] - one.drifts[static_cast<std::size_t>(labels[i])]) * 0.999999f;
      rows[open] = static_cast<std::int32_t>(i);
      open += !(margins[i] > 0);
    }
    return open;
  }

  /// Finds the label of point `row` of the block, the i-th that was screened, and moves it between sums.
  void take_over(Start& one, std::size_t place, std::int64_t row, std::int64_t i, Worker& worker) const {
    const ScreenedCentres& centres = *one.screened;
    const float* point = lloyd_.screened_->row(begin_ + row);
    const ScreenedCentres::Best best =
        centres.best(point, worker.scratch.scores.data() + i * centres.stride(),
                     worker.scratch.errors[static_cast<std::size_t>(i)], worker.scratch);
    one.margins.data_ptr<float>()[begin_ + row] = best.margin;
    std::int32_t& label = one.labels.data_ptr<std::int32_t>()[begin_ + row];
    if (label == best.centre) return;
    const std::int64_t k = lloyd_.n_clusters_, first = static_cast<std::int64_t>(place) * k;
    const std::int64_t to = first + best.centre;
    ++worker.moved[place];
    ++worker.sizes[static_cast<std::size_t>(to)];
    worker.touched[static_cast<std::size_t>(to)] = 1;
    add_rounded(worker.sums.data() + to * d_, point, d_, lloyd_.rounding_);
    if (label >= 0) {
      const std::int64_t from = first + label;
      --worker.sizes[static_cast<std::size_t>(from)];
      worker.touched[static_cast<std::size_t>(from)] = 1;
      subtract_rounded(worker.sums.data() + from * d_, point, d_, lloyd_.rounding_);
    }
    label = best.centre;
  }

  Lloyd& lloyd_;
  const std::vector<std::int64_t>& active_;
  std::int64_t begin_, size_, d_;
};

void Lloyd::assign_with_loops(const std::vector<std::int64_t>& active) {
  const std::int64_t n = points_.size(0), d = points_.size(1), k = n_clusters_;
  for (const std::int64_t number : active) start(number).screened->set(start(number).centroids);
  ScratchPool<Worker> workers([&] { return std::make_unique<Worker>(active.size(), k, d); });
  parallel_blocks(n, points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    workers.use([&](Worker& worker) { BlockOfPoints(*this, active, begin, end).assign(worker); });
  });
  for (std::size_t place = 0; place < active.size(); ++place) {
    Start& one = start(active[place]);
    one.moved = one.searched = 0;
    one.bounded = true;
    double* sums = one.sums.data_ptr<double>();
    const auto first = static_cast<std::int64_t>(place) * k;
    for (const auto& worker : workers.all()) {
      one.moved += worker->moved[place];
      one.searched += worker->searched[place];
      for (std::int64_t j = 0; j < k; ++j) {
        if (!worker->touched[static_cast<std::size_t>(first + j)]) continue;
        one.sizes[static_cast<std::size_t>(j)] += worker->sizes[static_cast<std::size_t>(first + j)];
        const double* change = worker->sums.data() + (first + j) * d;
        for (std::int64_t i = 0; i < d; ++i) sums[j * d + i] += change[i];
      }
    }
  }
}

}  // namespace ilk::internal
