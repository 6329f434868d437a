#include "io/strings.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace ilk {

std::string_view trimmed(std::string_view text, std::string_view unwanted) {
  const std::size_t begin = text.find_first_not_of(unwanted);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(unwanted) - begin + 1);
}

std::string single_spaced(std::string_view text) {
  constexpr std::string_view white = " \t\r\n\v\f";
  std::string spaced;
  for (std::size_t begin = text.find_first_not_of(white); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(white, begin), text.size());
    if (!spaced.empty()) spaced += ' ';
    spaced.append(text.substr(begin, end - begin));
    begin = text.find_first_not_of(white, end);
  }
  return spaced;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& byte : lower) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  return lower;
}

bool is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char lead = byte(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                               : (lead & 0xF0) == 0xE0        ? 3
                               : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                              : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xC0) != 0x80) return false;
    }
    // The second byte alone rules out overlong forms, surrogates and what lies above U+10FFFF.
    const unsigned char second = byte(i + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return false;
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return false;
    i += length;
  }
  return true;
}

void append_utf8(std::string& text, char32_t point) {
  const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) {
    byte(0xC0 | point >> 6);
  } else {
    if (point < 0x10000) {
      byte(0xE0 | point >> 12);
    } else {
      byte(0xF0 | point >> 18);
      byte(0x80 | (point >> 12 & 0x3F));
    }
    byte(0x80 | (point >> 6 & 0x3F));
  }
  byte(0x80 | (point & 0x3F));
}

std::string as_json_has_it(const std::string& text) {
  using nlohmann::json;
  if (is_utf8(text)) return text;
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

std::string on_one_line(std::string_view text, std::size_t length) {
  std::string line;
  for (const char byte : single_spaced(text))
    if (static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7F) line += byte;
  if (line.size() <= length) return is_utf8(line) ? line : "";
  line.resize(length);
  while (!line.empty() && !is_utf8(line) && line.size() + 4 > length) line.pop_back();
  return is_utf8(line) ? line + "…" : "";
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

}  // namespace ilk
