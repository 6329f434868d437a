// K clusters, M nouns. p (concepts) is a cluster's mass, scaled to sum 1, by concept. A place is a concept or
// a synset above one; e (places) is the evidence for each, which is p carried upwards; d (places) how
// distinctive each is.
#include <ilk/error.h>
#include <ilk/matching.h>
#include <ilk/naming.h>
#include <ilk/parallel.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "concepts.h"

namespace ilk {
namespace {

constexpr std::size_t most_words = 10;
// The names are matched over each cluster's best candidates: exact for up to as many clusters, and nearly so
// beyond.
constexpr std::size_t most_candidates = 64;
constexpr double above_factor = 0.5;
constexpr double abstract_factor = 0.8;
constexpr double bare_factor = 1e-3;
// What serves all clusters alike has no weight; this little keeps it before no name at all.
constexpr double least_factor = 1e-6;

std::size_t size_t_of(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

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

// Heaviest first, ties to the lower index, at most `most`.
std::vector<Candidate> heaviest(const std::vector<double>& weights, std::size_t most) {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0) candidates.push_back({static_cast<std::int64_t>(i), std::sqrt(weights[i])});
  }
  const std::size_t count = std::min(most, candidates.size());
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count),
                    candidates.end(), [](const Candidate& a, const Candidate& b) {
                      return a.value != b.value ? a.value > b.value : a.column < b.column;
                    });
  candidates.resize(count);
  return candidates;
}

// Concepts weighed for clusters, as name_clusters says.
class Weigher {
 public:
  Weigher(const Shares& shares, const std::vector<Concept>& concepts, const Hierarchy& hierarchy)
      : shares_(shares), concepts_(concepts), hierarchy_(hierarchy), n_filled_(shares.n_filled()) {
    // Evidence is linear in the shares, so that its total over the clusters needs no evidence by cluster.
    std::vector<double> total(concepts.size());
    for (std::int64_t k = 0; k < shares.n_clusters(); ++k) {
      for (std::size_t c = 0; c < concepts.size(); ++c) total[c] += share(k, c);
    }
    all_ = carried_up(total);
  }

  double share(std::int64_t cluster, std::size_t c) const {
    double sum = 0;
    for (const std::int64_t noun : concepts_[c].nouns) sum += shares_(cluster, noun);
    return sum;
  }

  std::vector<double> weights(std::int64_t cluster) const {
    std::vector<double> p(concepts_.size());
    for (std::size_t c = 0; c < p.size(); ++c) p[c] = share(cluster, c);
    const std::vector<double> e = carried_up(p);
    std::vector<double> d(e.size());
    for (std::size_t s = 0; s < e.size(); ++s) d[s] = distinctiveness(e[s], all_[s], n_filled_);

    std::vector<double> weights(p.size());
    for (std::size_t c = 0; c < p.size(); ++c) {
      if (e[c] <= 0) continue;
      const double own = std::min(1.0, e[c] * d[c]);
      double above = 0;
      for (std::size_t i = 1; i < hierarchy_.above[c].size(); ++i) {
        const auto [place, factor] = hierarchy_.above[c][i];
        const std::size_t s = size_t_of(place);
        above += factor * std::max(0.0, e[s] - factor * p[c]) * d[s];
      }
      above *= above_factor;
      // What comes from above fills the rest up to 1 more and more slowly.
      double weight = own + (1 - own) * above / (1 + above);
      if (!concepts_[c].physical) weight *= abstract_factor;
      weight = std::max(weight, least_factor * std::min(1.0, p[c]));
      weights[c] = concepts_[c].bare ? weight * bare_factor : weight;
    }
    return weights;
  }

 private:
  std::vector<double> carried_up(const std::vector<double>& by_concept) const {
    std::vector<double> evidence(size_t_of(hierarchy_.n_places));
    for (std::size_t c = 0; c < by_concept.size(); ++c) {
      for (const Upward& up : hierarchy_.above[c]) evidence[size_t_of(up.place)] += up.factor * by_concept[c];
    }
    return evidence;
  }

  const Shares& shares_;
  const std::vector<Concept>& concepts_;
  const Hierarchy& hierarchy_;
  std::int64_t n_filled_;
  std::vector<double> all_;
};

// The noun that stands for the concept in the cluster: most mass, ties to the lower index.
std::int64_t spokesman(const Concept& its, std::int64_t cluster, const Shares& shares) {
  return *std::max_element(its.nouns.begin(), its.nouns.end(), [&](std::int64_t a, std::int64_t b) {
    return shares(cluster, a) < shares(cluster, b);
  });
}

}  // namespace

std::vector<ClusterName> name_clusters(MatrixView<const double> mass, const std::vector<std::string>& nouns,
                                       const WordNet* wordnet) {
  const Shares shares(mass, nouns.size(), "name_clusters");
  const std::int64_t n_clusters = shares.n_clusters();
  const std::vector<Concept> concepts = make_concepts(nouns, wordnet);
  const Hierarchy hierarchy = make_hierarchy(concepts, wordnet);
  const Weigher weigher(shares, concepts, hierarchy);

  std::vector<std::vector<Candidate>> candidates(size_t_of(n_clusters));
  parallel_blocks(n_clusters, 1, [&](std::int64_t k, std::int64_t, std::int64_t) {
    candidates[size_t_of(k)] = heaviest(weigher.weights(k), most_candidates);
  });
  const std::vector<std::int64_t> chosen =
      best_matching(candidates, static_cast<std::int64_t>(concepts.size()));

  std::vector<ClusterName> names(size_t_of(n_clusters));
  for (std::int64_t k = 0; k < n_clusters; ++k) {
    ClusterName& name = names[size_t_of(k)];
    name.name = "group " + std::to_string(k);
    for (const Candidate& candidate : candidates[size_t_of(k)]) {
      const std::size_t c = size_t_of(candidate.column);
      const std::string& word = nouns[size_t_of(spokesman(concepts[c], k, shares))];
      const bool is_name = candidate.column == chosen[size_t_of(k)];
      if (is_name) {
        name.name = word;
        name.score = candidate.value;
      } else if (name.runner_up.empty()) {
        name.runner_up = word;
        name.runner_up_score = candidate.value;
      }
      if (name.words.size() < most_words) {
        name.words.push_back({word, candidate.value, std::min(1.0, weigher.share(k, c))});
      }
    }
  }
  return names;
}

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
    candidates[size_t_of(k)] = heaviest(weights, most);
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
