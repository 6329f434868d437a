#include "io/download_sink.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/fail.h"
#include "io/files.h"
#include "io/sha256.h"

namespace ilk::http {

void TextSink::append(std::string_view bytes) {
  require(size() + static_cast<std::int64_t>(bytes.size()) <= at_most_, "download",
          "the answer is longer than ", at_most_, " bytes.");
  text_ += bytes;
}

void TextSink::begin_anew(const std::string& validator) {
  text_.clear();
  validator_ = validator;
}

FileSink::FileSink(const FileLock& file)
    : file_(file),
      validator_path_(file.path().string() + ".etag"),
      size_(::lseek(file.descriptor(), 0, SEEK_END)) {
  std::ifstream stream(validator_path_, std::ios::binary);
  if (size_ > 0) std::getline(stream, validator_);
}

void FileSink::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file_.descriptor(), bytes.data(), bytes.size(), size_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_to_write("download", file_.path());
    size_ += count;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void FileSink::begin_anew(const std::string& validator) {
  if (::ftruncate(file_.descriptor(), 0) != 0) fail_to_write("download", file_.path());
  size_ = 0;
  if (validator != validator_) {
    std::error_code ignored;
    std::filesystem::remove(validator_path_, ignored);
    if (!validator.empty()) write_file_atomically(validator_path_, validator);
    validator_ = validator;
  }
}

std::string FileSink::sha256(const Progress& progress) const {
  Sha256 digest;
  std::vector<char> piece(1 << 20);
  for (std::int64_t at = 0; at < size_;) {
    progress.check_stop();
    const ssize_t count = ::pread(file_.descriptor(), piece.data(), piece.size(), at);
    if (count < 0 && errno == EINTR) continue;
    require(count > 0, "download", "cannot read ", file_.path(), ": ",
            count < 0 ? std::strerror(errno) : "it was cut", ".");
    digest.update({piece.data(), static_cast<std::size_t>(count)});
    at += count;
  }
  return digest.hex();
}

void FileSink::rename_to(const std::filesystem::path& destination) {
  if (::fsync(file_.descriptor()) != 0 || ::rename(file_.path().c_str(), destination.c_str()) != 0)
    fail_to_write("download", destination);
  std::error_code ignored;
  std::filesystem::remove(validator_path_, ignored);
}

void FileSink::remove() {
  std::error_code ignored;
  std::filesystem::remove(file_.path(), ignored);
  std::filesystem::remove(validator_path_, ignored);
}

}  // namespace ilk::http
