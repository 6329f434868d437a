// N points, D dimensions, K clusters, R starts that run side by side: the assignment. The search for the best
// centre and the sums are done while a block of points is in the cache.

#include <algorithm>
#include <numeric>

#include "cluster/lloyd.h"
#include "core/parallel.h"

namespace ilk::internal {
namespace {

using kernels::kernels;

constexpr std::int64_t points_per_loop_block = 256;

}  // namespace

/// What one thread gathers: the change of sums and sizes, in the order of the active starts; and its buffers.
struct Lloyd::Worker {
  Worker(std::size_t n_active, std::int64_t n_clusters, std::int64_t dimensions, std::int64_t groups)
      : sums(n_active * static_cast<std::size_t>(n_clusters * dimensions), 0.0),
        sizes(n_active * static_cast<std::size_t>(n_clusters), 0),
        touched(sizes.size(), 0),
        moved(n_active, 0),
        searched(n_active, 0),
        tied(n_active, 0),
        wanted(static_cast<std::size_t>(groups * points_per_loop_block)),
        n_wanted(static_cast<std::size_t>(groups)),
        tops(n_wanted.size()) {
    for (std::size_t group = 0; group < n_wanted.size(); ++group)
      lists.push_back(wanted.data() + group * points_per_loop_block);
  }

  ScreenedPoints::Scratch scratch;
  std::vector<double> sums;
  std::vector<std::int64_t> sizes;
  std::vector<char> touched;  // whether anything was added to the sums of a cluster
  std::vector<std::int64_t> moved, searched, tied;
  std::int32_t rows[points_per_loop_block];  // which points of the block are looked at
  std::vector<std::int32_t> wanted;          // (groups, block): by which of these points each group is wanted
  std::vector<std::int64_t> n_wanted;
  std::vector<const std::int32_t*> lists;
  std::vector<float> rises, tops;
};

/// One block of points and what is to be done with it for each start.
class Lloyd::BlockOfPoints {
 public:
  BlockOfPoints(Lloyd& lloyd, const std::vector<std::int64_t>& active, std::int64_t begin, std::int64_t end)
      : lloyd_(lloyd), active_(active), begin_(begin), size_(end - begin), d_(lloyd.points_.dimensions()) {}

  void assign(Worker& worker) const {
    for (std::size_t place = 0; place < active_.size(); ++place) {
      Start& one = lloyd_.start(active_[place]);
      const std::int64_t open = spend_margins(one, worker);
      worker.searched[place] += open;
      const bool by_group = one.bounded && one.screened->groups() > 1;
      const std::int64_t at_once =
          by_group ? ScreenedPoints::few_at_once(*one.screened) : std::int64_t{ScreenedPoints::at_once};
      for (std::int64_t first = 0; first < open; first += at_once) {
        const std::int64_t count = std::min(at_once, open - first);
        if (by_group && some_groups(one, first, count, worker))
          search_groups(one, place, first, count, worker);
        else
          search_all(one, place, first, count, worker);
      }
    }
  }

 private:
  float* margins(Start& one, std::int64_t row) const { return one.margins[begin_ + row]; }
  std::int32_t& label(Start& one, std::int64_t row) const {
    return one.labels[static_cast<std::size_t>(begin_ + row)];
  }

  /// Takes the drifts off the margins; writes which points have one that is spent and returns how many.
  std::int64_t spend_margins(Start& one, Worker& worker) const {
    std::int32_t* rows = worker.rows;
    if (!one.bounded) {
      std::iota(rows, rows + size_, 0);
      return size_;
    }
    const std::int64_t groups = one.screened->groups();
    worker.rises = one.rises;
    std::int64_t open = 0;
    for (std::int64_t i = 0; i < size_; ++i) {
      const std::int64_t own = label(one, i);
      const auto group = static_cast<std::size_t>(one.screened->group_of(own));
      if (one.highest[group] == own) worker.rises[group] = one.next_rises[group];
      const float least = kernels().spend(margins(one, i), worker.rises.data(),
                                          one.falls[static_cast<std::size_t>(own)], groups);
      worker.rises[group] = one.rises[group];
      rows[open] = static_cast<std::int32_t>(i);
      open += !(least > 0);
    }
    return open;
  }

  /// Lists by which points each group is wanted: where its margin is spent, and that of the point's own
  /// centre. False where most are wanted by most, so that all may as well be looked at.
  bool some_groups(Start& one, std::int64_t first, std::int64_t count, Worker& worker) const {
    const std::int64_t groups = one.screened->groups();
    std::fill(worker.n_wanted.begin(), worker.n_wanted.end(), 0);
    std::int64_t total = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t row = worker.rows[first + i], own = one.screened->group_of(label(one, row));
      const float* margin = margins(one, row);
      for (std::int64_t group = 0; group < groups; ++group) {
        std::int64_t& n = worker.n_wanted[static_cast<std::size_t>(group)];
        worker.wanted[static_cast<std::size_t>(group * points_per_loop_block + n)] =
            static_cast<std::int32_t>(i);
        n += !(margin[group] > 0) || group == own;
      }
    }
    for (const std::int64_t n : worker.n_wanted) total += n;
    return 4 * total < 3 * count * groups;
  }

