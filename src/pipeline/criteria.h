#pragma once
// N images, K clusters of a run, P words of a criterion: other clusters of the same images (`--by`).

#include <functional>
#include <string>
#include <vector>

#include "pipeline/assignable_run.h"
#include "pipeline/feature_source.h"
#include "pipeline/run_directory.h"
#include "report/report.h"
#include "text/criterion.h"

namespace ilk {

/// The criteria that the options name. Throws Error as read_criteria does.
std::vector<Criterion> asked_criteria(const RunOptions& options);

/// Clusters the record's images by a criterion, from the embeddings that are there, and writes by/NAME in its
/// run directory: a run directory of its own, with the same files. Returns what the summary says. Throws
/// Error where the images are fewer than the clusters, and where features are from files that do not have
/// those of at least two words.
RunSummary::Criterion cluster_by(const Criterion& criterion, RunRecord& record, FeatureSource& source,
                                 Progress& progress);

/// The criteria as the report shows them, with pictures.
std::vector<ReportCriterion> report_criteria(
    const RunRecord& record,
    const std::function<ImageFile(const std::string& path, std::int64_t image)>& read);

/// Whether a run directory is one of cluster_by.
bool is_by_criterion(const AssignableRun& run);
/// Where new images (n, D) belong in it.
Assignment place_by_criterion(const AssignableRun& run, MatrixView<const float> images);

}  // namespace ilk
