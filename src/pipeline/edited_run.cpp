#include "pipeline/edited_run.h"

#include <ilk/kmeans.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/fail.h"
#include "io/files.h"
#include "io/json_file.h"
#include "pipeline/levels.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
EditedClusters state_of(const std::vector<AssignmentRow>& rows, const Json& clusters) {
  EditedClusters state;
  for (const auto& cluster : clusters) state.clusters.push_back({.name = cluster.at("name")});
  for (const auto& row : rows) {
    require(row.cluster < static_cast<std::int64_t>(clusters.size()), in_edit,
            "assignments.csv and clusters.json must be of one run; the first names cluster ", row.cluster,
            ", the second has ", clusters.size(), ".");
    state.labels.push_back(row.cluster);
    state.seconds.push_back(row.second);
  }
  return state;
}

void write_where_new(const fs::path& file, const std::string& contents) {
  std::error_code error;
  if (!fs::is_regular_file(file, error) || read_file(file) != contents) write_file_atomically(file, contents);
}

void require_place(const Json& cluster, const char* key, std::size_t places, const fs::path& file) {
  const auto found = cluster.find(key);
  if (found == cluster.end()) return;
  require(found->is_number_integer() && *found >= 0 && *found < static_cast<std::int64_t>(places), in_edit,
          file, ": ", key, " must be a number from 0 to ", places - 1, ", got ", found->dump(), ".");
}

/// clusters.json as it is after the edits.
Json clusters_json(const Json& unedited, const EditedClusters& state, const std::vector<AssignmentRow>& rows,
                   std::int64_t exemplars) {
  std::vector<std::vector<std::size_t>> members(state.clusters.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    members[static_cast<std::size_t>(state.labels[i])].push_back(i);
  Json clusters = Json::array();
  for (std::size_t c = 0; c < state.clusters.size(); ++c) {
    const EditedCluster& edited = state.clusters[c];
    Json cluster = c < unedited.size() ? unedited[c]
                                       : Json{{"cluster", c},
                                              {"name", ""},
                                              {"score", 0},
                                              {"runner_up", ""},
                                              {"runner_up_score", 0},
                                              {"size", 0},
                                              {"density", 0},
                                              {"nouns", Json::array()},
                                              {"captions", Json::array()},
                                              {"exemplars", Json::array()}};
    auto& own = members[c];
    std::vector<double> scores(own.size());
    std::transform(own.begin(), own.end(), scores.begin(),
                   [&](auto i) { return score_number(rows[i].score, in_edit); });
    std::vector<std::size_t> order(own.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
    Json shown = Json::array();
    for (std::size_t i = 0; i < std::min(order.size(), static_cast<std::size_t>(exemplars)); ++i)
      shown.push_back({{"path", rows[own[order[i]]].path}, {"score", scores[order[i]]}});
    cluster["name"] = edited.name;
    cluster["size"] = own.size();
    cluster["density"] =
        own.empty() ? 0.0
                    : std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(own.size());
    cluster["exemplars"] = shown;
    if (edited.locked) cluster["locked"] = true;
    if (edited.merged_into >= 0) cluster["merged_into"] = edited.merged_into;
    clusters.push_back(std::move(cluster));
  }
  return clusters;
}

/// Levels as they are after the edits: a cluster that an edit made is below what most of its images were
/// below; where it has none, below what it was split from, or below the first.
ClusterLevels edited_levels(ClusterLevels levels, const std::vector<AssignmentRow>& unedited,
                            const EditedClusters& state, const std::vector<Edit>& edits) {
  if (levels.empty()) return levels;
  const auto of_method = static_cast<std::int64_t>(levels.parents.size());
  std::vector<std::map<std::int64_t, std::int64_t>> images(state.clusters.size());  // by parent
  for (std::size_t i = 0; i < unedited.size(); ++i)
    ++images[static_cast<std::size_t>(state.labels[i])]
            [levels.parents[static_cast<std::size_t>(unedited[i].cluster)]];
  for (auto c = of_method; c < std::ssize(state.clusters); ++c) {
    const auto& its = images[static_cast<std::size_t>(c)];
    std::int64_t parent = 0;
    for (const Edit& edit : edits)
      if (edit.kind == Edit::Kind::split && edit.cluster < c &&
          std::count(edit.clusters.begin(), edit.clusters.end(), c) > 0)
        parent = levels.parents[static_cast<std::size_t>(edit.cluster)];
    if (!its.empty())
      parent = std::max_element(its.begin(), its.end(), [](const auto& a, const auto& b) {
                 return a.second < b.second;
               })->first;
    levels.parents.push_back(parent);
  }
  count_images(levels, state.labels);
  return levels;
}

}  // namespace

Json read_clusters(const fs::path& folder) {
  const fs::path file = folder / "clusters.json";
  try {
    Json clusters = Json::parse(read_file(file));
    require(clusters.is_array(), in_edit, file, " must hold a list of clusters.");
    for (std::size_t c = 0; c < clusters.size(); ++c) {
      const Json& cluster = clusters[c];
      cluster.at("name").get_ref<const std::string&>();
      require(cluster.value("cluster", c) == c, in_edit, file, ": cluster ", c, " must say that it is, got ",
              cluster.at("cluster").dump(), ".");
      require_place(cluster, "method_cluster", clusters.size(), file);
      require_place(cluster, "merged_into", clusters.size(), file);
      static_cast<void>(cluster.value("locked", false));  // throws where it is no boolean
    }
    return clusters;
  } catch (const nlohmann::json::exception& problem) {
    fail(in_edit, file, " cannot be read: ", problem.what(), ".");
  }
}

fs::path unedited_folder(const fs::path& run) {
  return run / "unedited";
}

bool has_edits(const fs::path& run) {
  std::error_code error;
  return fs::exists(run / "edits.jsonl", error);
}

std::int64_t write_edited(const fs::path& run, const std::vector<Edit>& edits,
                          const std::vector<AssignmentRow>& before,
                          const std::function<const Matrix<float>&()>& embeddings, std::int64_t exemplars,
                          std::vector<std::string>& notices) {
  std::vector<AssignmentRow> rows = read_assignment_rows(unedited_folder(run) / "assignments.csv");
  const Json unedited = read_clusters(unedited_folder(run));
  EditedImages images{.embeddings = embeddings};
  for (const auto& row : rows) images.paths.push_back(row.path);
  for (const auto& row : before) images.before.emplace(row.path, row.cluster);
  const EditedClusters state = replay(state_of(rows, unedited), edits, images, notices);
  const ClusterLevels levels = edited_levels(read_levels(unedited_folder(run)), rows, state, edits);

  std::int64_t moved = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].cluster = state.labels[i];
    rows[i].name = state.clusters[static_cast<std::size_t>(state.labels[i])].name;
    rows[i].second = state.seconds[i];
    if (rows[i].second < 0) rows[i].margin.clear();
    const auto old = images.before.find(rows[i].path);
    moved += old != images.before.end() && old->second != rows[i].cluster ? 1 : 0;
  }
  write_where_new(run / "clusters.json", json_text(clusters_json(unedited, state, rows, exemplars)) + "\n");
  write_levels(levels, run);
  write_where_new(run / "assignments.csv", to_csv(rows, levels));
  return moved;
}

