#include "io/strings.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>

namespace ilk {
namespace {

constexpr std::string_view ascii_white = " \t\r\n\v\f";
/// U+0085, U+00A0, U+1680, U+2000 to U+200B, U+2028, U+2029, U+202F, U+205F, U+3000, U+FEFF.
constexpr std::string_view wide_white[] = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82",
    "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88",
    "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\x8B", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF",
    "\xE2\x81\x9F", "\xE3\x80\x80", "\xEF\xBB\xBF"};

}  // namespace

std::string_view trimmed(std::string_view text) {
  for (;;) {
    text = trimmed(text, ascii_white);
    const auto begin = std::find_if(std::begin(wide_white), std::end(wide_white),
                                    [&](std::string_view white) { return text.starts_with(white); });
    if (begin != std::end(wide_white)) text.remove_prefix(begin->size());
    const auto end = std::find_if(std::begin(wide_white), std::end(wide_white),
                                  [&](std::string_view white) { return text.ends_with(white); });
    if (end != std::end(wide_white)) text.remove_suffix(end->size());
    if (begin == std::end(wide_white) && end == std::end(wide_white)) return text;
  }
}

std::string_view trimmed(std::string_view text, std::string_view unwanted) {
  const std::size_t begin = text.find_first_not_of(unwanted);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(unwanted) - begin + 1);
}

std::string single_spaced(std::string_view text) {
  constexpr std::string_view white = ascii_white;
  text = trimmed(text);
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
