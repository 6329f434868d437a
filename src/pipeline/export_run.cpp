#include "pipeline/export_run.h"

#include <algorithm>
#include <unordered_map>

#include "core/fail.h"
#include "core/option_checks.h"
#include "export/export_format.h"
#include "pipeline/assignments_csv.h"
#include "pipeline/levels.h"
#include "pipeline/run_directory_lock.h"
#include "pipeline/run_files.h"

namespace ilk {
namespace {

constexpr std::string_view in_export = "export";

/// Adds each criterion of by/ that is finished.
void add_criteria(ExportedRun& run, const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "by", error))
    if (std::filesystem::exists(entry.path() / "assignments.csv", error) &&
        unfinished_run_notice(entry.path()).empty())
      found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  for (const auto& criterion : found) {
    ExportedCriterion its{.name = criterion.filename().string()};
    std::unordered_map<std::string, std::int64_t> cluster_of;
    for (const auto& row : read_assignment_rows(criterion / "assignments.csv")) {
      const auto number = static_cast<std::size_t>(row.cluster);
      if (number >= its.names.size()) its.names.resize(number + 1);
      its.names[number] = row.name;
      cluster_of.emplace(row.path, row.cluster);
    }
    for (auto& image : run.images) {
      const auto known = cluster_of.find(image.path);
      image.by.push_back(known == cluster_of.end() ? -1 : known->second);
    }
    run.criteria.push_back(std::move(its));
  }
}

ExportedRun exported(const RunFiles& files, const std::vector<AssignmentRow>& rows) {
  ExportedRun run{.embeddings = [&files, n = rows.size()] { return files.embeddings(n); },
                  .map = [&files, n = rows.size()] { return files.map(n); },
                  .decode = files.options().images};
  const ClusterLevels levels = read_levels(files.directory());
  for (const auto& level : levels.upper) {
    auto& names = run.levels.emplace_back();
    for (const auto& cluster : level) names.push_back(cluster.name.name);
  }
  for (const auto& row : rows) {
    const auto most = static_cast<std::size_t>(std::max(row.cluster, row.second));
    if (most >= run.names.size()) run.names.resize(most + 1);
    run.names[static_cast<std::size_t>(row.cluster)] = row.name;
    ExportedImage image{.path = row.path,
                        .file = files.file(row.path),
                        .cluster = row.cluster,
                        .name = row.name,
                        .score = score_number(row.score, in_export),
                        .top_nouns = row.top_nouns,
                        .above = levels.path(row.cluster)};
    if (row.second >= 0) image.second = row.second;
    if (!row.margin.empty()) image.margin = score_number(row.margin, in_export);
    run.images.push_back(std::move(image));
  }
  add_criteria(run, files.directory());
  return run;
}

/// Whatever way the export ends, a folder that it made for nothing, or emptied, is no more.
struct RemoveEmpty {
  const std::filesystem::path& folder;
  bool is_wanted;
  ~RemoveEmpty() {
    std::error_code not_empty;
    if (is_wanted) std::filesystem::remove(folder, not_empty);
  }
};

}  // namespace

std::optional<ExportedFile> exported_file(const std::string& format) {
  for (const ExportFormat* each : export_format_table())
    if (each->name == format && each->place == ExportFormat::Place::file)
      return ExportedFile{.is_binary = each->binary};
  return {};
}

ExportSummary export_run(const std::filesystem::path& directory, const ExportOptions& options,
                         Progress& progress) {
  check_ranges(options, in_export);
  const ExportFormat& format = find_export_format(options);
  const RunFiles files(directory);
  const auto rows = read_assignment_rows(directory / "assignments.csv");
  const ExportedRun run = exported(files, rows);
  const bool wants_files =
      (format.copies_images || format.place == ExportFormat::Place::beside) && !options.undo;
  if (wants_files) {
    require(files.has_files(), in_export, "--to ", options.to,
            " needs image files, and the run's images are rows of ", files.options().features, ".");
    std::error_code error;
    require(
        std::any_of(run.images.begin(), run.images.end(),
                    [&](const auto& image) { return std::filesystem::is_regular_file(image.file, error); }),
        in_export, "none of the run's ", rows.size(), " images is there any more; the first was ",
        run.images.front().file, ".");
  }
  if (format.place == ExportFormat::Place::file || options.output.empty())
    return format.write(run, options, progress);
  std::error_code error;
  const RemoveEmpty remove_empty{options.output,
                                 options.undo || !std::filesystem::exists(options.output, error)};
  const RunDirectoryLock lock(options.output, "export");
  return format.write(run, options, progress);
}

}  // namespace ilk
