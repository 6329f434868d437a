#pragma once
// Embeddings of many texts with one tower.
#include <ilk/matrix.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace ilk {

/// Scales each row to unit length, which is computed in float64; a row of zeros stays one.
void make_unit_rows(MatrixView<float> rows);

/// Embeds texts in groups of one length, so that nothing has to be filled up. `tokens_of(i)` gives the ids of
/// text i of `count`; `tower` takes (B, T) of them, B of at most 64, to (B, width). Returns (count, width),
/// rows of unit length in the order of the texts. Uses parallel_blocks.
Matrix<float> embed_texts(std::int64_t count, std::int64_t width,
                          const std::function<std::vector<std::int32_t>(std::int64_t)>& tokens_of,
                          const std::function<Matrix<float>(MatrixView<const std::int32_t>)>& tower);

}  // namespace ilk
