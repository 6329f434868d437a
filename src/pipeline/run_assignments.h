#pragma once
// N images, K clusters.
#include <ilk/evaluate.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "text/labels.h"

namespace ilk {

/// What a run's assignments.csv says.
struct RunAssignments {
  std::vector<std::string> paths;      ///< of the N images
  std::vector<std::int64_t> clusters;  ///< of each
  std::vector<std::string> names;      ///< of the K clusters
};

/// Of the finest clusters, or of the level with so many. Throws Error naming file, line and rule.
RunAssignments read_assignments(const std::filesystem::path& run_directory,
                                std::optional<std::int64_t> level = {});

/// The labels that the options name for these images; none where they name none.
std::optional<Labels> labels_for(const std::vector<std::string>& paths, const EvaluateOptions& options);

}  // namespace ilk
