#if ILK_WITH_VIPS
#include "io/vips_session.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <set>
#include <sstream>

#include "core/fail.h"

namespace ilk {
namespace {

/// libvips keeps buffers per thread and asks foreign threads to say goodbye.
struct ThreadGoodbye {
  ~ThreadGoodbye() { vips().thread_shutdown(); }
};

/// Whether the complaints are those of a file that ends too early, which people know how to help.
bool tells_of_an_early_end(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* sign :
       {"premature end", "unexpected end", "end of file", "seek error", "not enough", "truncated"})
    if (text.find(sign) != std::string::npos) return true;
  return false;
}

}  // namespace

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

std::string take_error_buffer() {
  const std::unique_ptr<char, void (*)(void*)> buffer(vips().error_buffer_copy(), vips().free);
  return buffer.get();
}

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

ImageError error_of(const Content& content, const std::string& complaints) {
  const std::string text = error_text(complaints);
  // libheif's word for a codec that was not built in.
  if (content.format == ImageFormat::heif && text.find("Unsupported") != std::string::npos)
    return ImageError("unsupported format", content.name + ": " + text);
  return ImageError("damaged", content.name + (tells_of_an_early_end(text) ? ", cut off: " : ": ") + text);
}

}  // namespace ilk

#endif
