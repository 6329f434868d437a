#include "io/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/fail.h"
#include "core/text.h"
#include "io/descriptor.h"

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

std::string quoted(const std::filesystem::path& path) {
  return concatenate(path);
}

/// The number behind /proc/self/fd/3 or /dev/fd/3; −1 for other paths. Such a file must not be opened anew:
/// it would be written from its beginning, over what a shell's >> has kept.
int own_descriptor(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  if (name.empty() || name.size() > 9 || name.find_first_not_of("0123456789") != std::string::npos) return -1;
  std::error_code error;
  const auto folder = std::filesystem::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
  const auto own = std::filesystem::canonical("/proc/self/fd", error);
  return !error && folder == own ? std::stoi(name) : -1;
}

/// What symbolic links lead to, be it there or not; stops at a descriptor of this process (/dev/stdout).
std::filesystem::path behind_links(std::filesystem::path path) {
  std::error_code error;
  for (int i = 0; i < 40 && own_descriptor(path) < 0; ++i) {
    const auto next = std::filesystem::read_symlink(path, error);
    if (error) return path;
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  return path;
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

void require_output_folder(const std::filesystem::path& path, std::string_view function) {
  require(!path.empty(), function, "output must name a folder, got ''.");
  require(path != "-", function,
          "output must name a folder; -, which is standard output, takes one file and no folder. A folder of "
          "that name is ./-.");
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  require(std::filesystem::exists(status) || !std::filesystem::is_symlink(path, error), function,
          "output must be a folder, got ", path, ", a symbolic link to nothing.");
  require(!std::filesystem::exists(status) || std::filesystem::is_directory(status), function,
          "output must be a folder, got the file ", path, ".");
}

void fail_to_write_to_folder(std::string_view function, const std::filesystem::path& folder) {
  const int error = errno;
  throw WriteError(function,
                   "cannot write to the folder " + quoted(folder) + ": " + std::strerror(error) + ".");
}

void fail_to_write(std::string_view function, const std::filesystem::path& path) {
  const int error = errno;
  throw WriteError(function, "cannot write " + quoted(path) + ": " + std::strerror(error) + ".");
}

bool is_standard_output(const std::filesystem::path& path) {
  return own_descriptor(behind_links(path)) == STDOUT_FILENO;
}

bool is_pipe_or_device(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  return is_standard_output(path) || (std::filesystem::exists(status) && std::filesystem::is_other(status));
}

AtomicFile::AtomicFile(const std::filesystem::path& path) : path_(path) {
  target_ = behind_links(path);
  if (const int own = own_descriptor(target_); own >= 0) {
    descriptor_ = ::fcntl(own, F_DUPFD_CLOEXEC, 0);
    if (descriptor_ < 0) fail_to_write("write", path_);
    return;
  }
  struct stat status {};
  replaces_ = ::stat(target_.c_str(), &status) == 0;
  if (!replaces_ && errno == ELOOP) fail_to_write("write", path_);
  if (replaces_ && S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    fail_to_write("write", path_);
  }
  if (replaces_ && !S_ISREG(status.st_mode)) {
    descriptor_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor_ < 0) fail_to_write("write", path_);
    return;
  }
  open_temporary(replaces_ ? status.st_mode & 07777 : 0);
}

void AtomicFile::open_temporary(mode_t mode) {
  static std::atomic<unsigned> number = 0;
  const std::filesystem::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto cannot = [&](const std::string& reason) {
    throw WriteError("write", "cannot write to the folder " + quoted(folder) + ": " + reason + ".");
  };
  if (error) cannot(error.message());
  temporary_ = target_.string() + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(number++);
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) cannot(std::strerror(errno));
  if (replaces_) static_cast<void>(::fchmod(descriptor_, mode));  // a file system may have no permissions
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  synced_ = false;
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_to_write("write", path_);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void AtomicFile::sync() {
  // Pipes and most devices know no syncing.
  const bool in_place = temporary_.empty();
  if (::fsync(descriptor_) != 0 && !(in_place && (errno == EINVAL || errno == EROFS || errno == ENOTSUP)))
    fail_to_write("write", path_);
  synced_ = true;
}

void AtomicFile::commit() {
  if (!synced_) sync();
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_to_write("write", path_);
  if (temporary_.empty()) return;  // written in place
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_to_write("write", path_);
  temporary_.clear();
  if (!replaces_) return;
  // Or a power cut may bring the old name and the new bytes of a later file.
  const Descriptor folder(::open(target_.has_parent_path() ? target_.parent_path().c_str() : ".",
                                 O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0 && ::fsync(folder.get()) != 0 && errno != EINVAL && errno != ENOTSUP)
    fail_to_write("write", path_);
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
  if (!S_ISREG(status.st_mode))
    fail("InputFile", "cannot read ", path, ": ",
         S_ISDIR(status.st_mode) ? std::strerror(EISDIR) : "not a regular file", ".");
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
