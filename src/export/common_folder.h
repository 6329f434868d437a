#pragma once
#include <filesystem>
#include <vector>

namespace ilk {

/// The deepest folder that holds all of these absolute paths; "/" where they share none.
std::filesystem::path common_folder(const std::vector<std::filesystem::path>& files);

}  // namespace ilk
