#pragma once
#include <ATen/core/grad_mode.h>
#include <ilk/parallel.h>
#include <torch/types.h>

#include <cstdint>
#include <functional>

namespace ilk::internal {

/// Tests set this to send CPU tensors down the way that other devices go.
inline bool& plain_path() {
  static bool on = false;
  return on;
}

/// Whether the hand-written loops, which read memory directly, may be used. Elsewhere the same mathematics is
/// done by libtorch's own operations.
inline bool has_kernels(const torch::Tensor& tensor) {
  return tensor.is_cpu() && !plain_path();
}

using BlockBody = std::function<void(std::int64_t begin, std::int64_t end, std::int64_t index)>;

/// Blocks several at a time on a CPU; one after another on a device, which is parallel in itself.
inline void row_blocks(const torch::Tensor& like, std::int64_t n, std::int64_t block, const BlockBody& body) {
  if (has_kernels(like)) return parallel_blocks(n, block, body);
  const at::NoGradGuard no_grad;
  for (std::int64_t begin = 0, index = 0; begin < n; begin += block, ++index)
    body(begin, std::min(n, begin + block), index);
}

/// Runs `body` where libtorch's reductions cannot split differently with the number of threads.
inline void on_one_thread(const std::function<void()>& body) {
  parallel_blocks(1, 1, [&](auto, auto, auto) { body(); });
}

inline std::int64_t block_count(std::int64_t n, std::int64_t block) {
  return (n + block - 1) / block;
}

/// What the public functions work on: no gradients, rows one after another in memory.
inline torch::Tensor plain_rows(const torch::Tensor& matrix) {
  return matrix.detach().contiguous();
}

}  // namespace ilk::internal
