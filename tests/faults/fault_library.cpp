// Loaded before a program (LD_PRELOAD) by tests/faults_program_test.cpp: counts the calls that change files
// below a folder, over all processes of a run, writes each into a log, and has the one of a number fail or
// the run die there. The product holds none of this, and SQLite's calls are counted too.
//
//   ILK_FAULTS_FOLDER   files below it count
//   ILK_FAULTS_COUNTER  a file of 8 bytes that all processes share: calls so far
//   ILK_FAULTS_LOG      "NUMBER WHAT INODE SIZE PATH[ -> PATH]" for each call, after it was done
//   ILK_FAULTS_AT       the call that goes wrong, from 1; 0: none does
//   ILK_FAULTS_HOW      once: it fails with EIO; full: it and all that need room after it fail with ENOSPC;
//                       kill: the process group gets SIGKILL, after half of the bytes where it is a write
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

enum class How { none, once, full, kill };

struct Plan {
  std::string folder;
  std::atomic<std::uint64_t>* counter = nullptr;
  int log = -1;
  std::uint64_t at = 0;
  How how = How::none;
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int raw_open(const std::string& path, int flags) {
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path.c_str(), flags | O_CLOEXEC, 0644));
}

Plan read_plan() {
  Plan plan{.folder = variable("ILK_FAULTS_FOLDER")};
  if (plan.folder.empty()) return plan;
  plan.folder += "/";
  const int counter = raw_open(variable("ILK_FAULTS_COUNTER"), O_RDWR);
  void* shared = ::mmap(nullptr, 8, PROT_READ | PROT_WRITE, MAP_SHARED, counter, 0);
  if (shared == MAP_FAILED) std::abort();
  plan.counter = static_cast<std::atomic<std::uint64_t>*>(shared);
  plan.log = raw_open(variable("ILK_FAULTS_LOG"), O_WRONLY | O_APPEND | O_CREAT);
  plan.at = std::strtoull(variable("ILK_FAULTS_AT").c_str(), nullptr, 10);
  const std::string how = variable("ILK_FAULTS_HOW");
  if (plan.at > 0) plan.how = how == "once" ? How::once : how == "full" ? How::full : How::kill;
  return plan;
}

// Threads of libraries may call before constructors ran; it is never destroyed.
const Plan& plan() {
  static const Plan* const the_plan = new Plan(read_plan());
  return *the_plan;
}

std::string whole_path(int folder, const char* path) {
  if (!path) return "";
  if (path[0] == '/') return path;
  char base[PATH_MAX];
  const std::string link = folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/" + std::to_string(folder);
  const ssize_t length = ::readlink(link.c_str(), base, sizeof base);
  return length > 0 ? std::string(base, static_cast<std::size_t>(length)) + "/" + path : path;
}

