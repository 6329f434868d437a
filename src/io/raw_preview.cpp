#include "io/raw_preview.h"

#include <ilk/image.h>

#if ILK_WITH_LIBRAW
#include <memory>
#include <vector>

#include "io/dataset_formats.h"
#include "io/raw_library.h"

namespace ilk {
namespace {

[[noreturn]] void fail_with(int error) {
  if (error == LIBRAW_NO_THUMBNAIL || error == LIBRAW_REQUEST_FOR_NONEXISTENT_IMAGE)
    throw ImageError("unsupported format",
                     "Camera raw without a readable preview: it holds none; export it as JPEG or TIFF");
  if (error == LIBRAW_UNSUPPORTED_THUMBNAIL)
    throw ImageError(
        "unsupported format",
        "Camera raw without a readable preview: LibRaw does not know its format; export it as JPEG or TIFF");
  if (error == LIBRAW_FILE_UNSUPPORTED)
    throw ImageError(
        "unsupported format",
        "Camera raw without a readable preview: LibRaw does not know the camera; export it as JPEG or TIFF");
  throw ImageError("damaged", std::string("camera raw: ") + libraw().strerror(error));
}

/// EXIF's orientation for LibRaw's flip, which knows turns alone.
int orientation_of(int flip) {
  return flip == 3 ? 3 : flip == 5 ? 8 : flip == 6 ? 6 : 1;
}

struct Close {
  void operator()(libraw_data_t* raw) const { libraw().close(raw); }
};
struct Clear {
  void operator()(libraw_processed_image_t* image) const { libraw().dcraw_clear_mem(image); }
};

}  // namespace

RawPreview raw_preview(std::string_view bytes) {
  const std::unique_ptr<libraw_data_t, Close> raw(libraw().init(0));
  if (!raw) throw std::bad_alloc();
  // LibRaw does not write into the buffer.
  if (const int error = libraw().open_buffer(raw.get(), const_cast<char*>(bytes.data()), bytes.size()))
    fail_with(error);
  if (const int error = libraw().unpack_thumb(raw.get())) fail_with(error);
  int error = 0;
  const std::unique_ptr<libraw_processed_image_t, Clear> image(
      libraw().dcraw_make_mem_thumb(raw.get(), &error));
  if (!image) fail_with(error);
  const char* data = reinterpret_cast<const char*>(image->data);
  RawPreview preview{.orientation = orientation_of(raw->sizes.flip)};
  if (image->type == LIBRAW_IMAGE_JPEG) {
    preview.bytes.assign(data, image->data_size);
    return preview;
  }
  const std::size_t size = std::size_t{image->height} * image->width * image->colors;
  if (image->bits != 8 || (image->colors != 1 && image->colors != 3) || image->data_size < size)
    fail_with(LIBRAW_UNSUPPORTED_THUMBNAIL);
  preview.bytes = internal::png_of_pixels(image->height, image->width, image->colors, image->data).bytes;
  return preview;
}

}  // namespace ilk

#else

namespace ilk {

RawPreview raw_preview(std::string_view) {
  throw ImageError(
      "unsupported format",
      "Camera raw without a readable preview: this ilk was built without LibRaw, which finds it");
}

}  // namespace ilk

#endif
