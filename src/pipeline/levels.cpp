#include "pipeline/levels.h"

#include <algorithm>

#include "cluster/cluster_order.h"
#include "cluster/ward.h"
#include "core/fail.h"
#include "core/parallel.h"
#include "io/csv.h"
#include "io/files.h"
#include "io/json_file.h"
#include "pipeline/cluster_json.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr std::int64_t columns_per_block = 64;

/// Means of the clusters' rows, (K, W). All rows in order for some columns: the same sums for any number of
/// threads.
Matrix<double> means_of(MatrixView<const float> rows, std::span<const std::int64_t> labels,
                        std::span<const std::int64_t> sizes) {
  Matrix<double> means(std::ssize(sizes), rows.columns());
  parallel_blocks(rows.columns(), columns_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = 0; i < rows.rows(); ++i) {
      double* to = means[labels[static_cast<std::size_t>(i)]];
      for (std::int64_t j = begin; j < end; ++j) to[j] += static_cast<double>(rows[i][j]);
    }
    for (std::int64_t c = 0; c < means.rows(); ++c)
      for (std::int64_t j = begin; j < end; ++j)
        means[c][j] /= static_cast<double>(std::max<std::int64_t>(1, sizes[static_cast<std::size_t>(c)]));
  });
  return means;
}

Json branch_json(const ClusterLevels::Cluster& cluster, std::size_t number) {
  Json json = cluster_json(static_cast<std::int64_t>(number), cluster.name, cluster.size);
  json["parent"] = cluster.parent < 0 ? Json() : Json(cluster.parent);
  json["nouns"] = words_json(cluster.name.words, "noun");
  return json;
}

ClusterLevels::Cluster cluster_of(const Json& json) {
  ClusterLevels::Cluster cluster{
      .name = {.name = json.at("name"),
               .is_named = json.at("named"),
               .score = json.at("score"),
               .runner_up = json.at("runner_up"),
               .runner_up_score = json.at("runner_up_score")},
      .parent = json.at("parent").is_null() ? -1 : json.at("parent").get<std::int64_t>(),
      .size = json.at("size")};
  for (const auto& word : json.at("nouns"))
    cluster.name.words.push_back({word.at("noun"), word.at("score"), word.at("share")});
  return cluster;
}

}  // namespace

std::vector<std::int64_t> ClusterLevels::path(std::int64_t cluster) const {
  std::vector<std::int64_t> numbers(upper.size());
  std::int64_t at = upper.empty() ? 0 : parents.at(static_cast<std::size_t>(cluster));
  for (std::size_t level = upper.size(); level-- > 0;) {
    numbers[level] = at;
    at = upper[level].at(static_cast<std::size_t>(at)).parent;
  }
  return numbers;
}

std::vector<std::string> ClusterLevels::path_names(std::int64_t cluster) const {
  std::vector<std::string> names;
  const auto numbers = path(cluster);
  for (std::size_t level = 0; level < numbers.size(); ++level)
    names.push_back(upper[level][static_cast<std::size_t>(numbers[level])].name.name);
  return names;
}

ClusterLevels merge_levels(const Clustering& clustering, MatrixView<const float> embeddings,
                           std::int64_t n_clusters, std::span<const std::int64_t> counts) {
  ClusterLevels levels;
  if (counts.empty()) return levels;
  const auto& labels = clustering.assignment.labels;
  const std::vector<std::int64_t> sizes = internal::cluster_sizes(labels, n_clusters);
  const auto merges = ward_merges(means_of(clustering.clustered(embeddings), labels, sizes), sizes);
  std::vector<std::vector<std::int64_t>> groups;  // of the finest clusters, by level
  for (const std::int64_t count : counts) {
    groups.push_back(cut_merges(merges, count));
    levels.upper.emplace_back(static_cast<std::size_t>(count));
  }
  levels.parents = groups.back();
  for (std::size_t level = 1; level < groups.size(); ++level)
    for (std::size_t c = 0; c < groups[level].size(); ++c)
      levels.upper[level][static_cast<std::size_t>(groups[level][c])].parent = groups[level - 1][c];
  return levels;
}

void count_images(ClusterLevels& levels, std::span<const std::int64_t> labels) {
  for (auto& level : levels.upper)
    for (auto& cluster : level) cluster.size = 0;
  if (levels.empty()) return;
  for (const std::int64_t label : labels)
    ++levels.upper.back()[static_cast<std::size_t>(levels.parents[static_cast<std::size_t>(label)])].size;
  for (std::size_t level = levels.upper.size(); level-- > 1;)
    for (const auto& cluster : levels.upper[level])
      levels.upper[level - 1][static_cast<std::size_t>(cluster.parent)].size += cluster.size;
}

