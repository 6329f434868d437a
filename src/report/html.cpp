#include "report/html.h"

#include <cmath>

#include "core/text.h"
#include "io/base64.h"

namespace ilk::html {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// Length of the UTF-8 sequence that `bytes` begins with, 0 where there is none (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view bytes) {
  const auto byte = [&](std::size_t i) {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u;
  };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return byte(i) >= low && byte(i) <= high;
  };
  const auto follows = [&](std::size_t i) { return within(i, 0x80, 0xBF); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (within(0, 0xC2, 0xDF)) return follows(1) ? 2 : 0;
  if (within(0, 0xE0, 0xEF)) {
    // No overlong forms, no surrogates.
    const bool second = within(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
    return second && follows(2) ? 3 : 0;
  }
  if (within(0, 0xF0, 0xF4)) {
    const bool second = within(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void append_character(std::string& page, char character) {
  switch (character) {
    case '&':
      page += "&amp;";
      return;
    case '<':
      page += "&lt;";
      return;
    case '>':
      page += "&gt;";
      return;
    case '"':
      page += "&quot;";
      return;
    case '\'':
      page += "&#39;";
      return;
    case '\t':
    case '\n':
    case '\r':
      page += character;
      return;
  }
  const auto value = static_cast<unsigned char>(character);
  if (value < 0x20 || value == 0x7F) {
    page += replacement;
  } else {
    page += character;
  }
}

void append_percent_encoded(std::string& link, std::string_view bytes) {
  constexpr std::string_view kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  constexpr char digits[] = "0123456789ABCDEF";
  for (const char byte : bytes) {
    if (kept.find(byte) != std::string_view::npos) {
      link += byte;
    } else {
      const auto value = static_cast<unsigned char>(byte);
      link += {'%', digits[value >> 4], digits[value & 15]};
    }
  }
}

}  // namespace

SafeText text(std::string_view bytes) {
  std::string safe;
  safe.reserve(bytes.size() + bytes.size() / 8);
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    if (length == 1) {
      append_character(safe, bytes[0]);
    } else if (length == 2 && bytes[0] == '\xC2' && static_cast<unsigned char>(bytes[1]) < 0xA0) {
      safe += replacement;  // Control characters U+0080 … U+009F.
    } else {
      safe += length == 0 ? replacement : bytes.substr(0, length);
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return SafeText(std::move(safe));
}

SafeText file_link(std::string_view base, std::string_view path) {
  std::string joined;
  if (!path.starts_with('/') && !base.empty()) {
    joined = base;
    if (!joined.ends_with('/')) joined += '/';
  }
  joined += path;
  std::string link;
  link.reserve(joined.size() * 5 / 4);
  std::string_view rest = joined;
  // Two slashes at the beginning would be read as a host.
  while (rest.starts_with("//")) rest.remove_prefix(1);
  append_percent_encoded(link, rest);
  return SafeText(std::move(link));
}

SafeText base64(std::string_view bytes) {
  return SafeText(ilk::base64(bytes));
}

SafeText data_block(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char letter : json)
    if (letter == '<')
      safe += "\\u003c";
    else
      safe += letter;
  return SafeText(std::move(safe));
}

SafeText decimal(double value, int digits) {
  if (!std::isfinite(value)) return SafeText("–");
  std::string number = fixed(std::abs(value), digits);
  const bool zero = number.find_first_not_of("0.") == std::string::npos;
  return SafeText(value < 0 && !zero ? "−" + number : number);
}

SafeText count(std::int64_t value) {
  const std::string digits = std::to_string(value);
  const std::size_t sign = value < 0 ? 1 : 0;
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > sign && (digits.size() - i) % 3 == 0) grouped += "\u202F";
    grouped += digits[i];
  }
  return SafeText(std::move(grouped));
}

SafeText percent(double share) {
  if (!std::isfinite(share)) return SafeText("–");
  if (share == 0) return SafeText("0%");
  if (share == 1) return SafeText("100%");
  if (share > 0 && share < 0.0005) return SafeText("&lt;0.1%");
  if (share < 1 && share >= 0.9995) return SafeText("&gt;99.9%");
  return SafeText(decimal(100 * share, 1).view() + "%");
}

}  // namespace ilk::html
