#include "io/json_file.h"

#include "core/fail.h"
#include "io/foreign_content.h"

namespace ilk {

nlohmann::json read_json_file(const std::filesystem::path& path, std::string_view function) {
  const std::string text = read_file_of(path, "JSON", function);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    fail(function, path, " is not JSON: ", json_fault(error), ".");
  }
}

std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string json_fault(const nlohmann::json::exception& error) {
  const std::string text = error.what();  // "[json.exception.parse_error.101] parse error at line 2, …"
  const auto end = text.find("] ");
  return text.starts_with("[json.") && end != std::string::npos ? text.substr(end + 2) : text;
}

}  // namespace ilk
