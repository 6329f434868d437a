#pragma once
// N images, M words, D dimensions. S = X Uᵀ are cosines.
#include <ilk/matrix.h>
#include <ilk/progress.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "cluster/distributed_transport.h"
#include "cluster/scratch_pool.h"
#include "core/made_when_needed.h"
#include "kernels/int16_product.h"
#include "kernels/matrix_product.h"

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
  MatrixView<const float> cosines;  ///< (rows, M)
  std::int64_t begin, end;          ///< places in the order
  std::int64_t chunk;               ///< which of the chunks they belong to
};

/// Words U (M, D) as the right side of S.
class PackedWords {
 public:
  /// `words` must outlive this.
  explicit PackedWords(MatrixView<const float> words)
      : words_(words), floats_(PackedMatrix::of_transpose(words)) {}

  const PackedMatrix& in_floats() const { return floats_; }
  const Int16Matrix& in_int16() const {
    return int16_.get([this] { return std::make_unique<Int16Matrix>(Int16Rows(words_)); });
  }

 private:
  MatrixView<const float> words_;
  PackedMatrix floats_;
  MadeWhenNeeded<Int16Matrix> int16_;
};

/// The rows of S, gone through block by block in a fixed order. Those of the first `kept` places are made
/// once and kept; the others are recomputed each time, so that a large S is never held as a whole.
class CosineRows {
 public:
  using Chunk = TransportChunks::Chunk;

  /// `order`: which image is at which place; empty where each is at its own. `chunks` follow each other and
  /// cover all places. Images and words must outlive this. `packed`: the words, where they are packed
  /// already; must outlive this, too.
  CosineRows(MatrixView<const float> images, MatrixView<const float> words, std::vector<std::int64_t> order,
             std::vector<Chunk> chunks, std::int64_t kept, const Progress& progress,
             const PackedWords* packed = nullptr);

  std::int64_t n_chunks() const { return static_cast<std::int64_t>(chunks_.size()); }
  const std::vector<Chunk>& chunks() const { return chunks_; }
  MatrixView<const float> images() const { return images_; }
  MatrixView<const float> words() const { return words_; }

  /// Which image is at this place.
  std::int64_t number(std::int64_t place) const {
    return order_.empty() ? place : order_[static_cast<std::size_t>(place)];
  }
  /// The images at these places, (end − begin, D); where they do not lie side by side they are copied into
  /// `room`, which grows if need be.
  MatrixView<const float> images(std::int64_t begin, std::int64_t end, Matrix<float>& room) const;

  using Body = std::function<void(const CosineBlock& block)>;
  /// Calls `body` for all blocks of the first `n_chunks` chunks: those of a chunk in order and one at a time,
  /// several chunks at a time.
  void each_block(std::int64_t n_chunks, CosinesBy by, const Progress& progress, const Body& body);

 private:
  struct Buffers {
    Matrix<float> cosines, images;
  };
  /// Makes the cosines of the images at these places.
  void make(std::int64_t begin, std::int64_t end, CosinesBy by, MatrixView<float> cosines,
            Buffers& buffers) const;

  MatrixView<const float> images_, words_;
  std::unique_ptr<PackedWords> own_;
  const PackedWords& packed_;
  std::vector<std::int64_t> order_;
  std::vector<Chunk> chunks_;
  std::int64_t block_;
  ScratchPool<Buffers> buffers_;
  Matrix<float> kept_;
};

/// Cuts places begin … end − 1 into at most `most` chunks of whole blocks.
std::vector<CosineRows::Chunk> even_chunks(std::int64_t begin, std::int64_t end, std::int64_t most,
                                           std::int64_t block);
/// Images per block for so many words (CosineLimits).
std::int64_t cosine_block(std::int64_t n_words);

}  // namespace ilk::internal
