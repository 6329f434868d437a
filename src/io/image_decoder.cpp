#include "io/image_decoder.h"

#include <utility>

#include "core/fail.h"
#include "core/text.h"

#if ILK_WITH_VIPS
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <type_traits>

#include "io/image_colours.h"
#include "io/open_picture.h"
#include "io/raw_preview.h"
#include "io/vips_session.h"

namespace ilk {
namespace {

/// The most that may be taken off before the last resizing without showing: that one still halves, at least.
double allowed_reduction(double height, double width, ImageSize target) {
  return std::min(height / static_cast<double>(target.height), width / static_cast<double>(target.width)) / 2;
}

void check_pixel_limit(ImageSize size, const DecodeOptions& options) {
  constexpr std::int64_t longest_side = 10'000'000;  // libvips's VIPS_MAX_COORD
  if (std::max(size.height, size.width) >= longest_side)
    throw ImageError("too large", "a side is longer than 10 million pixels");
  const double megapixels = static_cast<double>(size.height) * static_cast<double>(size.width) / 1e6;
  if (megapixels <= options.pixel_limit) return;
  throw ImageError("too large", concatenate(size.width, " × ", size.height, " pixels, ", megapixels,
                                            " megapixels, are more than the limit of ", options.pixel_limit));
}

/// What is decoded: an image file's bytes, or those of a raw file's preview.
struct Source {
  std::string_view bytes;
  Content content;
  int orientation_if_unsaid = 1;

