#pragma once
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// A model that can be fetched by name.
struct KnownModel {
  std::string name;         ///< "clip-vit-b-32"
  std::string repository;   ///< on the hub; itself a name too, as is its part after the slash
  std::string revision;     ///< branch or commit
  std::string description;  ///< one line: size, speed, what for, licence
};
const std::vector<KnownModel>& known_models();

/// Where models live: data_directory()/models.
std::filesystem::path models_directory();
inline constexpr std::string_view embedded_model_name = "ilk-lite";
/// The model that comes with ilk: below $ILK_MODELS, share/ilk/models of where the
/// program or ilk is installed, or the source tree's models/. Throws Error naming where it looked.
std::filesystem::path embedded_model();

/// The directory for --model: a directory with config.json, a known name that was fetched, or
/// embedded_model_name. Throws Error that says how to get a known name that is not there, and the nearest
/// name for an unknown one.
std::filesystem::path find_model(const std::string& name_or_directory);

struct GetModelOptions {
  std::string endpoint = "https://huggingface.co";  ///< or a mirror that speaks its paths
  std::string token;  ///< for models that want to know who asks; sent to the endpoint's host alone
  double first_pause_seconds = 0.5;
};
/// Fetches a known model (or any "owner/name" repository, or "owner/name@revision") to models_directory():
/// asks the hub's tree for sizes and hashes (SHA-256, or git's for small files), downloads what is needed and
/// absent, verifies, records it all in ilk-model.json, and renames the finished directory into place. Returns
/// it. What is there and right is left alone, without the network; what is there and damaged is fetched
/// again; what a stop or a cut left is gone on from. A repository whose weights are not in safetensors is
/// taken from the hub's own conversion of it where there is one.
std::filesystem::path get_model(const std::string& name, const GetModelOptions& options,
                                Progress& progress = silent());

/// What verify found: per file its size, SHA-256, and whether both agree with what was recorded when it was
/// fetched.
struct ModelCheck {
  struct File {
    std::string name;
    std::int64_t size = 0;
    std::string sha256;
    std::string problem;  ///< empty if all is well
  };
  std::vector<File> files;
  bool recorded = false;  ///< there is an ilk-model.json to compare with
  bool loads = false;     ///< the whole model could be loaded
  std::string load_error;
  bool good() const;  ///< it loads and no file has a problem
};
/// Throws Error where it is no directory. Stopped on request between pieces of files.
ModelCheck verify_model(const std::filesystem::path& directory, Progress& progress = silent());

}  // namespace ilk
