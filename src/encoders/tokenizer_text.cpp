#include "encoders/tokenizer_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace ilk {
namespace {

enum class Kind : std::uint8_t { letter, number, space, other };

Kind kind_of(char32_t c) {
  if (is_space(c)) return Kind::space;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return Kind::letter;
  if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return Kind::number;
  return Kind::other;
}

/// The characters of the contraction that `text` begins with, or 0.
std::size_t contraction_length(std::u32string_view text) {
  constexpr std::array<std::u32string_view, 7> contractions{U"'s", U"'t",  U"'re", U"'ve",
                                                            U"'m", U"'ll", U"'d"};
  if (text.front() != U'\'') return 0;
  for (const std::u32string_view contraction : contractions)
    if (text.starts_with(contraction)) return contraction.size();
  return 0;
}

/// Canonical decomposition, each run of marks in the order of their combining classes.
std::vector<utf8proc_int32_t> decomposed(const std::u32string& text) {
  // A code point is at most 18 after compatibility decomposition, 4 after this canonical one.
  std::vector<utf8proc_int32_t> points;
  points.reserve(text.size() + 16);
  const auto decomposing = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
  for (const char32_t c : text) {
    std::array<utf8proc_int32_t, 8> parts;
    int boundary_class = 0;
    const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(), parts.size(),
                                               decomposing, &boundary_class);
    points.insert(points.end(), parts.begin(),
                  parts.begin() + std::clamp<std::ptrdiff_t>(count, 0, parts.size()));
  }
  const auto combining_class = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
  for (auto begin = points.begin(); begin != points.end();) {
    auto end = begin;
    while (end != points.end() && combining_class(*end) != 0) ++end;
    std::stable_sort(begin, end, [&](auto a, auto b) { return combining_class(a) < combining_class(b); });
    begin = end == points.end() ? end : end + 1;
  }
  return points;
}

void compose(std::u32string& text) {
  std::vector<utf8proc_int32_t> points = decomposed(text);
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto count =
      utf8proc_normalize_utf32(points.data(), static_cast<utf8proc_ssize_t>(points.size()), options);
  text.assign(points.begin(), points.begin() + std::max<std::ptrdiff_t>(count, 0));
}

bool is_ascii(const std::u32string& text) {
  return std::all_of(text.begin(), text.end(), [](char32_t c) { return c < 0x80; });
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) {
      points.push_back(lead);
      continue;
    }
    const int trailing = lead >= 0xC2 && lead <= 0xDF   ? 1
                         : (lead & 0xF0) == 0xE0        ? 2
                         : lead >= 0xF0 && lead <= 0xF4 ? 3
                                                        : 0;
    char32_t point = trailing == 1 ? lead & 0x1Fu : trailing == 2 ? lead & 0x0Fu : lead & 0x07u;
    // The second byte's range keeps out overlong forms, surrogates and what lies above U+10FFFF.
    unsigned char lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    int read = 0;
    while (read < trailing && i < text.size()) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte < lowest || byte > highest) break;
      point = point << 6 | (byte & 0x3Fu);
      lowest = 0x80, highest = 0xBF;
      ++read, ++i;
    }
    points.push_back(trailing > 0 && read == trailing ? point : U'\uFFFD');
  }
  return points;
}

std::string encode_utf8(std::u32string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (const char32_t c : text) {
    std::array<utf8proc_uint8_t, 4> character;
    const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), character.data());
    bytes.append(reinterpret_cast<const char*>(character.data()), static_cast<std::size_t>(count));
  }
  return bytes;
}

bool is_space(char32_t c) {
  return (c >= 0x9 && c <= 0xD) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

void decompose(std::u32string& text) {
  if (is_ascii(text)) return;
  const std::vector<utf8proc_int32_t> points = decomposed(text);
  text.assign(points.begin(), points.end());
}

void make_lower_case(std::u32string& text) {
  if (is_ascii(text)) {
    for (char32_t& c : text)
      if (c >= U'A' && c <= U'Z') c += U'a' - U'A';
    return;
  }
  std::u32string lower;
  lower.reserve(text.size());
  for (const char32_t c : text) {
    if (c == U'\u0130')  // the one letter whose lower case is two code points
      lower += U"i\u0307";
    else
      lower.push_back(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  }
  text = std::move(lower);
}

std::u32string clean_text(std::string_view text) {
  std::u32string points = decode_utf8(text);
  if (!is_ascii(points)) compose(points);
  make_lower_case(points);
  return points;
}

std::vector<std::u32string_view> split_words(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  for (std::size_t i = 0; i < text.size();) {
    const Kind kind = kind_of(text[i]);
    if (kind == Kind::space) {
      ++i;
      continue;
    }
    std::size_t length = contraction_length(text.substr(i));
    if (length == 0) {
      length = 1;
      if (kind != Kind::number)
        while (i + length < text.size() && kind_of(text[i + length]) == kind) ++length;
    }
    words.push_back(text.substr(i, length));
    i += length;
  }
  return words;
}

}  // namespace ilk
