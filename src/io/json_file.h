#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ilk {

/// The JSON of a file. Throws Error in the name of `function`, naming the file, for what is none.
nlohmann::json read_json_file(const std::filesystem::path& path, std::string_view function);

/// Its text, indented by two spaces. What is no UTF-8 is replaced.
std::string json_text(const nlohmann::ordered_json& json);

/// What is wrong with it, without the library's name for it.
std::string json_fault(const nlohmann::json::exception& error);

}  // namespace ilk
