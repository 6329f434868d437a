#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace ilk {

/// The whole file; throws Error naming the path and the system's reason.
std::string read_file(const std::filesystem::path& path);

/// Writes to a temporary name beside `path`, syncs and renames, so that `path` is whole or untouched at any
/// moment. Creates missing parent folders. Throws Error naming the path and the system's reason.
void write_file_atomically(const std::filesystem::path& path, std::string_view contents);

/// A file mapped for reading, unmapped when it goes.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// ilk's folder below $XDG_CACHE_HOME (else ~/.cache); not created.
std::filesystem::path cache_directory();
/// ilk's folder below $XDG_DATA_HOME (else ~/.local/share), where downloaded models live; not created.
std::filesystem::path data_directory();

}  // namespace ilk
