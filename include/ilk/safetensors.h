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
/// the tensors' bytes). The header is validated whole before any tensor is touched: its length
/// against the file, JSON of the right shape, known dtypes, sizes that match shape × dtype without overflow,
/// and offsets that cover the buffer exactly without overlap or gap. Anything else throws Error naming the
/// rule.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  explicit SafetensorsFile(std::shared_ptr<const InputFile> file);

  std::vector<std::string> names() const;  ///< sorted
  bool contains(const std::string& name) const;
  /// The tensor as stored (F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL), read into memory.
  torch::Tensor get(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  struct Entry {
    torch::ScalarType type;
    std::vector<std::int64_t> shape;
    std::uint64_t begin, end;  ///< bytes of the whole file
  };
  const Entry& entry(const std::string& name) const;

 private:
  std::filesystem::path path_;
  std::shared_ptr<const InputFile> file_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

/// Writes CPU tensors atomically, in the order given except that wider element types come first, so that each
/// is aligned (as the reference writes them). Names must be unique.
void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace ilk
