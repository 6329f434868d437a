// Windows and OS/2 bitmaps (BMP): a file header of 14 bytes, an information header, a palette, and rows from
// the bottom to the top, each filled up to four bytes.
#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "io/bare_picture.h"

namespace ilk {
namespace {

constexpr std::size_t file_header = 14, core_header = 12;
enum Compression : std::uint32_t {
  plain = 0,
  run_length_8 = 1,
  run_length_4 = 2,
  bit_fields = 3,
  alpha_bit_fields = 6
};

[[noreturn]] void damaged_bitmap(const std::string& reason) {
  throw ImageError("damaged", "Windows bitmap (BMP): " + reason);
}
[[noreturn]] void unsupported_bitmap(const std::string& reason) {
  throw ImageError("unsupported format", "Windows bitmap (BMP): " + reason + "; convert it to PNG");
}

/// Some bits of a pixel, brought to 0 … 255.
struct Channel {
  std::uint32_t mask = 0;

  std::uint8_t of(std::uint32_t pixel) const {
    if (mask == 0) return 0;
    const int shift = std::countr_zero(mask);
    const std::uint64_t most = mask >> shift, value = (pixel & mask) >> shift;
    return static_cast<std::uint8_t>((2 * 255 * value + most) / (2 * most));
  }
};

class Bitmap {
 public:
  Bitmap(std::string_view bytes, const SizeCheck& check) : bytes_(bytes) {
    read_header();
    check({height_, width_});
    if (bits_ <= 8) read_palette();
  }

  BarePicture picture() const {
    BarePicture picture{.size = {height_, width_}, .bands = channels_[3].mask != 0 ? 4 : 3};
    const auto row_bytes = static_cast<std::size_t>(width_ * picture.bands);
    if (compression_ == run_length_8 || compression_ == run_length_4) {
      picture.bytes.resize(row_bytes * static_cast<std::size_t>(height_));
      unpack_runs(picture.bytes);
      return picture;
    }
    const auto stride = static_cast<std::size_t>((width_ * bits_ + 31) / 32 * 4);
    if (begin_ > bytes_.size() || (bytes_.size() - begin_) / stride < static_cast<std::size_t>(height_))
      damaged_bitmap("cut off: its rows end before the picture does");
    picture.bytes.resize(row_bytes * static_cast<std::size_t>(height_));
    for (std::int64_t y = 0; y < height_; ++y) {
      const auto stored = static_cast<std::size_t>(top_down_ ? y : height_ - 1 - y);
      unpack_row(bytes_.substr(begin_ + stored * stride, stride),
                 picture.bytes.data() + row_bytes * static_cast<std::size_t>(y), picture.bands);
    }
    return picture;
  }

 private:
  /// A little-endian number.
  std::uint32_t number(std::size_t at, int count) const {
    if (at + static_cast<std::size_t>(count) > bytes_.size()) damaged_bitmap("cut off in its header");
    std::uint32_t value = 0;
    for (int i = count - 1; i >= 0; --i)
      value = value << 8 | static_cast<unsigned char>(bytes_[at + static_cast<std::size_t>(i)]);
    return value;
  }

  void read_header() {
    begin_ = number(10, 4);
    header_ = number(file_header, 4);
    if (header_ != core_header && (header_ < 40 || header_ > 4096))
      damaged_bitmap("its header says that it is " + std::to_string(header_) + " bytes long");
    const std::size_t at = file_header + 4;
    if (header_ == core_header) {
      width_ = number(at, 2);
      height_ = number(at + 2, 2);
      bits_ = static_cast<int>(number(at + 6, 2));
    } else {
      width_ = static_cast<std::int32_t>(number(at, 4));
      height_ = static_cast<std::int32_t>(number(at + 4, 4));
      bits_ = static_cast<int>(number(at + 10, 2));
      compression_ = number(at + 12, 4);
      colours_used_ = number(at + 28, 4);
      top_down_ = height_ < 0;
      height_ = std::abs(height_);
    }
    if (width_ < 1 || height_ < 1) damaged_bitmap("it has no pixels");
    check_kind();
    if (bits_ == 16) channels_ = {Channel{0x7C00}, Channel{0x3E0}, Channel{0x1F}, Channel{}};
    if (bits_ == 32) channels_ = {Channel{0xFF0000}, Channel{0xFF00}, Channel{0xFF}, Channel{}};
    if (compression_ == bit_fields || compression_ == alpha_bit_fields) read_fields();
  }

  void check_kind() const {
    constexpr std::array depths{1, 4, 8, 16, 24, 32};
    if (std::find(depths.begin(), depths.end(), bits_) == depths.end())
      unsupported_bitmap(std::to_string(bits_) + " bits a pixel are not read");
    const bool fits =
        compression_ == plain || (compression_ == run_length_8 && bits_ == 8) ||
        (compression_ == run_length_4 && bits_ == 4) ||
        ((compression_ == bit_fields || compression_ == alpha_bit_fields) && (bits_ == 16 || bits_ == 32));
    if (!fits)
      unsupported_bitmap("compression " + std::to_string(compression_) + " with " + std::to_string(bits_) +
                         " bits a pixel is not read");
    if (top_down_ && (compression_ == run_length_8 || compression_ == run_length_4))
      damaged_bitmap("run lengths go from the bottom to the top");
  }

