#include "pipeline/edit_run.h"

#include <ilk/kmeans.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/fail.h"
#include "core/nearest_name.h"
#include "io/files.h"
#include "pipeline/edited_run.h"
#include "pipeline/run_directory_lock.h"
#include "pipeline/run_files.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using Kind = EditRequest::Kind;
constexpr const char* files_of_clusters[] = {"clusters.json", "levels.json", "assignments.csv"};

/// A run that is being edited.
class Editor {
 public:
  explicit Editor(const fs::path& run) : files_(run), lock_(run) {
    remove_unfinished_files(run);
    restore();
    rows_ = read_assignment_rows(run / "assignments.csv");
    for (const auto& cluster : read_clusters(run))
      clusters_.push_back({.name = cluster.at("name"),
                           .locked = cluster.value("locked", false),
                           .merged_into = cluster.value("merged_into", std::int64_t{-1})});
  }

  EditSummary add(const EditRequest& request) {
    Edit edit = edit_of(request);
    auto edits = read_edits(files_.directory());
    edits.push_back(edit);
    return write(edits, sentence(edit));
  }

  EditSummary undo() {
    auto edits = read_edits(files_.directory());
    require(!edits.empty(), in_edit, files_.directory(), " has no edits to undo.");
    const std::string undone = sentence(edits.back());
    edits.pop_back();
    return write(edits, "Undone: " + undone);
  }

 private:
  Edit edit_of(const EditRequest& request) {
    Edit edit{.kind = request.kind};
    if (request.kind == Kind::move && request.cluster == "new") {
      edit.cluster = static_cast<std::int64_t>(clusters_.size());
      edit.names = {request.names.empty() ? "cluster " + std::to_string(edit.cluster)
                                          : request.names.front()};
    } else {
      edit.cluster = find(request.cluster);
      const bool locked = clusters_[static_cast<std::size_t>(edit.cluster)].locked;
      require(request.kind != Kind::unlock || locked, in_edit, "cluster ", edit.cluster,
              " is not locked, so it cannot be unlocked.");
      if (request.kind != Kind::unlock) require_unlocked(edit.cluster);
    }
    switch (request.kind) {
      case Kind::rename:
        edit.names = request.names;
        require(edit.names.size() == 1 && !edit.names.front().empty(), in_edit,
                "a cluster needs a name that is not empty.");
        break;
      case Kind::merge:
        merge(edit, request);
        break;
      case Kind::split:
        split(edit, request);
        break;
      case Kind::move:
        move(edit, request);
        break;
      case Kind::lock:
        for (const auto& row : rows_)
          if (row.cluster == edit.cluster) edit.images.push_back(path_key(row.path));
        break;
      case Kind::unlock:
        break;
    }
    return edit;
  }

  void merge(Edit& edit, const EditRequest& request) const {
    for (const auto& name : request.clusters) {
      const std::int64_t other = find(name);
      require_unlocked(other);
      require(other != edit.cluster && std::count(edit.clusters.begin(), edit.clusters.end(), other) == 0,
              in_edit, "cluster ", other, " is named twice; a merge takes different clusters.");
      edit.clusters.push_back(other);
    }
    require(!edit.clusters.empty(), in_edit, "a merge needs at least two clusters.");
  }

  void split(Edit& edit, const EditRequest& request) const {
    std::vector<std::int64_t> members;
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (rows_[i].cluster == edit.cluster) members.push_back(static_cast<std::int64_t>(i));
    const auto n = static_cast<std::int64_t>(members.size());
    require(request.parts >= 2 && request.parts <= n, in_edit, "a cluster of ", n,
            " images can be split into 2 to ", n, " parts, got ", request.parts, ".");
    const Matrix<float> x = files_.embeddings(rows_.size());
    const KMeansResult parts = kmeans(rows_of(x, members), {.n_clusters = request.parts});
    const std::string& name = request.names.empty() ? clusters_[static_cast<std::size_t>(edit.cluster)].name
                                                    : request.names.front();
    for (std::int64_t part = 0; part < request.parts; ++part) {
      const auto row = parts.centroids.row(part);
      edit.centroids.emplace_back(row.begin(), row.end());
      edit.clusters.push_back(part == 0 ? edit.cluster
                                        : static_cast<std::int64_t>(clusters_.size()) + part - 1);
      edit.names.push_back(part < static_cast<std::int64_t>(request.names.size())
                               ? request.names[static_cast<std::size_t>(part)]
                           : part == 0 ? name
                                       : name + " " + std::to_string(part + 1));
    }
  }

  void move(Edit& edit, const EditRequest& request) const {
    require(!request.images.empty(), in_edit, "a move needs at least one image.");
    std::unordered_map<std::string, const AssignmentRow*> by_path, by_file;
    for (const auto& row : rows_) {
      by_path.emplace(row.path, &row);
      if (files_.has_files()) by_file.emplace(files_.file(row.path).string(), &row);
    }
    for (const auto& image : request.images) {
      auto found = by_path.find(image);
      if (found == by_path.end()) {
        found = by_file.find(fs::absolute(image).lexically_normal().string());
        require(found != by_file.end(), in_edit, "the run has no image '", image, "'.");
      }
      require_unlocked(found->second->cluster);
      edit.images.push_back(path_key(found->second->path));
    }
  }

