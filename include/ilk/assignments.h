#pragma once
// N images of a run.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ilk {

/// No run has a cluster of this number or above: a file that names one is damaged.
inline constexpr std::int64_t most_clusters = 1 << 20;

/// A row of assignments.csv. What is a number stays as it is written where nobody counts with it, so that a
/// row that is written again is the same.
struct AssignmentRow {
  std::string path;
  std::int64_t cluster = 0;
  std::string name;
  std::string score;
  std::int64_t second = -1;  ///< −1: there is none
  std::string margin;        ///< empty: there is no second cluster
  std::string top_nouns;
};

/// Reads assignments.csv of a run directory, or another file of that form. Throws Error naming file, line and
/// rule. What stands behind these columns, of levels, is left to levels.json.
std::vector<AssignmentRow> read_assignment_rows(const std::filesystem::path& file);

}  // namespace ilk
