#include "io/json_file.h"

#include <ilk/error.h>

#include "io/foreign_content.h"

namespace ilk {

nlohmann::json read_json_file(const std::filesystem::path& path, std::string_view function) {
  const std::string text = read_file_of(path, "JSON", function);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    fail(function, path, " is not JSON: ", error.what(), ".");
  }
}

}  // namespace ilk
