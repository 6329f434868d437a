#pragma once
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// A data set that can be fetched from where its authors put it.
struct KnownDataset {
  struct File {
    std::string url;
    std::int64_t size = -1;  ///< in bytes
    std::string sha256;
  };
  std::string name;
  std::string description;
  std::vector<File> files;
  /// Of an archive: the folder inside that holds the data; empty: the files are what is wanted.
  std::string folder;
};
const std::vector<KnownDataset>& known_datasets();

/// Where data sets live: `datasets` below data_directory().
std::filesystem::path datasets_directory();
/// The folder of a known data set that was fetched; nothing where it is not known or not here.
std::optional<std::filesystem::path> fetched_dataset(const std::string& name);
/// Throws Error where `name`, which is no path, is a data set that can be fetched and is not here.
void require_no_unfetched_dataset(const std::string& name, std::string_view function);

struct GetDatasetOptions {
  /// An address to take instead of each file's folder (a mirror); its files must be the same, since size and
  /// SHA-256 are checked all the same.
  std::string from;
  double first_pause_seconds = 0.5;  ///< as in DownloadRequest
};
/// Fetches a data set: an interrupted download goes on, size and SHA-256 are checked, archives are unpacked
/// and then deleted. What is there already is left alone. Returns its folder, which takes its name once it is
/// whole. Throws Error for an unknown name (with the nearest) and as download() does; Stopped on request.
std::filesystem::path get_dataset(const std::string& name, const GetDatasetOptions& options = {},
                                  Progress& progress = silent());
/// The same for facts of one's own.
std::filesystem::path get_dataset(const KnownDataset& dataset, const GetDatasetOptions& options = {},
                                  Progress& progress = silent());

}  // namespace ilk
