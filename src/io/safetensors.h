#pragma once
#include <ilk/array.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/files.h"

namespace ilk {

/// A safetensors file (https://github.com/huggingface/safetensors: 8 bytes of header length, a JSON header,
/// the arrays' bytes). The header is validated whole before any array is touched: its length against the
/// file, JSON of the right shape, sizes that match shape × dtype without overflow, and offsets that cover the
/// buffer exactly without overlap or gap. Anything else throws Error naming the rule. An array of a dtype
/// that ilk does not know (F8_E4M3) does no harm until it is asked for.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  explicit SafetensorsFile(std::shared_ptr<const InputFile> file);

  std::vector<std::string> names() const;  ///< sorted
  bool contains(const std::string& name) const;
  /// The array as stored (F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL), read into memory.
  /// Throws Error for a name that is not there, and for another dtype.
  Array get(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  struct Entry {
    std::string dtype;                ///< as the file calls it
    std::optional<ElementType> type;  ///< none for a dtype that ilk does not know
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

/// Writes arrays atomically, in the order given except that wider element types come first, so that each
/// is aligned (as the reference writes them). Names must be unique.
void write_safetensors(const std::filesystem::path& path, const NamedArrayViews& arrays,
                       const std::map<std::string, std::string>& metadata = {});

/// The same without its name yet, which it gets by `commit`; it is on the disk.
std::unique_ptr<AtomicFile> begin_safetensors(const std::filesystem::path& path,
                                              const NamedArrayViews& arrays,
                                              const std::map<std::string, std::string>& metadata = {});

}  // namespace ilk
