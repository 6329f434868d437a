#pragma once
#include <filesystem>

namespace ilk {

/// The file of a model directory that says how the model wants its images: processor_config.json where it has
/// an "image_processor", as transformers 5 writes it, else preprocessor_config.json; in the order of
/// transformers, where both are there. Throws Error where there is neither.
std::filesystem::path preprocessor_file(const std::filesystem::path& directory);

}  // namespace ilk
