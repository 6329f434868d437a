// N images, K finest clusters, C concepts, L levels above them. See name_levels.
#include <ilk/naming.h>

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>

#include "core/fail.h"
#include "naming/noun_choices.h"

namespace ilk {
namespace {

constexpr double uncovered_factor = 0.85;  // of a noun that no name one level below is a kind of
constexpr double parts_with_wider = 3;  // the most of a cluster's images whose name below is wider: a third

/// A named cluster one level below another.
struct NameBelow {
  std::int64_t concept_number;
  double images;
};

/// What lies below each cluster of a level.
struct Below {
  std::vector<std::vector<NameBelow>> names;
  std::vector<std::vector<std::int64_t>> children;  // that have images
  std::vector<double> images_of_children;
};

bool is_kind_of(const Concept& kind, std::int64_t of) {
  return std::binary_search(kind.kinds_of.begin(), kind.kinds_of.end(), of);
}

class LevelNamer {
 public:
  LevelNamer(MatrixView<const float> embeddings, const NamingWords& words)
      : words_(words),
        concepts_(make_concepts(words.nouns, words.definitions, words.wordnet, words.with_hypernyms)),
        evidence_(embeddings, words, concepts_) {
    for (std::size_t c = 0; c < concepts_.size(); ++c)
      concept_of_.emplace(concepts_[c].word, static_cast<std::int64_t>(c));
  }

  /// −1: none.
  std::int64_t concept_of(const std::string& name) const {
    const auto found = concept_of_.find(name);
    return found == concept_of_.end() ? -1 : found->second;
  }

  std::vector<ClusterName> name(std::span<const std::int64_t> labels, const UpperClusters& level,
                                const Below& below, const std::vector<ClusterName>& children) const {
    const auto n = level.n_clusters;
    const EvidenceGroups groups(evidence_, sampled_members(labels, n));
    const NounChoices weighed(groups, concepts_, words_.nouns.size(),
                              [&](std::int64_t k, std::int64_t c) { return factor(below, k, c); });
    const auto choices = weighed.of_all(most_candidates);
    const double least = weighed.least_score();

    std::vector<ClusterName> names(size_t_of(n));
    std::set<std::string> taken;
    const auto settle = [&](std::size_t k, const std::string& name) {
      if (!taken.insert(name).second) return;
      names[k].name = name;
      names[k].is_named = true;
    };
    for (std::size_t k = 0; k < names.size() && !level.kept.empty(); ++k)
      if (!level.kept[k].empty() && may_be(below, k, concept_of(level.kept[k]))) settle(k, level.kept[k]);
    for (std::size_t k = 0; k < names.size(); ++k)
      if (below.children[k].size() == 1 && !names[k].is_named)
        if (const ClusterName& only = children[size_t_of(below.children[k].front())]; only.is_named)
          settle(k, only.name);
    give_out_the_rest(names, choices, taken, least);
    return names;
  }

 private:
  /// Whether a concept is not narrower than the names below, but for a few: one cluster whose name is too
  /// wide (birds called "animal") does not keep the right name from all above it.
  bool may_be(const Below& below, std::size_t k, std::int64_t c) const {
    if (c < 0) return true;
    double with_wider = 0;
    for (const NameBelow& name : below.names[k])
      if (name.concept_number != c && is_kind_of(concepts_[size_t_of(c)], name.concept_number))
        with_wider += name.images;
    return parts_with_wider * with_wider <= below.images_of_children[k];
  }

  double factor(const Below& below, std::int64_t k, std::int64_t c) const {
    if (!may_be(below, size_t_of(k), c)) return 0;
    double covered = 0;
    for (const NameBelow& name : below.names[size_t_of(k)])
      if (is_kind_of(concepts_[size_t_of(name.concept_number)], c)) covered += name.images;
    const double share = covered / std::max(1.0, below.images_of_children[size_t_of(k)]);
    return uncovered_factor + (1 - uncovered_factor) * share;
  }

  void give_out_the_rest(std::vector<ClusterName>& names, const std::vector<std::vector<NounChoice>>& choices,
                         const std::set<std::string>& taken, double least) const {
    const auto settled = names;
    auto left = choices;
    for (std::size_t k = 0; k < names.size(); ++k) {
      if (settled[k].is_named) left[k].clear();
      std::erase_if(left[k], [&](const NounChoice& choice) {
        return taken.contains(concepts_[size_t_of(choice.candidate.column)].word);
      });
    }
    const auto chosen = give_out(left, concepts_);
    for (std::size_t k = 0; k < names.size(); ++k) {
      const std::int64_t its = settled[k].is_named ? concept_of(settled[k].name) : chosen[k];
      if (!settled[k].is_named) names[k].name = "unnamed " + std::to_string(k);
      take_choice(names[k], choices[k], its, least, concepts_);
      if (names[k].runner_up == names[k].name) names[k].runner_up.clear();
    }
  }

  const NamingWords& words_;
  std::vector<Concept> concepts_;
  WordEvidence evidence_;
  std::unordered_map<std::string, std::int64_t> concept_of_;
};

}  // namespace

std::vector<std::vector<ClusterName>> name_levels(MatrixView<const float> embeddings,
                                                  std::span<const std::int64_t> labels,
                                                  const std::vector<ClusterName>& names,
                                                  std::span<const UpperClusters> levels,
                                                  const NamingWords& words) {
  constexpr std::string_view function = "name_levels";
  check_naming(function, embeddings, labels, std::ssize(names), words);
  std::vector<std::vector<ClusterName>> result;
  if (levels.empty()) return result;
  result.reserve(levels.size());  // `children` points into it
  std::optional<LevelNamer> namer;
  if (!words.nouns.empty() && !labels.empty()) namer.emplace(embeddings, words);
  std::vector<std::int64_t> here(labels.begin(), labels.end());
  const std::vector<ClusterName>* children = &names;
  for (const UpperClusters& level : levels) {
    require(level.parents.size() == children->size(), function, "a level must have a parent for each of the ",
            children->size(), " clusters below, got ", level.parents.size(), ".");
    std::vector<double> images(children->size());
    for (const std::int64_t label : here) ++images[size_t_of(label)];
    const auto n = size_t_of(level.n_clusters);
    Below below{.names = std::vector<std::vector<NameBelow>>(n),
                .children = std::vector<std::vector<std::int64_t>>(n),
                .images_of_children = std::vector<double>(n)};
    for (std::size_t child = 0; child < children->size(); ++child) {
      const std::int64_t parent = level.parents[child];
      require(parent >= 0 && parent < level.n_clusters, function, "parents must be from 0 to ",
              level.n_clusters - 1, ", got ", parent, ".");
      if (images[child] == 0) continue;
      below.children[size_t_of(parent)].push_back(static_cast<std::int64_t>(child));
      below.images_of_children[size_t_of(parent)] += images[child];
      const ClusterName& its = (*children)[child];
      if (const auto c = namer && its.is_named ? namer->concept_of(its.name) : -1; c >= 0)
        below.names[size_t_of(parent)].push_back({c, images[child]});
    }
    for (std::int64_t& label : here) label = level.parents[size_t_of(label)];
    auto named = namer ? namer->name(here, level, below, *children) : std::vector<ClusterName>(n);
    for (std::size_t k = 0; k < n; ++k)
      if (named[k].name.empty()) named[k].name = "unnamed " + std::to_string(k);
    result.push_back(std::move(named));
    children = &result.back();
  }
  return result;
}

}  // namespace ilk
