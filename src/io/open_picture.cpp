#if ILK_WITH_VIPS
#include "io/open_picture.h"

namespace ilk {
namespace {

const char* loader_of(ImageFormat format) {
  switch (format) {
    case ImageFormat::jpeg:
      return "jpegload_buffer";
    case ImageFormat::png:
      return "pngload_buffer";
    case ImageFormat::webp:
      return "webpload_buffer";
    case ImageFormat::gif:
      return "gifload_buffer";
    case ImageFormat::tiff:
      return "tiffload_buffer";
    case ImageFormat::heif:
      return "heifload_buffer";
    case ImageFormat::jpeg_xl:
      return "jxlload_buffer";
    default:
      return "";
  }
}

}  // namespace

bool is_bare(ImageFormat format) {
  return format == ImageFormat::bitmap || format == ImageFormat::pixmap;
}

bool has_loader(ImageFormat format) {
  if (is_bare(format)) return true;
  return vips().type_find("VipsForeignLoad", loader_of(format)) != 0;
}

Image open_image(std::string_view bytes, ImageFormat format, Reduction reduction) {
  void* data = const_cast<char*>(bytes.data());
  return make([&](VipsImage** out) {
    const auto load = [&](auto operation, auto... more) {
      return operation(data, bytes.size(), out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                       VIPS_FAIL_ON_ERROR, more..., static_cast<void*>(nullptr));
    };
    switch (format) {
      case ImageFormat::jpeg:
        return load(vips().jpegload_buffer, "shrink", reduction.shrink);
      case ImageFormat::png:
        return load(vips().pngload_buffer);
      case ImageFormat::webp:
        return load(vips().webpload_buffer, "scale", reduction.scale);
      case ImageFormat::gif:
        return load(vips().gifload_buffer);
      case ImageFormat::tiff:
        return load(vips().tiffload_buffer);
      case ImageFormat::heif:
        return load(vips().heifload_buffer);
      default:
        return load(vips().jxlload_buffer);
    }
  });
}

Image image_of(const BarePicture& picture) {
  const bool bytes = picture.shorts.empty();
  const void* data = bytes ? static_cast<const void*>(picture.bytes.data()) : picture.shorts.data();
  const std::size_t size = bytes ? picture.bytes.size() : 2 * picture.shorts.size();
  const auto image = make([&](VipsImage** out) {
    *out = vips().image_new_from_memory(data, size, static_cast<int>(picture.size.width),
                                        static_cast<int>(picture.size.height), picture.bands,
                                        bytes ? VIPS_FORMAT_UCHAR : VIPS_FORMAT_USHORT);
    return *out ? 0 : -1;
  });
  const auto interpretation = picture.bands < 3
                                  ? (bytes ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_GREY16)
                                  : (bytes ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_RGB16);
  return make([&](VipsImage** out) {
    return vips().copy(image.get(), out, "interpretation", interpretation, nullptr);
  });
}

}  // namespace ilk

#endif
