#pragma once
#include <string>
#include <string_view>

namespace ilk {

/// What the first bytes of a file say that it is.
enum class ImageFormat {
  none,
  jpeg,
  png,
  webp,
  gif,
  tiff,
  heif,
  jpeg_xl,
  bitmap,
  pixmap,
  camera_raw,
  unsupported
};

struct Content {
  ImageFormat format = ImageFormat::none;
  /// For people: "JPEG", "PDF document", "text". HEIC and AVIF share a container and are told apart here.
  std::string name;
};

/// How many bytes recognise_content looks at.
inline constexpr std::size_t content_prefix = 4096;

/// Decides by content alone. `bytes` is the beginning of the file, all of it or at least content_prefix.
Content recognise_content(std::string_view bytes);

/// Throws ImageError "unsupported format" for a camera's own file of which no picture can be read.
[[noreturn]] void throw_camera_raw();

/// Throws ImageError "not an image" or "unsupported format" unless the content is of a format that ilk knows.
void require_image(const Content& content);

}  // namespace ilk
