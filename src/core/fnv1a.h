#pragma once
#include <cstdint>
#include <string_view>

namespace ilk {

/// FNV-1a of 64 bits (Fowler, Noll, Vo), one value after another: for checksums and names, not against
/// people.
class Fnv1a {
 public:
  Fnv1a& add(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 1099511628211u;
    return *this;
  }
  Fnv1a& add(std::string_view bytes) {
    for (const char byte : bytes) add(std::uint64_t{static_cast<unsigned char>(byte)});
    return *this;
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 14695981039346656037u;
};

}  // namespace ilk
