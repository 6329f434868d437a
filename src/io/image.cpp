// H rows, W columns.
#include <fcntl.h>
#include <ilk/image.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>

#include "core/fail.h"
#include "core/option_checks.h"
#include "io/descriptor.h"
#include "io/image_decoder.h"
#include "io/image_format.h"
#include "io/sha256.h"

namespace ilk {
namespace {

constexpr std::int64_t largest_file = std::int64_t{4} << 30;

[[noreturn]] void fail_to_open(const std::string& path) {
  const int error = errno;
  struct stat status {};
  if (error == ENOENT && ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode))
    throw ImageError("dangling link", "the link leads to a file that does not exist");
  if (error == ENOENT || error == ENOTDIR) throw ImageError("vanished", "the file does not exist (any more)");
  if (error == ELOOP) throw ImageError("link loop", "the link leads back to itself");
  if (error == ENXIO || error == ENODEV) throw ImageError("special file", "a socket or device, not a file");
  throw ImageError("unreadable", std::string("the file cannot be opened: ") + std::strerror(error));
}

std::string_view kind_of_special_file(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder, not a file";
  if (S_ISFIFO(mode)) return "a named pipe, not a file";
  if (S_ISSOCK(mode)) return "a socket, not a file";
  return "a device, not a file";
}

/// Appends up to `count` bytes; less at the end of the file.
void read_some(int descriptor, std::size_t count, std::string& bytes) {
  const std::size_t before = bytes.size();
  bytes.resize(before + count);
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::read(descriptor, bytes.data() + before + done, count - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw ImageError("unreadable", std::string("the file cannot be read: ") + std::strerror(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(before + done);
}

bool is_named_camera_raw(const std::string& path) {
  constexpr std::array<std::string_view, 18> endings{".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr",
                                                     ".dng", ".erf", ".iiq", ".kdc", ".mos", ".nef",
                                                     ".nrw", ".orf", ".pef", ".raf", ".rw2", ".srw"};
  std::string ending = std::filesystem::path(path).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

/// As decode_pixels; what is damaged and named as a camera's is a raw file that no decoder here knows.
Pixels decode_file(const ImageFile& file, const std::function<WantedPixels(ImageSize)>& place,
                   ImagePreprocessor::Resample kernel, const DecodeOptions& options) {
  try {
    return decode_pixels(file.bytes, place, kernel, options);
  } catch (const ImageError& error) {
    if (file.named_camera_raw && error.kind() == "damaged") throw_camera_raw();
    throw;
  }
}

/// Where the centred window of the crop lies, with Hugging Face's rounding. A crop larger than the image
/// reaches over its edges, where it is black.
std::int64_t crop_offset(std::int64_t size, std::int64_t crop) {
  if (crop <= size) return (size - crop) / 2;
  return -((crop - size + 1) / 2);
}

WantedPixels place_for_model(ImageSize size, const ImagePreprocessor& preprocessor) {
  WantedPixels wanted;
  if (preprocessor.fit == ImagePreprocessor::Fit::padded) {
    wanted.target = {preprocessor.crop_height, preprocessor.crop_width};
    const std::int64_t side = std::max(size.height, size.width);
    const std::int64_t top = (side - size.height) / 2, left = (side - size.width) / 2;
    wanted.margins = {static_cast<double>(top), static_cast<double>(left),
                      static_cast<double>(side - size.height - top),
                      static_cast<double>(side - size.width - left)};
  } else if (preprocessor.shortest_edge == 0) {
    wanted.target = {preprocessor.crop_height, preprocessor.crop_width};
  } else if (size.width <= size.height) {
    wanted.target = {preprocessor.shortest_edge * size.height / size.width, preprocessor.shortest_edge};
  } else {
    wanted.target = {preprocessor.shortest_edge, preprocessor.shortest_edge * size.width / size.height};
  }
  wanted.window = {crop_offset(wanted.target.height, preprocessor.crop_height),
                   crop_offset(wanted.target.width, preprocessor.crop_width), preprocessor.crop_height,
                   preprocessor.crop_width};
  return wanted;
}

WantedPixels place_within(ImageSize size, std::int64_t edge) {
  const std::int64_t longest = std::max(size.height, size.width);
  WantedPixels wanted{.target = size};
  if (longest > edge) {
    const auto scaled = [&](std::int64_t length) {
      return std::max<std::int64_t>((2 * length * edge + longest) / (2 * longest), 1);
    };
    wanted.target = {scaled(size.height), scaled(size.width)};
  }
  wanted.window = {0, 0, wanted.target.height, wanted.target.width};
  return wanted;
}

}  // namespace

ImageFile read_image_file(const std::string& path) {
  // Without O_NONBLOCK the opening of a pipe would wait for somebody to write to it.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail_to_open(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    throw ImageError("unreadable", std::string("the file cannot be examined: ") + std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    throw ImageError("special file", std::string(kind_of_special_file(status.st_mode)));

  ImageFile result;
  read_some(file.get(), content_prefix, result.bytes);
  if (result.bytes.empty()) throw ImageError("empty", "the file has no bytes");
  require_image(recognise_content(result.bytes));
  if (status.st_size > largest_file)
    throw ImageError("too large",
                     "the file has " + std::to_string(status.st_size >> 30) + " GiB; 4 are read at most");
  if (result.bytes.size() == content_prefix) {
    const auto whole = static_cast<std::size_t>(std::max<std::int64_t>(status.st_size, content_prefix));
    result.bytes.reserve(whole);
    read_some(file.get(), whole - content_prefix, result.bytes);
  }
  result.sha256 = sha256_hex(result.bytes);
  result.named_camera_raw = is_named_camera_raw(path);
  return result;
}

Matrix<float> decode_for_model(const ImageFile& file, const ImagePreprocessor& preprocessor,
                               const DecodeOptions& options) {
  check_ranges(options, "decode_for_model");
  require(preprocessor.crop_height > 0 && preprocessor.crop_width > 0, "decode_for_model",
          "crop_height and crop_width must be above 0, got ", preprocessor.crop_height, " and ",
          preprocessor.crop_width, ".");
  require(preprocessor.shortest_edge >= 0, "decode_for_model", "shortest_edge must be at least 0, got ",
          preprocessor.shortest_edge, ".");
  const Pixels pixels = decode_file(
      file, [&](ImageSize size) { return place_for_model(size, preprocessor); }, preprocessor.resample,
      options);

  const std::int64_t area = preprocessor.crop_height * preprocessor.crop_width;
  auto result = Matrix<float>::uninitialised(3, area);
  float* values = result.data();
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const double scale = preprocessor.rescale_factor / preprocessor.standard_deviation[channel];
    const double shift = preprocessor.mean[channel] / preprocessor.standard_deviation[channel];
    for (std::int64_t i = 0; i < area; ++i)
      *values++ = static_cast<float>(pixels.rgb[static_cast<std::size_t>(3 * i) + channel] * scale - shift);
  }
  return result;
}

std::string make_thumbnail(const ImageFile& file, std::int64_t edge, const DecodeOptions& options) {
  check_ranges(options, "make_thumbnail");
  require(edge > 0, "make_thumbnail", "edge must be above 0, got ", edge, ".");
  return encode_jpeg(decode_file(
      file, [&](ImageSize size) { return place_within(size, edge); }, ImagePreprocessor::Resample::bicubic,
      options));
}

Pixels decode_within(std::string_view bytes, std::int64_t edge, const DecodeOptions& options) {
  return decode_pixels(
      bytes, [&](ImageSize size) { return place_within(size, edge); }, ImagePreprocessor::Resample::bicubic,
      options);
}

}  // namespace ilk
