#pragma once
#include <ilk/embed_images.h>
#include <ilk/run.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "labels.h"
#include "method.h"
#include "run_context.h"
#include "vocabulary.h"

namespace ilk {

/// Everything a finished run knows; what the files of the run directory are made of.
struct RunRecord {
  RunInputs inputs;
  RunOptions options;
  std::string command;
  EmbeddedImages images;
  bool names_are_files = true;  ///< so that the report may link to them
  Vocabulary vocabulary;
  Clustering clustering;
  TopWords top_nouns;  ///< of each image; empty where there are no nouns
  std::vector<std::vector<ScoredWord>> captions_of_cluster;
  std::vector<std::vector<std::int64_t>> exemplars;  ///< of each cluster, rows of the images, nearest first
  RunSummary summary;
  /// (K): what the method's clusters are called in all files but features.safetensors; empty: the same.
  std::vector<std::int64_t> numbers;
};

/// Makes sure that `directory` is new, empty or a run directory, and marks it as one. Throws Error where it
/// holds something else.
void begin_run_directory(const std::filesystem::path& directory, const RunOptions& options,
                         const std::string& command);

void write_assignments(const RunRecord& record, const std::filesystem::path& folder);
void write_clusters(const RunRecord& record, const std::filesystem::path& folder);
void write_features(const RunRecord& record);
/// Chooses the number of clusters where the options ask for it, and writes it into them.
void choose_clusters(RunRecord& record, RecordingProgress& progress);
/// What was looked at: all images, or a sample and of how many.
std::string cluster_count_basis(const ClusterCount& count);
/// The best numbers by score, best first; the picture and the manifest have them all.
std::vector<ClusterCountEvidence> best_evidence(const ClusterCount& count);
/// `read` gives the bytes of an image by its path and row.
void write_report(const RunRecord& record,
                  const std::function<ImageFile(const std::string& path, std::int64_t image)>& read);
/// Last, since it says that the run is complete.
void write_manifest(const RunRecord& record);

nlohmann::ordered_json summary_json(const RunSummary& summary);

/// Images of each cluster, best score first, ties in the images' order.
std::vector<std::vector<std::int64_t>> members_by_score(const Assignment& assignment,
                                                        std::int64_t n_clusters);

}  // namespace ilk
