#pragma once
// libvips's images as values that clean up after themselves. Only for files compiled where libvips is there.
#include <memory>

#include "io/vips_library.h"

namespace ilk {

/// A failure whose cause is in libvips's error buffer.
struct VipsFailure {};

struct Unref {
  void operator()(void* object) const { vips().object_unref(object); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

/// Calls a libvips operation whose last argument but the options is the image to make.
template <class Operation>
Image make(Operation&& operation) {
  VipsImage* out = nullptr;
  if (operation(&out) != 0) throw VipsFailure();
  return Image(out);
}

}  // namespace ilk
