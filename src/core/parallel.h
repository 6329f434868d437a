#pragma once
#include <cstdint>
#include <functional>

namespace ilk {

/// Cuts [0, n) into blocks of `block` (the last may be shorter) and calls body(begin, end, index) once for
/// each, several at a time, in no set order.
///
/// A block runs on one thread, and a call inside a call runs its blocks one after another. So a block's
/// result does not depend on how many threads there are; a caller that puts the results together in the order
/// of `index` is deterministic. The first exception is rethrown here once all running blocks have ended.
void parallel_blocks(
    std::int64_t n, std::int64_t block,
    const std::function<void(std::int64_t begin, std::int64_t end, std::int64_t index)>& body);

inline std::int64_t block_count(std::int64_t n, std::int64_t block) {
  return (n + block - 1) / block;
}

}  // namespace ilk
