#pragma once
// Formats that keep their pixels bare: Windows bitmaps and the portable pixmap family.
#include <ilk/image.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "io/resample.h"

namespace ilk {

/// H × W pixels of 1 (grey), 2 (grey, alpha), 3 (red, green, blue) or 4 (with alpha) samples, by rows from
/// the top. Black is 0; white and opaque are 255 where `bytes` has them, else 65535.
struct BarePicture {
  ImageSize size;
  int bands = 0;
  std::vector<std::uint8_t> bytes = {};    ///< samples of 8 bits
  std::vector<std::uint16_t> shorts = {};  ///< samples of 16 bits; then `bytes` is empty
};

/// Is told the size as the header has it, before any pixel is read; may throw.
using SizeCheck = std::function<void(ImageSize)>;

/// BMP of 1, 4, 8, 16, 24 and 32 bits, with OS/2's, Windows's and later headers, palettes, run lengths and
/// bit fields. Throws ImageError "damaged" or "unsupported format".
BarePicture read_bitmap(std::string_view bytes, const SizeCheck& check);

/// PBM, PGM, PPM (P1 … P6) and PAM (P7): the first picture of a file. Samples whose largest value is above
/// 255 give `shorts`. Throws ImageError "damaged" or "unsupported format".
BarePicture read_pixmap(std::string_view bytes, const SizeCheck& check);

}  // namespace ilk
