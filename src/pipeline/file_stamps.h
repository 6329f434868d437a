#pragma once
// Whether files are what they were: told by sizes and times, without reading them.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace ilk {

/// Adds size and time of each file that is named in this JSON, as "PATH" or "PATH:name".
void stamp_named_files(const nlohmann::ordered_json& json, nlohmann::ordered_json& stamps);

/// Adds a file's size and time, or the number, size and times of the files in a folder, links followed no
/// further.
void stamp_place(const std::filesystem::path& place, nlohmann::ordered_json& stamps);

/// The folder or file that an input means: "FORMAT:PATH" and "PATH".
std::filesystem::path place_of_input(const std::string& input);

}  // namespace ilk
