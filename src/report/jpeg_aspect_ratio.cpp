#include "report/jpeg_aspect_ratio.h"

#include <cstddef>

namespace ilk::html {

double jpeg_aspect_ratio(std::string_view jpeg) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(jpeg[i]); };
  const auto word = [&](std::size_t i) { return static_cast<std::size_t>(byte(i) << 8 | byte(i + 1)); };
  // Segments follow the two bytes of the start marker: 0xFF, marker, length (itself included), contents (ITU
  // T.81 B.1).
  for (std::size_t at = 2; at + 9 <= jpeg.size() && byte(at) == 0xFF;) {
    const unsigned marker = byte(at + 1);
    if (marker == 0xFF) {  // A fill byte.
      ++at;
      continue;
    }
    // SOF0 … SOF15 without DHT, JPG and DAC, which lie between them.
    if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
      const std::size_t height = word(at + 5), width = word(at + 7);
      return height > 0 && width > 0 ? static_cast<double>(width) / static_cast<double>(height) : 1;
    }
    at += 2 + word(at + 2);
  }
  return 1;
}

}  // namespace ilk::html
