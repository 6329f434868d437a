#pragma once
#include <ilk/files.h>
#include <torch/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ilk {

/// A safetensors file (https://github.com/huggingface/safetensors: 8 bytes of header length, a JSON header,
/// the tensors' bytes), mapped. The header is validated whole before any tensor is touched: its length
/// against the file, JSON of the right shape, known dtypes, sizes that match shape × dtype without overflow,
/// and offsets that cover the buffer exactly without overlap or gap. Anything else throws Error naming the
/// rule.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  std::vector<std::string> names() const;  ///< sorted
  bool contains(const std::string& name) const;
  /// The tensor as stored (F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL), copied out of the mapping.
  torch::Tensor get(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  struct Entry {
    torch::ScalarType type;
    std::vector<std::int64_t> shape;
    std::size_t begin, end;  // within the whole file
  };
  std::filesystem::path path_;
  std::shared_ptr<MappedFile> file_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

/// Writes CPU tensors atomically, in the order given except that wider element types come first, so that each
/// is aligned (as the reference writes them). Names must be unique.
void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace ilk
