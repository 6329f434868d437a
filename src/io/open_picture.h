#pragma once
// Pictures opened by the reader of their format: libvips's, or ilk's own for those that have bare pixels.
#include <string_view>

#include "io/bare_picture.h"
#include "io/image_format.h"
#include "io/vips_image.h"

namespace ilk {

/// Whether ilk reads the format by itself.
bool is_bare(ImageFormat format);

/// Whether the format is read at all, with this libvips.
bool has_loader(ImageFormat format);

/// How a decoder is asked for a smaller image: JPEG by a whole `shrink` (1, 2, 4, 8), WebP by a `scale`.
struct Reduction {
  int shrink = 1;
  double scale = 1;
};

/// Opens an image for reading from top to bottom; decodes no pixels yet. Truncation and errors fail, mere
/// warnings (stray bytes between JPEG markers and the like) do not.
Image open_image(std::string_view bytes, ImageFormat format, Reduction reduction = {});

/// The pixels must live as long as the image.
Image image_of(const BarePicture& picture);

}  // namespace ilk
