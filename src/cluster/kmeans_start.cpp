// N points, D dimensions, K clusters, R starts, T candidates tried for each centre.
#include "kmeans_start.h"

#include <ilk/random.h>

#include <cmath>
#include <set>

#include "blocks.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t points_per_block = 1024;

/// Greedy k-means++ (Arthur and Vassilvitskii 2007) on the squared distances 2 − 2 cos of several starts side
/// by side: candidates are drawn with the distance to the nearest centre so far as weight, and the one that
/// lowers the sum of distances most becomes a centre.
class PlusPlus {
 public:
  PlusPlus(const torch::Tensor& points, std::int64_t n_starts, std::int64_t trials)
      : points_(points),
        n_(points.size(0)),
        blocks_(block_count(n_, points_per_block)),
        trials_(trials),
        chosen_(static_cast<std::size_t>(n_starts)),
        distances_(torch::full({n_starts, n_}, 2.0, points.options())),
        products_(torch::empty({n_starts * trials, n_}, points.options())),
        block_sums_(torch::zeros({blocks_, n_starts}, torch::kFloat64)) {}

  /// The centres chosen for one start so far.
  const std::vector<std::int64_t>& chosen(std::int64_t start) const {
    return chosen_[static_cast<std::size_t>(start)];
  }

  /// One point, drawn with its distance to the nearest centre as weight.
  std::int64_t draw(std::int64_t start, RandomStream& random) const {
    const auto sums = block_sums_.accessor<double, 2>();
    double total = 0;
    for (std::int64_t block = 0; block < blocks_; ++block) total += sums[block][start];
    if (!(total > 0)) return draw_unchosen(start, random);
    double rest = random.uniform() * total;
    std::int64_t block = 0;
    while (block + 1 < blocks_ && rest >= sums[block][start]) rest -= sums[block++][start];
    while (block > 0 && sums[block][start] == 0) --block;  // rounding ran past the last weight
    const std::int64_t begin = block * points_per_block;
    const auto weights = distances_[start].slice(0, begin, std::min(n_, begin + points_per_block)).cpu();
    const float* weight = weights.data_ptr<float>();
    std::int64_t drawn = -1;
    for (std::int64_t i = 0; i < weights.size(0); ++i) {
      if (!(weight[i] > 0)) continue;
      drawn = begin + i;
      if ((rest -= weight[i]) < 0) break;
    }
    return drawn >= 0 ? drawn : draw_unchosen(start, random);
  }

  /// Makes a centre of the best of each start's candidates (R, T).
  void choose(const torch::Tensor& candidates) {
    const std::int64_t n_starts = candidates.size(0);
    const auto vectors = points_.index_select(0, candidates.flatten().to(points_.device()));
    auto sums_if = torch::empty({blocks_, n_starts, trials_}, torch::kFloat64);
    row_blocks(points_, n_, points_per_block, [&](auto begin, auto end, auto index) {
      auto products = products_.slice(1, begin, end);
      at::mm_out(products, vectors, points_.slice(0, begin, end).t());
      // Squared distances, halved; what is less than rounding away from zero is a copy of the candidate.
      products.neg_().add_(1);
      products.masked_fill_(products < 1e-6, 0);
      const auto nearest = at::minimum(products.view({n_starts, trials_, end - begin}),
                                       distances_.slice(1, begin, end).unsqueeze(1));
      sums_if[index].copy_(nearest.sum(2, false, torch::kFloat64));
    });
    std::vector<std::int64_t> rows;
    const auto parts = sums_if.accessor<double, 3>();
    for (std::int64_t start = 0; start < n_starts; ++start) {
      std::int64_t best = 0;
      double lowest = 0;
      for (std::int64_t trial = 0; trial < trials_; ++trial) {
        double sum = 0;
        for (std::int64_t block = 0; block < blocks_; ++block) sum += parts[block][start][trial];
        if (trial == 0 || sum < lowest) best = trial, lowest = sum;
      }
      for (std::int64_t block = 0; block < blocks_; ++block)
        block_sums_[block][start] = parts[block][start][best];
      rows.push_back(start * trials_ + best);
      chosen_[static_cast<std::size_t>(start)].push_back(candidates[start][best].item<std::int64_t>());
    }
    const auto kept = torch::tensor(rows, torch::kInt64).to(points_.device());
    row_blocks(points_, n_, points_per_block, [&](auto begin, auto end, auto) {
      auto distances = distances_.slice(1, begin, end);
      distances.copy_(at::minimum(distances, products_.slice(1, begin, end).index_select(0, kept)));
    });
  }

 private:
  // Every point is a copy of a centre: any other point will do.
  std::int64_t draw_unchosen(std::int64_t start, RandomStream& random) const {
    const auto& taken = chosen(start);
    const std::set<std::int64_t> centres(taken.begin(), taken.end());
    for (;;)
      if (const std::int64_t point = random.below(n_); !centres.contains(point)) return point;
  }

  torch::Tensor points_;
  std::int64_t n_, blocks_, trials_;
  std::vector<std::vector<std::int64_t>> chosen_;
  torch::Tensor distances_;   // (R, N) of each point to its nearest centre so far
  torch::Tensor products_;    // (R · T, N) of each point to each candidate
  torch::Tensor block_sums_;  // (blocks, R) of distances_
};

}  // namespace

std::int64_t trials_per_centre(std::int64_t n_clusters) {
  return 2 + static_cast<std::int64_t>(std::log(static_cast<double>(n_clusters)));
}

torch::Tensor first_centres(const torch::Tensor& points, const KMeansOptions& options,
                            std::int64_t first_start, std::int64_t n_starts, const Progress& progress) {
  const std::int64_t n = points.size(0), k = options.n_clusters;
  std::vector<RandomStream> streams;
  for (std::int64_t start = 0; start < n_starts; ++start)
    streams.emplace_back(options.seed, "kmeans", static_cast<std::uint64_t>(first_start + start));
  auto centres = torch::empty({n_starts, k}, torch::kInt64);
  if (options.init == KMeansInit::random) {
    for (std::int64_t start = 0; start < n_starts; ++start)
      centres[start].copy_(
          torch::tensor(streams[static_cast<std::size_t>(start)].sample(n, k), torch::kInt64));
    return centres;
  }
  const std::int64_t trials = trials_per_centre(k);
  PlusPlus plus_plus(points, n_starts, trials);
  auto candidates = torch::empty({n_starts, trials}, torch::kInt64);
  for (std::int64_t centre = 0; centre < k; ++centre) {
    progress.check_stop();
    for (std::int64_t start = 0; start < n_starts; ++start) {
      RandomStream& random = streams[static_cast<std::size_t>(start)];
      if (centre == 0) {
        candidates[start].fill_(random.below(n));
        continue;
      }
      for (std::int64_t trial = 0; trial < trials; ++trial)
        candidates[start][trial] = plus_plus.draw(start, random);
    }
    plus_plus.choose(candidates);
  }
  for (std::int64_t start = 0; start < n_starts; ++start)
    centres[start].copy_(torch::tensor(plus_plus.chosen(start), torch::kInt64));
  return centres;
}

}  // namespace ilk::internal
