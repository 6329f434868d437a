// N points, D dimensions, K clusters, R starts, T candidates tried for each centre.
#include "kmeans_start.h"

#include <ilk/random.h>

#include <cmath>
#include <numeric>
#include <set>

#include "blocks.h"
#include "row_loops.h"
#include "scratch_pool.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t points_per_block = 256;
// Candidates come from so many points at most, or this many for each centre.
constexpr std::int64_t most_sampled = std::int64_t{1} << 16, sampled_per_centre = 32;

/// Greedy k-means++ (Arthur and Vassilvitskii 2007) on halved squared distances for several starts side by
/// side: candidates are drawn with the distance to the nearest centre so far as weight, and the one that
/// lowers the sum of distances most becomes a centre.
class PlusPlus {
 public:
  PlusPlus(torch::Tensor points, const ScreenedPoints* screened, std::vector<std::int32_t> rows,
           std::int64_t n_starts)
      : points_(std::move(points)),
        screened_(screened),
        rows_(std::move(rows)),
        n_(static_cast<std::int64_t>(rows_.size())),
        blocks_(block_count(n_, points_per_block)),
        n_starts_(n_starts),
        chosen_(static_cast<std::size_t>(n_starts)),
        distances_(static_cast<std::size_t>(n_starts * n_), std::numeric_limits<float>::max()),
        block_sums_(static_cast<std::size_t>(blocks_ * n_starts)),
        from_origin_(static_cast<std::size_t>(n_)) {
    if (!screened_) return;
    parallel_blocks(n_, points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      for (std::int64_t i = begin; i < end; ++i)
        from_origin_[static_cast<std::size_t>(i)] =
            near_half_square(row(i), screened_->origin().data(), screened_->dimensions());
    });
  }

  /// The centres chosen for one start so far, as rows of all points.
  std::vector<std::int64_t> chosen(std::int64_t start) const {
    std::vector<std::int64_t> points;
    for (const std::int64_t i : chosen_[static_cast<std::size_t>(start)])
      points.push_back(rows_[static_cast<std::size_t>(i)]);
    return points;
  }

  std::int64_t size() const { return n_; }

  /// One point, drawn with its distance to the nearest centre as weight.
  std::int64_t draw(std::int64_t start, RandomStream& random) const {
    double total = 0;
    for (std::int64_t block = 0; block < blocks_; ++block) total += block_sum(block, start);
    if (!(total > 0)) return draw_unchosen(start, random);
    double rest = random.uniform() * total;
    std::int64_t block = 0;
    while (block + 1 < blocks_ && rest >= block_sum(block, start)) rest -= block_sum(block++, start);
    while (block > 0 && block_sum(block, start) == 0) --block;  // rounding ran past the last weight
    const std::int64_t begin = block * points_per_block, end = std::min(n_, begin + points_per_block);
    std::int64_t drawn = -1;
    for (std::int64_t i = begin; i < end; ++i) {
      const float weight = distances(start)[i];
      if (!(weight > 0)) continue;
      drawn = i;
      rest -= weight;
      if (rest < 0) break;
    }
    return drawn >= 0 ? drawn : draw_unchosen(start, random);
  }

  /// Makes a centre of the best of each start's candidates: as many for each start, one start after another.
  void choose(const std::vector<std::int64_t>& candidates) {
    const std::int64_t trials = static_cast<std::int64_t>(candidates.size()) / n_starts_;
    std::vector<std::int64_t> best(candidates.begin(), candidates.end());
    if (trials > 1) {
      best.clear();
      std::vector<double> gains(static_cast<std::size_t>(blocks_) * candidates.size());
      each_nearer(candidates, [&](std::int64_t block, std::int64_t start, std::int64_t i,
                                  std::int64_t candidate, float distance) {
        gains[static_cast<std::size_t>(block) * candidates.size() + static_cast<std::size_t>(candidate)] +=
            static_cast<double>(distances(start)[i]) - static_cast<double>(distance);
      });
      for (std::int64_t start = 0; start < n_starts_; ++start) {
        std::int64_t winner = -1;
        double most = 0;
        for (std::int64_t candidate = start * trials; candidate < (start + 1) * trials; ++candidate) {
          double gain = 0;
          for (std::int64_t block = 0; block < blocks_; ++block)
            gain += gains[static_cast<std::size_t>(block) * candidates.size() +
                          static_cast<std::size_t>(candidate)];
          if (winner < 0 || gain > most) winner = candidate, most = gain;
        }
        best.push_back(candidates[static_cast<std::size_t>(winner)]);
      }
    }
    each_nearer(best, [&](std::int64_t, std::int64_t start, std::int64_t i, std::int64_t, float distance) {
      distances(start)[i] = distance;
    });
    for (std::int64_t start = 0; start < n_starts_; ++start)
      chosen_[static_cast<std::size_t>(start)].push_back(best[static_cast<std::size_t>(start)]);
    parallel_blocks(n_, points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
      for (std::int64_t start = 0; start < n_starts_; ++start) {
        double sum = 0;
        for (std::int64_t i = begin; i < end; ++i) sum += distances(start)[i];
        block_sums_[static_cast<std::size_t>(block * n_starts_ + start)] = sum;
      }
    });
  }

 private:
  /// Calls nearer(block, start, i, candidate, distance) for each point i that is nearer to one of a start's
  /// candidates than to its centres so far: blocks side by side, the rest in order.
  template <class Nearer>
  void each_nearer(const std::vector<std::int64_t>& candidates, Nearer nearer) {
    std::vector<std::int64_t> numbers;
    numbers.reserve(candidates.size());
    for (const std::int64_t candidate : candidates)
      numbers.push_back(rows_[static_cast<std::size_t>(candidate)]);
    const auto vectors = points_.index_select(0, torch::tensor(numbers, torch::kInt64).to(points_.device()));
    const auto trials = static_cast<std::int64_t>(candidates.size()) / n_starts_;
    screened_ ? each_nearer_with_loops(vectors, trials, nearer)
              : each_nearer_with_operations(vectors, trials, nearer);
  }

  template <class Nearer>
  void each_nearer_with_loops(const torch::Tensor& vectors, std::int64_t trials, Nearer nearer) {
    ScreenedCentres screened(*screened_, vectors.size(0), Geometry::euclidean);
    screened.set(vectors);
    const std::int64_t d = screened_->dimensions();
    parallel_blocks(n_, points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
      pool_.use([&](ScreenedPoints::Scratch& scratch) {
        for (std::int64_t first = begin; first < end; first += ScreenedPoints::at_once()) {
          const std::int64_t count = std::min(ScreenedPoints::at_once(), end - first);
          screened_->screen(0, rows_.data() + first, count, screened, scratch);
          for (std::int64_t p = 0; p < count; ++p) {
            const std::int64_t i = first + p;
            const float* scores = scratch.scores.data() + p * screened.stride();
            // The distance to a candidate is from_origin − score, and is looked at where it may be the
            // lowest; the factor is for the rounding of these very numbers.
            const float reach = from_origin_[static_cast<std::size_t>(i)] * 0.9999f -
                                scratch.errors[static_cast<std::size_t>(p)];
            for (std::int64_t start = 0; start < n_starts_; ++start) {
              const float lowest = distances(start)[i], least_score = reach - lowest;
              for (std::int64_t j = start * trials; j < (start + 1) * trials; ++j) {
                if (scores[j] < least_score) continue;
                const float distance = near_half_square(row(i), screened.row(j), d);
                if (distance < lowest) nearer(block, start, i, j, distance);
              }
            }
          }
        }
      });
    });
  }

  template <class Nearer>
  void each_nearer_with_operations(const torch::Tensor& vectors, std::int64_t trials, Nearer nearer) {
    constexpr std::int64_t rows_at_once = 64 * points_per_block;
    const auto halves = vectors.square().sum(1).div_(2);
    for (std::int64_t first = 0; first < n_; first += rows_at_once) {
      const std::int64_t end = std::min(n_, first + rows_at_once);
      const auto numbers =
          torch::tensor(std::vector<std::int64_t>(rows_.begin() + first, rows_.begin() + end), torch::kInt64);
      const auto block = points_.index_select(0, numbers.to(points_.device()));
      const auto squares = block.square().sum(1, /*keepdim=*/true).div_(2);
      auto products = block.matmul(vectors.t()).neg_().add_(halves).add_(squares);
      // What is less than rounding away from zero is a copy of the candidate.
      products.masked_fill_(products < 1e-6 * squares, 0);
      const auto memory = products.cpu();
      const auto distance = memory.accessor<float, 2>();
      for (std::int64_t i = first; i < end; ++i)
        for (std::int64_t start = 0; start < n_starts_; ++start) {
          const float lowest = distances(start)[i];
          for (std::int64_t j = start * trials; j < (start + 1) * trials; ++j)
            if (distance[i - first][j] < lowest)
              nearer(i / points_per_block, start, i, j, distance[i - first][j]);
        }
    }
  }

  // Every point is a copy of a centre: any other point will do.
  std::int64_t draw_unchosen(std::int64_t start, RandomStream& random) const {
    const auto& taken = chosen_[static_cast<std::size_t>(start)];
    const std::set<std::int64_t> centres(taken.begin(), taken.end());
    for (;;)
      if (const std::int64_t point = random.below(n_); !centres.contains(point)) return point;
  }

  const float* row(std::int64_t i) const { return screened_->row(rows_[static_cast<std::size_t>(i)]); }
  float* distances(std::int64_t start) { return distances_.data() + start * n_; }
  const float* distances(std::int64_t start) const { return distances_.data() + start * n_; }
  double block_sum(std::int64_t block, std::int64_t start) const {
    return block_sums_[static_cast<std::size_t>(block * n_starts_ + start)];
  }

  torch::Tensor points_;
  const ScreenedPoints* screened_;
  std::vector<std::int32_t> rows_;  // the points that centres are chosen among; below, i counts these
  std::int64_t n_, blocks_, n_starts_;
  std::vector<std::vector<std::int64_t>> chosen_;
  std::vector<float> distances_;    // (R, n) of each point to its nearest centre so far
  std::vector<double> block_sums_;  // (blocks, R) of distances_
  std::vector<float> from_origin_;  // (n) half the squared distance of each point from the screen's origin
  ScratchPool<ScreenedPoints::Scratch> pool_{[] { return std::make_unique<ScreenedPoints::Scratch>(); }};
};

