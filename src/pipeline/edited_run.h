#pragma once
// The files of a run whose clusters were edited.
#include <ilk/kmeans.h>
#include <ilk/matrix.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "pipeline/assignments_csv.h"
#include "pipeline/edit_journal.h"

namespace ilk {

/// Where a run with edits keeps assignments.csv and clusters.json as the method left them.
std::filesystem::path unedited_folder(const std::filesystem::path& run);

/// clusters.json of a run: a list of objects, each with its place in the list as "cluster" and a "name";
/// "method_cluster" is the place of another, where there is one. Throws Error naming file and rule.
nlohmann::ordered_json read_clusters(const std::filesystem::path& folder);

/// Whether a run has edits, which a run in the same folder must do again.
bool has_edits(const std::filesystem::path& run);

/// Writes assignments.csv, clusters.json and, where clusters are nested, levels.json anew, of what is in
/// unedited/ and of `edits`; a file that is so already is left alone. A cluster that an edit made goes where
/// most of its images were. `embeddings` is asked for where a cluster was split; `exemplars` are listed for
/// each cluster. Images of `before`, rows of the last run, stay in locked clusters. Returns how many images
/// changed cluster from `before`, by path.
std::int64_t write_edited(const std::filesystem::path& run, const std::vector<Edit>& edits,
                          const std::vector<AssignmentRow>& before,
                          const std::function<const Matrix<float>&()>& embeddings, std::int64_t exemplars,
                          std::vector<std::string>& notices);

/// Where new images go in a run whose clusters may have other numbers than the method's, or edits: labels of
/// `assignment` become those of clusters.json, whose names replace `names`. An image of the run itself goes
/// where the run has it.
void follow_edits(const std::filesystem::path& run, const std::vector<std::string>& paths,
                  const Matrix<float>& embeddings, Assignment& assignment, std::vector<std::string>& names);

}  // namespace ilk