nlohmann::ordered_json levels_json(const ClusterLevels& levels) {
  Json all = Json::array();
  for (const auto& level : levels.upper) {
    Json clusters = Json::array();
    for (std::size_t c = 0; c < level.size(); ++c) clusters.push_back(branch_json(level[c], c));
    all.push_back({{"clusters", clusters}});
  }
  return {{"levels", all}, {"parents", levels.parents}};
}

void write_levels(const ClusterLevels& levels, const fs::path& folder) {
  const fs::path file = folder / "levels.json";
  if (!levels.empty()) {
    write_file_atomically(file, json_text(levels_json(levels)) + "\n");
    return;
  }
  std::error_code error;
  fs::remove(file, error);
  if (error) throw WriteError("run", "cannot remove " + file.string() + ": " + error.message() + ".");
}

ClusterLevels read_levels(const fs::path& folder) {
  constexpr std::string_view function = "run";
  const fs::path file = folder / "levels.json";
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  ClusterLevels levels;
  std::int64_t n_clusters = 0;
  try {
    n_clusters = std::ssize(Json::parse(read_file(folder / "clusters.json")));
    const Json json = Json::parse(read_file(file));
    for (const auto& level : json.at("levels"))
      for (auto& clusters = levels.upper.emplace_back(); const auto& cluster : level.at("clusters"))
        clusters.push_back(cluster_of(cluster));
    levels.parents = json.at("parents").get<std::vector<std::int64_t>>();
  } catch (const nlohmann::json::exception& problem) {
    fail(function, file, " cannot be read: ", problem.what(), ".");
  }
  const auto is_one_of = [&](std::int64_t parent, std::size_t level) {
    return parent >= 0 && parent < std::ssize(levels.upper[level]);
  };
  bool fits = !levels.empty() && std::ssize(levels.parents) == n_clusters;
  for (const std::int64_t parent : levels.parents) fits = fits && is_one_of(parent, levels.upper.size() - 1);
  for (std::size_t level = 1; level < levels.upper.size(); ++level)
    for (const auto& cluster : levels.upper[level]) fits = fits && is_one_of(cluster.parent, level - 1);
  require(fits, function, file, " must give each of the ", n_clusters, " clusters its place in every level.");
  return levels;
}

std::vector<ReportBranch> report_tree(const RunSummary& summary) {
  const ClusterLevels& levels = summary.levels;
  if (levels.empty()) return {};
  // The finest first; then each level takes those below it.
  std::vector<std::vector<ReportBranch>> below(levels.upper.back().size());
  for (std::size_t c = 0; c < levels.parents.size(); ++c)
    if (const auto& cluster = summary.clusters[c]; cluster.size > 0)
      below[static_cast<std::size_t>(levels.parents[c])].push_back(
          {.name = cluster.name.name, .size = cluster.size, .cluster = c});
  for (std::size_t level = levels.upper.size(); level-- > 0;) {
    std::vector<std::vector<ReportBranch>> here(level == 0 ? 1 : levels.upper[level - 1].size());
    for (std::size_t c = 0; c < levels.upper[level].size(); ++c) {
      const auto& cluster = levels.upper[level][c];
      if (cluster.size == 0) continue;
      here[level == 0 ? 0 : static_cast<std::size_t>(cluster.parent)].push_back(
          {.name = cluster.name.name, .size = cluster.size, .below = std::move(below[c])});
    }
    below = std::move(here);
  }
  return std::move(below.front());
}

std::string level_columns(const ClusterLevels& levels) {
  std::string columns;
  for (const auto& level : levels.upper) {
    const std::string count = std::to_string(level.size());
    columns += ",cluster_" + count + ",name_" + count;
  }
  return columns;
}

std::string level_fields(const ClusterLevels& levels, std::int64_t cluster) {
  std::string fields;
  const auto numbers = levels.path(cluster);
  for (std::size_t level = 0; level < numbers.size(); ++level)
    fields += "," + std::to_string(numbers[level]) + "," +
              csv_field(levels.upper[level][static_cast<std::size_t>(numbers[level])].name.name);
  return fields;
}

}  // namespace ilk