/// The points that k-means++ chooses among: all, or as many as are enough to know how they lie.
std::vector<std::int32_t> sample_of(std::int64_t n, const KMeansOptions& options) {
  const std::int64_t most = std::max(most_sampled, sampled_per_centre * options.n_clusters);
  std::vector<std::int32_t> rows(static_cast<std::size_t>(std::min(n, most)));
  if (n <= most) {
    std::iota(rows.begin(), rows.end(), 0);
    return rows;
  }
  RandomStream random(options.seed, "kmeans sample");
  const auto drawn = random.sample(n, most);
  std::copy(drawn.begin(), drawn.end(), rows.begin());
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace

std::int64_t trials_per_centre(std::int64_t n_clusters) {
  return 2 + static_cast<std::int64_t>(std::log(static_cast<double>(n_clusters)));
}

torch::Tensor first_centres(const torch::Tensor& points, const ScreenedPoints* screened,
                            const KMeansOptions& options, std::int64_t first_start, std::int64_t n_starts,
                            const Progress& progress) {
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
  PlusPlus plus_plus(points, screened, sample_of(n, options), n_starts);
  for (std::int64_t centre = 0; centre < k; ++centre) {
    progress.check_stop();
    std::vector<std::int64_t> candidates;
    for (RandomStream& random : streams) {
      const auto start = static_cast<std::int64_t>(&random - streams.data());
      if (centre == 0)
        candidates.push_back(random.below(plus_plus.size()));
      else
        for (std::int64_t trial = 0; trial < trials_per_centre(k); ++trial)
          candidates.push_back(plus_plus.draw(start, random));
    }
    plus_plus.choose(candidates);
  }
  for (std::int64_t start = 0; start < n_starts; ++start)
    centres[start].copy_(torch::tensor(plus_plus.chosen(start), torch::kInt64));
  return centres;
}

}  // namespace ilk::internal
