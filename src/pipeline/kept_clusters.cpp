// K clusters of the method, N images.
#include "pipeline/kept_clusters.h"

#include <ilk/error.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>

#include "io/files.h"
#include "io/safetensors.h"
#include "pipeline/cluster_overlap.h"
#include "pipeline/edited_run.h"
#include "pipeline/levels.h"
#include "pipeline/options_json.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// The options that clusters and names depend on, as JSON.
Json what_counts(Json options) {
  for (const char* name :
       {"output", "threads", "memory", "cache", "exemplars", "labels", "device", "map", "by"})
    options.erase(name);
  return options;
}

/// Old names for clusters that are the same (`kept`, by number); a new cluster whose name is one of them
/// takes its runner-up, or the name with its number.
void keep_names(std::vector<RunSummary::Cluster>& clusters, const std::map<std::int64_t, std::string>& kept) {
  std::set<std::string> taken;
  for (const auto& [number, name] : kept) taken.insert(name);
  for (std::size_t c = 0; c < clusters.size(); ++c) {
    ClusterName& name = clusters[c].name;
    if (const auto old = kept.find(static_cast<std::int64_t>(c)); old != kept.end()) {
      if (name.name == old->second) continue;
      if (name.runner_up == old->second || name.runner_up.empty()) name.runner_up = name.name;
      name.name = old->second;
    } else if (!taken.insert(name.name).second) {
      const std::string other = name.runner_up.empty() || taken.contains(name.runner_up)
                                    ? name.name + " " + std::to_string(c)
                                    : name.runner_up;
      name.name = other;
      taken.insert(other);
    }
  }
}

std::string counted(std::int64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// "Since the last run 5 images are new and 1 is gone; 3 others changed cluster. Cluster 4 (owl) is new."
void say_changes(const RunRecord& record, const PreviousRun& previous, const Overlap& overlap,
                 const std::set<std::int64_t>& same, Progress& progress) {
  std::unordered_map<std::string, std::int64_t> old_of;
  for (const auto& row : previous.unedited) old_of.emplace(row.path, row.cluster);
  std::int64_t moved = 0;
  for (std::size_t i = 0; i < record.images.paths.size(); ++i) {
    const auto old = old_of.find(record.images.paths[i]);
    moved += old != old_of.end() && old->second != record.clustering.assignment.labels[i] ? 1 : 0;
  }
  const std::int64_t fresh = static_cast<std::int64_t>(record.images.paths.size()) - overlap.common,
                     gone = static_cast<std::int64_t>(previous.unedited.size()) - overlap.common;
  if (fresh + gone + moved == 0) return;
  std::string text = "Since the last run: " + counted(fresh, "new image", "new images") + ", " +
                     counted(gone, "gone", "gone") + ", " +
                     counted(moved, "other changed cluster", "others changed cluster") + ".";
  std::string new_clusters;
  std::int64_t count = 0;
  for (std::size_t c = 0; c < record.summary.clusters.size(); ++c) {
    if (same.contains(static_cast<std::int64_t>(c))) continue;
    new_clusters +=
        (count++ ? ", " : "") + std::to_string(c) + " (" + record.summary.clusters[c].name.name + ")";
  }
  if (count) text += (count == 1 ? " New is cluster " : " New are clusters ") + new_clusters + ".";
  progress.say(text);
}

/// The record after the edits: what the files say.
void take_edited(RunRecord& record) {
  const fs::path& folder = record.options.output;
  const auto rows = read_assignment_rows(folder / "assignments.csv");
  const auto clusters = Json::parse(read_file(folder / "clusters.json"));
  Assignment& assignment = record.clustering.assignment;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    assignment.labels[i] = rows[i].cluster;
    assignment.second_labels[i] = rows[i].second;
  }
  record.summary.levels = read_levels(folder);
  auto& shown = record.summary.clusters;
  shown.resize(clusters.size());
  record.captions_of_cluster.resize(clusters.size());
  record.exemplars = members_by_score(assignment, static_cast<std::int64_t>(clusters.size()));
  for (std::size_t c = 0; c < clusters.size(); ++c) {
    const auto& cluster = clusters[c];
    shown[c].name.name = cluster.at("name");
    if (cluster.contains("merged_into"))
      shown[c].name.name +=
          " (now in cluster " + std::to_string(cluster.at("merged_into").get<std::int64_t>()) + ")";
    shown[c].size = cluster.at("size");
    shown[c].density = cluster.at("density");
    shown[c].exemplars.clear();
    auto& members = record.exemplars[c];
    members.resize(std::min(members.size(), static_cast<std::size_t>(record.options.exemplars)));
    for (const auto row : members)
      shown[c].exemplars.push_back(record.images.paths[static_cast<std::size_t>(row)]);
  }
}

}  // namespace

