#include "io/file_lock.h"

#include <fcntl.h>
#include <ilk/error.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "io/files.h"

namespace ilk {

bool FileLock::try_lock(Kind kind) {
  const auto give_up = [&](const char* doing) {
    const int error = errno;
    unlock();
    throw WriteError("FileLock", std::string("cannot ") + doing + " " + path_.string() + ": " +
                                     std::strerror(error) + ".");
  };
  for (;;) {
    if (descriptor_ < 0) {
      std::error_code not_made;
      if (path_.has_parent_path()) std::filesystem::create_directories(path_.parent_path(), not_made);
      descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
      if (descriptor_ < 0 && not_made) errno = not_made.value();  // why there is no such folder
      if (descriptor_ < 0) fail_to_open();
    }
    if (::flock(descriptor_, (kind == Kind::shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) give_up("lock");
      unlock();
      return false;
    }
    // The former holder may have renamed or removed the file between our opening and our locking it.
    struct stat locked {
    }, named{};
    if (::fstat(descriptor_, &locked) != 0) give_up("examine");
    if (::stat(path_.c_str(), &named) == 0 && locked.st_dev == named.st_dev && locked.st_ino == named.st_ino)
      return true;
    unlock();
  }
}

void FileLock::fail_to_open() const {
  const int error = errno;
  std::error_code ignored;
  const bool is_there = std::filesystem::exists(std::filesystem::symlink_status(path_, ignored));
  errno = error;
  if (is_there) fail_to_write("FileLock", path_);
  fail_to_write_to_folder("FileLock", path_.has_parent_path() ? path_.parent_path() : ".");
}

void FileLock::unlock() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace ilk
