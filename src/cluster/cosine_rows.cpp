#include "cluster/cosine_rows.h"

#include <algorithm>

#include "cluster/transport_checks.h"
#include "core/parallel.h"

namespace ilk::internal {

std::int64_t kept_cosine_bytes(std::int64_t images, std::int64_t dimensions) {
  return std::max(cosine_limits().kept_bytes, images * dimensions);
}

std::int64_t cosine_block(std::int64_t n_words) {
  const std::int64_t set = cosine_limits().images_per_block;
  return set > 0 ? set : images_per_block(n_words);
}

std::vector<CosineRows::Chunk> even_chunks(std::int64_t begin, std::int64_t end, std::int64_t most,
                                           std::int64_t block) {
  const std::int64_t length = block_count(block_count(end - begin, block), most) * block;
  std::vector<CosineRows::Chunk> chunks;
  for (; begin < end; begin += length) chunks.push_back({begin, std::min(end, begin + length)});
  return chunks;
}

CosineRows::CosineRows(MatrixView<const float> images, MatrixView<const float> words,
                       std::vector<std::int64_t> order, std::vector<Chunk> chunks, std::int64_t kept,
                       const Progress& progress, const PackedWords* packed)
    : images_(images),
      words_(words),
      own_(packed == nullptr ? std::make_unique<PackedWords>(words) : nullptr),
      packed_(packed == nullptr ? *own_ : *packed),
      order_(std::move(order)),
      chunks_(std::move(chunks)),
      block_(cosine_block(words.rows())),
      buffers_([this] {
        return std::make_unique<Buffers>(
            Buffers{Matrix<float>::uninitialised(block_, words_.rows()), Matrix<float>()});
      }),
      kept_(Matrix<float>::uninitialised(kept, words.rows())) {
  parallel_blocks(kept, block_, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    progress.check_stop();
    buffers_.use([&](Buffers& buffers) {
      make(begin, end, CosinesBy::floats, kept_.rows_between(begin, end), buffers);
    });
  });
}

MatrixView<const float> CosineRows::images(std::int64_t begin, std::int64_t end, Matrix<float>& room) const {
  if (order_.empty()) return images_.rows_between(begin, end);
  if (room.rows() < end - begin) room = Matrix<float>::uninitialised(end - begin, images_.columns());
  for (std::int64_t place = begin; place < end; ++place)
    std::copy_n(images_[number(place)], images_.columns(), room[place - begin]);
  return room.rows_between(0, end - begin);
}

void CosineRows::make(std::int64_t begin, std::int64_t end, CosinesBy by, MatrixView<float> cosines,
                      Buffers& buffers) const {
  const MatrixView<const float> rows = images(begin, end, buffers.images);
  if (by == CosinesBy::int16)
    multiply(Int16Rows(rows), packed_.in_int16(), nullptr, cosines);
  else
    multiply(rows, packed_.in_floats(), nullptr, cosines);
}

void CosineRows::each_block(std::int64_t n_chunks, CosinesBy by, const Progress& progress, const Body& body) {
  parallel_blocks(n_chunks, 1, [&](std::int64_t number, std::int64_t, std::int64_t) {
    progress.check_stop();
    const Chunk& chunk = chunks_[static_cast<std::size_t>(number)];
    buffers_.use([&](Buffers& buffers) {
      for (std::int64_t begin = chunk.begin; begin < chunk.end; begin += block_) {
        const std::int64_t end = std::min(chunk.end, begin + block_);
        if (end <= kept_.rows()) {
          body({kept_.rows_between(begin, end), begin, end, number});
          continue;
        }
        const auto cosines = buffers.cosines.rows_between(0, end - begin);
        make(begin, end, by, cosines, buffers);
        body({cosines, begin, end, number});
      }
    });
  });
}

}  // namespace ilk::internal
