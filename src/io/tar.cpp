// tar (POSIX.1-2001, "pax Interchange Format"): blocks of 512 bytes, a header block before each file's.
#include "io/tar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/fail.h"
#include "io/files.h"
#include "io/foreign_content.h"
#include "io/gzip_file.h"

namespace ilk::internal {
namespace {

constexpr std::uint64_t block = 512;
constexpr std::uint64_t most_extension = 1 << 20;
constexpr std::uint64_t most_size = std::uint64_t{1} << 50;
using Header = std::array<char, block>;

constexpr std::size_t checksum_at = 148, checksum_length = 8;

std::uint64_t checksum(std::span<const char, block> header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block; ++i)
    sum += i >= checksum_at && i < checksum_at + checksum_length ? std::uint64_t{' '}
                                                                 : static_cast<unsigned char>(header[i]);
  return sum;
}

class Walker {
 public:
  Walker(const std::filesystem::path& path, const TarBytes& bytes,
         const std::function<void(const TarMember&)>& member)
      : path_(path), bytes_(bytes), member_(member) {}

  void walk() {
    while (true) {
      Header header;
      const std::size_t count = bytes_(at_, std::as_writable_bytes(std::span(header)));
      if (at_ == 0) require_tar({header.data(), count});
      check(count == header.size(), "must end with an empty block, but is cut");
      if (std::all_of(header.begin(), header.end(), [](char c) { return c == 0; })) return;
      check(checksum_is_right(header), "has a damaged header");
      at_ += block;
      take(header);
    }
  }

 private:
  template <class... Parts>
  void check(bool rule_holds, const Parts&... parts) const {
    require(rule_holds, "read_tar", path_, ": a tar archive ", parts..., " (at byte ", at_, ").");
  }

  /// What stands in the place of an archive is called by its name.
  void require_tar(std::string_view head) const {
    require(!head.empty(), "read_tar", path_, ": it must be a tar archive, but is empty.");
    const std::string foreign = foreign_content(head);
    require(foreign.empty(), "read_tar", path_, ": it must be a tar archive, but is ", foreign, ".");
  }

  bool read(std::span<char> to) const { return bytes_(at_, std::as_writable_bytes(to)) == to.size(); }

  static std::string text(std::span<const char> field) {
    return {field.begin(), std::find(field.begin(), field.end(), '\0')};
  }

  std::uint64_t number(std::span<const char> field) const {
    // GNU writes large numbers in binary, marked by the first bit.
    if (static_cast<unsigned char>(field[0]) == 0x80) {
      std::uint64_t value = 0;
      for (const char c : field.subspan(1)) {
        check(value < most_size, "must have files of possible sizes");
        value = value << 8 | static_cast<unsigned char>(c);
      }
      return value;
    }
    std::uint64_t value = 0;
    bool ended = false;
    std::size_t i = 0;
    while (i < field.size() && field[i] == ' ') ++i;
    for (; i < field.size(); ++i) {
      if (field[i] == ' ' || field[i] == '\0') {
        ended = true;
        continue;
      }
      check(!ended && field[i] >= '0' && field[i] <= '7', "must have octal numbers in its headers");
      value = value * 8 + static_cast<std::uint64_t>(field[i] - '0');
    }
    return value;
  }

  bool checksum_is_right(const Header& header) const {
    return checksum(header) == number(std::span(header).subspan(checksum_at, checksum_length));
  }

  std::string extension(std::uint64_t size) {
    check(size <= most_extension, "must have names of at most 1 MiB");
    std::string contents(size, '\0');
    check(read(contents), "is cut inside a long name");
    return contents;
  }

