#pragma once
#include <ilk/safetensors.h>
#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// A model directory's weights: model.safetensors, or the shards that model.safetensors.index.json lists.
/// What is wrong is gathered, so that one error names it all.
class ModelWeights {
 public:
  /// Opens the files and reads their headers. `function` is whom errors name.
  ModelWeights(const std::filesystem::path& directory, std::string_view function);

  /// The weight as float32 of this shape; an undefined tensor, and a note, where there is none.
  torch::Tensor take(const std::string& name, const std::vector<std::int64_t>& shape);
  bool contains(const std::string& name) const { return file_of_.contains(name); }
  /// Throws Error naming every weight that was missing or wrong.
  void check() const;

  const std::vector<std::filesystem::path>& files() const { return paths_; }

 private:
  std::filesystem::path directory_;
  std::string function_;
  std::vector<std::filesystem::path> paths_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, std::size_t> file_of_;
  std::vector<std::string> problems_;
};

}  // namespace ilk