  void require_unlocked(std::int64_t cluster) const {
    require(!clusters_[static_cast<std::size_t>(cluster)].locked, in_edit, "cluster ", cluster, " (",
            clusters_[static_cast<std::size_t>(cluster)].name, ") is locked; `ilk edit ",
            files_.directory().string(), " unlock ", cluster, "` makes it free.");
  }

  /// The cluster of this number or name.
  std::int64_t find(const std::string& text) const {
    std::int64_t number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) {
      require(number >= 0 && number < static_cast<std::int64_t>(clusters_.size()), in_edit,
              "there is no cluster ", text, "; the last is ", clusters_.size() - 1, ".");
      const std::int64_t into = clusters_[static_cast<std::size_t>(number)].merged_into;
      require(into < 0, in_edit, "cluster ", text, " went into cluster ", into, ".");
      return number;
    }
    std::vector<std::string> names;
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      if (clusters_[c].merged_into >= 0) continue;
      names.push_back(clusters_[c].name);
      if (clusters_[c].name != text) continue;
      require(number < 0, in_edit, "clusters ", number, " and ", c, " are both called '", text,
              "'; give the number.");
      number = static_cast<std::int64_t>(c);
    }
    const std::string nearest = nearest_name(text, names);
    require(number >= 0, in_edit, "there is no cluster '", text, "'.",
            nearest.empty() ? "" : " Did you mean '" + nearest + "'?");
    return number;
  }

  /// The journal is written last: an edit that was cut short did not happen, and the same command does it.
  EditSummary write(const std::vector<Edit>& edits, const std::string& change) {
    const fs::path& run = files_.directory();
    const fs::path kept = unedited_folder(run);
    for (const char* name : files_of_clusters)
      if (fs::exists(run / name) && !fs::exists(kept / name))
        write_file_atomically(kept / name, read_file(run / name));
    EditSummary summary{.changes = {change}};
    try {
      if (edits.empty())
        summary.moved = put_unedited_back();
      else
        summary.moved =
            write_edited(run, edits, rows_, embeddings(), files_.options().exemplars, summary.changes);
      write_edits(run, edits);
    } catch (...) {
      try {
        restore();
      } catch (const std::exception&) {
        // What is wrong with the disk is told already; the next edit restores.
      }
      throw;
    }
    return summary;
  }

  /// The files as the journal has them: an edit may have been cut short before its line was written.
  void restore() {
    const fs::path& run = files_.directory();
    std::error_code error;
    if (!fs::exists(unedited_folder(run), error)) return;
    const auto edits = read_edits(run);
    if (edits.empty()) {
      put_unedited_back();
      return;
    }
    for (const char* name : files_of_clusters)
      if (fs::exists(run / name, error) && !fs::exists(unedited_folder(run) / name, error))
        return;  // they were put back: nothing is edited yet
    std::vector<std::string> notices;
    write_edited(run, edits, read_assignment_rows(run / "assignments.csv"), embeddings(),
                 files_.options().exemplars, notices);
  }

  /// Returns how many images it puts into another cluster.
  std::int64_t put_unedited_back() {
    const fs::path& run = files_.directory();
    const fs::path kept = unedited_folder(run);
    std::error_code error;
    for (const char* name : files_of_clusters)
      if (fs::exists(kept / name, error)) write_file_atomically(run / name, read_file(kept / name));
    fs::remove_all(kept, error);
    if (error) throw WriteError(in_edit, "cannot remove " + kept.string() + ": " + error.message() + ".");
    const auto rows = read_assignment_rows(run / "assignments.csv");
    std::int64_t moved = 0;
    for (std::size_t i = 0; i < std::min(rows.size(), rows_.size()); ++i)
      moved += rows[i].cluster != rows_[i].cluster ? 1 : 0;
    return moved;
  }

  std::function<const Matrix<float>&()> embeddings() {
    return [this]() -> const Matrix<float>& {
      if (!embeddings_)
        embeddings_ = files_.embeddings(read_assignment_rows(files_.directory() / "assignments.csv").size());
      return *embeddings_;
    };
  }

  RunFiles files_;
  RunDirectoryLock lock_;
  std::vector<AssignmentRow> rows_;
  std::vector<EditedCluster> clusters_;
  std::optional<Matrix<float>> embeddings_;
};

}  // namespace

EditSummary edit_run(const fs::path& run, const EditRequest& request) {
  return Editor(run).add(request);
}

EditSummary undo_edit(const fs::path& run) {
  return Editor(run).undo();
}

std::vector<std::string> list_edits(const fs::path& run) {
  const RunFiles files(run);
  std::vector<std::string> sentences;
  for (const Edit& edit : read_edits(files.directory())) sentences.push_back(sentence(edit));
  return sentences;
}

}  // namespace ilk
