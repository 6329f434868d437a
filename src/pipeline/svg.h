#pragma once
#include <string>

#include "core/text.h"

namespace ilk {

/// What a picture (SVG) of so many pixels begins with: small text on white.
inline std::string svg_begin(int width, int height) {
  return formatted(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" "
      "fill=\"#fff\"/>\n",
      width, height, width, height);
}

}  // namespace ilk
