#pragma once
// The weights of any model directory, whatever its architecture: a tower takes each of its weights by name
// and shape and at the end calls check(), which throws one Error that names all that is missing or wrong.
//
//   ModelWeights weights(directory, "Tower");
//   Matrix<float> kernel = weights.take("stem.conv.weight", {64, 3, 7, 7});  // (64, 147)
//   std::vector<float> bias = weights.take_vector("stem.conv.bias", 64);
//   weights.check();
#include <ilk/matrix.h>

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/safetensors.h"

namespace ilk {

/// A model directory's weights: model.safetensors, or the shards that model.safetensors.index.json lists; as
/// they are or packed (io/byte_planes.h). What is wrong is gathered, so that one error names it all.
class ModelWeights {
 public:
  /// Opens the files and reads their headers. `function` is whom errors name.
  ModelWeights(const std::filesystem::path& directory, std::string_view function);

  /// The weight of this shape, read from its file and converted to float32: (shape[0], product of the other
  /// dimensions), and of one dimension or none a row. An empty matrix, and a note for check(), where there is
  /// none of this name, where its shape is another, and where it is not of finite floating-point numbers.
  Matrix<float> take(const std::string& name, const std::vector<std::int64_t>& shape);
  /// The same for a weight of one dimension; empty where take() is.
  std::vector<float> take_vector(const std::string& name, std::int64_t length);
  bool contains(const std::string& name) const { return file_of_.contains(name); }
  /// Throws Error naming every weight that was missing or wrong.
  void check() const;

  /// "NAME SHA-256\n" of each file, as fingerprints of models have it. Whether a file is packed does not
  /// show.
  std::string digests() const;

 private:
  /// The file that holds such a weight; null, and a note, where there is none.
  const SafetensorsFile* find(const std::string& name, const std::vector<std::int64_t>& shape);

  /// Notes a NaN or an infinity.
  bool is_finite(const std::string& name, std::span<const float> values);

  std::filesystem::path directory_;
  std::string function_;
  std::vector<std::filesystem::path> paths_;
  std::vector<std::shared_ptr<const InputFile>> inputs_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, std::size_t> file_of_;
  std::vector<std::string> problems_;
};

}  // namespace ilk
