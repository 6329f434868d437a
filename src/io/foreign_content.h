#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace ilk {

/// What the first bytes of a file show it to be, where that is never what a command reads: "a Git LFS
/// pointer, …", "a web page, …", "a PyTorch file, …". Empty where they show nothing of the kind.
std::string foreign_content(std::string_view head);

/// The same for a file; empty too where it cannot be read.
std::string foreign_content_of(const std::filesystem::path& path);

/// The bytes of a file that must be `what` ("JSON"). Throws Error naming it for foreign_content.
std::string read_file_of(const std::filesystem::path& path, std::string_view what, std::string_view function);

}  // namespace ilk
