// H rows, W columns.
#include <zlib.h>

#include <algorithm>
#include <sstream>

#include "core/fail.h"
#include "io/dataset_formats.h"
#include "io/files.h"
#include "io/gzip_file.h"
#include "io/sha256.h"
#include "io/text_file.h"
#include "io/zip.h"

namespace ilk::internal {
namespace {

constexpr std::size_t most_unpacked_bytes = std::size_t{1} << 30;

class MemorySource : public ByteSource {
 public:
  MemorySource(std::filesystem::path path, std::string bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  void read(std::uint64_t offset, std::span<std::byte> bytes) override {
    require(offset <= bytes_.size() && bytes.size() <= bytes_.size() - offset, in_open_dataset, path_,
            " ends before byte ", offset + bytes.size(), ".");
    std::copy_n(reinterpret_cast<const std::byte*>(bytes_.data()) + offset, bytes.size(), bytes.begin());
  }

 private:
  std::filesystem::path path_;
  std::string bytes_;
};

void put_number(std::string& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(value >> shift & 255);
}

void put_chunk(std::string& png, const char* name, const std::string& contents) {
  put_number(png, static_cast<std::uint32_t>(contents.size()));
  const std::size_t begin = png.size();
  png += name + contents;
  put_number(png, static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(png.data() + begin),
                                                   static_cast<uInt>(png.size() - begin))));
}

/// A zlib stream (RFC 1950) of stored blocks: the same bytes with every version of zlib.
std::string stored(const std::string& raw) {
  constexpr std::size_t most = 65535;
  std::string stream = "\x78\x01";
  for (std::size_t at = 0; at < raw.size(); at += most) {
    const std::size_t count = std::min(most, raw.size() - at);
    stream += static_cast<char>(at + count == raw.size());
    for (const std::size_t length : {count, ~count}) {
      stream += static_cast<char>(length & 255);
      stream += static_cast<char>(length >> 8 & 255);
    }
    stream.append(raw, at, count);
  }
  put_number(stream, static_cast<std::uint32_t>(adler32(1, reinterpret_cast<const Bytef*>(raw.data()),
                                                        static_cast<uInt>(raw.size()))));
  return stream;
}

}  // namespace

ImageFile png_of_pixels(std::int64_t height, std::int64_t width, std::int64_t channels,
                        const std::uint8_t* pixels) {
  std::string header;
  put_number(header, static_cast<std::uint32_t>(width));
  put_number(header, static_cast<std::uint32_t>(height));
  header += {8, channels == 1 ? '\0' : '\2', 0, 0, 0};
  std::string rows;
  rows.reserve(static_cast<std::size_t>(height * (width * channels + 1)));
  for (std::int64_t y = 0; y < height; ++y) {
    rows += '\0';  // no filter
    rows.append(reinterpret_cast<const char*>(pixels) + y * width * channels,
                static_cast<std::size_t>(width * channels));
  }
  ImageFile file{.bytes = "\x89PNG\r\n\x1a\n"};
  put_chunk(file.bytes, "IHDR", header);
  put_chunk(file.bytes, "IDAT", stored(rows));
  put_chunk(file.bytes, "IEND", "");
  file.sha256 = sha256_hex(file.bytes);
  return file;
}

std::shared_ptr<ByteSource> open_plain_or_gzip(const std::filesystem::path& path) {
  auto file = std::make_shared<InputFile>(path);
  std::array<std::byte, 2> magic{};
  if (file->size() >= 2) file->read(0, magic);
  if (magic[0] != std::byte{0x1f} || magic[1] != std::byte{0x8b}) {
    const auto size = file->size();
    return open_part(std::move(file), 0, size);
  }
  GzipFile packed(path);
  std::string bytes;
  while (true) {
    const std::size_t before = bytes.size();
    bytes.resize(before + (std::size_t{1} << 20));
    const std::size_t got = packed.read(std::as_writable_bytes(std::span(bytes).subspan(before)));
    bytes.resize(before + got);
    if (got == 0) break;
    require(bytes.size() <= most_unpacked_bytes, in_open_dataset, path,
            " must be at most 1 GiB unpacked to be read as it is; unpack it with gunzip.");
  }
  return std::make_shared<MemorySource>(path, std::move(bytes));
}

std::string read_all(ByteSource& source) {
  std::string bytes(source.size(), '\0');
  source.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

std::vector<std::string> class_names(std::vector<std::string> names, std::int64_t n) {
  names.resize(static_cast<std::size_t>(std::max<std::int64_t>(n, 0)));
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i].empty()) names[i] = std::to_string(i);
  return names;
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  std::istringstream text(read_text_file(path, in_open_dataset));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::function<ImageFile(std::int64_t)> pixel_reader(std::vector<PixelFile> files, const PixelLayout& layout) {
  return [files = std::move(files), layout](std::int64_t index) {
    const auto [height, width, channels, planes, columns] = layout;
    std::size_t f = 0;
    while (f < files.size() && index >= files[f].count) index -= files[f++].count;
    require(index >= 0 && f < files.size(), in_open_dataset,
            "an image's number must be below the number of images.");
    const std::int64_t area = height * width;
    std::vector<std::uint8_t> stored(static_cast<std::size_t>(area * channels));
    files[f].bytes->read(files[f].first + static_cast<std::uint64_t>(index) * files[f].stride,
                         std::as_writable_bytes(std::span(stored)));
    if (!planes && !columns) return png_of_pixels(height, width, channels, stored.data());
    std::vector<std::uint8_t> pixels(stored.size());
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x)
          pixels[static_cast<std::size_t>((y * width + x) * channels + c)] =
              stored[static_cast<std::size_t>(c * area + (columns ? x * height + y : y * width + x))];
    return png_of_pixels(height, width, channels, pixels.data());
  };
}

void add_split(Dataset& dataset, const std::string& split, const std::vector<std::int64_t>& labels) {
  const auto begin = static_cast<std::int64_t>(dataset.images.size());
  for (std::size_t i = 0; i < labels.size(); ++i)
    dataset.images.push_back({split + "/" + std::to_string(i), labels[i]});
  dataset.splits.push_back({split, begin, static_cast<std::int64_t>(dataset.images.size())});
}

}  // namespace ilk::internal
