#pragma once
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ilk {

/// A model that can be fetched by name.
struct KnownModel {
  std::string name;         ///< "clip-vit-base-patch32"
  std::string repository;   ///< on the hub
  std::string revision;     ///< branch or commit
  std::string description;  ///< one line: size, speed, what for, licence
};
const std::vector<KnownModel>& known_models();

/// Where models live: data_directory()/models.
std::filesystem::path models_directory();
/// The embedded default, ilk-mini: $ILK_MODELS, the installed share/ilk/models, or the source tree's models/.
std::filesystem::path embedded_model();

/// The directory for --model: a directory with config.json, a known name that was fetched, or "ilk-mini". Throws Error that
/// says how to get a known name that is not there, and the nearest name for an unknown one.
std::filesystem::path find_model(const std::string& name_or_directory);

struct GetModelOptions {
  std::string endpoint = "https://huggingface.co";  ///< or a mirror that speaks its paths
  double first_pause_seconds = 0.5;
};
/// Fetches a known model (or any "owner/name" repository) to models_directory(): asks the hub's tree for sizes and SHA-256,
/// downloads what is needed and absent, verifies, and renames the finished directory into place. Returns it.
std::filesystem::path get_model(const std::string& name, const GetModelOptions& options, Progress& progress = silent());

/// What verify found: per file its size, SHA-256, and whether both agree with what was recorded when it was fetched.
struct ModelCheck {
  struct File {
    std::string name;
    std::int64_t size = 0;
    std::string sha256;
    std::string problem;  ///< empty if all is well
  };
  std::vector<File> files;
  bool loads = false;       ///< the whole model could be loaded
  std::string load_error;
  bool good() const;
};
ModelCheck verify_model(const std::filesystem::path& directory);

}  // namespace ilk
