#include "pipeline/bench_data.h"

#include <ilk/array.h>
#include <ilk/image_list.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "core/fail.h"
#include "io/files.h"
#include "io/no_images.h"
#include "pipeline/file_stamps.h"
#include "pipeline/unit_rows_file.h"

namespace ilk {
namespace {

bool is_dataset(const RunInputs& inputs, const DatasetOptions& part) {
  return inputs.paths.size() == 1 && inputs.listed.empty() &&
         (!part.split.empty() || !part.classes.empty() || is_packed_dataset(inputs.paths.front()));
}

/// The last part of a path that says something: "/data/cifar10/" is "cifar10".
std::string short_name(const std::string& place) {
  auto path = std::filesystem::path(place).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.has_filename() ? path.filename().string() : place;
}

}  // namespace

BenchData::BenchData(RunInputs inputs, const RunOptions& options)
    : inputs_(std::move(inputs)),
      labels_place_(options.labels),
      features_(options.features),
      part_(options.dataset) {
  open(options);
  require(!dataset_.empty() || !labels_place_.empty(), in_bench,
          "labels must be given to score against, or a data set that has them, got neither.");
  if (names_.empty()) fail_without_images(skipped_, in_bench);
  n_images_ = static_cast<std::int64_t>(names_.size());
  for (const auto label : labels(names_).of_image)
    if (label >= 0) used_.insert(label);
  require(used_.size() >= 2, in_bench, "the labels must name at least two classes, got ", used_.size(), ".");

  nlohmann::ordered_json stamps = nlohmann::ordered_json::object();
  for (const auto& input : inputs_.paths) stamp_place(place_of_input(input), stamps);
  stamp_named_files({features_, options.names, inputs_.listed}, stamps);
  key_ = {{"paths", inputs_.paths},
          {"listed", inputs_.listed},
          {"features", features_},
          {"names", options.names},
          {"split", part_.split},
          {"classes", part_.classes},
          {"state", {{"images", n_images_}, {"files", stamps}}}};
}

void BenchData::open(const RunOptions& options) {
  if (!features_.empty()) {
    const ArrayFile file(features_);
    require_features(file, "features");
    for (std::int64_t i = 0; i < file.shape()[0]; ++i) names_.push_back(std::to_string(i));
    if (!options.names.empty()) {
      names_ = read_input_list(std::filesystem::path(options.names));
    }
    place_ = features_;
    in_order_ = true;
  } else if (is_dataset(inputs_, part_)) {
    dataset_ = inputs_.paths.front();
    const Dataset dataset = open_dataset(dataset_, part_);
    for (const auto& image : dataset.images) names_.push_back(image.name);
    place_ = dataset.place + " (" + dataset.format + (part_.split.empty() ? "" : ", split " + part_.split) +
             (part_.classes.empty() ? "" : ", classes " + part_.classes) + ")";
    in_order_ = true;
  } else {
    for (const auto& input : inputs_.paths)
      require(!is_packed_dataset(input), in_bench,
              "a data set must be the only input (tar shards: one pattern, such as 'shards/*.tar'), got '",
              input, "' among several.");
    ImageList list = list_images(inputs_.paths, inputs_.listed);
    names_ = std::move(list.paths);
    skipped_ = std::move(list.skipped);
    place_ = inputs_.paths.empty() ? "listed files" : inputs_.paths.front();
  }
  name_ = !features_.empty()      ? short_name(features_)
          : inputs_.paths.empty() ? place_
                                  : short_name(place_of_input(inputs_.paths.front()).string());
}

std::string BenchData::description() const {
  return place_ + ": " + std::to_string(n_images_) + " images, " + std::to_string(n_classes()) + " classes";
}

Agreement BenchData::score(const RunAssignments& run) {
  const auto [classes, clusters] = labelled_only(labels(run.paths), run.clusters);
  return agreement(classes, clusters);
}

RunAssignments BenchData::read_predictions(const std::string& name, const std::string& file) {
  const Labels found = read_labels(file, names_, in_order_);
  const Labels& classes = labels(names_);
  std::int64_t missing = 0;
  std::string first;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (classes.of_image[i] < 0 || found.of_image[i] >= 0) continue;
    if (missing++ == 0) first = names_[i];
  }
  require(missing == 0, in_bench, "--predictions ", name, "=", file,
          " must give each image that has a label a cluster (0 or more); ", missing, " of ", n_images_,
          " have none, the first of them '", first, "'.");
  RunAssignments run{.paths = names_, .names = found.classes};
  // What has no label does not count, whatever its cluster.
  const auto none = static_cast<std::int64_t>(found.classes.size());
  for (const auto cluster : found.of_image) run.clusters.push_back(cluster < 0 ? none : cluster);
  return run;
}

const Labels& BenchData::labels(const std::vector<std::string>& paths) {
  // All runs have the same images, so that the labels are read twice at most.
  if (paths == paths_) return labels_;
  if (labels_place_.empty()) {
    auto found = labels_for(paths, {.dataset = dataset_, .part = part_});
    if (!found) fail(in_bench, "there must be labels to score against.");
    labels_ = *std::move(found);
  } else {
    labels_ = read_labels(labels_place_, paths, in_order_);
  }
  paths_ = paths;
  return labels_;
}

}  // namespace ilk
