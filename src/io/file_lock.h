#pragma once
#include <filesystem>

namespace ilk {

/// An advisory lock (flock) on a file that its holder may rename or remove, so that nothing need be left
/// behind. It is let go when the object goes or the process ends, also by a kill. Two objects in one process
/// exclude each other too.
class FileLock {
 public:
  enum class Kind { shared, exclusive };

  /// Locks nothing yet. Missing parent folders are created on the first try.
  explicit FileLock(std::filesystem::path path) : path_(std::move(path)) {}
  ~FileLock() { unlock(); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// Opens or creates the file and locks it, or changes the kind of a lock that is held; never waits. False
  /// where another holder is in the way, and then nothing is locked. On true, the file at the path is the one
  /// locked. Throws Error where the file cannot be opened or its file system has no locks.
  bool try_lock(Kind kind);
  void unlock();

  /// The locked file, open for reading and writing; −1 where nothing is locked.
  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  [[noreturn]] void fail_to_open() const;

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace ilk
