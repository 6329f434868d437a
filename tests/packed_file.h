#pragma once
#include <cstdint>
#include <cstring>
#include <string>

/// A file's bytes in the packed form of io/byte_planes.h; its numbers of 16 bits lie at begin … end − 1.
inline std::string packed_file(const std::string& bytes, std::uint64_t begin, std::uint64_t end) {
  std::string head = "ilkplane" + std::string(16, '\0');
  std::memcpy(head.data() + 8, &begin, 8);
  std::memcpy(head.data() + 16, &end, 8);
  std::string low, high;
  for (std::uint64_t i = begin; i + 1 < end; i += 2) low += bytes[i], high += bytes[i + 1];
  return head + bytes.substr(0, begin) + low + high + bytes.substr(end);
}
