#pragma once
// The part of image decoding that libvips does: bytes in, rows of 8-bit sRGB out.
#include <functional>
#include <string>
#include <string_view>

#include "io/image_format.h"
#include "io/resample.h"

namespace ilk {

/// What is wanted of an image: the white to put around it, the size to resize the whole to, and the window of
/// that to keep.
struct WantedPixels {
  ImageSize target;
  Window window;
  Margins margins = {};
};

/// Decodes and corrects one image (see decode_for_model) and resizes it to what `place` answers to the size
/// of the image as a person sees it, that is after EXIF orientation. Thread-safe. Throws ImageError; Error
/// without libvips.
Pixels decode_pixels(std::string_view bytes, const std::function<WantedPixels(ImageSize)>& place,
                     ImagePreprocessor::Resample kernel, const DecodeOptions& options);

/// What an image says before any of its pixels.
struct ImageHeader {
  ImageSize size;     ///< as a person sees it, after EXIF orientation
  std::string taken;  ///< EXIF's DateTimeOriginal, "2024:05:01 12:30:59"; this and the rest empty: not said
  std::string taken_sub;  ///< SubSecTimeOriginal, digits of the second's fraction
  std::string camera;     ///< Model
};

/// Reads the header alone. Thread-safe. Throws as decode_pixels.
ImageHeader image_header(std::string_view bytes, const DecodeOptions& options);

/// The whole image within `edge` × `edge`; a smaller one as it is. Throws as decode_pixels.
Pixels decode_within(std::string_view bytes, std::int64_t edge, const DecodeOptions& options);

/// JPEG of good quality, without metadata.
std::string encode_jpeg(const Pixels& pixels);

}  // namespace ilk
