// K clusters, D dimensions. A chain of clusters, each the nearest of the one before it, ends in two that are
// each other's nearest: these merge. Ward's cost is reducible (a merged cluster is no nearer to a third than
// the nearer of its parts was), so that the merges are those of the greedy order, once sorted by cost.
#include "cluster/ward.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/fail.h"
#include "core/parallel.h"

namespace ilk {
namespace {

constexpr std::int64_t clusters_at_once = 256;

struct Nearest {
  std::int64_t cluster = -1;
  double cost = std::numeric_limits<double>::infinity();
};

class Chains {
 public:
  Chains(MatrixView<const double> means, std::span<const std::int64_t> sizes)
      : means_(means.rows(), means.columns()), sizes_(sizes.begin(), sizes.end()) {
    std::copy_n(means.data(), means.size(), means_.data());
    left_.resize(sizes_.size());
    std::iota(left_.begin(), left_.end(), std::int64_t{0});
  }

  std::vector<WardMerge> merges() {
    std::vector<WardMerge> found;
    std::vector<std::int64_t> chain;
    while (left_.size() > 1) {
      if (chain.empty()) chain.push_back(left_.front());
      const std::int64_t before = chain.size() < 2 ? -1 : chain[chain.size() - 2];
      const Nearest nearest = nearest_of(chain.back(), before);
      if (nearest.cluster != before) {
        chain.push_back(nearest.cluster);
        continue;
      }
      const std::int64_t first = std::min(chain.back(), before), second = std::max(chain.back(), before);
      // Both are the last of the chain; rounded costs can have one in it twice.
      chain.erase(std::find_if(chain.begin(), chain.end(),
                               [&](std::int64_t one) { return one == first || one == second; }),
                  chain.end());
      found.push_back({first, second, nearest.cost});
      merge(first, second);
    }
    // A merge is found after those that made its parts, and costs no less.
    std::stable_sort(found.begin(), found.end(),
                     [](const WardMerge& a, const WardMerge& b) { return a.cost < b.cost; });
    return found;
  }

 private:
  double cost(std::int64_t a, std::int64_t b) const {
    const auto n = static_cast<double>(sizes_[static_cast<std::size_t>(a)]),
               m = static_cast<double>(sizes_[static_cast<std::size_t>(b)]);
    if (n == 0 || m == 0) return 0;
    double square = 0;
    const double *x = means_[a], *y = means_[b];
    for (std::int64_t j = 0; j < means_.columns(); ++j) square += (x[j] - y[j]) * (x[j] - y[j]);
    return n * m / (n + m) * square;
  }

  /// Ties go to the one before in the chain, so that it ends, and else to the lowest number.
  Nearest nearest_of(std::int64_t cluster, std::int64_t before) const {
    const auto n = static_cast<std::int64_t>(left_.size());
    std::vector<Nearest> of_blocks(static_cast<std::size_t>(block_count(n, clusters_at_once)));
    parallel_blocks(n, clusters_at_once, [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
      Nearest& best = of_blocks[static_cast<std::size_t>(block)];
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t other = left_[static_cast<std::size_t>(i)];
        if (other == cluster) continue;
        if (const double value = cost(cluster, other); value < best.cost) best = {other, value};
      }
    });
    Nearest best = before < 0 ? Nearest{} : Nearest{before, cost(cluster, before)};
    for (const Nearest& one : of_blocks)
      if (one.cost < best.cost) best = one;
    return best;
  }

  void merge(std::int64_t first, std::int64_t second) {
    auto& n = sizes_[static_cast<std::size_t>(first)];
    const std::int64_t m = sizes_[static_cast<std::size_t>(second)];
    double* mean = means_[first];
    const double* other = means_[second];
    const double share = n + m == 0 ? 0 : static_cast<double>(m) / static_cast<double>(n + m);
    for (std::int64_t j = 0; j < means_.columns(); ++j) mean[j] += share * (other[j] - mean[j]);
    n += m;
    left_.erase(std::lower_bound(left_.begin(), left_.end(), second));
  }

  Matrix<double> means_;
  std::vector<std::int64_t> sizes_, left_;
};

}  // namespace

std::vector<WardMerge> ward_merges(MatrixView<const double> means, std::span<const std::int64_t> sizes) {
  require(std::ssize(sizes) == means.rows(), "ward_merges", "sizes must be one for each of the ",
          means.rows(), " means, got ", sizes.size(), ".");
  for (const std::int64_t size : sizes)
    require(size >= 0, "ward_merges", "sizes must be at least 0, got ", size, ".");
  return Chains(means, sizes).merges();
}

std::vector<std::int64_t> cut_merges(std::span<const WardMerge> merges, std::int64_t count) {
  const auto k = std::ssize(merges) + 1;
  require(count >= 1 && count <= k, "cut_merges", "count must be from 1 to ", k, ", got ", count, ".");
  std::vector<std::int64_t> above(static_cast<std::size_t>(k)), groups(static_cast<std::size_t>(k));
  std::iota(above.begin(), above.end(), std::int64_t{0});
  for (const WardMerge& merge : merges.first(static_cast<std::size_t>(k - count)))
    above[static_cast<std::size_t>(merge.second)] = merge.first;
  // A cluster went into a lower one, if into any, whose group is known by then.
  std::int64_t next = 0;
  for (std::size_t c = 0; c < above.size(); ++c) {
    const auto into = static_cast<std::size_t>(above[c]);
    groups[c] = into == c ? next++ : groups[into];
  }
  return groups;
}

}  // namespace ilk
