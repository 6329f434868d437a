#pragma once
// The functions of libvips that ilk uses. Only for files compiled where libvips's headers are there.
#include <vips/vips.h>

namespace ilk {

// Each without its prefix vips_.
// clang-format off
#define ILK_VIPS_FUNCTIONS(X) \
  X(area_unref) \
  X(array_double_newv) \
  X(band_format_isfloat) \
  X(bandjoin) \
  X(block_untrusted_set) \
  X(cache_set_max) \
  X(cast_uchar) \
  X(cast_ushort) \
  X(colourspace) \
  X(colourspace_issupported) \
  X(concurrency_set) \
  X(copy) \
  X(error_buffer) \
  X(error_buffer_copy) \
  X(error_clear) \
  X(extract_band) \
  X(flatten) \
  X(gifload_buffer) \
  X(heifload_buffer) \
  X(icc_export) \
  X(icc_transform) \
  X(image_get_blob) \
  X(image_get_orientation) \
  X(image_get_string) \
  X(image_get_typeof) \
  X(image_guess_interpretation) \
  X(image_hasalpha) \
  X(image_new_from_memory) \
  X(init) \
  X(invert) \
  X(jpegload_buffer) \
  X(jpegsave_buffer) \
  X(jxlload_buffer) \
  X(linear1) \
  X(multiply) \
  X(operation_block_set) \
  X(pngload_buffer) \
  X(region_new) \
  X(region_prepare) \
  X(shrink) \
  X(thread_shutdown) \
  X(tiffload_buffer) \
  X(type_find) \
  X(version_string) \
  X(webpload_buffer)
// clang-format on

struct VipsLibrary {
#define ILK_DECLARE(name) decltype(&::vips_##name) name;  // NOLINT(bugprone-macro-parentheses): a declaration
  ILK_VIPS_FUNCTIONS(ILK_DECLARE)
#undef ILK_DECLARE
  decltype(&::g_object_unref) object_unref;
  decltype(&::g_free) free;
  decltype(&::g_log_set_handler) log_set_handler;
};

/// The library, loaded at the first call. Throws Error where it cannot be.
const VipsLibrary& vips();

}  // namespace ilk
