#pragma once
// ilk-model.json: what was fetched, from where, and how each file must look.
#include <ilk/models.h>
#include <ilk/progress.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ilk::model_store {

struct ModelRecord {
  struct File {
    std::string name;
    std::int64_t size = 0;
    std::string sha256;
  };
  std::string repository;
  std::string revision;  ///< that was asked for
  std::string
      taken_from;  ///< the revision the files are of; another one where the hub's conversion was taken
  std::vector<File> files;
};

/// Nothing where there is none; throws Error naming the file where it is not of the format.
std::optional<ModelRecord> read_model_record(const std::filesystem::path& directory);
void write_model_record(const std::filesystem::path& directory, const ModelRecord& record);

/// What is wrong with what was found in the place of what was recorded, empty if nothing.
std::string difference(const ModelRecord::File& recorded, const ModelRecord::File& found);
/// The file as it is now; Stopped on request, Error where it is missing or cannot be read.
ModelRecord::File examine(const std::filesystem::path& directory, const std::string& name,
                          const Progress& progress);

/// A name that stays in its folder: letters, digits, '.', '-', '_', not beginning with a dot.
bool is_plain_name(std::string_view name);

/// A plain name, or two with a slash between them.
bool is_plain_path(std::string_view path);

/// The known model with this name, repository or last part of the repository, whatever the case; null if
/// none.
const KnownModel* known_model(std::string_view name);
/// "owner/name".
bool is_repository(std::string_view name);
/// Where a fetched model of this name or repository lies.
std::filesystem::path place_of(const std::string& name);

}  // namespace ilk::model_store