void follow_edits(const fs::path& run, const std::vector<std::string>& paths, const Matrix<float>& embeddings,
                  Assignment& assignment, std::vector<std::string>& names) {
  const Json clusters = read_clusters(run);
  const auto require_known = [&](const std::vector<std::int64_t>& labels) {
    for (const std::int64_t label : labels)
      require(label < static_cast<std::int64_t>(clusters.size()), in_edit, "the files of ", run,
              " must be of one run; one names cluster ", label, ", but clusters.json has ", clusters.size(),
              ".");
  };
  std::vector<std::int64_t> number_of(clusters.size());
  std::iota(number_of.begin(), number_of.end(), 0);
  for (std::size_t c = 0; c < clusters.size(); ++c)
    if (clusters[c].contains("method_cluster"))
      number_of[clusters[c].at("method_cluster").get<std::size_t>()] = static_cast<std::int64_t>(c);
  for (auto* labels : {&assignment.labels, &assignment.second_labels}) {
    require_known(*labels);
    for (std::int64_t& label : *labels)
      if (label >= 0) label = number_of[static_cast<std::size_t>(label)];
  }
  names.clear();
  for (const auto& cluster : clusters) names.push_back(cluster.at("name"));
  if (!has_edits(run)) return;

  EditedClusters state{.labels = std::move(assignment.labels),
                       .seconds = std::move(assignment.second_labels)};
  for (const auto& cluster : read_clusters(unedited_folder(run)))
    state.clusters.push_back({.name = cluster.at("name")});
  std::vector<std::string> notices;
  const EditedImages images{.paths = paths,
                            .embeddings = [&]() -> const Matrix<float>& { return embeddings; }};
  state = replay(std::move(state), read_edits(run), images, notices);
  std::unordered_map<std::string, std::int64_t> known;
  for (const auto& row : read_assignment_rows(run / "assignments.csv")) known.emplace(row.path, row.cluster);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto own = known.find(paths[i]);
    if (own == known.end()) continue;
    state.labels[i] = own->second;
    if (state.seconds[i] == own->second) state.seconds[i] = -1;
  }
  require_known(state.labels);
  require_known(state.seconds);
  assignment.labels = std::move(state.labels);
  assignment.second_labels = std::move(state.seconds);
}

}  // namespace ilk
