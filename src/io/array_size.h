#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace ilk::internal {

/// The product of the lengths and the element size, or nothing where it does not fit. Zeros are left out of
/// the check for overflow: (0, 2^62, 2^62) has no bytes, but strides that cannot be counted.
inline std::optional<std::uint64_t> bytes_of(const std::vector<std::int64_t>& shape,
                                             std::uint64_t element_size) {
  std::uint64_t bytes = element_size;
  bool empty = false;
  for (const std::int64_t length : shape) {
    if (length == 0)
      empty = true;
    else if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(length), &bytes))
      return std::nullopt;
  }
  if (bytes > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return empty ? 0 : bytes;
}

}  // namespace ilk::internal
