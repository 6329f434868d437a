#pragma once
// N images, M words, D dimensions.
#include <ilk/transport.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace ilk::internal {

/// Below this, 1 / ε is no float32 any more.
constexpr double least_epsilon = 1e-30;

/// Images per block for M words, so that a block of images × words stays small enough for a core's own cache
/// and yet is worth a matrix product. Never depends on the number of threads.
inline std::int64_t images_per_block(std::int64_t n_words) {
  constexpr std::int64_t floats = std::int64_t{1} << 19;
  return std::clamp<std::int64_t>(floats / n_words, 64, 512);
}

/// Throws Error unless both are matrices of unit rows, equally wide.
void require_aligned(MatrixView<const float> embeddings, MatrixView<const float> words,
                     std::string_view function);
/// Throws Error where more words are wanted than there are.
void require_placing(MatrixView<const float> words, const Placing& wanted, std::string_view function);

}  // namespace ilk::internal
