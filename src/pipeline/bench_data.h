#pragma once
// What a bench's runs cluster, and the labels that score them. N images.
#include <ilk/metrics.h>
#include <ilk/run.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/run_assignments.h"
#include "text/labels.h"

namespace ilk {

/// The function of all errors of a bench.
inline constexpr std::string_view in_bench = "bench";

/// One data set, folder or file of features with its labels.
class BenchData {
 public:
  /// Throws Error where there are no images, no labels or fewer than two classes.
  BenchData(RunInputs inputs, const RunOptions& options);

  const RunInputs& inputs() const { return inputs_; }
  /// How a table calls it: "cifar10".
  const std::string& name() const { return name_; }
  /// A sentence: what it is, how many images and classes.
  std::string description() const;
  std::int64_t n_images() const { return n_images_; }
  std::int64_t n_classes() const { return static_cast<std::int64_t>(used_.size()); }
  /// What tells this data from other data, and in "state" from the same with other contents.
  const nlohmann::ordered_json& key() const { return key_; }

  /// Scores clusters of these images against the labels.
  Agreement score(const RunAssignments& run);
  /// What somebody else's clusters say of these images: an array or lines in their order, or a CSV by path.
  /// Throws Error where one that has a label has no cluster.
  RunAssignments read_predictions(const std::string& name, const std::string& file);

 private:
  void open(const RunOptions& options);
  const Labels& labels(const std::vector<std::string>& paths);

  RunInputs inputs_;
  std::string labels_place_, features_;
  DatasetOptions part_;
  std::string dataset_;  // the place of a data set that brings its labels
  std::string name_, place_;
  std::vector<std::string> names_;  // of the images
  std::vector<SkippedFile> skipped_;
  bool in_order_ = false;  // they have an order that a list can follow
  std::int64_t n_images_ = 0;
  std::vector<std::string> paths_;  // that labels_ is for
  Labels labels_;
  std::set<std::int64_t> used_;
  nlohmann::ordered_json key_;
};

}  // namespace ilk
