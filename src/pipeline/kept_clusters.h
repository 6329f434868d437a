#pragma once
// What of a run's clusters stays when the run is made again in the same folder.
#include <optional>
#include <vector>

#include "pipeline/assignments_csv.h"
#include "pipeline/run_directory.h"

namespace ilk {

/// What the folder of a run holds from the last time.
struct PreviousRun {
  std::vector<AssignmentRow> rows;      ///< as edited
  std::vector<AssignmentRow> unedited;  ///< as the method had it
  ClusterLevels levels;                 ///< as the method had them
  bool same_options = false;            ///< all that clusters and names depend on
};

/// Reads it, before anything in the folder is replaced; none where there is no finished run, or one whose
/// files cannot be read.
std::optional<PreviousRun> previous_run(const RunOptions& options);

/// Gives clusters the numbers that they had, by a one-to-one matching on the images of both runs, and, where
/// more than half of the images of either are in both, the names too. Says what changed. Nothing happens
/// where the options are others, unless edits need the numbers.
void keep_numbers(RunRecord& record, const PreviousRun& previous, Progress& progress);

/// Gives the clusters of the levels the numbers and names that they had, as keep_numbers does, and new names
/// to the others. Their numbers are those of keep_numbers by now.
void name_kept_levels(RunRecord& record, const std::optional<PreviousRun>& previous);

/// Writes assignments.csv, clusters.json and levels.json; where the folder has edits they are done again, and
/// the record then says what they made of the clusters.
void write_kept_clusters(RunRecord& record, const std::optional<PreviousRun>& previous, Progress& progress);

}  // namespace ilk
