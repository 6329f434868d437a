#pragma once
#include <ilk/matrix.h>
#include <ilk/run.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace ilk {

/// The files of a finished run, for what comes after it.
class RunFiles {
 public:
  /// Throws Error where the folder holds no finished run.
  explicit RunFiles(std::filesystem::path directory);

  const std::filesystem::path& directory() const { return directory_; }
  const RunOptions& options() const { return options_; }
  /// The file that a path of the run means, absolute: relative ones start where the run was started, or,
  /// where that folder is gone, in the folder of now.
  std::filesystem::path file(const std::string& path) const;
  /// Whether its rows are image files; else they are rows of an array, or images packed in one file.
  bool has_files() const { return options_.features.empty() || !options_.names.empty(); }
  /// X (N, D), rows of unit length; N must be `rows`.
  Matrix<float> embeddings(std::size_t rows) const { return matrix("embeddings", rows); }
  /// What was clustered (N, W), rows of unit length.
  Matrix<float> clustered(std::size_t rows) const { return matrix("features", rows); }
  /// Where the images lie on the map (N, 2); their principal plane where the run has no map.
  Matrix<float> map(std::size_t rows) const;
  /// A fact of features.safetensors; empty where it is not there.
  std::string fact(const std::string& name) const;

 private:
  Matrix<float> matrix(const std::string& name, std::size_t rows) const;
  std::filesystem::path directory_, start_;
  RunOptions options_;
};

}  // namespace ilk