  void search_groups(Start& one, std::size_t place, std::int64_t first, std::int64_t count,
                     Worker& worker) const {
    lloyd_.points_.screen_groups(begin_, worker.rows + first, count, *one.screened, worker.lists.data(),
                                 worker.n_wanted.data(), worker.scratch);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t row = worker.rows[first + i], groups = one.screened->groups();
      const std::int64_t own = one.screened->group_of(label(one, row));
      const float least = take_over(one, place, row, i, worker);
      kernels().group_tops(scores(one, i, worker), groups, one.screened->group_size(), worker.tops.data());
      float* margin = margins(one, row);
      for (std::int64_t group = 0; group < groups; ++group)
        if (!(margin[group] > 0) || group == own)
          margin[group] = least - worker.tops[static_cast<std::size_t>(group)];
    }
  }

  void search_all(Start& one, std::size_t place, std::int64_t first, std::int64_t count,
                  Worker& worker) const {
    const std::int64_t at_once = std::int64_t{ScreenedPoints::at_once}, groups = one.screened->groups();
    for (const std::int64_t end = first + count; first < end; first += at_once) {
      const std::int64_t some = std::min(at_once, end - first);
      lloyd_.points_.screen(begin_, worker.rows + first, some, *one.screened, worker.scratch);
      for (std::int64_t i = 0; i < some; ++i) {
        const std::int64_t row = worker.rows[first + i];
        const float least = take_over(one, place, row, i, worker);
        kernels().group_tops(scores(one, i, worker), groups, one.screened->group_size(), worker.tops.data());
        float* margin = margins(one, row);
        for (std::int64_t group = 0; group < groups; ++group)
          margin[group] = least - worker.tops[static_cast<std::size_t>(group)];
      }
    }
  }

  static float* scores(const Start& one, std::int64_t i, Worker& worker) {
    return worker.scratch.scores.data() + i * one.screened->stride();
  }

  /// Finds the label of point `row` of the block, the i-th that was screened, and moves it between sums.
  /// Returns what its margins are to be counted from (ScreenedCentres::Best::least).
  float take_over(Start& one, std::size_t place, std::int64_t row, std::int64_t i, Worker& worker) const {
    const ScreenedCentres::Best best =
        one.screened->best(begin_ + row, scores(one, i, worker),
                           worker.scratch.errors[static_cast<std::size_t>(i)], worker.scratch);
    worker.tied[place] += best.tied;
    std::int32_t& own = label(one, row);
    if (own == best.centre) return best.least;
    const float* point = lloyd_.points_.row(begin_ + row);
    const std::int64_t k = lloyd_.n_clusters_, first = static_cast<std::int64_t>(place) * k;
    const std::int64_t to = first + best.centre;
    ++worker.moved[place];
    ++worker.sizes[static_cast<std::size_t>(to)];
    worker.touched[static_cast<std::size_t>(to)] = 1;
    kernels().add_rounded(worker.sums.data() + to * d_, point, d_, lloyd_.rounding_);
    if (own >= 0) {
      const std::int64_t from = first + own;
      --worker.sizes[static_cast<std::size_t>(from)];
      worker.touched[static_cast<std::size_t>(from)] = 1;
      kernels().subtract_rounded(worker.sums.data() + from * d_, point, d_, lloyd_.rounding_);
    }
    own = best.centre;
    return best.least;
  }

  Lloyd& lloyd_;
  const std::vector<std::int64_t>& active_;
  std::int64_t begin_, size_, d_;
};

void Lloyd::assign(const std::vector<std::int64_t>& active) {
  const std::int64_t n = points_.size(), d = points_.dimensions(), k = n_clusters_;
  for (const std::int64_t number : active) {
    Start& one = start(number);
    // The first centres are points; their first means say more about what is like what.
    if (one.updated && !one.grouped && one.screened->groups() > 1) {
      one.screened->group(one.centroids);
      one.grouped = true;
      one.bounded = false;
    }
    one.screened->set(one.centroids);
  }
  const std::int64_t groups = starts_.front().margins.columns();
  ScratchPool<Worker> workers([&] { return std::make_unique<Worker>(active.size(), k, d, groups); });
  parallel_blocks(n, points_per_loop_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    workers.use([&](Worker& worker) { BlockOfPoints(*this, active, begin, end).assign(worker); });
  });
  for (const std::int64_t number : active) {
    Start& one = start(number);
    one.moved = one.searched = one.tied = 0;
    one.bounded = true;
  }
  take_over(workers, active);
  parallel_blocks(static_cast<std::int64_t>(active.size()), 1,
                  [&](std::int64_t place, std::int64_t, std::int64_t) {
                    Start& one = start(active[static_cast<std::size_t>(place)]);
                    one.objective = objective_of(one);
                  });
}

