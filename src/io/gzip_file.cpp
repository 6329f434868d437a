#include "io/gzip_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/fail.h"

namespace ilk::internal {

GzipFile::GzipFile(const std::filesystem::path& path) : path_(path), file_(gzopen(path.c_str(), "rb")) {
  require(file_ != nullptr, "GzipFile", "cannot open ", path_, ": ", std::strerror(errno), ".");
  gzbuffer(file_, 1 << 17);
}

GzipFile::~GzipFile() {
  gzclose_r(file_);
}

std::size_t GzipFile::read(std::span<std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto wanted =
        static_cast<unsigned>(std::min<std::size_t>(bytes.size() - done, std::size_t{1} << 24));
    const int got = gzread(file_, bytes.data() + done, wanted);
    int error = Z_OK;
    const char* text = gzerror(file_, &error);
    require(got >= 0 && (error == Z_OK || error == Z_STREAM_END), "GzipFile", path_, " is damaged (",
            error == Z_ERRNO ? std::strerror(errno) : text, ").");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace ilk::internal
