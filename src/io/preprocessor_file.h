#pragma once
#include <filesystem>

namespace ilk {

/// The file of a model directory that says how the model wants its images: preprocessor_config.json, else
/// processor_config.json, into which transformers 5 writes it. Throws Error where there is neither.
std::filesystem::path preprocessor_file(const std::filesystem::path& directory);

}  // namespace ilk
