#pragma once
#include "vips_image.h"

namespace ilk {

/// Without alpha: what is transparent shows white. Done in the image's own colours, where white is the
/// largest value.
Image flatten_on_white(Image image);

/// Three bands of 8-bit sRGB: by the embedded ICC profile where there is a fitting one, else by the usual
/// meaning of the bands. The image has no alpha any more. Throws ImageError "unsupported format".
Image to_srgb(Image image);

}  // namespace ilk
