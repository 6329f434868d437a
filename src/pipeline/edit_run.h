#pragma once
// Corrections of a run's clusters by hand.
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ilk {

/// What to do to a run's clusters. Clusters are named by their number or, where only one has it, their name.
struct EditRequest {
  enum class Kind { rename, merge, split, move, lock, unlock };
  Kind kind = Kind::rename;
  std::string cluster;                ///< the one that is edited; move: "new" makes one
  std::vector<std::string> clusters;  ///< merge: those that go into it
  std::vector<std::string> names;     ///< rename: its new name; split, move to "new": names of what is made
  std::vector<std::string> images;    ///< move: paths as in assignments.csv, or of the same files
  std::int64_t parts = 2;             ///< split: into how many
};

/// What an edit changed, a sentence each.
struct EditSummary {
  std::vector<std::string> changes;
  std::int64_t moved = 0;  ///< images that are in another cluster now
};

/// Edits a finished run: notes the edit in its edits.jsonl and writes assignments.csv and clusters.json anew.
/// What the run found by itself is kept in unedited/.
///
/// Edits are done again, in their order, where the run is made again, and `assign` and `export` know them.
/// Merged clusters leave their number unused; split ones get new numbers at the end. A split is by k-means on
/// the images' embeddings, and its centres are noted, so that later images fall to the same side. A locked
/// cluster keeps its name, number and images; it takes in later images and is not edited until it is
/// unlocked. score and margin stay what the method gave.
///
/// Throws Error for a folder that is no finished run, a cluster or image that is not there, and an edit of a
/// locked cluster.
EditSummary edit_run(const std::filesystem::path& run, const EditRequest& request);

/// Takes the last edit back. Throws Error where there is none.
EditSummary undo_edit(const std::filesystem::path& run);

/// The run's edits in their order, a sentence each.
std::vector<std::string> list_edits(const std::filesystem::path& run);

}  // namespace ilk
