#include "io/shard_files.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/fail.h"
#include "io/descriptor.h"
#include "io/gzip_file.h"

namespace ilk::internal {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t most_unpacked_shards = 2;

bool is_gzipped(const InputFile& file) {
  std::array<std::byte, 2> magic{};
  if (file.size() >= 2) file.read(0, magic);
  return magic[0] == std::byte{0x1f} && magic[1] == std::byte{0x8b};
}

void write_whole(int descriptor, std::span<const std::byte> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      fail("open_dataset", path, " cannot be unpacked below ", fs::temp_directory_path(), ": ",
           std::strerror(errno), ".");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

/// The bytes unpacked, in a file whose name is gone once it is open.
std::shared_ptr<const InputFile> unpack(const fs::path& path) {
  std::string name = (fs::temp_directory_path() / "ilk-shard-XXXXXX").string();
  const Descriptor to(::mkstemp(name.data()));
  if (to.get() < 0)
    fail("open_dataset", path, " cannot be unpacked below ", fs::temp_directory_path(), ": ",
         std::strerror(errno), ".");
  struct Unlink {
    const char* name;
    ~Unlink() { ::unlink(name); }
  } const unlink{name.c_str()};
  GzipFile packed(path);
  std::vector<std::byte> piece(std::size_t{1} << 20);
  while (const std::size_t count = packed.read(piece))
    write_whole(to.get(), std::span(piece).first(count), path);
  return std::make_shared<const InputFile>(name);
}

}  // namespace

std::shared_ptr<const InputFile> ShardFiles::open(std::size_t shard) {
  const fs::path& path = paths_.at(shard);
  {
    const std::lock_guard lock(mutex_);
    const auto kept = std::find_if(unpacked_.begin(), unpacked_.end(),
                                   [&](const auto& entry) { return entry.first == shard; });
    if (kept != unpacked_.end()) {
      unpacked_.splice(unpacked_.begin(), unpacked_, kept);
      return unpacked_.front().second;
    }
  }
  auto file = std::make_shared<const InputFile>(path);
  if (!is_gzipped(*file)) return file;
  const std::lock_guard lock(mutex_);
  // Another thread may have unpacked it meanwhile.
  if (!unpacked_.empty() && unpacked_.front().first == shard) return unpacked_.front().second;
  unpacked_.emplace_front(shard, unpack(path));
  if (unpacked_.size() > most_unpacked_shards) unpacked_.pop_back();
  return unpacked_.front().second;
}

}  // namespace ilk::internal
