#pragma once
#include <ilk/run.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/clustering.h"
#include "pipeline/embed_images.h"
#include "pipeline/run_context.h"
#include "pipeline/run_directory_lock.h"
#include "pipeline/vocabulary.h"
#include "text/labels.h"

namespace ilk {

/// Everything a finished run knows; what the files of the run directory are made of.
struct RunRecord {
  RunInputs inputs;
  RunOptions options;
  std::string command;
  EmbeddedImages images;
  std::int64_t n_clusters = 0;  ///< K: what the options say, or what was chosen
  bool names_are_files = true;  ///< so that the report may link to them
  Vocabulary vocabulary;
  Clustering clustering;
  TopWords top_nouns;  ///< of each image; empty where there are no nouns
  std::vector<std::vector<ScoredWord>> captions_of_cluster;
  std::vector<std::vector<std::int64_t>> exemplars;  ///< of each cluster, rows of the images, nearest first
  Matrix<float> map;  ///< (N, 2), where images lie on the map; empty: there is none
  RunSummary summary;
  /// (K): what the method's clusters are called in all files but features.safetensors; empty: the same.
  std::vector<std::int64_t> numbers;
};

/// Makes sure that `directory` is new, empty or a run directory, and marks it as one whose run is not
/// complete. The run must hold the lock to its end. Throws Error where the directory holds something else,
/// WriteError where another run is at work in it.
std::unique_ptr<RunDirectoryLock> begin_run_directory(const std::filesystem::path& directory,
                                                      const RunOptions& options, const std::string& command);

void write_assignments(const RunRecord& record, const std::filesystem::path& folder);
void write_clusters(const RunRecord& record, const std::filesystem::path& folder);
std::unique_ptr<AtomicFile> begin_features(const RunRecord& record);
/// How many clusters the options ask for; throws Error where they do not say.
const ClusterCount& asked_clusters(const RunOptions& options);
/// Throws Error in the user's words where so many images are too few for the number of clusters, or for a
/// choice among several. `what` names the images: "usable images".
void require_enough_images(const ClusterCount& asked, std::int64_t n_images, const std::string& what);
/// Sets the record's number of clusters: the options' own, or one that is chosen as they ask.
void decide_cluster_count(RunRecord& record, RecordingProgress& progress);
/// What was looked at: all images, or a sample and of how many.
std::string cluster_count_basis(const ClusterCountChoice& count);
/// The best numbers by score, best first; the picture and the manifest have them all.
std::vector<ClusterCountEvidence> best_evidence(const ClusterCountChoice& count);
/// Writes report.html and what lies beside it. `labels` colour the map; `read` gives the bytes of an image by
/// its path and row.
void write_report(const RunRecord& record, const std::optional<Labels>& labels,
                  const std::function<ImageFile(const std::string& path, std::int64_t image)>& read,
                  Progress& progress);
/// Writes map.npy, where the run has a map; else removes that of an earlier run.
void write_map(const RunRecord& record);
/// The nouns of one image as a table shows them; `nouns` are the chosen ones.
std::string nouns_of(const RunRecord& record, const std::vector<std::string>& nouns, std::int64_t image);
/// Last, since it says that the run is complete.
void write_manifest(const RunRecord& record);

nlohmann::ordered_json summary_json(const RunSummary& summary);

/// Notes the clusters' names, sizes and densities, and the images that stand for them. The record has the
/// clustering, and the captions of clusters where there are some.
void take_names(RunRecord& record, const std::vector<ClusterName>& names);

/// Images of each cluster, best score first, ties in the images' order.
std::vector<std::vector<std::int64_t>> members_by_score(const Assignment& assignment,
                                                        std::int64_t n_clusters);

}  // namespace ilk
