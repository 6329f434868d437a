#pragma once
// N images, M words, D dimensions. S = X Uᵀ are cosines.
#include <ilk/progress.h>
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "scratch_pool.h"

namespace ilk::internal {

/// Images per block of cosines, and how many bytes of cosines and of the plan's rows may be kept. Constants,
/// because results depend on them in the last bits; tests set others.
struct CosineLimits {
  std::int64_t images_per_block = 0;  ///< 0: as many as keep a block small, and yet worth a product
  std::int64_t kept_bytes = std::int64_t{256} << 20;
  std::int64_t shares_bytes = std::int64_t{128} << 20;
  std::int64_t most_entries = std::numeric_limits<std::int64_t>::max();  ///< of an image (HeaviestEntries)
  std::int64_t most_kept_images = std::numeric_limits<std::int64_t>::max();
};
inline CosineLimits& cosine_limits() {
  static CosineLimits limits;
  return limits;
}

/// Bytes of cosines that a solve keeps at most: a constant, or a quarter of the images where that is more.
std::int64_t kept_cosine_bytes(std::int64_t images, std::int64_t dimensions);

/// Some images one after another, with their cosines.
struct CosineBlock {
  torch::Tensor cosines;    ///< (rows, M) float32, not to be changed
  std::int64_t begin, end;  ///< places in the order
  std::int64_t chunk;       ///< which of the chunks they belong to
};

/// The rows of S, gone through block by block in a fixed order. Those of the first `kept` places are made
/// once and kept; the others are made anew each time, so that a large S is never held as a whole.
class CosineRows {
 public:
  struct Chunk {
    std::int64_t begin, end;
  };

  /// `order`: which image is at which place; empty where each is at its own. `chunks` follow each other and
  /// cover all places.
  CosineRows(torch::Tensor images, torch::Tensor words, const std::vector<std::int64_t>& order,
             std::vector<Chunk> chunks, std::int64_t kept, const Progress& progress);

  std::int64_t n_chunks() const { return static_cast<std::int64_t>(chunks_.size()); }
  const std::vector<Chunk>& chunks() const { return chunks_; }
  const torch::Tensor& images() const { return images_; }
  const torch::Tensor& words() const { return words_; }

  /// Which images are at these places, int64; undefined where each image is at its own.
  torch::Tensor numbers(std::int64_t begin, std::int64_t end) const;
  /// Those images, (end − begin, D).
  torch::Tensor images(std::int64_t begin, std::int64_t end) const;

  using Body = std::function<void(const CosineBlock& block)>;
  /// Calls `body` for all blocks of the first `n_chunks` chunks: those of a chunk in order and one at a time,
  /// several chunks at a time.
  void each_block(std::int64_t n_chunks, const Progress& progress, const Body& body);

 private:
  struct Buffers {
    torch::Tensor cosines, images;
  };
  /// Makes the cosines of the images at these places.
  void make(std::int64_t begin, std::int64_t end, torch::Tensor cosines, Buffers& buffers) const;

  torch::Tensor images_, words_, transposed_, order_, kept_;
  std::vector<Chunk> chunks_;
  std::int64_t block_;
  ScratchPool<Buffers> buffers_;
};

/// Cuts places begin … end − 1 into at most `most` chunks of whole blocks.
std::vector<CosineRows::Chunk> even_chunks(std::int64_t begin, std::int64_t end, std::int64_t most,
                                           std::int64_t block);
/// Images per block for these words (CosineLimits).
std::int64_t cosine_block(const torch::Tensor& words);

}  // namespace ilk::internal
