#pragma once
// R runs, N images that all of them have.
#include <ilk/evaluate.h>

#include <filesystem>
#include <string>
#include <vector>

namespace ilk {

/// Runs over the same images, side by side.
struct Comparison {
  struct Run {
    std::string path, method;        ///< method: empty where the run has no manifest
    std::int64_t n_images = 0;       ///< of the run, whether others have them or not
    std::vector<std::string> names;  ///< of its clusters
    std::vector<std::int64_t> sizes;
    std::optional<Agreement> agreement;  ///< with the labels, of the images that all runs have
  };
  std::int64_t n_images = 0;
  std::vector<Run> runs;
  Matrix<double> adjusted_rand_index;  ///< (R, R), of each run with each
};

/// Compares finished runs by the images whose paths all of them have; labels as evaluate takes them. Throws
/// Error for fewer than two runs, for runs that share no image, and as evaluate does.
Comparison compare(const std::vector<std::string>& runs, const EvaluateOptions& labels = {});

std::string to_json(const Comparison& comparison);

}  // namespace ilk
