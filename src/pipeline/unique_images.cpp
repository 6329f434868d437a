#include "pipeline/unique_images.h"

#include <algorithm>
#include <numeric>

#include "pipeline/duplicate_groups.h"

namespace ilk {
namespace {

constexpr std::int64_t neighbours_each = 25;

template <class T>
std::vector<T> taken(const std::vector<T>& values, const std::vector<std::int64_t>& rows) {
  std::vector<T> result;
  result.reserve(rows.size());
  for (const std::int64_t row : rows) result.push_back(values[static_cast<std::size_t>(row)]);
  return result;
}

}  // namespace

std::optional<WithCopies> leave_out_copies(
    EmbeddedImages& images, const std::function<ImageFile(const std::string& path, std::int64_t image)>& read,
    const DecodeOptions& options, Progress& progress) {
  const std::int64_t n = images.embeddings.rows();
  const auto facts = picture_facts(
      n, [&](std::int64_t i) { return read(images.paths[static_cast<std::size_t>(i)], i); }, options,
      progress);
  const auto groups = duplicate_groups(facts, neighbours_within(images.embeddings, neighbours_each),
                                       usual_similarity, progress);
  if (groups.empty()) return std::nullopt;
  std::vector<std::int64_t> best_of(static_cast<std::size_t>(n));
  std::iota(best_of.begin(), best_of.end(), 0);
  for (const auto& group : groups)
    for (const std::int64_t image : group.images)
      best_of[static_cast<std::size_t>(image)] = group.images.front();

  WithCopies result{.stands_for_it = std::vector<std::int64_t>(static_cast<std::size_t>(n))};
  std::vector<std::int64_t> row_of(static_cast<std::size_t>(n), -1);
  for (std::int64_t i = 0; i < n; ++i) {
    if (best_of[static_cast<std::size_t>(i)] != i) continue;
    row_of[static_cast<std::size_t>(i)] = std::ssize(result.original);
    result.original.push_back(i);
  }
  for (std::size_t i = 0; i < best_of.size(); ++i)
    result.stands_for_it[i] = row_of[static_cast<std::size_t>(best_of[i])];
  const std::int64_t copies = n - std::ssize(result.original);
  progress.say(std::to_string(copies) + (copies == 1 ? " image is a copy" : " images are copies") +
               " of another and not clustered; each gets the cluster of the best copy.");

  result.all = std::move(images);
  images = {.embeddings = rows_of(result.all.embeddings, result.original),
            .paths = taken(result.all.paths, result.original),
            .rows = result.all.rows.empty() ? result.original : taken(result.all.rows, result.original),
            .skipped = result.all.skipped,
            .encoded = result.all.encoded,
            .from_cache = result.all.from_cache,
            .repeated = result.all.repeated};
  return result;
}

void spread_to_copies(RunRecord& record, WithCopies images) {
  const auto& rows = images.stands_for_it;
  Assignment& assignment = record.clustering.assignment;
  assignment = {.labels = taken(assignment.labels, rows),
                .scores = taken(assignment.scores, rows),
                .second_labels = taken(assignment.second_labels, rows),
                .second_scores = taken(assignment.second_scores, rows)};
  if (!record.clustering.features.empty())
    record.clustering.features = rows_of(record.clustering.features, rows);
  if (!record.top_nouns.indices.empty()) {
    record.top_nouns.indices = rows_of(record.top_nouns.indices, rows);
    record.top_nouns.weights = rows_of(record.top_nouns.weights, rows);
  }
  for (auto* words : {&record.vocabulary.nouns, &record.vocabulary.captions})
    if (*words && (*words)->space.transport)
      (*words)->space.transport->row_potentials = taken((*words)->space.transport->row_potentials, rows);
  for (auto& members : record.exemplars) members = taken(images.original, members);
  record.images = std::move(images.all);
  record.summary.n_images = record.images.embeddings.rows();
  auto& clusters = record.summary.clusters;
  for (auto& cluster : clusters) cluster.size = 0, cluster.density = 0;
  for (std::size_t i = 0; i < assignment.labels.size(); ++i) {
    auto& cluster = clusters[static_cast<std::size_t>(assignment.labels[i])];
    ++cluster.size;
    cluster.density += static_cast<double>(assignment.scores[i]);
  }
  for (auto& cluster : clusters)
    cluster.density /= static_cast<double>(std::max<std::int64_t>(cluster.size, 1));
}

}  // namespace ilk
