#pragma once
// Makes small TIFF files, little-endian and uncompressed, and ICC profiles to put into them.
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace tiff_files {

struct Layout {
  std::uint32_t width = 1, height = 1;
  std::uint16_t photometric = 2;  ///< 0 and 1 grey, 2 RGB, 5 CMYK, 8 CIELAB
  std::uint16_t samples = 3;
  std::uint16_t format = 1;  ///< 1 unsigned, 2 signed, 3 floating point
  std::vector<std::uint16_t> extra_samples = {};
  std::string profile = {};
};

template <class Number>
void put(std::string& to, Number value) {
  static_assert(std::endian::native == std::endian::little);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  to.append(bytes, sizeof value);
}

/// A TIFF of these samples, pixel by pixel.
template <class Sample>
std::string tiff(const Layout& layout, const std::vector<Sample>& samples) {
  std::string pixels;
  for (const Sample sample : samples) put(pixels, sample);
  std::string extra, entries;
  std::uint16_t count = 0;
  const std::uint32_t shorts = 3, longs = 4, bytes = 7;
  const auto entry = [&](std::uint16_t tag, std::uint32_t type, std::uint32_t n, std::uint32_t value) {
    put(entries, tag);
    put(entries, static_cast<std::uint16_t>(type));
    put(entries, n);
    put(entries, value);
    ++count;
  };
  // Pixels follow the header of 8 bytes, then what does not fit into entries, then the directory.
  const auto beside = [&](const std::string& value) {
    if ((8 + pixels.size() + extra.size()) % 2 != 0) extra += '\0';
    const auto at = static_cast<std::uint32_t>(8 + pixels.size() + extra.size());
    extra += value;
    return at;
  };
  const auto list = [&](std::uint16_t tag, const std::vector<std::uint16_t>& values) {
    std::string packed;
    for (const auto value : values) put(packed, value);
    std::uint32_t inside = 0;
    if (packed.size() <= 4)
      std::memcpy(&inside, packed.data(), packed.size());
    else
      inside = beside(packed);
    entry(tag, shorts, static_cast<std::uint32_t>(values.size()), inside);
  };
  entry(256, longs, 1, layout.width);
  entry(257, longs, 1, layout.height);
  list(258, std::vector<std::uint16_t>(layout.samples, 8 * sizeof(Sample)));
  entry(259, shorts, 1, 1);
  entry(262, shorts, 1, layout.photometric);
  entry(273, longs, 1, 8);
  entry(277, shorts, 1, layout.samples);
  entry(278, longs, 1, layout.height);
  entry(279, longs, 1, static_cast<std::uint32_t>(pixels.size()));
  if (!layout.extra_samples.empty()) list(338, layout.extra_samples);
  list(339, std::vector<std::uint16_t>(layout.samples, layout.format));
  if (!layout.profile.empty())
    entry(34675, bytes, static_cast<std::uint32_t>(layout.profile.size()), beside(layout.profile));
  const std::uint32_t directory = beside("");
  std::string file = "II*";
  file += '\0';
  put(file, directory);
  file += pixels + extra;
  put(file, count);
  file += entries;
  put(file, std::uint32_t{0});
  return file;
}

inline void put_big(std::string& to, std::uint32_t value, int bytes = 4) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) to += static_cast<char>(value >> shift & 255);
}

/// An ICC 2.1 profile that a reader takes, of one gamma; `space` is what its header says: "GRAY" has one
/// curve, all else has three and the primaries of sRGB with red and blue exchanged.
inline std::string profile(const std::string& space, double gamma, const std::string& kind = "mntr") {
  const auto fixed = [](std::string& to, double value) {
    put_big(to, static_cast<std::uint32_t>(static_cast<std::int32_t>(value * 65536)));
  };
  const auto xyz = [&](std::array<double, 3> values) {
    std::string tag = std::string("XYZ \0\0\0\0", 8);
    for (const double value : values) fixed(tag, value);
    return tag;
  };
  std::string curve("curv\0\0\0\0\0\0\0\1", 12), description("desc\0\0\0\0\0\0\0\2x\0", 14);
  put_big(curve, static_cast<std::uint32_t>(gamma * 256), 2);
  curve += std::string(2, '\0');
  description += std::string(78, '\0');
  std::vector<std::pair<std::string, std::string>> tags{{"desc", description},
                                                        {"cprt", std::string("text\0\0\0\0CC0\0", 12)},
                                                        {"wtpt", xyz({0.9642, 1, 0.8249})}};
  if (space == "GRAY") {
    tags.emplace_back("kTRC", curve);
  } else {
    tags.emplace_back("rXYZ", xyz({0.1431, 0.0606, 0.7141}));
    tags.emplace_back("gXYZ", xyz({0.3851, 0.7169, 0.0971}));
    tags.emplace_back("bXYZ", xyz({0.4361, 0.2225, 0.0139}));
    for (const char* name : {"rTRC", "gTRC", "bTRC"}) tags.emplace_back(name, curve);
  }
  std::string table, body;
  put_big(table, static_cast<std::uint32_t>(tags.size()));
  const std::size_t start = 128 + 4 + 12 * tags.size();
  for (const auto& [name, data] : tags) {
    table += name;
    put_big(table, static_cast<std::uint32_t>(start + body.size()));
    put_big(table, static_cast<std::uint32_t>(data.size()));
    body += data + std::string((4 - data.size() % 4) % 4, '\0');
  }
  std::string header;
  put_big(header, static_cast<std::uint32_t>(start + body.size()));
  put_big(header, 0);
  put_big(header, 0x02100000);
  header += kind + space + "XYZ ";
  header.resize(36);
  header += "acsp";
  header.resize(68);
  for (const double value : {0.9642, 1.0, 0.8249}) fixed(header, value);
  header.resize(128);
  return header + table + body;
}

}  // namespace tiff_files
