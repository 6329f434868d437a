#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace ilk {

/// As files hold it; bytes that are not UTF-8 become U+FFFD.
inline std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace ilk
