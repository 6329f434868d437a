#pragma once
#include <torch/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace ilk {

/// Known classes of some of the images, for scoring.
struct Labels {
  std::vector<std::string> classes;  ///< names, in alphabetical order
  torch::Tensor of_image;  ///< (N) int64: number of the class, −1 where the file does not mention the image
};

/// Reads a CSV with a header that names a path and a label column ("path" or "file", "filename", "image";
/// "label" or "class", "category"), or with two columns and no header. Paths are meant relative to the CSV's
/// folder, or as they were given on the command line. Throws Error where no image is mentioned at all.
Labels read_labels(const std::filesystem::path& csv, const std::vector<std::string>& image_paths);

}  // namespace ilk
