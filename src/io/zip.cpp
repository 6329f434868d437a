// ZIP: files one after another, each behind a header of its own, then a directory of them all, then a record
// that says where the directory is. The directory's sizes count; a local header may leave them out.
#include "io/zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>

#include "core/fail.h"

namespace ilk::internal {
namespace {

constexpr std::uint32_t local_mark = 0x04034b50, entry_mark = 0x02014b50, end_mark = 0x06054b50,
                        end64_mark = 0x06064b50, locator64_mark = 0x07064b50;
constexpr std::uint64_t local_size = 30, entry_size = 46, end_size = 22, end64_size = 56, locator64_size = 20;
constexpr std::uint64_t longest_comment = 65535;
constexpr std::uint32_t in_extra = 0xffffffff;  // the number stands in the ZIP64 field instead
constexpr std::uint64_t longest_directory = 1 << 26;

template <class... Rule>
void check(bool rule_holds, const InputFile& file, const Rule&... rule) {
  require(rule_holds, "read_npz", file.path(), ": ", rule..., ".");
}

/// Little-endian numbers at places of a piece of the file.
class Record {
 public:
  Record(const InputFile& file, std::uint64_t offset, std::uint64_t count) : bytes_(count, '\0') {
    check(offset <= file.size() && count <= file.size() - offset, file,
          "the archive is cut: it refers to byte ", offset, " of ", file.size());
    file.read(offset, std::as_writable_bytes(std::span(bytes_)));
  }
  explicit Record(std::string bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t number(std::uint64_t place, std::uint64_t width) const {
    std::uint64_t value = 0;
    for (std::uint64_t i = 0; i < width; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(bytes_[place + i])} << (8 * i);
    return value;
  }
  bool marked(std::uint32_t mark, std::uint64_t place = 0) const {
    return place + 4 <= bytes_.size() && number(place, 4) == mark;
  }
  std::string text(std::uint64_t place, std::uint64_t count) const { return bytes_.substr(place, count); }
  std::uint64_t size() const { return bytes_.size(); }

 private:
  std::string bytes_;
};

struct Directory {
  std::uint64_t begin = 0, size = 0, entries = 0;
};

Directory find_directory(const InputFile& file) {
  check(file.size() >= end_size, file, "an archive has at least ", end_size, " bytes, got ", file.size());
  const std::uint64_t searched = std::min(file.size(), end_size + longest_comment);
  const std::uint64_t first = file.size() - searched;
  const Record tail(file, first, searched);
  std::optional<std::uint64_t> place;
  for (std::uint64_t i = searched - end_size + 1; i-- > 0 && !place;)
    if (tail.marked(end_mark, i) && i + end_size + tail.number(i + 20, 2) == searched) place = i;
  check(place.has_value(), file, "the archive's directory is missing; it was cut or never finished");
  check(tail.number(*place + 4, 2) == 0 && tail.number(*place + 6, 2) == 0, file,
        "the archive must be in one part");
  Directory found{.begin = tail.number(*place + 16, 4),
                  .size = tail.number(*place + 12, 4),
                  .entries = tail.number(*place + 10, 2)};
  const std::uint64_t end_place = first + *place;
  if (end_place >= locator64_size) {
    const Record locator(file, end_place - locator64_size, locator64_size);
    if (locator.marked(locator64_mark)) {
      const Record end(file, locator.number(8, 8), end64_size);
      check(end.marked(end64_mark), file, "the ZIP64 record is not where it should be");
      found = {.begin = end.number(48, 8), .size = end.number(40, 8), .entries = end.number(32, 8)};
    }
  }
  check(found.size <= longest_directory, file, "the directory must be at most ", longest_directory,
        " bytes long, got ", found.size);
  return found;
}

/// Numbers too large for the entry itself stand in its ZIP64 field, in this order.
void read_extra(const Record& extra, ZipMember& member, const InputFile& file) {
  for (std::uint64_t at = 0; at + 4 <= extra.size();) {
    const std::uint64_t id = extra.number(at, 2), length = extra.number(at + 2, 2), end = at + 4 + length;
    check(end <= extra.size(), file, "the extra field of '", member.name, "' is cut");
    if (id == 1) {
      std::uint64_t next = at + 4;
      for (std::uint64_t* value : {&member.size, &member.packed, &member.header}) {
        if (*value != in_extra) continue;
        check(next + 8 <= end, file, "the ZIP64 field of '", member.name, "' is cut");
        *value = extra.number(next, 8);
        next += 8;
      }
    }
    at = end;
  }
}

class FilePart : public ByteSource {
 public:
  FilePart(std::shared_ptr<const InputFile> file, std::uint64_t begin, std::uint64_t size)
      : file_(std::move(file)), begin_(begin), size_(size) {}
  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::span<std::byte> bytes) override {
    check(offset <= size_ && bytes.size() <= size_ - offset, *file_, "the array ends before byte ",
          offset + bytes.size());
    file_->read(begin_ + offset, bytes);
  }

 private:
  std::shared_ptr<const InputFile> file_;
  std::uint64_t begin_, size_;
};

class Inflated : public ByteSource {
 public:
  Inflated(std::shared_ptr<const InputFile> file, std::uint64_t begin, const ZipMember& member)
      : file_(std::move(file)), begin_(begin), member_(member), packed_(std::size_t{1} << 18) {
    check(inflateInit2(&stream_, -MAX_WBITS) == Z_OK, *file_, "zlib could not start");
  }
  ~Inflated() override { inflateEnd(&stream_); }
  Inflated(const Inflated&) = delete;
  Inflated& operator=(const Inflated&) = delete;

