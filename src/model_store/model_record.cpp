#include "model_store/model_record.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "core/text.h"
#include "io/files.h"
#include "io/json_file.h"
#include "io/sha256.h"

namespace ilk::model_store {
namespace {

constexpr const char* record_name = "ilk-model.json";

}  // namespace

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '-' || c == '_';
         });
}

bool is_plain_path(std::string_view path) {
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return is_plain_name(path);
  return is_plain_name(path.substr(0, slash)) && is_plain_name(path.substr(slash + 1));
}

std::optional<ModelRecord> read_model_record(const std::filesystem::path& directory) {
  const auto path = directory / record_name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    const auto json = nlohmann::json::parse(read_file(path));
    ModelRecord record{.repository = json.at("repository").get<std::string>(),
                       .revision = json.at("revision").get<std::string>(),
                       .taken_from = json.at("taken_from").get<std::string>()};
    for (const auto& file : json.at("files")) {
      record.files.push_back({file.at("name").get<std::string>(), file.at("size").get<std::int64_t>(),
                              file.at("sha256").get<std::string>()});
      require(is_plain_path(record.files.back().name), "read_model_record", path, ": not a file name: '",
              record.files.back().name, "'.");
    }
    return record;
  } catch (const nlohmann::json::exception& error) {
    fail("read_model_record", path, " is not a record of a model: ", json_fault(error), ".");
  }
}

void write_model_record(const std::filesystem::path& directory, const ModelRecord& record) {
  nlohmann::ordered_json json = {
      {"repository", record.repository}, {"revision", record.revision}, {"taken_from", record.taken_from}};
  json["files"] = nlohmann::ordered_json::array();
  for (const auto& file : record.files)
    json["files"].push_back({{"name", file.name}, {"size", file.size}, {"sha256", file.sha256}});
  write_file_atomically(directory / record_name, json.dump(2) + "\n");
}

ModelRecord::File examine(const std::filesystem::path& directory, const std::string& name,
                          const Progress& progress) {
  const auto path = directory / name;
  std::error_code error;
  require(std::filesystem::is_regular_file(path, error), "examine", path, " is missing.");
  std::ifstream stream(path, std::ios::binary);
  require(stream.is_open(), "examine", "cannot open ", path, ": ", std::strerror(errno), ".");
  ModelRecord::File file{.name = name};
  Sha256 digest;
  std::string piece(1 << 20, '\0');
  while (stream.read(piece.data(), static_cast<std::streamsize>(piece.size())) || stream.gcount() > 0) {
    progress.check_stop();
    digest.update(std::string_view(piece).substr(0, static_cast<std::size_t>(stream.gcount())));
    file.size += stream.gcount();
  }
  require(!stream.bad(), "examine", "cannot read ", path, ": ", std::strerror(errno), ".");
  file.sha256 = digest.hex();
  return file;
}

std::string difference(const ModelRecord::File& recorded, const ModelRecord::File& found) {
  if (found.size != recorded.size)
    return concatenate("it has ", found.size, " bytes, fetched were ", recorded.size);
  if (found.sha256 != recorded.sha256)
    return "its sha256 is " + found.sha256 + ", fetched was " + recorded.sha256;
  return "";
}

}  // namespace ilk::model_store
