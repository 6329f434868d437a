#include "image_decoder.h"

#include <ilk/error.h>

#include <utility>

#if ILK_WITH_VIPS
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <sstream>
#include <type_traits>

#include "bare_picture.h"
#include "image_colours.h"
#include "raw_preview.h"
#include "vips_image.h"

namespace ilk {
namespace {

/// Takes libvips's warnings on this thread while it lives; elsewhere they are dropped.
class WarningsKept {
 public:
  WarningsKept() { current = this; }
  ~WarningsKept() { current = nullptr; }
  WarningsKept(const WarningsKept&) = delete;
  WarningsKept& operator=(const WarningsKept&) = delete;
  const std::string& text() const { return text_; }

  static void log_handler(const char*, GLogLevelFlags level, const char* message, void*) {
    if (current && (level & G_LOG_LEVEL_WARNING)) current->text_ += std::string(message) + "\n";
  }

 private:
  static inline thread_local WarningsKept* current = nullptr;
  std::string text_;
};

/// libvips keeps buffers per thread and asks foreign threads to say goodbye.
struct ThreadGoodbye {
  ~ThreadGoodbye() { vips().thread_shutdown(); }
};

void start_vips() {
  static const bool started = [] {
    if (vips().init("ilk") != 0) return false;
    // What a decoder grumbles becomes an ImageError's reason; nothing goes to the terminal.
    for (const char* who : {"VIPS", "GLib-GObject"})
      vips().log_set_handler(who, static_cast<GLogLevelFlags>(G_LOG_LEVEL_MASK & ~G_LOG_LEVEL_ERROR),
                             WarningsKept::log_handler, nullptr);
    vips().block_untrusted_set(TRUE);
    // JPEG XL alone is let through to decode_pixels, which asks DecodeOptions::jpeg_xl.
    vips().operation_block_set("VipsForeignLoadJxl", FALSE);
    vips().concurrency_set(1);
    vips().cache_set_max(0);
    return true;
  }();
  require(started, "decode", "libvips could not be started: ", started ? "" : vips().error_buffer(), ".");
  thread_local const ThreadGoodbye goodbye;
}

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

/// Whether ilk reads the format by itself.
bool is_bare(ImageFormat format) {
  return format == ImageFormat::bitmap || format == ImageFormat::pixmap;
}

bool has_loader(ImageFormat format) {
  if (is_bare(format)) return true;
  return vips().type_find("VipsForeignLoad", loader_of(format)) != 0;
}

/// How a decoder is asked for a smaller image: JPEG by a whole `shrink` (1, 2, 4, 8), WebP by a `scale`.
struct Reduction {
  int shrink = 1;
  double scale = 1;
};

/// Opens an image for reading from top to bottom; decodes no pixels yet. Truncation and errors fail, mere
/// warnings (stray bytes between JPEG markers and the like) do not.
Image open_image(std::string_view bytes, ImageFormat format, Reduction reduction = {}) {
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

/// The pixels must live as long as the image.
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
  std::ostringstream reason;
  reason << size.width << " × " << size.height << " pixels, " << megapixels
         << " megapixels, are more than the limit of " << options.pixel_limit;
  throw ImageError("too large", reason.str());
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

Pixels decode(const Source& source, const std::function<Placement(ImageSize)>& place,
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
  const Placement wanted = place(turned(stored));
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

/// libvips's complaints as one sentence: each once, without the names of its functions.
std::string error_text(const std::string& complaints) {
  constexpr std::array<std::string_view, 3> noise{"bad seek", "error in tile", "read gave"};
  std::istringstream lines(complaints);
  std::string text;
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    if (const auto colon = line.find(": "); colon != std::string::npos) line.erase(0, colon + 2);
    while (!line.empty() && (line.back() == '.' || line.back() == ' ')) line.pop_back();
    const bool says_nothing =
        std::any_of(noise.begin(), noise.end(), [&](auto start) { return line.find(start) == 0; });
    if (line.empty() || says_nothing || !seen.insert(line).second) continue;
    text += (text.empty() ? "" : "; ") + line;
  }
  return text.empty() ? "the decoder gives no reason" : text;
}

std::string take_error_buffer() {
  const std::unique_ptr<char, void (*)(void*)> buffer(vips().error_buffer_copy(), vips().free);
  return buffer.get();
}

/// Whether the complaints are those of a file that ends too early, which people know how to help.
bool tells_of_an_early_end(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* sign :
       {"premature end", "unexpected end", "end of file", "seek error", "not enough", "truncated"})
    if (text.find(sign) != std::string::npos) return true;
  return false;
}

ImageError error_of(const Content& content, const std::string& complaints) {
  const std::string text = error_text(complaints);
  // libheif's word for a codec that was not built in.
  if (content.format == ImageFormat::heif && text.find("Unsupported") != std::string::npos)
    return ImageError("unsupported format", content.name + ": " + text);
  return ImageError("damaged", content.name + (tells_of_an_early_end(text) ? ", cut off: " : ": ") + text);
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

Pixels decode_pixels(std::string_view bytes, const std::function<Placement(ImageSize)>& place,
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

Pixels decode_pixels(std::string_view, const std::function<Placement(ImageSize)>&,
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
