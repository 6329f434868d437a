#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace ilk::internal {

/// Bytes of an array: a file, a part of one, or a part that is unpacked while it is read.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  /// Fills `bytes` from `offset` on; throws Error where there are none so far.
  virtual void read(std::uint64_t offset, std::span<std::byte> bytes) = 0;
  /// Whether reading backwards, or by several threads, starts all over.
  virtual bool in_order_only() const { return false; }
};

}  // namespace ilk::internal
