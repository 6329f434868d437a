#include <fcntl.h>
#include <ilk/error.h>
#include <ilk/files.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "descriptor.h"

namespace ilk {
namespace {

// Contents from this size on do not go through the system's cache.
constexpr std::size_t least_past_cache = std::size_t{32} << 20, direct_bytes = std::size_t{4} << 20;
constexpr std::size_t page_bytes = 4096;

[[noreturn]] void fail_with_errno(std::string_view function, std::string_view doing,
                                  const std::filesystem::path& path) {
  const int error = errno;
  fail(function, "cannot ", doing, " ", path, ": ", std::strerror(error), ".");
}

std::filesystem::path user_directory(const char* variable, const char* below_home) {
  // The XDG rule: a relative path in the variable is to be ignored.
  if (const char* set = std::getenv(variable); set && set[0] == '/')
    return std::filesystem::path(set) / "ilk";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home && *home ? home : ".") / below_home / "ilk";
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail_with_errno("read_file", "open", path);
  std::string contents;
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && status.st_size > 0)
    contents.reserve(static_cast<std::size_t>(status.st_size));
  char piece[1 << 16];
  for (;;) {
    const ssize_t count = ::read(file.get(), piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_with_errno("read_file", "read", path);
    if (count == 0) return contents;
    contents.append(piece, static_cast<std::size_t>(count));
  }
}

AtomicFile::AtomicFile(const std::filesystem::path& path) : path_(path) {
  static std::atomic<unsigned> number = 0;
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  temporary_ = path.string() + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(number++);
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail_with_errno("AtomicFile", "create", temporary_);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail_to(std::string_view doing) const {
  fail_with_errno("AtomicFile", doing, path_);
}

void AtomicFile::write(std::string_view bytes) {
  if (bytes.size() >= least_past_cache) {
    // To the end of a page, then whole pages.
    const std::size_t before = (page_bytes - written_ % page_bytes) % page_bytes;
    write_through_cache(bytes.substr(0, before));
    bytes.remove_prefix(before);
    bytes.remove_prefix(write_past_cache(bytes));
  }
  write_through_cache(bytes);
}

void AtomicFile::write_through_cache(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_to("write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
    written_ += static_cast<std::uint64_t>(count);
  }
}

/// Large contents straight to the disk, where they go in the end anyway: pages of the system's cache cost
/// more time than the disk. Returns how much was written, which is nothing where the file system does not do
/// that.
std::size_t AtomicFile::write_past_cache(std::string_view bytes) {
  std::size_t done = 0;
#ifdef O_DIRECT
  const int flags = ::fcntl(descriptor_, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor_, F_SETFL, flags | O_DIRECT) != 0) return 0;
  const std::unique_ptr<char, void (*)(void*)> buffer(
      static_cast<char*>(std::aligned_alloc(page_bytes, direct_bytes)), std::free);
  while (buffer && bytes.size() - done >= page_bytes) {
    const std::size_t size = std::min(direct_bytes, (bytes.size() - done) / page_bytes * page_bytes);
    std::memcpy(buffer.get(), bytes.data() + done, size);
    const ssize_t count = ::write(descriptor_, buffer.get(), size);
    if (count < 0 && errno == EINTR) continue;
    if (count > 0) done += static_cast<std::size_t>(count);
    // What cannot be done so, be it that the disk is full, is tried the usual way, which tells the reason.
    if (count < 0 || static_cast<std::size_t>(count) % page_bytes != 0) break;
  }
  if (::fcntl(descriptor_, F_SETFL, flags) != 0) fail_to("write");
  written_ += done;
#else
  static_cast<void>(bytes);
#endif
  return done;
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail_to("write");
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_to("write");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_to("replace");
  temporary_.clear();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  AtomicFile file(path);
  file.write(contents);
  file.commit();
}

InputFile::InputFile(const std::filesystem::path& path) : path_(path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe must not block
  if (file.get() < 0) fail_with_errno("InputFile", "open", path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail_with_errno("InputFile", "examine", path);
  if (!S_ISREG(status.st_mode)) fail("InputFile", "cannot read ", path, ": not a regular file.");
  size_ = static_cast<std::uint64_t>(status.st_size);
  descriptor_ = file.release();
}

InputFile::~InputFile() {
  ::close(descriptor_);
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_with_errno("InputFile", "read", path_);
    require(count > 0, "InputFile", path_, " ends at byte ", offset, "; it was ", size_,
            " bytes long when it was opened, and was cut meanwhile.");
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

std::filesystem::path cache_directory() {
  return user_directory("XDG_CACHE_HOME", ".cache");
}
std::filesystem::path data_directory() {
  return user_directory("XDG_DATA_HOME", ".local/share");
}

}  // namespace ilk