std::string path_of(int descriptor) {
  char path[PATH_MAX];
  const ssize_t length =
      ::readlink(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : "";
}

/// A call that changes the disk, from its count to its line in the log.
class Call {
 public:
  Call(const char* what, std::string path, bool needs_room) : what_(what), path_(std::move(path)) {
    counts_ = !plan().folder.empty() && path_.starts_with(plan().folder);
    if (!counts_) return;
    number_ = plan().counter->fetch_add(1) + 1;
    is_the_one_ = number_ == plan().at;
    fails_ = (plan().how == How::once && is_the_one_) ||
             (plan().how == How::full && number_ >= plan().at && (needs_room || is_the_one_));
  }
  bool fails() const { return fails_; }
  bool kills() const { return plan().how == How::kill && is_the_one_; }
  int fail() const {
    errno = plan().how == How::full ? ENOSPC : EIO;
    return -1;
  }
  [[noreturn]] static void die() {
    ::kill(0, SIGKILL);
    for (;;) ::pause();
  }
  template <class Real>
  auto run(Real real, const std::string& second = "") const -> decltype(real()) {
    if (kills()) die();
    if (fails()) return fail();
    const auto result = real();
    const int error = errno;
    if (counts_ && result >= 0) note(second);
    errno = error;
    return result;
  }
  void note(const std::string& second = "") const {
    struct stat status {};
    const bool is_there = ::lstat((second.empty() ? path_ : second).c_str(), &status) == 0;
    const std::string line = std::to_string(number_) + " " + what_ + " " +
                             std::to_string(is_there ? status.st_ino : 0) + " " +
                             std::to_string(is_there ? status.st_size : 0) + " " + path_ +
                             (second.empty() ? "" : " -> " + second) + "\n";
    static_cast<void>(::syscall(SYS_write, plan().log, line.data(), line.size()));
  }

 private:
  const char* what_;
  std::string path_;
  bool counts_ = false, is_the_one_ = false, fails_ = false;
  std::uint64_t number_ = 0;
};

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// `real` writes that many bytes. A write that is killed has written half of them.
template <class Real>
ssize_t write_like(int descriptor, std::size_t count, Real real) {
  const Call call("write", path_of(descriptor), true);
  if (call.kills() && count > 1) {
    real(count / 2);
    call.note();
  }
  return call.run([&] { return real(count); });
}

template <class Function>
int open_like(const char* name, int folder, const char* path, int flags, mode_t mode) {
  const auto open = [&] { return next<Function>(name); };
  const auto really = [&] {
    if constexpr (std::is_same_v<Function, int(const char*, int, ...)>)
      return open()(path, flags, mode);
    else
      return open()(folder, path, flags, mode);
  };
  const std::string whole = whole_path(folder, path);
  struct stat status {};
  const bool makes = (flags & O_CREAT) && ::lstat(whole.c_str(), &status) != 0;
  if (!makes && !(flags & O_TRUNC)) return really();
  return Call("create", whole, true).run(really);
}

mode_t mode_argument(int flags, va_list& arguments) {
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

#define MODE_OF(flags)                                 \
  va_list arguments;                                   \
  va_start(arguments, flags);                          \
  const mode_t mode = mode_argument(flags, arguments); \
  va_end(arguments)

extern "C" {

int open(const char* path, int flags, ...) {
  MODE_OF(flags);
  return open_like<int(const char*, int, ...)>("open", AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE_OF(flags);
  return open_like<int(const char*, int, ...)>("open64", AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  MODE_OF(flags);
  return open_like<int(int, const char*, int, ...)>("openat", folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
  MODE_OF(flags);
  return open_like<int(int, const char*, int, ...)>("openat64", folder, path, flags, mode);
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  return write_like(descriptor, count, [&](size_t some) {
    return next<ssize_t(int, const void*, size_t)>("write")(descriptor, bytes, some);
  });
}
ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  return write_like(descriptor, count, [&](size_t some) {
    return next<ssize_t(int, const void*, size_t, off_t)>("pwrite")(descriptor, bytes, some, offset);
  });
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off64_t offset) {
  return write_like(descriptor, count, [&](size_t some) {
    return next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64")(descriptor, bytes, some, offset);
  });
}
ssize_t writev(int descriptor, const iovec* parts, int count) {
  return Call("write", path_of(descriptor), true).run([&] {
    return next<ssize_t(int, const iovec*, int)>("writev")(descriptor, parts, count);
  });
}
ssize_t sendfile(int to, int from, off_t* offset, size_t count) {
  return write_like(to, count, [&](size_t some) {
    return next<ssize_t(int, int, off_t*, size_t)>("sendfile")(to, from, offset, some);
  });
}
ssize_t sendfile64(int to, int from, off64_t* offset, size_t count) {
  return write_like(to, count, [&](size_t some) {
    return next<ssize_t(int, int, off64_t*, size_t)>("sendfile64")(to, from, offset, some);
  });
}
ssize_t copy_file_range(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t count,
                        unsigned flags) {
  return write_like(to, count, [&](size_t some) {
    return next<ssize_t(int, off64_t*, int, off64_t*, size_t, unsigned)>("copy_file_range")(
        from, from_offset, to, to_offset, some, flags);
  });
}
int ftruncate(int descriptor, off_t size) noexcept {
  return Call("truncate", path_of(descriptor), false).run([&] {
    return next<int(int, off_t)>("ftruncate")(descriptor, size);
  });
}
int ftruncate64(int descriptor, off64_t size) noexcept {
  return Call("truncate", path_of(descriptor), false).run([&] {
    return next<int(int, off64_t)>("ftruncate64")(descriptor, size);
  });
}
int fsync(int descriptor) {
  return Call("sync", path_of(descriptor), true).run([&] { return next<int(int)>("fsync")(descriptor); });
}
int fdatasync(int descriptor) {
  return Call("sync", path_of(descriptor), true).run([&] { return next<int(int)>("fdatasync")(descriptor); });
}
int rename(const char* from, const char* to) noexcept {
  struct stat status {};
  const bool replaces = ::lstat(to, &status) == 0;
  return Call(replaces ? "replace" : "rename", whole_path(AT_FDCWD, from), true)
      .run([&] { return next<int(const char*, const char*)>("rename")(from, to); }, whole_path(AT_FDCWD, to));
}
int link(const char* from, const char* to) noexcept {
  return Call("link", whole_path(AT_FDCWD, to), true).run([&] {
    return next<int(const char*, const char*)>("link")(from, to);
  });
}
int symlink(const char* from, const char* to) noexcept {
  return Call("symlink", whole_path(AT_FDCWD, to), true).run([&] {
    return next<int(const char*, const char*)>("symlink")(from, to);
  });
}
int mkdir(const char* path, mode_t mode) noexcept {
  struct stat status {};
  if (::lstat(path, &status) == 0) return next<int(const char*, mode_t)>("mkdir")(path, mode);
  return Call("mkdir", whole_path(AT_FDCWD, path), true).run([&] {
    return next<int(const char*, mode_t)>("mkdir")(path, mode);
  });
}
int unlink(const char* path) noexcept {
  return Call("unlink", whole_path(AT_FDCWD, path), false).run([&] {
    return next<int(const char*)>("unlink")(path);
  });
}
int unlinkat(int folder, const char* path, int flags) noexcept {
  return Call("unlink", whole_path(folder, path), false).run([&] {
    return next<int(int, const char*, int)>("unlinkat")(folder, path, flags);
  });
}
int rmdir(const char* path) noexcept {
  return Call("unlink", whole_path(AT_FDCWD, path), false).run([&] {
    return next<int(const char*)>("rmdir")(path);
  });
}
int remove(const char* path) noexcept {
  return Call("unlink", whole_path(AT_FDCWD, path), false).run([&] {
    return next<int(const char*)>("remove")(path);
  });
}
int utimensat(int folder, const char* path, const timespec* times, int flags) noexcept {
  return Call("times", whole_path(folder, path), false).run([&] {
    return next<int(int, const char*, const timespec*, int)>("utimensat")(folder, path, times, flags);
  });
}

}  // extern "C"
