#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// The text of a file (decode_text). Throws Error naming path and line for what is not UTF-8 or holds a zero
/// byte.
std::string read_checked_text(std::string_view function, const std::filesystem::path& path);

/// The captions of a file's contents in any of the formats of read_captions, as they stand there.
std::vector<std::string> parse_captions(std::string_view function, const std::filesystem::path& path,
                                        std::string_view contents);

}  // namespace ilk