  std::uint64_t size() const override { return member_.size; }
  bool in_order_only() const override { return true; }

  void read(std::uint64_t offset, std::span<std::byte> bytes) override {
    const std::lock_guard lock(mutex_);
    if (offset < done_) restart();
    std::vector<std::byte> passed(std::min<std::uint64_t>(offset - done_, std::uint64_t{1} << 16));
    while (done_ < offset)
      unpack(std::span(passed).first(std::min<std::uint64_t>(offset - done_, passed.size())));
    unpack(bytes);
  }

 private:
  void restart() {
    inflateReset(&stream_);
    stream_.avail_in = 0;
    done_ = taken_ = 0;
    crc_ = 0;
  }

  void unpack(std::span<std::byte> bytes) {
    check(bytes.size() <= member_.size - done_, *file_, "'", member_.name, "' ends before byte ",
          done_ + bytes.size());
    const auto whole = bytes;
    while (!bytes.empty()) {
      if (stream_.avail_in == 0) refill();
      const auto wanted = static_cast<uInt>(std::min<std::size_t>(bytes.size(), std::size_t{1} << 30));
      stream_.next_out = reinterpret_cast<Bytef*>(bytes.data());
      stream_.avail_out = wanted;
      const int status = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t got = wanted - stream_.avail_out;
      bytes = bytes.subspan(got);
      check(status == Z_OK || (status == Z_STREAM_END && bytes.empty()), *file_, "'", member_.name,
            "' is damaged (", stream_.msg ? stream_.msg : "the packed bytes end early", ")");
    }
    for (auto rest = whole; !rest.empty();) {
      const std::size_t count = std::min<std::size_t>(rest.size(), std::size_t{1} << 30);
      crc_ = crc32(crc_, reinterpret_cast<const Bytef*>(rest.data()), static_cast<uInt>(count));
      rest = rest.subspan(count);
    }
    done_ += whole.size();
    check(done_ < member_.size || crc_ == member_.crc, *file_, "'", member_.name,
          "' is damaged (its checksum differs)");
  }

  void refill() {
    const std::uint64_t count = std::min<std::uint64_t>(packed_.size(), member_.packed - taken_);
    check(count > 0, *file_, "'", member_.name, "' is damaged (the packed bytes end early)");
    file_->read(begin_ + taken_, std::span(packed_).first(count));
    taken_ += count;
    stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
    stream_.avail_in = static_cast<uInt>(count);
  }

  std::shared_ptr<const InputFile> file_;
  std::uint64_t begin_;
  ZipMember member_;
  std::vector<std::byte> packed_;
  std::mutex mutex_;
  z_stream stream_{};
  std::uint64_t done_ = 0, taken_ = 0;  // bytes unpacked, bytes read of the packed ones
  uLong crc_ = 0;
};

}  // namespace

std::vector<ZipMember> zip_members(const InputFile& file) {
  const Directory directory = find_directory(file);
  const Record entries(file, directory.begin, directory.size);
  std::vector<ZipMember> members;
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    check(at + entry_size <= entries.size() && entries.marked(entry_mark, at), file,
          "the directory is damaged at entry ", i);
    const std::uint64_t name = entries.number(at + 28, 2), extra = entries.number(at + 30, 2),
                        comment = entries.number(at + 32, 2);
    const std::uint64_t end = at + entry_size + name + extra + comment;
    check(end <= entries.size(), file, "the directory is cut at entry ", i);
    ZipMember member{.name = entries.text(at + entry_size, name),
                     .header = entries.number(at + 42, 4),
                     .packed = entries.number(at + 20, 4),
                     .size = entries.number(at + 24, 4),
                     .crc = static_cast<std::uint32_t>(entries.number(at + 16, 4))};
    const std::uint64_t flags = entries.number(at + 8, 2), packing = entries.number(at + 10, 2);
    check((flags & 1) == 0, file, "'", member.name, "' is encrypted");
    check(packing == 0 || packing == Z_DEFLATED, file, "'", member.name,
          "' must be stored or deflated, got packing ", packing);
    member.deflated = packing != 0;
    read_extra(Record(entries.text(at + entry_size + name, extra)), member, file);
    check(member.deflated || member.packed == member.size, file, "'", member.name, "' is stored in ",
          member.packed, " bytes, but should have ", member.size);
    members.push_back(std::move(member));
    at = end;
  }
  return members;
}

std::unique_ptr<ByteSource> open_part(std::shared_ptr<const InputFile> file, std::uint64_t begin,
                                      std::uint64_t end) {
  return std::make_unique<FilePart>(std::move(file), begin, end - begin);
}

std::unique_ptr<ByteSource> open_member(std::shared_ptr<const InputFile> file, const ZipMember& member) {
  const Record local(*file, member.header, local_size);
  check(local.marked(local_mark), *file, "'", member.name, "' is not where the directory says");
  const std::uint64_t begin = member.header + local_size + local.number(26, 2) + local.number(28, 2);
  check(begin <= file->size() && member.packed <= file->size() - begin, *file, "'", member.name,
        "' ends beyond the archive");
  if (member.deflated) return std::make_unique<Inflated>(std::move(file), begin, member);
  return open_part(std::move(file), begin, begin + member.packed);
}

}  // namespace ilk::internal
