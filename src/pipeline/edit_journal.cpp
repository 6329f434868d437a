#include "pipeline/edit_journal.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/fail.h"
#include "io/files.h"
#include "io/strings.h"
#include "pipeline/assignments_csv.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr std::string_view kinds[] = {"rename", "merge", "split", "move", "lock", "unlock"};

Json to_json(const Edit& edit) {
  Json json{{"edit", kinds[static_cast<std::size_t>(edit.kind)]}, {"cluster", edit.cluster}};
  if (!edit.clusters.empty()) json["clusters"] = edit.clusters;
  if (!edit.names.empty()) json["names"] = edit.names;
  if (!edit.images.empty()) json["images"] = edit.images;
  if (!edit.centroids.empty()) json["centroids"] = edit.centroids;
  return json;
}

/// What no edit of ours lacks, so that a replay can rely on it.
void check(const Edit& edit) {
  using Kind = Edit::Kind;
  const auto rule = [](bool holds, const char* text) { require(holds, in_edit, text); };
  const auto is_cluster = [](std::int64_t number) { return number >= 0 && number < most_clusters; };
  rule(is_cluster(edit.cluster) && std::all_of(edit.clusters.begin(), edit.clusters.end(), is_cluster),
       "a cluster must be a number from 0 on");
  switch (edit.kind) {
    case Kind::rename:
      return rule(edit.names.size() == 1, "a cluster must get one name");
    case Kind::merge:
      return rule(std::count(edit.clusters.begin(), edit.clusters.end(), edit.cluster) == 0,
                  "a cluster must go into another one");
    case Kind::split: {
      const std::size_t parts = edit.clusters.size();
      rule(parts > 0 && edit.names.size() == parts && edit.centroids.size() == parts,
           "a split must have a number, a name and a centre for each part");
      const auto is_as_wide = [&](const auto& centroid) {
        return centroid.size() == edit.centroids[0].size();
      };
      rule(edit.clusters[0] == edit.cluster &&
               std::all_of(edit.centroids.begin(), edit.centroids.end(), is_as_wide),
           "the parts of a split must begin with the cluster and have centres of one width");
      return;
    }
    case Kind::move:
    case Kind::lock:
    case Kind::unlock:
      return;
  }
}

Edit from_json(const Json& json) {
  Edit edit;
  const auto kind = std::find(std::begin(kinds), std::end(kinds), json.at("edit").get<std::string>());
  require(kind != std::end(kinds), in_edit, "no such kind is known here: ", json.at("edit").dump());
  edit.kind = static_cast<Edit::Kind>(kind - std::begin(kinds));
  edit.cluster = json.at("cluster");
  edit.clusters = json.value("clusters", edit.clusters);
  edit.names = json.value("names", edit.names);
  edit.images = json.value("images", edit.images);
  edit.centroids = json.value("centroids", edit.centroids);
  check(edit);
  return edit;
}

/// Does edits one after another.
class Replay {
 public:
  Replay(EditedClusters& state, const EditedImages& images, std::vector<std::string>& notices)
      : state_(state), images_(images), notices_(notices) {
    for (std::size_t i = 0; i < images.paths.size(); ++i) row_of_.emplace(path_key(images.paths[i]), i);
  }

  void apply(const Edit& edit) {
    using Kind = Edit::Kind;
    const bool makes_it = edit.kind == Kind::move && !edit.names.empty();
    const bool all_there =
        (makes_it || exists(edit.cluster)) &&
        (edit.kind != Kind::merge ||
         std::all_of(edit.clusters.begin(), edit.clusters.end(), [&](std::int64_t c) { return exists(c); }));
    if (!all_there) {
      notices_.push_back("An edit was left out, because a cluster of it is not there: " + sentence(edit));
      return;
    }
    switch (edit.kind) {
      case Kind::rename:
        cluster(edit.cluster).name = edit.names.at(0);
        break;
      case Kind::merge:
        merge(edit);
        break;
      case Kind::split:
        split(edit);
        break;
      case Kind::move:
        move(edit);
        break;
      case Kind::lock:
        cluster(edit.cluster).locked = true;
        members_[edit.cluster] = std::set<std::string>(edit.images.begin(), edit.images.end());
        break;
      case Kind::unlock:
        cluster(edit.cluster).locked = false;
        members_.erase(edit.cluster);
        break;
    }
  }

  /// Locked clusters get back what they had, and give up known images that they had not.
  void keep_locked() {
    for (std::size_t i = 0; i < state_.labels.size(); ++i) {
      const std::string& path = images_.paths[i];
      const auto before = images_.before.find(path);
      std::int64_t& label = state_.labels[i];
      std::int64_t home = -1;
      for (const auto& [locked, members] : members_)
        if (members.contains(path_key(path)) || (before != images_.before.end() && before->second == locked))
          home = locked;
      if (home >= 0) {
        label = home;
      } else if (before != images_.before.end() && members_.contains(label)) {
        const std::int64_t old = resolved(before->second);
        label = exists(old) ? old : state_.seconds[i] >= 0 ? state_.seconds[i] : label;
      }
    }
  }

  std::int64_t resolved(std::int64_t number) const {
    while (number >= 0 && number < static_cast<std::int64_t>(state_.clusters.size()) &&
           state_.clusters[static_cast<std::size_t>(number)].merged_into >= 0)
      number = state_.clusters[static_cast<std::size_t>(number)].merged_into;
    return number;
  }

