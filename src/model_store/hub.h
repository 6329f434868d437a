#pragma once
// The model hub's public interface: https://huggingface.co/docs/hub/api.
#include <ilk/models.h>

#include <cstdint>
#include <map>
#include <string>

namespace ilk::model_store {

/// A file of a repository, as the hub's tree lists it.
struct HubFile {
  std::int64_t size = 0;
  std::string sha256;  ///< of a large file
  std::string git_id;  ///< of a small one: SHA-1 of "blob <size>\0" and the contents
};

class Hub {
 public:
  Hub(const GetModelOptions& options, std::string repository, Progress& progress)
      : options_(options), repository_(std::move(repository)), progress_(progress) {}

  /// The files in one of the repository's folders (empty: its top), by their paths. Throws Error naming
  /// address and fault.
  std::map<std::string, HubFile> files(const std::string& revision, const std::string& folder = "") const;
  /// The branch with the hub's own conversion to safetensors; empty where there is none or the hub cannot
  /// say.
  std::string conversion() const;
  /// Downloads one file into `directory` and checks it; one that is there and right is left alone. `progress`
  /// hears of it.
  void fetch(const std::string& revision, const std::string& name, const HubFile& file,
             const std::filesystem::path& directory, Progress& progress) const;

 private:
  const GetModelOptions& options_;
  std::string repository_;
  Progress& progress_;
};

}  // namespace ilk::model_store
