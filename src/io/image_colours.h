#pragma once
// The one place where pixels become sRGB.
#include <functional>

#include "io/tiff_head.h"
#include "io/vips_image.h"

namespace ilk {

/// Samples as the rest of ilk takes them: colours and at most one alpha behind them, of 8 or 16 bits. TIFF's
/// samples that are neither are dropped; CIELAB becomes sRGB; floats become 16 bits where their range is
/// plain (0 … 1, or 0 … 255). `tiff` is null for other formats; `again` opens the image once more, for a look
/// at all floats. Throws ImageError "unsupported format" where nothing says which numbers are black and
/// white.
Image standard_samples(Image image, const TiffHead* tiff, const std::function<Image()>& again);

/// Without alpha: what is transparent shows white. Done in the image's own colours, where white is the
/// largest value, of inks the least.
Image flatten_on_white(Image image);

/// Three bands of 8-bit sRGB: by the embedded ICC profile where there is a fitting one, else by the usual
/// meaning of the bands. A profile of other colours than the pixels have (grey, Lab, inks on RGB and the
/// reverse) is as good as none. The image has no alpha any more.
Image to_srgb(Image image);

}  // namespace ilk
