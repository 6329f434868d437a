#include <fcntl.h>
#include <ilk/error.h>
#include <ilk/files.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "descriptor.h"

namespace ilk {
namespace {

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

void write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  static std::atomic<unsigned> number = 0;
  constexpr std::string_view function = "write_file_atomically";
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  const std::filesystem::path temporary =
      path.string() + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(number++);
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) fail_with_errno(function, "create", temporary);
  const auto give_up = [&](std::string_view doing) {
    const int error_number = errno;
    ::unlink(temporary.c_str());
    errno = error_number;
    fail_with_errno(function, doing, path);
  };
  while (!contents.empty()) {
    const ssize_t count = ::write(file.get(), contents.data(), contents.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) give_up("write");
    contents.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fsync(file.get()) != 0) give_up("write");
  if (::close(file.release()) != 0) give_up("write");
  if (::rename(temporary.c_str(), path.c_str()) != 0) give_up("replace");
}

MappedFile::MappedFile(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail_with_errno("MappedFile", "open", path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail_with_errno("MappedFile", "examine", path);
  if (!S_ISREG(status.st_mode)) fail("MappedFile", "cannot map ", path, ": not a regular file.");
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) fail_with_errno("MappedFile", "map", path);
  data_ = static_cast<const std::byte*>(address);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

std::filesystem::path cache_directory() {
  return user_directory("XDG_CACHE_HOME", ".cache");
}
std::filesystem::path data_directory() {
  return user_directory("XDG_DATA_HOME", ".local/share");
}

}  // namespace ilk
