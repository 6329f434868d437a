#pragma once
// Small texts as people and programs write them: lists, names, nouns, captions, labels, templates.
#include <filesystem>
#include <string>
#include <string_view>

namespace ilk {

/// Whether a zero byte may stand in a text, as between the paths of a list.
enum class ZeroBytes { refused, allowed };

/// `bytes` without a byte-order mark; UTF-16 that begins with one comes as UTF-8, and lines that end in bare
/// carriage returns end in line feeds. What is neither UTF-8 nor UTF-16 is left as it is: a path need not be
/// either.
///
/// Throws Error naming `place` for UTF-16 without a mark (told by zero bytes between single letters), UTF-16
/// or UTF-32 that cannot be decoded, zero bytes where they are refused, and what is no text of the user's at
/// all (foreign_content).
std::string decode_text(std::string bytes, std::string_view place, std::string_view function,
                        ZeroBytes zero_bytes = ZeroBytes::refused);

/// The same for a file.
std::string read_text_file(const std::filesystem::path& path, std::string_view function);

}  // namespace ilk
