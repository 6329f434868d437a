// K clusters, M captions. A share is a cluster's mass, scaled to sum 1.
#include <ilk/naming.h>

#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "core/matching.h"
#include "core/parallel.h"
#include "naming/candidates.h"

namespace ilk {
namespace {

// Rows of the mass, each scaled to sum 1; a cluster without mass has a row of 0.
class Shares {
 public:
  Shares(MatrixView<const double> mass, std::size_t n_words, std::string_view function) : mass_(mass) {
    require(mass.columns() == static_cast<std::int64_t>(n_words), function,
            "mass must be of shape (clusters, ", n_words, "), got (", mass.rows(), ", ", mass.columns(),
            ").");
    for (std::int64_t k = 0; k < n_clusters(); ++k) {
      double size = 0;
      for (std::size_t j = 0; j < n_words; ++j) {
        const double value = mass[k][j];
        require(std::isfinite(value) && value >= 0, function, "mass must be finite and at least 0, got ",
                value, " for cluster ", k, " and word ", j, ".");
        size += value;
      }
      sizes_.push_back(size);
    }
  }

  std::int64_t n_clusters() const { return mass_.rows(); }
  std::int64_t n_filled() const {
    return std::count_if(sizes_.begin(), sizes_.end(), [](double size) { return size > 0; });
  }
  double operator()(std::int64_t cluster, std::int64_t word) const {
    const double size = sizes_[size_t_of(cluster)];
    return size > 0 ? mass_[cluster][word] / size : 0;
  }

 private:
  MatrixView<const double> mass_;
  std::vector<double> sizes_;
};

// How far `part` of `all` is above an even part (0) on the way to all of it (1), for parts by `n` clusters.
double distinctiveness(double part, double all, std::int64_t n) {
  if (part <= 0 || all <= 0) return 0;
  if (n <= 1) return 1;
  const double even = 1.0 / static_cast<double>(n);
  return std::clamp((part / all - even) / (1 - even), 0.0, 1.0);
}

}  // namespace

std::vector<std::vector<ScoredWord>> caption_clusters(MatrixView<const double> mass,
                                                      const std::vector<std::string>& captions,
                                                      std::int64_t count) {
  require(count >= 0, "caption_clusters", "count must be at least 0, got ", count, ".");
  const Shares shares(mass, captions.size(), "caption_clusters");
  const std::int64_t n_clusters = shares.n_clusters();
  std::vector<double> all(captions.size());
  for (std::int64_t k = 0; k < n_clusters; ++k) {
    for (std::size_t j = 0; j < all.size(); ++j) all[j] += shares(k, static_cast<std::int64_t>(j));
  }
  // Enough that other clusters' captions of earlier rounds leave some.
  const std::size_t most = most_candidates + size_t_of(count);
  std::vector<std::vector<Candidate>> candidates(size_t_of(n_clusters));
  parallel_blocks(n_clusters, 1, [&](std::int64_t k, std::int64_t, std::int64_t) {
    std::vector<double> weights(all.size());
    for (std::size_t j = 0; j < all.size(); ++j) {
      const double share = shares(k, static_cast<std::int64_t>(j));
      weights[j] = std::min(1.0, share) * distinctiveness(share, all[j], shares.n_filled());
    }
    auto& its = candidates[size_t_of(k)] = heaviest(weights, most);
    for (Candidate& candidate : its) candidate.value = std::sqrt(candidate.value);
  });

  std::vector<std::vector<ScoredWord>> found(size_t_of(n_clusters));
  std::vector<bool> taken(captions.size());
  for (std::int64_t round = 0; round < count; ++round) {
    const auto chosen = best_matching(candidates, static_cast<std::int64_t>(captions.size()));
    for (std::int64_t k = 0; k < n_clusters; ++k) {
      if (const std::int64_t j = chosen[size_t_of(k)]; j >= 0) taken[size_t_of(j)] = true;
      for (const Candidate& candidate : candidates[size_t_of(k)]) {
        if (candidate.column != chosen[size_t_of(k)]) continue;
        found[size_t_of(k)].push_back({captions[size_t_of(candidate.column)], candidate.value,
                                       std::min(1.0, shares(k, candidate.column))});
      }
    }
    for (auto& row : candidates) {
      std::erase_if(row, [&](const Candidate& candidate) { return taken[size_t_of(candidate.column)]; });
    }
  }
  for (auto& row : found) {
    std::stable_sort(row.begin(), row.end(),
                     [](const ScoredWord& a, const ScoredWord& b) { return a.score > b.score; });
  }
  return found;
}

}  // namespace ilk
