#include "pipeline/file_stamps.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json stamp_folder(const fs::path& folder) {
  std::uint64_t files = 0, bytes = 0, times = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error),
       end;
       !error && entry != end; entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    ++files;
    bytes += entry->file_size(error);
    times += static_cast<std::uint64_t>(entry->last_write_time(error).time_since_epoch().count());
  }
  return {files, bytes, times};
}

}  // namespace

void stamp_named_files(const Json& json, Json& stamps) {
  if (json.is_structured()) {
    for (const auto& each : json) stamp_named_files(each, stamps);
    return;
  }
  if (!json.is_string()) return;
  const auto text = json.get<std::string>();
  for (const std::string& name : {text, text.substr(0, text.rfind(':'))}) {
    std::error_code error;
    if (!fs::is_regular_file(name, error)) continue;
    stamps[name] = {fs::file_size(name), fs::last_write_time(name).time_since_epoch().count()};
    return;
  }
}

void stamp_place(const fs::path& place, Json& stamps) {
  std::error_code error;
  if (fs::is_directory(place, error))
    stamps[place.string()] = stamp_folder(place);
  else
    stamp_named_files(place.string(), stamps);
}

fs::path place_of_input(const std::string& input) {
  std::error_code error;
  const auto colon = input.find(':');
  return colon == std::string::npos || fs::exists(input, error) ? input : input.substr(colon + 1);
}

}  // namespace ilk
