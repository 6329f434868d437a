// The portable pixmap family of Netpbm: a header in letters, then samples in letters (P1 … P3) or bytes.
#include <algorithm>
#include <cctype>
#include <limits>
#include <string>

#include "io/bare_picture.h"

namespace ilk {
namespace {

[[noreturn]] void damaged_pixmap(const std::string& reason) {
  throw ImageError("damaged", "portable pixmap (PPM family): " + reason);
}

class Pixmap {
 public:
  Pixmap(std::string_view bytes, const SizeCheck& check) : bytes_(bytes), kind_(bytes.at(1) - '0') {
    if (kind_ == 7) {
      read_named_header();
    } else {
      width_ = number();
      height_ = number();
      largest_ = is_bits() ? 1 : number();
      bands_ = kind_ == 3 || kind_ == 6 ? 3 : 1;
      // One white character; more would be pixels.
      if (kind_ >= 4) ++at_;
    }
    if (width_ < 1 || height_ < 1) damaged_pixmap("it has no pixels");
    if (largest_ < 1 || largest_ > 65535) damaged_pixmap("its largest value must be from 1 to 65535");
    if (bands_ < 1 || bands_ > 4) damaged_pixmap("it must have 1 to 4 samples a pixel");
    check({height_, width_});
  }

  BarePicture picture() {
    BarePicture picture{.size = {height_, width_}, .bands = static_cast<int>(bands_)};
    // Even in letters, each sample takes a byte, and each bit its eighth.
    const std::int64_t count = width_ * height_ * bands_;
    const std::int64_t least = kind_ == 4  ? (width_ + 7) / 8 * height_
                               : kind_ < 4 ? count
                                           : count * (largest_ > 255 ? 2 : 1);
    if (at_ > bytes_.size() || static_cast<std::int64_t>(bytes_.size() - at_) < least)
      damaged_pixmap("cut off: its rows end before the picture does");
    const auto n = static_cast<std::size_t>(count);
    if (largest_ > 255) {
      picture.shorts.resize(n);
      for (auto& sample : picture.shorts) sample = scaled<std::uint16_t>(next());
    } else {
      picture.bytes.resize(n);
      if (kind_ == 4)
        unpack_bits(picture.bytes);
      else
        for (auto& sample : picture.bytes) sample = scaled<std::uint8_t>(next());
    }
    return picture;
  }

 private:
  bool is_bits() const { return kind_ == 1 || kind_ == 4; }

  void skip_white_and_comments() {
    while (at_ < bytes_.size()) {
      if (bytes_[at_] == '#')
        at_ = std::min(bytes_.find('\n', at_), bytes_.size());
      else if (std::isspace(static_cast<unsigned char>(bytes_[at_])))
        ++at_;
      else
        return;
    }
  }

  std::int64_t number() {
    skip_white_and_comments();
    std::int64_t value = 0;
    const std::size_t begin = at_;
    for (; at_ < bytes_.size() && std::isdigit(static_cast<unsigned char>(bytes_[at_])); ++at_) {
      value = 10 * value + (bytes_[at_] - '0');
      if (value > std::numeric_limits<std::int32_t>::max()) damaged_pixmap("a number is too large");
    }
    if (at_ == begin)
      damaged_pixmap(at_ == bytes_.size() ? "cut off: numbers are missing"
                                          : "there must be a number where something else is");
    return value;
  }

  void read_named_header() {
    for (;;) {
      skip_white_and_comments();
      const std::size_t begin = at_;
      while (at_ < bytes_.size() && !std::isspace(static_cast<unsigned char>(bytes_[at_]))) ++at_;
      const std::string_view name = bytes_.substr(begin, at_ - begin);
      if (name.empty()) damaged_pixmap("cut off in its header");
      if (name == "ENDHDR") break;
      if (name == "WIDTH")
        width_ = number();
      else if (name == "HEIGHT")
        height_ = number();
      else if (name == "DEPTH")
        bands_ = number();
      else if (name == "MAXVAL")
        largest_ = number();
      else  // TUPLTYPE: the number of samples says the same
        at_ = std::min(bytes_.find('\n', at_), bytes_.size());
    }
    ++at_;
  }

  std::int64_t next() {
    if (kind_ == 1) {  // the digits need no space between them
      skip_white_and_comments();
      if (at_ >= bytes_.size() || (bytes_[at_] != '0' && bytes_[at_] != '1'))
        damaged_pixmap("its bits must be 0 or 1");
      return '1' - bytes_[at_++];
    }
    std::int64_t value = 0;
    if (kind_ < 4) {
      value = number();
    } else {
      if (largest_ > 255) value = byte() << 8;
      value |= byte();
    }
    if (value > largest_) damaged_pixmap("a sample is larger than the largest value that its header names");
    return value;
  }

  std::int64_t byte() { return static_cast<unsigned char>(bytes_[at_++]); }

  template <class Sample>
  Sample scaled(std::int64_t value) const {
    constexpr std::int64_t white = std::numeric_limits<Sample>::max();
    return static_cast<Sample>((2 * white * value + largest_) / (2 * largest_));
  }

  /// Rows of whole bytes; a bit that is set is black.
  void unpack_bits(std::vector<std::uint8_t>& samples) const {
    const std::int64_t stride = (width_ + 7) / 8;
    for (std::int64_t y = 0; y < height_; ++y)
      for (std::int64_t x = 0; x < width_; ++x) {
        const auto byte =
            static_cast<unsigned char>(bytes_[at_ + static_cast<std::size_t>(y * stride + x / 8)]);
        samples[static_cast<std::size_t>(y * width_ + x)] = (byte >> (7 - x % 8) & 1) != 0 ? 0 : 255;
      }
  }

  std::string_view bytes_;
  int kind_;
  std::size_t at_ = 2;
  std::int64_t width_ = 0, height_ = 0, bands_ = 0, largest_ = 0;
};

}  // namespace

BarePicture read_pixmap(std::string_view bytes, const SizeCheck& check) {
  if (bytes.size() < 2) damaged_pixmap("cut off in its header");
  return Pixmap(bytes, check).picture();
}

}  // namespace ilk
