#include "io/byte_planes.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "core/fail.h"

namespace ilk {
namespace {

constexpr std::string_view letters = "ilkplane";
constexpr std::uint64_t head_bytes = 24;
constexpr std::uint64_t numbers_at_a_time = 1 << 15;

class UnpackedFile final : public InputFile {
 public:
  explicit UnpackedFile(const std::filesystem::path& packed) : InputFile(packed) {
    const auto check = [&](bool rule_holds, std::string_view rule) {
      require(rule_holds, "open_or_unpack", packed, ": ", rule, ".");
    };
    check(InputFile::size() >= head_bytes, "a packed file has at least 24 bytes");
    char head[head_bytes];
    InputFile::read(0, std::as_writable_bytes(std::span(head)));
    check(std::string_view(head, letters.size()) == letters, "a packed file begins with \"ilkplane\"");
    std::memcpy(&begin_, head + letters.size(), sizeof begin_);
    std::memcpy(&end_, head + letters.size() + sizeof begin_, sizeof end_);
    check(begin_ <= end_ && end_ <= size(), "its numbers of 16 bits must lie within the file");
    check((end_ - begin_) % 2 == 0, "its numbers of 16 bits must have two bytes each");
  }

  std::uint64_t size() const override { return InputFile::size() - head_bytes; }

  void read(std::uint64_t offset, std::span<std::byte> bytes) const override {
    const auto take = [&](std::uint64_t limit) {
      const std::uint64_t count = offset < limit ? std::min<std::uint64_t>(limit - offset, bytes.size()) : 0;
      const auto piece = bytes.first(count);
      bytes = bytes.subspan(count);
      offset += count;
      return piece;
    };
    const std::uint64_t first = offset;
    if (const auto before = take(begin_); !before.empty()) InputFile::read(head_bytes + first, before);
    const std::uint64_t second = offset;
    if (const auto numbers = take(end_); !numbers.empty()) read_numbers(second - begin_, numbers);
    if (!bytes.empty()) InputFile::read(head_bytes + offset, bytes);
  }

 private:
  /// `offset` counts from the first number.
  void read_numbers(std::uint64_t offset, std::span<std::byte> bytes) const {
    std::vector<std::byte> planes(2 * std::min<std::uint64_t>(numbers_at_a_time, bytes.size() / 2 + 1));
    while (!bytes.empty()) {
      const std::uint64_t number = offset / 2, odd = offset % 2;
      const std::uint64_t count = std::min<std::uint64_t>(planes.size() / 2, (odd + bytes.size() + 1) / 2);
      const auto low = std::span(planes).first(count), high = std::span(planes).subspan(count, count);
      const std::uint64_t place = head_bytes + begin_ + number;
      InputFile::read(place, low);
      InputFile::read(place + (end_ - begin_) / 2, high);
      const std::uint64_t written = std::min<std::uint64_t>(2 * count - odd, bytes.size());
      if (odd == 0 && written == 2 * count) {
        for (std::uint64_t i = 0; i < count; ++i) bytes[2 * i] = low[i], bytes[2 * i + 1] = high[i];
      } else {
        for (std::uint64_t i = 0; i < written; ++i) {
          const std::uint64_t byte = odd + i;
          bytes[i] = byte % 2 == 0 ? low[byte / 2] : high[byte / 2];
        }
      }
      offset += written;
      bytes = bytes.subspan(written);
    }
  }

  std::uint64_t begin_ = 0, end_ = 0;
};

}  // namespace

std::filesystem::path packed_name(const std::filesystem::path& name) {
  std::filesystem::path packed = name;
  return packed += ".planes";
}

std::shared_ptr<const InputFile> open_or_unpack(const std::filesystem::path& name) {
  if (!std::filesystem::exists(name) && std::filesystem::exists(packed_name(name)))
    return std::make_shared<UnpackedFile>(packed_name(name));
  return std::make_shared<InputFile>(name);
}

}  // namespace ilk
