#include "io/text_file.h"

#include <algorithm>
#include <cstdint>

#include "core/fail.h"
#include "io/files.h"
#include "io/foreign_content.h"
#include "io/strings.h"

namespace ilk {
namespace {

/// UTF-16 without its mark as UTF-8 (Unicode 15, section 3.9).
std::string utf8_of_utf16(std::string_view bytes, bool little_endian, std::string_view place,
                          std::string_view function) {
  require(bytes.size() % 2 == 0, function, place,
          " is UTF-16 and must have an even number of bytes; it is cut.");
  const auto unit = [&](std::size_t i) {
    const auto first = static_cast<unsigned char>(bytes[i]),
               second = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<std::uint32_t>(little_endian ? second << 8 | first : first << 8 | second);
  };
  std::string text;
  text.reserve(bytes.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    std::uint32_t point = unit(i);
    if (point >= 0xD800 && point < 0xE000) {
      const std::uint32_t low = point < 0xDC00 && i + 2 < bytes.size() ? unit(i + 2) : 0;
      require(low >= 0xDC00 && low < 0xE000, function, place,
              " is UTF-16 and must pair its surrogates; those at byte ", i + 2, " are damaged.");
      point = 0x10000 + ((point & 0x3FF) << 10) + (low & 0x3FF);
      i += 2;
    }
    append_utf8(text, static_cast<char32_t>(point));
  }
  return text;
}

/// Whether zero bytes stand beside line breaks, or between single letters: UTF-16 of Latin letters does that,
/// and no list of paths.
bool looks_like_utf16(std::string_view bytes) {
  if (bytes.find(std::string_view("\n\0", 2)) != std::string_view::npos) return true;
  std::size_t parts = 0, single = 0;
  bool is_path = false;  // "./a" in UTF-16 is "." "/" "a": the second would be the whole file system
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\0', begin), bytes.size());
    ++parts;
    if (end <= begin + 1) ++single;
    if (end == begin + 1) is_path |= std::string_view("./\\:").find(bytes[begin]) != std::string_view::npos;
    begin = end + 1;
  }
  return (parts >= 4 && 4 * single >= 3 * parts) || (parts >= 2 && single == parts && is_path);
}

}  // namespace

std::string decode_text(std::string bytes, std::string_view place, std::string_view function,
                        ZeroBytes zero_bytes) {
  const std::string_view all = bytes;
  if (const std::string what = foreign_content(all); !what.empty())
    fail(function, place, " must be a text; it is ", what, ".");
  const bool little_endian = all.starts_with("\xFF\xFE"), big_endian = all.starts_with("\xFE\xFF");
  require(!all.starts_with(std::string_view("\xFF\xFE\0\0", 4)) &&
              !all.starts_with(std::string_view("\0\0\xFE\xFF", 4)),
          function, place, " must be UTF-8 or UTF-16, got UTF-32.");
  if (little_endian || big_endian)
    bytes = utf8_of_utf16(all.substr(2), little_endian, place, function);
  else if (all.starts_with("\xEF\xBB\xBF"))
    bytes.erase(0, 3);
  if (bytes.find('\0') != std::string::npos) {
    require(!looks_like_utf16(bytes), function, place,
            " must be UTF-8, or UTF-16 with a byte-order mark; it has zero bytes between single letters, as "
            "UTF-16 without the mark has.");
    require(zero_bytes == ZeroBytes::allowed, function, place, " must be a text, but holds a zero byte.");
  }
  if (bytes.find('\r') != std::string::npos && bytes.find('\n') == std::string::npos)
    std::replace(bytes.begin(), bytes.end(), '\r', '\n');
  return bytes;
}

std::string read_text_file(const std::filesystem::path& path, std::string_view function) {
  return decode_text(read_file(path), path.string(), function);
}

}  // namespace ilk
