#pragma once
// Folders of files that a person's collection holds and that no decoder likes, and of small good ones.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "temporary_directory.h"

namespace bad_files {

inline std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// One of the good images that the tests come with.
inline std::string fixture(const std::string& name) {
  return read(std::filesystem::path(ILK_TEST_DATA) / "images/files" / name);
}

inline std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

inline std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const unsigned char byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

inline std::string png_chunk(const std::string& kind, const std::string& data) {
  return big_endian(static_cast<std::uint32_t>(data.size())) + kind + data + big_endian(crc32(kind + data));
}

/// The zlib format with stored blocks: nothing is compressed.
inline std::string zlib_stored(std::string_view data) {
  std::string result = "\x78\x01";
  std::uint32_t a = 1, b = 0;
  for (const unsigned char byte : data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  while (true) {
    const std::string_view block = data.substr(0, 65535);
    data.remove_prefix(block.size());
    const auto size = static_cast<std::uint32_t>(block.size());
    result += data.empty() ? '\1' : '\0';
    for (const std::uint32_t value : {size, ~size}) {
      result += static_cast<char>(value & 255);
      result += static_cast<char>(value >> 8 & 255);
    }
    result += block;
    if (data.empty()) return result + big_endian(b << 16 | a);
  }
}

/// A PNG; `rows` holds per row a zero byte and the pixels. Without interlacing.
inline std::string png(std::uint32_t width, std::uint32_t height, int depth, int colour_type,
                       std::string_view rows) {
  const std::string header = big_endian(width) + big_endian(height) + static_cast<char>(depth) +
                             static_cast<char>(colour_type) + std::string(3, '\0');
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + png_chunk("IDAT", zlib_stored(rows)) +
         png_chunk("IEND", "");
}

struct BadFile {
  std::string name;
  std::string kind;  ///< as in ilk::SkippedFile
};

/// Makes them, kind by kind.
class Maker {
 public:
  explicit Maker(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    std::mt19937 random(1);
    for (char& byte : noise_) byte = static_cast<char>(random());
    noise_[0] = '\1';
  }

  std::vector<BadFile> take() { return std::move(files_); }

  void add_foreign() {
    using namespace std::string_literals;
    add("empty.jpg", "empty", "");
    add("text.jpg", "not an image", "Dear Sir,\nthis is a letter that somebody renamed.\n");
    add("page.png", "not an image", "<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n");
    add("table.csv", "not an image", "path,label\na.jpg,cat\nb.jpg,dog\n");
    add("drawing.svg", "not an image",
        "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"><rect width=\"9\" "
        "height=\"9\"/></svg>\n");
    add("paper.pdf", "not an image", "%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n");
    add("archive.zip", "not an image", "PK\3\4\x14\0\0\0\0\0"s + noise_.substr(0, 200));
    add("film.jpg", "not an image", "\0\0\0\x18"s + "ftypisom\0\0\2\0isommp41" + noise_);
    add("program", "not an image", "\x7f" + "ELF\2\1\1"s + noise_.substr(0, 300));
    add("zeros.png", "not an image", std::string(5000, '\0'));
    add("noise.jpg", "not an image", noise_);
    add("two_bytes.jpg", "not an image", "\xff\xd8");
    add("bitmap.jpg", "damaged", "BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"s + std::string(52, '\0'));
    add("cut.ppm", "damaged", "P6\n2 1\n255\nabcde");
    add("wide.ppm", "too large", "P5\n60000 60000\n255\nabcde");
    add("canon.cr2", "unsupported format", "II*\0\x10\0\0\0CR\2\0"s + noise_);
    add("nikon.nef", "unsupported format", "MM\0*"s + noise_);
    add("jpeg_2000.jp2", "unsupported format", "\0\0\0\x0cjP  \r\n\x87\n"s + noise_);
    add("jpeg_xl.jpg", "unsupported format", fixture("jpeg_xl.jxl"));

    // One pixel of 32-bit floating point: 100,000.
    add("measurements.tif", "unsupported format",
        "II*\0\x0c\0\0\0\0\x50\xc3\x47\x09\0"
        "\0\1\3\0\1\0\0\0\1\0\0\0\1\1\3\0\1\0\0\0\1\0\0\0\2\1\3\0\1\0\0\0\x20\0\0\0"
        "\3\1\3\0\1\0\0\0\1\0\0\0\6\1\3\0\1\0\0\0\1\0\0\0\x11\1\4\0\1\0\0\0\x08\0\0\0"
        "\x15\1\3\0\1\0\0\0\1\0\0\0\x17\1\4\0\1\0\0\0\4\0\0\0\x53\1\3\0\1\0\0\0\3\0\0\0\0\0\0\0"s);
  }

  void add_damaged() {
    using namespace std::string_literals;
    const std::string png_start = "\x89PNG\r\n\x1a\n";
    add("noise_as_png.png", "damaged", png_start + noise_);
    add("noise_as_jpeg.jpg", "damaged", "\xff\xd8\xff\xe0" + noise_);
    add("noise_as_webp.webp", "damaged", "RIFF\x40\0\0\0WEBPVP8 "s + noise_);
    add("noise_as_gif.gif", "damaged", "GIF89a" + noise_.substr(0, 40));
    add("noise_as_tiff.tif", "damaged", "II*\0"s + noise_);

    const auto cut = [&](const std::string& name, const std::string& original, double share) {
      const std::string bytes = fixture(original);
      add(name, "damaged", std::string_view(bytes).substr(0, static_cast<std::size_t>(share * bytes.size())));
    };
    cut("cut_early.jpg", "jpeg.jpg", 0.05);
    cut("cut_in_half.jpg", "jpeg.jpg", 0.5);
    cut("cut_late.jpg", "jpeg.jpg", 0.9);
    cut("cut_progressive.jpg", "jpeg_progressive.jpg", 0.6);
    cut("cut_early.png", "png_alpha.png", 0.004);
    cut("cut_in_half.png", "png_alpha.png", 0.5);
    cut("cut_late.png", "png_alpha.png", 0.95);
    cut("cut_in_half.webp", "webp.webp", 0.5);
    cut("cut_early.webp", "webp.webp", 0.03);
    cut("cut_early.gif", "gif_transparent.gif", 0.006);
    cut("cut_in_half.gif", "gif_transparent.gif", 0.5);
    cut("cut_in_half.tif", "tiff.tif", 0.5);
    cut("cut_early.tif", "tiff.tif", 0.01);
    cut("cut_in_half.heic", "heic.heic", 0.5);
    cut("cut_in_half.avif", "avif.avif", 0.5);

    const std::string jpeg = fixture("jpeg.jpg");
    add("header_only.jpg", "damaged", std::string_view(jpeg).substr(0, jpeg.find("\xff\xda")));
    std::string broken = fixture("png.png");
    broken[broken.find("IDAT") + 700] ^= 0x55;
    add("bad_checksum.png", "damaged", broken);
    broken = fixture("png.png");
    broken[20] ^= 0x01;
    add("bad_header_checksum.png", "damaged", broken);
    add("no_width.png", "damaged", png(0, 10, 8, 2, std::string(10, '\0')));
    add("too_few_rows.png", "damaged", png(100, 100, 8, 0, std::string(101 * 40, '\0')));
    add("bomb.png", "too large", png(60000, 60000, 8, 2, std::string(100, '\0')));
    add("bomb.gif", "too large", "GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\2L\1\0;"s);
  }

  void add_special() {
    namespace fs = std::filesystem;
    fs::create_symlink("nowhere.jpg", folder_ / "dangling.jpg");
    files_.push_back({"dangling.jpg", "dangling link"});
    fs::create_symlink("itself.jpg", folder_ / "itself.jpg");
    files_.push_back({"itself.jpg", "link loop"});
    fs::create_directory_symlink(".", folder_ / "loop");
    files_.push_back({"loop", "link loop"});
    fs::create_symlink("/dev/null", folder_ / "device.jpg");
    files_.push_back({"device.jpg", "special file"});
    if (::mkfifo((folder_ / "pipe.jpg").c_str(), 0600) == 0) files_.push_back({"pipe.jpg", "special file"});
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const std::string socket_path = (folder_ / "socket.jpg").string();
    if (socket_path.size() < sizeof address.sun_path) {
      socket_path.copy(address.sun_path, socket_path.size());
      const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
      if (descriptor >= 0 &&
          ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        files_.push_back({"socket.jpg", "special file"});
      if (descriptor >= 0) ::close(descriptor);
    }
    if (::geteuid() != 0) {  // root may read everything
      add("unreadable.jpg", "unreadable", fixture("jpeg.jpg"));
      fs::permissions(folder_ / "unreadable.jpg", fs::perms::none);
    }
  }

 private:
  void add(const std::string& name, const std::string& kind, std::string_view bytes) {
    write(folder_ / name, bytes);
    files_.push_back({name, kind});
  }

  std::filesystem::path folder_;
  std::vector<BadFile> files_;
  std::string noise_ = std::string(3000, '\0');
};

/// Writes them into `folder` (made if missing) and tells what is to be said of each.
inline std::vector<BadFile> make(const std::filesystem::path& folder) {
  Maker maker(folder);
  maker.add_foreign();
  maker.add_damaged();
  maker.add_special();
  std::filesystem::create_directory(folder /
                                    "folder.jpg");  // an empty folder is no file, so nothing is said of it
  return maker.take();
}

}  // namespace bad_files

/// Writes more than 30 kinds of bad file into `folder` and returns how many are to be listed as skipped.
inline int make_bad_files(const std::filesystem::path& folder) {
  return static_cast<int>(bad_files::make(folder).size());
}

/// Writes `count` PNG images, all different, of four sorts that a glance tells apart: red discs, blue
/// stripes, green squares, grey slopes. The names begin with disc_, stripes_, square_ or slope_.
inline void make_good_images(const std::filesystem::path& folder, int count) {
  std::filesystem::create_directories(folder);
  constexpr int edge = 48;
  for (int number = 0; number < count; ++number) {
    std::mt19937 random(static_cast<unsigned>(number) + 100);
    const auto uniform = [&](double low, double high) {
      return low + (high - low) * (random() / 4294967296.0);
    };
    const int sort = number % 4;
    const double x0 = uniform(18, 30), y0 = uniform(18, 30), size = uniform(9, 16), light = uniform(0.8, 1);
    std::string rows;
    for (int y = 0; y < edge; ++y) {
      rows += '\0';
      for (int x = 0; x < edge; ++x) {
        std::array<double, 3> colour{0.95, 0.95, 0.95};
        if (sort == 0 && std::hypot(x - x0, y - y0) < size) colour = {0.9 * light, 0.1, 0.1};
        if (sort == 1 && std::fmod(x + y0, size) < size / 2) colour = {0.1, 0.2, 0.9 * light};
        if (sort == 2 && std::max(std::abs(x - x0), std::abs(y - y0)) < size)
          colour = {0.1, 0.7 * light, 0.1};
        if (sort == 3) colour.fill(light * (x + y0 * y / 40) / (2 * edge));
        for (const double value : colour) rows += static_cast<char>(static_cast<int>(255 * value));
      }
    }
    constexpr std::array names{"disc", "stripes", "square", "slope"};
    char digits[16];
    std::snprintf(digits, sizeof digits, "_%04d.png", number);
    write(folder / (names[static_cast<std::size_t>(sort)] + std::string(digits)),
          bad_files::png(edge, edge, 8, 2, rows));
  }
}
