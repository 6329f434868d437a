#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace ilk {

/// Without white space at both ends: that of ASCII, and what Unicode has beside it in UTF-8 (no-break,
/// ideographic and zero-width spaces, byte-order marks), which tables and web pages leave where nobody sees
/// it.
std::string_view trimmed(std::string_view text);
/// Without the bytes of `unwanted` at both ends.
std::string_view trimmed(std::string_view text, std::string_view unwanted);

/// Trimmed, and each run of white space within made one space.
std::string single_spaced(std::string_view text);

/// ASCII letters in lower case, all else as it is.
std::string lower_case(std::string_view text);

/// Whether the bytes are UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

/// Appends a code point, which must be below U+110000 and no surrogate.
void append_utf8(std::string& text, char32_t point);

/// `text` as it comes back from JSON, which holds UTF-8 alone: other bytes are U+FFFD.
std::string as_json_has_it(const std::string& text);

/// At most `length` bytes of `text` on one line, without control characters; empty where it is not UTF-8.
std::string on_one_line(std::string_view text, std::size_t length);

/// Takes the bytes up to the next '\n' off `text` and returns them without the line's end ("\n" or "\r\n").
std::string_view take_line(std::string_view& text);

}  // namespace ilk
