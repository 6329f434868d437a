#pragma once
// Embeddings of many texts with one tower.
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace ilk {

/// Rows of unit length. The length is computed in double; a row of zeros stays one.
torch::Tensor unit_rows(const torch::Tensor& rows);

/// Embeds texts in groups of one length, so that nothing has to be filled up. `tokens_of(i)` gives the ids of
/// text i of `count`; `tower` takes (B, T) int64 on `device`, B of at most 64 on a CPU, to (B, width).
/// Returns (count, width) float32 on the CPU, rows of unit length in the order of the texts. Uses
/// parallel_blocks.
torch::Tensor embed_texts(std::int64_t count, std::int64_t width, torch::Device device,
                          const std::function<std::vector<std::int32_t>(std::int64_t)>& tokens_of,
                          const std::function<torch::Tensor(const torch::Tensor&)>& tower);

}  // namespace ilk
