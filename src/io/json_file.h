#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

namespace ilk {

/// The JSON of a file. Throws Error in the name of `function`, naming the file, for what is none.
nlohmann::json read_json_file(const std::filesystem::path& path, std::string_view function);

}  // namespace ilk
