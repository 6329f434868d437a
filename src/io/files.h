#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace ilk {

/// The whole file; throws Error naming the path and the system's reason.
std::string read_file(const std::filesystem::path& path);

/// Throws Error where a folder for results is named that is no folder, by nothing, or by -, which is one
/// file.
void require_output_folder(const std::filesystem::path& path, std::string_view function);

/// Throws WriteError that names the folder and what errno says.
[[noreturn]] void fail_to_write_to_folder(std::string_view function, const std::filesystem::path& folder);
/// Throws WriteError that names the path and what errno says.
[[noreturn]] void fail_to_write(std::string_view function, const std::filesystem::path& path);

/// Whether what is written to the path goes to the standard output of this process: /dev/stdout, and what
/// leads there.
bool is_standard_output(const std::filesystem::path& path);

/// Whether the path is one that is written to as it is: standard output, a pipe, a device.
bool is_pipe_or_device(const std::filesystem::path& path);

/// What is written to a path and stands there whole or not at all. A regular file, or one that is new, is
/// written under a temporary name beside it and takes its name on `commit`; it keeps the permissions of the
/// file that it replaces. Where the path is a symbolic link, the file that it leads to is replaced, not the
/// link. Anything else (a device, a pipe, /dev/stdout) is opened and written to as it is. Creates missing
/// parent folders. Every call throws WriteError naming the path and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();  ///< forgets what was written unless it was committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::string_view bytes);
  /// Brings to the disk what was written, ahead of `commit`.
  void sync();
  /// Syncs the file, renames it, and syncs the folder where another file was replaced.
  void commit();

 private:
  void open_temporary(mode_t mode);
  std::filesystem::path path_, target_, temporary_;  ///< no temporary: written to in place
  int descriptor_ = -1;
  bool replaces_ = false, synced_ = false;
};

/// The same in one call.
void write_file_atomically(const std::filesystem::path& path, std::string_view contents);

/// A regular file, open for reading at any place by any number of threads. It is read, not mapped: a file
/// that is cut short meanwhile is an Error, not a fault.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path);
  virtual ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  const std::filesystem::path& path() const { return path_; }
  virtual std::uint64_t size() const { return size_; }  ///< in bytes, when it was opened
  /// Fills `bytes` from `offset` on; throws Error where the file ends before.
  virtual void read(std::uint64_t offset, std::span<std::byte> bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// ilk's folder below $XDG_CACHE_HOME (else ~/.cache); not created.
std::filesystem::path cache_directory();
/// ilk's folder below $XDG_DATA_HOME (else ~/.local/share), where downloaded models live; not created.
std::filesystem::path data_directory();

}  // namespace ilk
