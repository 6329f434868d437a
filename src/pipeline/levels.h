#pragma once
// N images, K finest clusters, L levels above them: levels.json, and what tables say of it.
#include <ilk/naming.h>
#include <ilk/run.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "pipeline/clustering.h"
#include "report/report_tree.h"

namespace ilk {

/// Merges a run's clusters by Ward's criterion, in the space that was clustered, to as many as each of
/// `counts` (ascending, below K). The levels have no names yet.
ClusterLevels merge_levels(const Clustering& clustering, MatrixView<const float> embeddings,
                           std::int64_t n_clusters, std::span<const std::int64_t> counts);

/// Sets the sizes of the levels' clusters; `labels` (N) are of the finest.
void count_images(ClusterLevels& levels, std::span<const std::int64_t> labels);

/// Writes levels.json into a run directory; where there are no levels, sees to it that there is none.
void write_levels(const ClusterLevels& levels, const std::filesystem::path& folder);
/// Reads it; empty where there is none. Throws Error where it is damaged, or not of as many clusters as
/// clusters.json has.
ClusterLevels read_levels(const std::filesystem::path& folder);

/// The clusters of each level, fewest first, for programs.
nlohmann::ordered_json levels_json(const ClusterLevels& levels);

/// The hierarchy as the report shows it, without clusters that have no images.
std::vector<ReportBranch> report_tree(const RunSummary& summary);

/// Names of a table's columns for the levels, each with a comma before it: ",cluster_5,name_5".
std::string level_columns(const ClusterLevels& levels);
/// What stands in them for an image of a finest cluster.
std::string level_fields(const ClusterLevels& levels, std::int64_t cluster);

}  // namespace ilk