  /// Records "length key=value\n" of a pax header.
  void take_pax(std::string_view records) {
    while (!records.empty()) {
      std::size_t length = 0;
      const auto [end, error] = std::from_chars(records.data(), records.data() + records.size(), length);
      const auto digits = static_cast<std::size_t>(end - records.data());
      check(error == std::errc() && length > digits + 1 && length <= records.size() &&
                records[digits] == ' ' && records[length - 1] == '\n',
            "has a damaged pax header");
      const std::string_view record = records.substr(digits + 1, length - digits - 2);
      const auto equals = record.find('=');
      check(equals != std::string_view::npos, "has a damaged pax header");
      const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
      if (key == "path") long_name_ = std::string(value);
      if (key == "size") {
        std::uint64_t size = 0;
        const auto parsed = std::from_chars(value.data(), value.data() + value.size(), size);
        check(parsed.ec == std::errc() && parsed.ptr == value.data() + value.size() && size < most_size,
              "has a damaged pax header");
        pax_size_ = size;
      }
      records.remove_prefix(length);
    }
  }

  void take(const Header& header) {
    const std::span whole(header);
    const char type = header[156];
    std::uint64_t size = number(whole.subspan(124, 12));
    const bool describes_next = type == 'x' || type == 'L' || type == 'K' || type == 'g';
    if (!describes_next && pax_size_) size = *pax_size_;
    check(size < most_size, "must have files of possible sizes");
    if (type == 'x') take_pax(extension(size));
    if (type == 'L') {
      const std::string name = extension(size);
      long_name_ = name.substr(0, name.find('\0'));
    }
    if (!describes_next) {
      std::string name = text(whole.subspan(0, 100));
      // POSIX's magic ends with NUL; GNU's, with a space, has other things where the prefix would be.
      if (const std::string prefix = text(whole.subspan(345, 155));
          !prefix.empty() && text(whole.subspan(257, 6)) == "ustar")
        name = prefix + "/" + name;
      if (type == '0' || type == '\0' || type == '7') {
        member_({long_name_.value_or(name), at_, size});
      } else if (type >= '1' && type <= '6') {
        size = 0;  // folders and links have no bytes, whatever is written
      }
      long_name_.reset();
      pax_size_.reset();
    }
    at_ += (size + block - 1) / block * block;
  }

  const std::filesystem::path& path_;
  const TarBytes& bytes_;
  const std::function<void(const TarMember&)>& member_;
  std::uint64_t at_ = 0;
  std::optional<std::string> long_name_;
  std::optional<std::uint64_t> pax_size_;
};

}  // namespace

bool begins_as_tar(std::string_view head) {
  if (head.size() < block) return false;
  if (head.substr(257, 5) == "ustar") return true;
  std::string_view digits = head.substr(checksum_at, checksum_length);
  digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
  std::uint64_t written = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), written, 8);
  // A block of zeros has no digits.
  return error == std::errc() && written == checksum(std::span<const char, block>(head.data(), block));
}

void walk_tar(const std::filesystem::path& path, const TarBytes& bytes,
              const std::function<void(const TarMember&)>& member) {
  Walker(path, bytes, member).walk();
}

void unpack_tar(const std::filesystem::path& archive, const std::filesystem::path& folder) {
  GzipFile packed(archive);
  std::uint64_t done = 0;
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  const TarBytes bytes = [&](std::uint64_t offset, std::span<std::byte> to) -> std::size_t {
    while (done < offset) {
      const std::size_t got =
          packed.read(std::span(buffer).first(std::min<std::uint64_t>(offset - done, buffer.size())));
      if (got == 0) return 0;
      done += got;
    }
    const std::size_t got = packed.read(to);
    done += got;
    return got;
  };
  walk_tar(archive, bytes, [&](const TarMember& member) {
    const std::filesystem::path name = member.name;
    const bool inside = name.is_relative() &&
                        std::none_of(name.begin(), name.end(), [](const auto& part) { return part == ".."; });
    require(inside && name.has_filename(), "read_tar", archive, ": a name must stay inside the folder, got '",
            member.name, "'.");
    AtomicFile file(folder / name);
    for (std::uint64_t at = 0; at < member.size;) {
      const auto piece = std::span(buffer).first(std::min<std::uint64_t>(member.size - at, buffer.size()));
      const std::size_t got = bytes(member.offset + at, piece);
      require(got == piece.size(), "read_tar", archive, ": a tar archive is cut inside '", member.name, "'.");
      file.write({reinterpret_cast<const char*>(piece.data()), piece.size()});
      at += got;
    }
    file.commit();
  });
}

}  // namespace ilk::internal
