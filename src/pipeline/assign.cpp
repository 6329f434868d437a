#include <ilk/array.h>
#include <ilk/assign.h>
#include <ilk/encoder.h>
#include <ilk/models.h>
#include <ilk/threads.h>

#include "core/fail.h"
#include "core/option_checks.h"
#include "pipeline/assignable_run.h"
#include "pipeline/assignment_row.h"
#include "pipeline/criteria.h"
#include "pipeline/edited_run.h"
#include "pipeline/embed_images.h"
#include "pipeline/levels.h"
#include "pipeline/method.h"
#include "pipeline/run_context.h"
#include "pipeline/run_directory_lock.h"
#include "pipeline/unit_rows_file.h"

namespace ilk {
namespace {

EmbeddedImages from_file(const AssignableRun& run, const std::string& place, Progress& progress) {
  ArrayFile file(place);
  require_features(file, "features");
  require(file.shape()[1] == run.width(), in_assign, "features must be as wide as the run's (", run.width(),
          "), but ", place, " has ", file.shape()[1], ".");
  EmbeddedImages images{.embeddings = read_unit_rows(file, "features", progress)};
  for (std::int64_t i = 0; i < images.embeddings.rows(); ++i) images.paths.push_back(std::to_string(i));
  return images;
}

EmbeddedImages from_images(const AssignableRun& run, const ImageList& list, const AssignOptions& options,
                           Progress& progress) {
  require(run.options().features.empty(), in_assign,
          "features must be given for a run whose own features came from a file: its model is not known.");
  const std::string& model = options.model.empty() ? run.options().model : options.model;
  const Precision precision = options.device == Device::cuda ? Precision::fp32 : run.precision();
  const auto encoder = load_image_text_encoder(find_model(model), precision, options.device);
  require(encoder->fingerprint() == run.model_fingerprint(), in_assign,
          "model must be the one that the run was made with; '", model, "' has other weights or settings.");
  if (const std::string arithmetic = arithmetic_of(*encoder); arithmetic != run.arithmetic())
    progress.say("The run's images were encoded in " + run.arithmetic() + ", these are in " + arithmetic +
                 ".");
  const auto folder = cache_folder(options.cache);
  EmbeddingCache cache(folder.empty() ? folder : folder / "embeddings.sqlite");
  auto images = embed_images(*encoder, list, run.options().images, cache, progress);
  if (!cache.notice().empty()) progress.say(cache.notice());
  return images;
}

}  // namespace

Placement assign(const std::filesystem::path& run, const ImageList& images, const AssignOptions& options,
                 Progress& progress) {
  check_ranges(options, in_assign);
  set_threads(static_cast<int>(options.threads.value_or(0)));
  const AssignableRun finished(run);
  const Method& method = find_method(finished.options().method, in_assign, "the run's method");
  if (const std::string notice = unfinished_run_notice(run); !notice.empty()) progress.say(notice);
  require(options.features.empty() || images.paths.empty(), in_assign,
          "features must not be given together with images, got '", options.features, "'.");
  EmbeddedImages embedded = options.features.empty() ? from_images(finished, images, options, progress)
                                                     : from_file(finished, options.features, progress);
  Assignment assignment = is_by_criterion(finished) ? place_by_criterion(finished, embedded.embeddings)
                                                    : method.place(finished, embedded.embeddings);
  std::vector<std::string> names = finished.cluster_names();
  follow_edits(run, embedded.paths, embedded.embeddings, assignment, names);
  ClusterLevels levels = read_levels(run);
  return {std::move(embedded.paths), std::move(assignment), std::move(names), std::move(levels),
          std::move(embedded.skipped)};
}

std::string to_csv(const Placement& placement) {
  std::string text = std::string(assignment_header) + level_columns(placement.levels) + "\n";
  for (std::size_t i = 0; i < placement.paths.size(); ++i)
    text += assignment_row(placement.assignment, static_cast<std::int64_t>(i), placement.paths[i],
                           placement.cluster_names) +
            level_fields(placement.levels, placement.assignment.labels[i]) + "\n";
  return text;
}

}  // namespace ilk
