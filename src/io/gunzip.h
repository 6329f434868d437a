#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ilk {

/// Whether bytes begin as those of gzip do.
inline bool is_gzipped(std::string_view bytes) {
  return bytes.starts_with("\x1F\x8B");
}

/// What was packed; none where the bytes are damaged or cut, or hold more than `most` bytes.
std::optional<std::string> gunzip(std::string_view bytes, std::size_t most);

}  // namespace ilk
