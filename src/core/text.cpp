#include "core/text.h"

#include <charconv>
#include <cstdarg>
#include <cstddef>
#include <cstdio>

namespace ilk {
namespace {

std::string digits_of(double value, std::chars_format form, int digits) {
  // No number is longer: 309 digits before the point, and those that are asked for.
  std::string text(static_cast<std::size_t>(320 + digits), '\0');
  text.resize(static_cast<std::size_t>(
      std::to_chars(text.data(), text.data() + text.size(), value, form, digits).ptr - text.data()));
  return text;
}

}  // namespace

std::string fixed(double value, int digits) {
  return digits_of(value, std::chars_format::fixed, digits);
}

std::string rounded(double value, int digits) {
  return digits_of(value, std::chars_format::general, digits);
}

std::string formatted(const char* pattern, ...) {
  va_list values;
  va_start(values, pattern);
  va_list again;
  va_copy(again, values);
  std::string text(static_cast<std::size_t>(std::vsnprintf(nullptr, 0, pattern, values)), '\0');
  std::vsnprintf(text.data(), text.size() + 1, pattern, again);
  va_end(again);
  va_end(values);
  return text;
}

}  // namespace ilk
