#pragma once
// Text made of values, in the same form whatever the process's locale. The core needs no formatting library
// for it.
#include <sstream>
#include <string>

namespace ilk {

/// The parts, as a stream writes them, one after another.
template <class... Parts>
std::string concatenate(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

/// With so many digits after the point, whatever the locale: "0.250".
std::string fixed(double value, int digits);

/// With at most so many digits that count, without zeros at the end: "0.25", "1e-06".
std::string rounded(double value, int digits);

/// With 17 digits that count, which give back the same number when they are read.
inline std::string exact(double value) {
  return rounded(value, 17);
}

/// As printf writes it, of any length.
[[gnu::format(printf, 1, 2)]] std::string formatted(const char* pattern, ...);

}  // namespace ilk