  /// Masks follow a header of 40 bytes and are part of longer ones, which have one for alpha.
  void read_fields() {
    const bool has_alpha = header_ >= 56 || compression_ == alpha_bit_fields;
    for (std::size_t i = 0; i < (has_alpha ? 4u : 3u); ++i)
      channels_[i].mask = number(file_header + 40 + 4 * i, 4);
    for (const Channel& channel : channels_) {
      const std::uint32_t bits = channel.mask >> (channel.mask ? std::countr_zero(channel.mask) : 0);
      if ((bits & (bits + 1)) != 0) damaged_bitmap("the bits of a colour must lie side by side");
    }
  }

  void read_palette() {
    const std::size_t size = header_ == core_header ? 3 : 4, begin = file_header + header_;
    std::size_t count = colours_used_ > 0 ? colours_used_ : std::size_t{1} << bits_;
    if (begin_ > begin) count = std::min(count, (begin_ - begin) / size);
    count = std::min(count, std::size_t{1} << bits_);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t channel = 0; channel < 3; ++channel)
        palette_[i][channel] = static_cast<std::uint8_t>(number(begin + size * i + 2 - channel, 1));
  }

  void put_index(std::uint8_t* pixel, std::uint32_t index) const {
    std::copy_n(palette_[index].begin(), 3, pixel);
  }

  void unpack_row(std::string_view row, std::uint8_t* pixel, int bands) const {
    const auto byte = [&](std::int64_t at) -> std::uint32_t {
      return static_cast<unsigned char>(row[static_cast<std::size_t>(at)]);
    };
    for (std::int64_t x = 0; x < width_; ++x, pixel += bands) {
      if (bits_ <= 8) {
        const std::int64_t bit = x * bits_;
        put_index(pixel, byte(bit / 8) >> (8 - bits_ - bit % 8) & ((1u << bits_) - 1));
      } else if (bits_ == 24) {
        for (int channel = 0; channel < 3; ++channel)
          pixel[channel] = static_cast<std::uint8_t>(byte(3 * x + 2 - channel));
      } else {
        std::uint32_t value = byte(bits_ / 8 * x) | byte(bits_ / 8 * x + 1) << 8;
        if (bits_ == 32) value |= byte(4 * x + 2) << 16 | byte(4 * x + 3) << 24;
        for (int channel = 0; channel < bands; ++channel)
          pixel[channel] = channels_[static_cast<std::size_t>(channel)].of(value);
      }
    }
  }

  /// Pairs of a count and a colour; a count of 0 begins an escape: the end of a row or of the picture, a
  /// jump, or pixels one by one. What no run reaches has the palette's first colour.
  void unpack_runs(std::vector<std::uint8_t>& pixels) const {
    for (std::size_t i = 0; i < pixels.size(); i += 3) put_index(pixels.data() + i, 0);
    std::size_t at = begin_;
    std::int64_t x = 0, y = 0;
    const auto next = [&]() -> std::uint32_t {
      if (at >= bytes_.size()) damaged_bitmap("cut off: its runs end before the picture does");
      return static_cast<unsigned char>(bytes_[at++]);
    };
    const auto put = [&](std::uint32_t index) {
      if (x >= width_ || y >= height_) damaged_bitmap("a run leads out of the picture");
      put_index(pixels.data() + 3 * ((height_ - 1 - y) * width_ + x), index);
      ++x;
    };
    const auto half = [&](std::uint32_t byte, std::uint32_t i) { return i % 2 == 0 ? byte >> 4 : byte & 15; };
    while (y < height_) {
      const std::uint32_t count = next(), value = next();
      if (count > 0) {
        for (std::uint32_t i = 0; i < count; ++i) put(bits_ == 8 ? value : half(value, i));
      } else if (value == 0) {
        x = 0;
        ++y;
      } else if (value == 1) {
        return;
      } else if (value == 2) {
        x += next();
        y += next();
      } else {
        std::uint32_t byte = 0;
        for (std::uint32_t i = 0; i < value; ++i) {
          if (bits_ == 8 || i % 2 == 0) byte = next();
          put(bits_ == 8 ? byte : half(byte, i));
        }
        // Filled up to two bytes.
        if ((bits_ == 8 ? value : (value + 1) / 2) % 2 != 0) next();
      }
    }
  }

  std::string_view bytes_;
  std::size_t begin_ = 0, header_ = 0;
  std::int64_t width_ = 0, height_ = 0;
  int bits_ = 0;
  std::uint32_t compression_ = plain, colours_used_ = 0;
  bool top_down_ = false;
  std::array<Channel, 4> channels_{};  ///< red, green, blue, alpha
  std::array<std::array<std::uint8_t, 3>, 256> palette_{};
};

}  // namespace

BarePicture read_bitmap(std::string_view bytes, const SizeCheck& check) {
  return Bitmap(bytes, check).picture();
}

}  // namespace ilk
