#pragma once
// The part of image decoding that libvips does: bytes in, rows of 8-bit sRGB out.
#include <functional>
#include <string>
#include <string_view>

#include "image_format.h"
#include "resample.h"

namespace ilk {

/// What is wanted of an image: the white to put around it, the size to resize the whole to, and the window of
/// that to keep.
struct Placement {
  ImageSize target;
  Window window;
  Margins margins = {};
};

/// Decodes and corrects one image (see decode_for_model) and resizes it to what `place` answers to the size
/// of the image as a person sees it, that is after EXIF orientation. Thread-safe. Throws ImageError; Error
/// without libvips.
Pixels decode_pixels(std::string_view bytes, const std::function<Placement(ImageSize)>& place,
                     ImagePreprocessor::Resample kernel, const DecodeOptions& options);

/// The size of an image as a person sees it, from its header alone. Thread-safe. Throws as decode_pixels.
ImageSize image_size(std::string_view bytes, const DecodeOptions& options);

/// JPEG of good quality, without metadata.
std::string encode_jpeg(const Pixels& pixels);

}  // namespace ilk