  int orientation(VipsImage* image) const {
    const int said = vips().image_get_orientation(image);
    return said > 1 ? said : orientation_if_unsaid;
  }
};

/// The whole picture; `bare` holds its pixels where the format is a bare one.
Image open_source(const Source& source, const DecodeOptions& options, BarePicture& bare) {
  const auto check = [&](ImageSize size) { check_pixel_limit(size, options); };
  if (source.content.format == ImageFormat::bitmap) bare = read_bitmap(source.bytes, check);
  if (source.content.format == ImageFormat::pixmap) bare = read_pixmap(source.bytes, check);
  Image image =
      is_bare(source.content.format) ? image_of(bare) : open_image(source.bytes, source.content.format);
  check(ImageSize{image->Ysize, image->Xsize});
  return image;
}

Pixels decode(const Source& source, const std::function<WantedPixels(ImageSize)>& place,
              ImagePreprocessor::Resample kernel, const DecodeOptions& options) {
  const std::string_view bytes = source.bytes;
  const Content& content = source.content;
  std::optional<TiffHead> tiff;
  if (content.format == ImageFormat::tiff) {
    tiff = read_tiff_head(bytes);
    require_known_samples(*tiff);
  }
  BarePicture bare;
  Image image = open_source(source, options, bare);
  const ImageSize stored{image->Ysize, image->Xsize};
  const int orientation = source.orientation(image.get());
  const auto turned = [&](ImageSize size) {
    return orientation_transposes(orientation) ? ImageSize{size.width, size.height} : size;
  };
  const WantedPixels wanted = place(turned(stored));
  const ImageSize target = turned(wanted.target);
  const Margins margins = margins_before_orientation(wanted.margins, orientation);

  // What the image is worth in pixels: decoders and vips().shrink round the last, partial pixel up.
  double extent_height = static_cast<double>(stored.height), extent_width = static_cast<double>(stored.width);
  const bool may_shrink = options.shrink_on_load && kernel != ImagePreprocessor::Resample::nearest;
  double reduction = may_shrink ? allowed_reduction(extent_height + margins.top + margins.bottom,
                                                    extent_width + margins.left + margins.right, target)
                                : 1;
  if (content.format == ImageFormat::jpeg && reduction >= 2) {
    const int shrink = reduction >= 8 ? 8 : reduction >= 4 ? 4 : 2;
    image = open_image(bytes, content.format, {.shrink = shrink});
    extent_height /= shrink;
    extent_width /= shrink;
    reduction /= shrink;
  } else if (content.format == ImageFormat::webp && reduction >= 2) {
    image = open_image(bytes, content.format, {.scale = 1 / reduction});
    extent_height = image->Ysize;
    extent_width = image->Xsize;
    reduction = 1;
  }
  image = standard_samples(std::move(image), tiff ? &*tiff : nullptr,
                           [&] { return open_image(bytes, content.format); });
  image = flatten_on_white(std::move(image));
  if (reduction >= 2) {
    const double shrink = std::floor(reduction);
    image = make([&](VipsImage** out) {
      return vips().shrink(image.get(), out, shrink, shrink, "ceil", TRUE, nullptr);
    });
    extent_height /= shrink;
    extent_width /= shrink;
  }
  image = to_srgb(std::move(image));

  const double down = extent_height / static_cast<double>(stored.height),
               across = extent_width / static_cast<double>(stored.width);
  RowResampler resampler(
      {image->Ysize, image->Xsize}, extent_height, extent_width, target,
      window_before_orientation(wanted.window, wanted.target, orientation), kernel,
      {margins.top * down, margins.left * across, margins.bottom * down, margins.right * across});
  const std::unique_ptr<VipsRegion, Unref> region(vips().region_new(image.get()));
  if (!region) throw VipsFailure();
  // Every row is asked for, also below a crop: a file that breaks off there is damaged all the same.
  constexpr int strip = 16;
  for (int top = 0; top < image->Ysize; top += strip) {
    const VipsRect rows{0, top, image->Xsize, std::min(strip, image->Ysize - top)};
    if (vips().region_prepare(region.get(), &rows) != 0) throw VipsFailure();
    // What VIPS_REGION_ADDR finds, which calls libvips for the 3 bytes of a pixel.
    const VipsPel* first = region->data - std::ptrdiff_t{3} * region->valid.left;
    for (int y = top; y < top + rows.height; ++y)
      resampler.add_row(first + std::ptrdiff_t{region->bpl} * (y - region->valid.top));
  }
  return orient(resampler.finish(), orientation);
}

// libvips's error buffer belongs to the whole process, so a failure's text may be mixed with another
// thread's. A decode that failed is therefore done again while no other runs; bad files are rare and usually
// fail early.
std::shared_mutex decoding;

/// What EXIF says under a name; empty where it says nothing. libvips puts the type behind it: "Text (Text,
/// ASCII, 5 components, 5 bytes)".
std::string exif_text(VipsImage* image, const char* name) {
  const char* text = nullptr;
  if (vips().image_get_typeof(image, name) == 0 || vips().image_get_string(image, name, &text) != 0)
    return "";
  const std::string_view whole(text);
  std::string_view value = whole.substr(0, whole.find(" ("));
  while (value.ends_with(' ')) value.remove_suffix(1);
  return std::string(value);
}

/// Does the work on bytes that are an image which can be decoded here, and turns libvips's failures into
/// ImageErrors.
template <class Work>
std::invoke_result_t<Work, const Source&> with_decoder(std::string_view bytes, const DecodeOptions& options,
                                                       Work&& work) {
  Source source{bytes, recognise_content(bytes)};
  require_image(source.content);
  RawPreview preview;
  // A TIFF's directory may lie behind what its content is recognised by.
  const bool is_raw_tiff = source.content.format == ImageFormat::tiff && read_tiff_head(bytes).camera_raw;
  if (is_raw_tiff || source.content.format == ImageFormat::camera_raw) {
    preview = raw_preview(bytes);
    source = {preview.bytes, recognise_content(preview.bytes), preview.orientation};
    require_image(source.content);
  }
  const Content& content = source.content;
  start_vips();
  if (!has_loader(content.format))
    throw ImageError("unsupported format", content.name + " is not among what this libvips reads");
  if (content.format == ImageFormat::jpeg_xl && !options.jpeg_xl)
    throw ImageError("unsupported format", "JPEG XL is read only where it is asked for (jpeg_xl)");

  try {
    const std::shared_lock lock(decoding);
    return work(source);
  } catch (const VipsFailure&) {
  }
  const std::unique_lock lock(decoding);
  vips().error_clear();
  const WarningsKept warnings;
  try {
    return work(source);
  } catch (const VipsFailure&) {
    const std::string complaints = take_error_buffer() + warnings.text();
    if (content.format == ImageFormat::tiff && read_tiff_head(bytes).camera_raw) throw_camera_raw();
    throw error_of(content, complaints);
  }
}

}  // namespace

Pixels decode_pixels(std::string_view bytes, const std::function<WantedPixels(ImageSize)>& place,
                     ImagePreprocessor::Resample kernel, const DecodeOptions& options) {
  return with_decoder(bytes, options,
                      [&](const Source& source) { return decode(source, place, kernel, options); });
}

ImageHeader image_header(std::string_view bytes, const DecodeOptions& options) {
  return with_decoder(bytes, options, [&](const Source& source) {
    BarePicture bare;
    const Image image = open_source(source, options, bare);
    const ImageSize stored{image->Ysize, image->Xsize};
    const bool turned = orientation_transposes(source.orientation(image.get()));
    return ImageHeader{.size = turned ? ImageSize{stored.width, stored.height} : stored,
                       .taken = exif_text(image.get(), "exif-ifd2-DateTimeOriginal"),
                       .taken_sub = exif_text(image.get(), "exif-ifd2-SubSecTimeOriginal"),
                       .camera = exif_text(image.get(), "exif-ifd0-Model")};
  });
}

std::string encode_jpeg(const Pixels& pixels) {
  start_vips();
  const auto [height, width] = pixels.size;
  const auto image = make([&](VipsImage** out) {
    *out = vips().image_new_from_memory(pixels.rgb.data(), pixels.rgb.size(), static_cast<int>(width),
                                        static_cast<int>(height), 3, VIPS_FORMAT_UCHAR);
    return *out ? 0 : -1;
  });
  const auto srgb = make([&](VipsImage** out) {
    return vips().copy(image.get(), out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  });
  void* data = nullptr;
  std::size_t size = 0;
  if (vips().jpegsave_buffer(srgb.get(), &data, &size, "Q", 82, "strip", TRUE, "optimize_coding", TRUE,
                             nullptr) != 0)
    fail("encode_jpeg", "libvips: ", error_text(take_error_buffer()), ".");
  const std::unique_ptr<void, void (*)(void*)> owner(data, vips().free);
  return std::string(static_cast<const char*>(data), size);
}

std::string image_support() {
  start_vips();
  std::string text = std::string("libvips ") + vips().version_string() + ":";
  constexpr std::pair<ImageFormat, const char*> formats[] = {
      {ImageFormat::jpeg, "JPEG"},
      {ImageFormat::png, "PNG"},
      {ImageFormat::webp, "WebP"},
      {ImageFormat::gif, "GIF"},
      {ImageFormat::tiff, "TIFF"},
      {ImageFormat::bitmap, "BMP"},
      {ImageFormat::pixmap, "PPM"},
      {ImageFormat::heif, "HEIC, AVIF"},
      {ImageFormat::jpeg_xl, "JPEG XL (if asked for)"}};
  const char* separator = " ";
  for (const auto& [format, name] : formats) {
    if (!has_loader(format)) continue;
    text += separator + std::string(name);
    separator = ", ";
  }
#if ILK_WITH_LIBRAW
  text += std::string(separator) + "camera raw (its preview)";
#endif
  return text;
}

}  // namespace ilk

#else

namespace ilk {
namespace {
[[noreturn]] void fail_without_vips() {
  fail("decode",
       "this ilk was built without libvips, which decodes images; build it with -DILK_WITH_VIPS=ON.");
}
}  // namespace

Pixels decode_pixels(std::string_view, const std::function<WantedPixels(ImageSize)>&,
                     ImagePreprocessor::Resample, const DecodeOptions&) {
  fail_without_vips();
}
ImageHeader image_header(std::string_view, const DecodeOptions&) {
  fail_without_vips();
}
std::string encode_jpeg(const Pixels&) {
  fail_without_vips();
}
std::string image_support() {
  return "no image decoder (built without libvips)";
}

}  // namespace ilk

#endif