void Lloyd::take_over(const ScratchPool<Worker>& workers, const std::vector<std::int64_t>& active) {
  const std::int64_t d = points_.dimensions(), k = n_clusters_;
  for (std::size_t place = 0; place < active.size(); ++place) {
    Start& one = start(active[place]);
    const auto first = static_cast<std::int64_t>(place) * k;
    for (const auto& worker : workers.all()) {
      one.moved += worker->moved[place];
      one.searched += worker->searched[place];
      one.tied += worker->tied[place];
      for (std::int64_t j = 0; j < k; ++j) {
        if (!worker->touched[static_cast<std::size_t>(first + j)]) continue;
        one.sizes[static_cast<std::size_t>(j)] += worker->sizes[static_cast<std::size_t>(first + j)];
        const double* change = worker->sums.data() + (first + j) * d;
        double* sums = one.sums[j];
        for (std::int64_t i = 0; i < d; ++i) sums[i] += change[i];
      }
    }
  }
}

void Lloyd::begin_with(MatrixView<const std::int32_t> labels, MatrixView<const float> margins) {
  const std::int64_t n = points_.size(), d = points_.dimensions(), k = n_clusters_;
  // Starts often find the same clusters, numbered differently: each is added up once.
  struct Numbering {
    std::vector<std::int32_t> rank, order;  // clusters by their first members
  };
  std::vector<Numbering> numberings;
  std::vector<std::int64_t> distinct, like;
  for (std::int64_t number = 0; number < static_cast<std::int64_t>(starts_.size()); ++number) {
    Start& one = start(number);
    one.bounded = true;
    std::ranges::copy(labels.row(number), one.labels.begin());
    for (std::int64_t i = 0; i < n; ++i) std::ranges::fill(one.margins.row(i), margins[number][i]);
    const std::int32_t* label = labels[number];
    Numbering numbering{std::vector<std::int32_t>(static_cast<std::size_t>(k), -1), {}};
    for (std::int64_t i = 0; i < n; ++i)
      if (std::int32_t& rank = numbering.rank[static_cast<std::size_t>(label[i])]; rank < 0) {
        rank = static_cast<std::int32_t>(numbering.order.size());
        numbering.order.push_back(label[i]);
      }
    numberings.push_back(std::move(numbering));
    const auto same = [&](std::int64_t other) {
      const std::int32_t* others = labels[other];
      const auto &rank = numberings.back().rank,
                 &other_rank = numberings[static_cast<std::size_t>(other)].rank;
      for (std::int64_t i = 0; i < n; ++i)
        if (rank[static_cast<std::size_t>(label[i])] != other_rank[static_cast<std::size_t>(others[i])])
          return false;
      return true;
    };
    const auto found = std::find_if(distinct.begin(), distinct.end(), same);
    like.push_back(found == distinct.end() ? number : *found);
    if (found == distinct.end()) distinct.push_back(number);
  }
  ScratchPool<Worker> workers(
      [&] { return std::make_unique<Worker>(distinct.size(), k, d, starts_.front().margins.columns()); });
  parallel_blocks(n, points_per_loop_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    workers.use([&](Worker& worker) {
      for (std::int64_t i = begin; i < end; ++i)
        for (std::size_t place = 0; place < distinct.size(); ++place) {
          const std::int64_t to = static_cast<std::int64_t>(place) * k + labels[distinct[place]][i];
          ++worker.sizes[static_cast<std::size_t>(to)];
          worker.touched[static_cast<std::size_t>(to)] = 1;
          kernels().add_rounded(worker.sums.data() + to * d, points_.row(i), d, rounding_);
        }
    });
  });
  take_over(workers, distinct);
  for (std::size_t number = 0; number < like.size(); ++number) {
    const auto from = static_cast<std::size_t>(like[number]);
    if (from == number) continue;
    const auto &to_order = numberings[number].order, &from_order = numberings[from].order;
    for (std::size_t rank = 0; rank < to_order.size(); ++rank) {
      std::copy_n(starts_[from].sums[from_order[rank]], d, starts_[number].sums[to_order[rank]]);
      starts_[number].sizes[static_cast<std::size_t>(to_order[rank])] =
          starts_[from].sizes[static_cast<std::size_t>(from_order[rank])];
    }
  }
}

}  // namespace ilk::internal
