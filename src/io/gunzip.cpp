#include "io/gunzip.h"

#include <zlib.h>

#include <array>
#include <climits>

namespace ilk {

std::optional<std::string> gunzip(std::string_view bytes, std::size_t most) {
  constexpr int gzip_window = 15 + 16;  // zlib's largest, in gzip's wrapping
  if (bytes.size() > UINT_MAX) return {};
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string result;
  std::array<char, 1 << 14> piece;
  int state = Z_OK;
  while (state == Z_OK && result.size() <= most) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    state = inflate(&stream, Z_NO_FLUSH);
    result.append(piece.data(), piece.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END || result.size() > most) return {};
  return result;
}

}  // namespace ilk
