#pragma once
// N images, M words, D dimensions.
#include <ilk/transport.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace ilk::internal {

/// Below this, 1 / ε is no float32 any more.
constexpr double least_epsilon = 1e-30;

/// Images per block, so that a block of images × words stays small enough for a core's own cache and yet is
/// worth a matrix product. Depends on the words only, never on the number of threads.
inline std::int64_t images_per_block(const torch::Tensor& words) {
  const std::int64_t floats = words.is_cpu() ? std::int64_t{1} << 19 : std::int64_t{1} << 26;
  return std::clamp<std::int64_t>(floats / words.size(0), 64, words.is_cpu() ? 512 : 65536);
}

/// Throws Error unless both are matrices of unit rows, equally wide and on one device.
void require_aligned(const torch::Tensor& embeddings, const torch::Tensor& words, std::string_view function);
/// Throws Error where more words are wanted than there are.
void require_placing(const torch::Tensor& words, const Placing& wanted, std::string_view function);

}  // namespace ilk::internal