std::optional<PreviousRun> previous_run(const RunOptions& options) {
  const fs::path& folder = options.output;
  std::error_code error;
  if (!fs::exists(folder / "assignments.csv", error) || !fs::exists(folder / "features.safetensors", error))
    return std::nullopt;
  try {
    PreviousRun previous{.rows = read_assignment_rows(folder / "assignments.csv")};
    const bool edited = has_edits(folder) && fs::exists(unedited_folder(folder) / "assignments.csv", error);
    const fs::path methods_own = edited ? unedited_folder(folder) : folder;
    previous.unedited = edited ? read_assignment_rows(methods_own / "assignments.csv") : previous.rows;
    previous.levels = read_levels(methods_own);
    const SafetensorsFile features(folder / "features.safetensors");
    const auto& facts = features.metadata();
    if (const auto old = facts.find("options"); old != facts.end())
      previous.same_options = what_counts(Json::parse(old->second)) == what_counts(options_to_json(options));
    return previous;
  } catch (const Error&) {
    return std::nullopt;  // a run that cannot be read is made again
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

void keep_numbers(RunRecord& record, const PreviousRun& previous, Progress& progress) {
  if (!previous.same_options && !has_edits(record.options.output)) return;
  std::unordered_map<std::string, std::int64_t> old_of;
  for (const auto& row : previous.unedited) old_of.emplace(row.path, row.cluster);
  const Overlap overlap = overlap_of(record.images.paths, record.clustering.assignment.labels,
                                     record.summary.clusters.size(), old_of);
  if (overlap.common == 0) return;
  const auto numbers = matched_numbers(overlap);
  std::set<std::int64_t> same;
  std::map<std::int64_t, std::string> old_names, kept;
  for (const auto& row : previous.unedited) old_names[row.cluster] = row.name;
  for (std::size_t c = 0; c < numbers.size(); ++c) {
    if (!is_the_same(overlap, c, numbers[c])) continue;
    same.insert(numbers[c]);
    if (previous.same_options) kept[numbers[c]] = old_names.at(numbers[c]);
  }
  for (auto* labels : {&record.clustering.assignment.labels, &record.clustering.assignment.second_labels})
    for (std::int64_t& label : *labels)
      if (label >= 0) label = numbers[static_cast<std::size_t>(label)];
  renumber(record.summary.clusters, numbers);
  renumber(record.captions_of_cluster, numbers);
  renumber(record.exemplars, numbers);
  renumber(record.summary.levels.parents, numbers);
  keep_names(record.summary.clusters, kept);
  if (!std::is_sorted(numbers.begin(), numbers.end())) record.numbers = numbers;
  say_changes(record, previous, overlap, same, progress);
}

void write_kept_clusters(RunRecord& record, const std::optional<PreviousRun>& previous, Progress& progress) {
  const fs::path& folder = record.options.output;
  count_images(record.summary.levels, record.clustering.assignment.labels);
  if (!has_edits(folder)) {
    std::error_code ignored;
    fs::remove_all(unedited_folder(folder), ignored);
    write_assignments(record, folder);
    write_clusters(record, folder);
    write_levels(record.summary.levels, folder);
    return;
  }
  write_assignments(record, unedited_folder(folder));
  write_clusters(record, unedited_folder(folder));
  write_levels(record.summary.levels, unedited_folder(folder));
  std::vector<std::string> notices;
  write_edited(
      folder, read_edits(folder), previous ? previous->rows : std::vector<AssignmentRow>(),
      [&]() -> const Matrix<float>& { return record.images.embeddings; }, record.options.exemplars, notices);
  for (const auto& notice : notices) progress.say(notice);
  take_edited(record);
}

}  // namespace ilk
