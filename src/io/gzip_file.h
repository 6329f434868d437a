#pragma once
#include <zlib.h>

#include <cstddef>
#include <filesystem>
#include <span>

namespace ilk::internal {

/// A file read from its beginning to its end, unpacked where it is gzipped. Throws Error naming the path
/// where it cannot be opened, and where the packed bytes are damaged or cut.
class GzipFile {
 public:
  explicit GzipFile(const std::filesystem::path& path);
  ~GzipFile();
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;
  /// Fills `bytes` and returns how many there were; less at the end alone.
  std::size_t read(std::span<std::byte> bytes);

 private:
  std::filesystem::path path_;
  gzFile file_ = nullptr;
};

}  // namespace ilk::internal
