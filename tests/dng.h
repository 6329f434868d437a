#pragma once
// Makes small DNG files (Adobe's Digital Negative 1.4, a TIFF): a mosaic of a few pixels, and a JPEG preview.
#include <cstdint>
#include <string>
#include <vector>

namespace dng {

struct Entry {
  std::uint16_t tag;
  std::uint16_t type;  // 1: bytes, 2: text, 3: 16 bits, 4: 32 bits
  std::vector<std::uint32_t> values;
};

inline void put(std::string& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> 8 * i);
}

inline Entry text(std::uint16_t tag, const std::string& value) {
  Entry entry{tag, 2, {value.begin(), value.end()}};
  entry.values.push_back(0);
  return entry;
}

inline int size_of(std::uint16_t type) {
  return type == 4 ? 4 : type == 3 ? 2 : 1;
}

/// A directory at `offset`, with what does not fit into its entries behind it.
inline std::string directory(const std::vector<Entry>& entries, std::size_t offset) {
  std::string head, tail;
  put(head, entries.size(), 2);
  const std::size_t behind = offset + 2 + 12 * entries.size() + 4;
  for (const auto& [tag, type, values] : entries) {
    put(head, tag, 2);
    put(head, type, 2);
    put(head, values.size(), 4);
    std::string data;
    for (const auto value : values) put(data, value, size_of(type));
    if (data.size() <= 4) {
      data.resize(4);
      head += data;
    } else {
      put(head, behind + tail.size(), 4);
      tail += data;
      if (tail.size() % 2) tail += '\0';
    }
  }
  put(head, 0, 4);  // no next directory
  return head + tail;
}

/// A DNG whose preview is `jpeg` of this size (empty: there is none), to be turned as `orientation` (EXIF)
/// says.
inline std::string file(const std::string& jpeg, std::uint32_t width, std::uint32_t height,
                        std::uint32_t orientation = 1) {
  constexpr std::uint32_t side = 32;  // of the mosaic
  std::string pixels;
  for (std::uint32_t i = 0; i < side * side; ++i) put(pixels, 1000 + 37 * i % 3000, 2);
  const std::uint32_t pixels_at = 8, jpeg_at = pixels_at + static_cast<std::uint32_t>(pixels.size());
  std::string bytes("II*\0", 4);
  std::string body = pixels + jpeg;
  if (body.size() % 2) body += '\0';
  const auto preview_at = static_cast<std::uint32_t>(8 + body.size());
  const std::vector<Entry> preview{{254, 4, {1}},       {256, 4, {width}},
                                   {257, 4, {height}},  {258, 3, {8, 8, 8}},
                                   {259, 3, {7}},       {262, 3, {6}},
                                   {273, 4, {jpeg_at}}, {277, 3, {3}},
                                   {278, 4, {height}},  {279, 4, {static_cast<std::uint32_t>(jpeg.size())}},
                                   {284, 3, {1}}};
  if (!jpeg.empty()) body += directory(preview, preview_at);
  const auto main_at = static_cast<std::uint32_t>(8 + body.size());
  std::vector<Entry> main{{254, 4, {0}},
                          {256, 4, {side}},
                          {257, 4, {side}},
                          {258, 3, {16}},
                          {259, 3, {1}},
                          {262, 3, {32803}},
                          text(271, "ilk"),
                          text(272, "test camera"),
                          {273, 4, {pixels_at}},
                          {274, 3, {orientation}},
                          {277, 3, {1}},
                          {278, 4, {side}},
                          {279, 4, {static_cast<std::uint32_t>(pixels.size())}},
                          {284, 3, {1}},
                          {330, 4, {preview_at}},
                          {33421, 3, {2, 2}},
                          {33422, 1, {0, 1, 1, 2}},
                          {50706, 1, {1, 4, 0, 0}},
                          text(50708, "ilk test camera"),
                          {50717, 4, {4095}}};
  if (jpeg.empty()) std::erase_if(main, [](const Entry& entry) { return entry.tag == 330; });
  body += directory(main, main_at);
  put(bytes, main_at, 4);
  return bytes + body;
}

}  // namespace dng