 private:
  bool exists(std::int64_t number) const {
    return number >= 0 && number < static_cast<std::int64_t>(state_.clusters.size()) &&
           state_.clusters[static_cast<std::size_t>(number)].merged_into < 0;
  }
  EditedCluster& cluster(std::int64_t number) { return state_.clusters[static_cast<std::size_t>(number)]; }
  void make(std::int64_t number, const std::string& name) {
    if (number >= static_cast<std::int64_t>(state_.clusters.size()))
      state_.clusters.resize(static_cast<std::size_t>(number) + 1);
    cluster(number) = {.name = name};
  }

  void merge(const Edit& edit) {
    for (const std::int64_t other : edit.clusters) {
      cluster(other).merged_into = edit.cluster;
      for (std::int64_t& label : state_.labels)
        if (label == other) label = edit.cluster;
    }
  }

  void split(const Edit& edit) {
    const Matrix<float>& x = images_.embeddings();
    if (x.columns() != static_cast<std::int64_t>(edit.centroids.at(0).size())) {
      notices_.push_back("An edit was left out, because the run has another model now: " + sentence(edit));
      return;
    }
    for (std::size_t part = 0; part < edit.clusters.size(); ++part)
      part == 0 ? void(cluster(edit.cluster).name = edit.names.at(0))
                : make(edit.clusters[part], edit.names.at(part));
    for (std::size_t i = 0; i < state_.labels.size(); ++i) {
      if (state_.labels[i] != edit.cluster) continue;
      double best = -2;
      for (std::size_t part = 0; part < edit.clusters.size(); ++part) {
        double cosine = 0;
        const float* row = x[static_cast<std::int64_t>(i)];
        for (std::size_t j = 0; j < edit.centroids[part].size(); ++j)
          cosine += static_cast<double>(row[j]) * static_cast<double>(edit.centroids[part][j]);
        if (cosine <= best) continue;
        best = cosine;
        state_.labels[i] = edit.clusters[part];
      }
    }
  }

  void move(const Edit& edit) {
    if (!edit.names.empty()) make(edit.cluster, edit.names.front());
    for (const auto& path : edit.images)
      if (const auto row = row_of_.find(path); row != row_of_.end())
        state_.labels[row->second] = edit.cluster;
  }

  EditedClusters& state_;
  const EditedImages& images_;
  std::vector<std::string>& notices_;
  std::unordered_map<std::string, std::size_t> row_of_;
  std::unordered_map<std::int64_t, std::set<std::string>> members_;  // of locked clusters
};

std::string list_of(const std::vector<std::int64_t>& numbers) {
  std::string text;
  for (const auto number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return text;
}

}  // namespace

std::string path_key(const std::string& path) {
  return as_json_has_it(path);
}

std::string sentence(const Edit& edit) {
  using Kind = Edit::Kind;
  const std::string cluster = "cluster " + std::to_string(edit.cluster);
  switch (edit.kind) {
    case Kind::rename:
      return cluster + " is called “" + edit.names.at(0) + "”";
    case Kind::merge:
      return std::string(edit.clusters.size() == 1 ? "cluster " : "clusters ") + list_of(edit.clusters) +
             " went into " + cluster;
    case Kind::split:
      return cluster + " was split into " + list_of(edit.clusters);
    case Kind::move:
      return std::to_string(edit.images.size()) + (edit.images.size() == 1 ? " image" : " images") +
             " moved to " + (edit.names.empty() ? "" : "the new ") + cluster;
    case Kind::lock:
      return cluster + " is locked with " + std::to_string(edit.images.size()) + " images";
    case Kind::unlock:
      return cluster + " is unlocked";
  }
  return {};  // not reached: every kind is above
}

std::vector<Edit> read_edits(const fs::path& run) {
  const fs::path file = run / "edits.jsonl";
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  std::vector<Edit> edits;
  const std::string text = read_file(file);
  std::string_view rest = text;
  for (int line = 1; !rest.empty(); ++line) {
    const std::string_view one = take_line(rest);
    if (trimmed(one).empty()) continue;
    try {
      edits.push_back(from_json(Json::parse(one)));
    } catch (const std::exception& problem) {
      fail(in_edit, file, ", line ", line, " is no edit: ", text_of(problem), ".");
    }
  }
  return edits;
}

void write_edits(const fs::path& run, const std::vector<Edit>& edits) {
  const fs::path file = run / "edits.jsonl";
  if (edits.empty()) {
    std::error_code error;
    fs::remove(file, error);
    if (error) throw WriteError(in_edit, "cannot remove \"" + file.string() + "\": " + error.message() + ".");
    return;
  }
  std::string text;
  for (const Edit& edit : edits)
    text += to_json(edit).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  write_file_atomically(file, text);
}

EditedClusters replay(EditedClusters clusters, const std::vector<Edit>& edits, const EditedImages& images,
                      std::vector<std::string>& notices) {
  Replay work(clusters, images, notices);
  for (const Edit& edit : edits) work.apply(edit);
  work.keep_locked();
  for (std::size_t i = 0; i < clusters.labels.size(); ++i) {
    std::int64_t& second = clusters.seconds[i];
    second = work.resolved(second);
    if (second == clusters.labels[i]) second = -1;
  }
  return clusters;
}

}  // namespace ilk
