#include "cosine_rows.h"

#include <algorithm>

#include "alignment.h"
#include "blocks.h"

namespace ilk::internal {

std::int64_t kept_cosine_bytes(std::int64_t images, std::int64_t dimensions) {
  return std::max(cosine_limits().kept_bytes, images * dimensions);
}

std::int64_t cosine_block(const torch::Tensor& words) {
  const std::int64_t set = cosine_limits().images_per_block;
  return set > 0 ? set : images_per_block(words);
}

std::vector<CosineRows::Chunk> even_chunks(std::int64_t begin, std::int64_t end, std::int64_t most,
                                           std::int64_t block) {
  const std::int64_t length = block_count(block_count(end - begin, block), most) * block;
  std::vector<CosineRows::Chunk> chunks;
  for (; begin < end; begin += length) chunks.push_back({begin, std::min(end, begin + length)});
  return chunks;
}

CosineRows::CosineRows(torch::Tensor images, torch::Tensor words, const std::vector<std::int64_t>& order,
                       std::vector<Chunk> chunks, std::int64_t kept, const Progress& progress)
    : images_(std::move(images)),
      words_(std::move(words)),
      transposed_(words_.t()),
      chunks_(std::move(chunks)),
      block_(cosine_block(words_)),
      buffers_([this] {
        const auto real = images_.options();
        return std::make_unique<Buffers>(
            Buffers{torch::empty({block_, words_.size(0)}, real),
                    order_.defined() ? torch::empty({block_, images_.size(1)}, real) : torch::Tensor()});
      }) {
  if (!order.empty()) order_ = torch::tensor(order, torch::kInt64).to(images_.device());
  kept_ = torch::empty({kept, words_.size(0)}, images_.options());
  row_blocks(images_, kept, block_, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    progress.check_stop();
    buffers_.use([&](Buffers& buffers) { make(begin, end, kept_.slice(0, begin, end), buffers); });
  });
}

torch::Tensor CosineRows::numbers(std::int64_t begin, std::int64_t end) const {
  return order_.defined() ? order_.slice(0, begin, end) : torch::Tensor();
}

torch::Tensor CosineRows::images(std::int64_t begin, std::int64_t end) const {
  return order_.defined() ? images_.index_select(0, order_.slice(0, begin, end))
                          : images_.slice(0, begin, end);
}

void CosineRows::make(std::int64_t begin, std::int64_t end, torch::Tensor cosines, Buffers& buffers) const {
  if (!order_.defined()) {
    at::mm_out(cosines, images_.slice(0, begin, end), transposed_);
    return;
  }
  auto rows = buffers.images.narrow(0, 0, end - begin);
  at::index_select_out(rows, images_, 0, order_.slice(0, begin, end));
  at::mm_out(cosines, rows, transposed_);
}

void CosineRows::each_block(std::int64_t n_chunks, const Progress& progress, const Body& body) {
  row_blocks(images_, n_chunks, 1, [&](std::int64_t number, std::int64_t, std::int64_t) {
    progress.check_stop();
    const Chunk& chunk = chunks_[static_cast<std::size_t>(number)];
    buffers_.use([&](Buffers& buffers) {
      for (std::int64_t begin = chunk.begin; begin < chunk.end; begin += block_) {
        const std::int64_t end = std::min(chunk.end, begin + block_);
        if (end <= kept_.size(0)) {
          body({kept_.slice(0, begin, end), begin, end, number});
          continue;
        }
        const auto cosines = buffers.cosines.narrow(0, 0, end - begin);
        make(begin, end, cosines, buffers);
        body({cosines, begin, end, number});
      }
    });
  });
}

}  // namespace ilk::internal
