#include <ilk/error.h>
#include <ilk/export.h>

#include <algorithm>
#include <charconv>

#include "../export/export_format.h"
#include "run_files.h"
#include "run_rows.h"

namespace ilk {
namespace {

constexpr std::string_view function = "export";

double number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc() && end == text.data() + text.size(), function,
          "scores of assignments.csv must be numbers, got '", text, "'.");
  return value;
}

ExportedRun exported(const RunFiles& files, const std::vector<RunRow>& rows) {
  ExportedRun run{.embeddings = [&files, n = rows.size()] { return files.embeddings(n); },
                  .map = [&files, n = rows.size()] { return files.map(n); },
                  .decode = files.options().images};
  for (const auto& row : rows) {
    const auto most = static_cast<std::size_t>(std::max(row.cluster, row.second));
    if (most >= run.names.size()) run.names.resize(most + 1);
    run.names[static_cast<std::size_t>(row.cluster)] = row.name;
    ExportedImage image{.path = row.path,
                        .file = files.file(row.path),
                        .cluster = row.cluster,
                        .name = row.name,
                        .score = number(row.score),
                        .top_nouns = row.top_nouns};
    if (row.second >= 0) image.second = row.second;
    if (!row.margin.empty()) image.margin = number(row.margin);
    run.images.push_back(std::move(image));
  }
  return run;
}

}  // namespace

ExportSummary export_run(const std::filesystem::path& directory, const ExportOptions& options,
                         Progress& progress) {
  check_ranges(options, function);
  const ExportFormat& format = find_export_format(options);
  const RunFiles files(directory);
  const auto rows = read_run_rows(directory / "assignments.csv");
  const ExportedRun run = exported(files, rows);
  const bool wants_files =
      (format.copies_images || format.place == ExportFormat::Place::beside) && !options.undo;
  if (wants_files) {
    require(files.has_files(), function, "--to ", options.to,
            " needs image files, and the run's images are rows of ", files.options().features, ".");
    std::error_code error;
    require(
        std::any_of(run.images.begin(), run.images.end(),
                    [&](const auto& image) { return std::filesystem::is_regular_file(image.file, error); }),
        function, "none of the run's ", rows.size(), " images is there any more; the first was ",
        run.images.front().file, ".");
  }
  return format.write(run, options, progress);
}

}  // namespace ilk
