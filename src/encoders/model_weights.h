#pragma once
#include <ilk/safetensors.h>
#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ilk {

/// A model directory's weights: model.safetensors, or the shards that model.safetensors.index.json lists.
/// What is wrong is gathered, so that one error names it all.
class ClipWeights {
 public:
  /// Opens the files and reads their headers.
  explicit ClipWeights(const std::filesystem::path& directory);

  /// The weight as float32 of this shape; an undefined tensor, and a note, where there is none.
  torch::Tensor take(const std::string& name, const std::vector<std::int64_t>& shape);
  /// Throws Error naming every weight that was missing or wrong.
  void check() const;

  const std::vector<std::filesystem::path>& files() const { return paths_; }

 private:
  std::filesystem::path directory_;
  std::vector<std::filesystem::path> paths_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, std::size_t> file_of_;
  std::vector<std::string> problems_;
};

}  // namespace ilk
