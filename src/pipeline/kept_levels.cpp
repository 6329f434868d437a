// N images, L levels, of which the last has the most clusters.
#include <algorithm>
#include <numeric>

#include "pipeline/cluster_overlap.h"
#include "pipeline/kept_clusters.h"
#include "pipeline/levels.h"

namespace ilk {
namespace {

/// The images' clusters at a level.
std::vector<std::int64_t> labels_at(std::size_t level, const ClusterLevels& levels,
                                    const std::vector<std::int64_t>& labels) {
  std::vector<std::int64_t> at(levels.parents.size());
  for (std::size_t c = 0; c < at.size(); ++c) at[c] = levels.path(static_cast<std::int64_t>(c))[level];
  std::vector<std::int64_t> result;
  result.reserve(labels.size());
  for (const std::int64_t label : labels) result.push_back(at[static_cast<std::size_t>(label)]);
  return result;
}

/// Gives a level's clusters the numbers of the last run's, and returns the names (of the new numbers) that
/// are to stay.
std::vector<std::string> keep_level(std::size_t level, RunRecord& record, const PreviousRun& previous) {
  ClusterLevels& levels = record.summary.levels;
  auto& clusters = levels.upper[level];
  std::vector<std::string> kept(clusters.size());
  if (!previous.same_options || previous.levels.upper.size() != levels.upper.size()) return kept;
  std::unordered_map<std::string, std::int64_t> old_of;
  for (const auto& row : previous.unedited)
    old_of.emplace(row.path, previous.levels.path(row.cluster)[level]);
  const Overlap overlap =
      overlap_of(record.images.paths, labels_at(level, levels, record.clustering.assignment.labels),
                 clusters.size(), old_of);
  if (overlap.common == 0) return kept;
  const auto numbers = matched_numbers(overlap);
  const auto& old = previous.levels.upper[level];
  for (std::size_t c = 0; c < numbers.size(); ++c) {
    const auto number = static_cast<std::size_t>(numbers[c]);
    if (is_the_same(overlap, c, numbers[c]) && old[number].name.is_named)
      kept[number] = old[number].name.name;
  }
  renumber(clusters, numbers);
  const auto follow = [&](std::int64_t& parent) { parent = numbers[static_cast<std::size_t>(parent)]; };
  if (level + 1 == levels.upper.size())
    std::for_each(levels.parents.begin(), levels.parents.end(), follow);
  else
    for (auto& cluster : levels.upper[level + 1]) follow(cluster.parent);
  return kept;
}

}  // namespace

void name_kept_levels(RunRecord& record, const std::optional<PreviousRun>& previous) {
  ClusterLevels& levels = record.summary.levels;
  if (levels.empty()) return;
  const std::size_t n_levels = levels.upper.size();
  std::vector<std::vector<std::string>> kept(n_levels);
  for (std::size_t level = 0; level < n_levels && previous; ++level)
    kept[level] = keep_level(level, record, *previous);

  std::vector<UpperClusters> upper;
  for (std::size_t level = n_levels; level-- > 0;) {
    UpperClusters clusters{.parents = level + 1 == n_levels ? levels.parents : std::vector<std::int64_t>(),
                           .n_clusters = std::ssize(levels.upper[level]),
                           .kept = kept[level]};
    if (level + 1 < n_levels)
      for (const auto& cluster : levels.upper[level + 1]) clusters.parents.push_back(cluster.parent);
    upper.push_back(std::move(clusters));
  }
  std::vector<ClusterName> names;
  for (const auto& cluster : record.summary.clusters) names.push_back(cluster.name);
  const auto& nouns = record.vocabulary.nouns;
  const Matrix<float> features = nouns ? nouns->features() : Matrix<float>();
  const auto named = name_levels(record.images.embeddings, record.clustering.assignment.labels, names, upper,
                                 {.nouns = nouns ? nouns->corpus.texts : std::vector<std::string>(),
                                  .features = features,
                                  .definitions = nouns ? nouns->corpus.notes : std::vector<std::string>(),
                                  .wordnet = record.vocabulary.wordnet(),
                                  .with_hypernyms = record.options.nouns.empty()});
  for (std::size_t level = 0; level < n_levels; ++level)
    for (std::size_t c = 0; c < levels.upper[level].size(); ++c) {
      ClusterName& name = levels.upper[level][c].name;
      name = named[n_levels - 1 - level][c];
      if (!nouns) name.name = "cluster " + std::to_string(c);
    }
}

}  // namespace ilk
