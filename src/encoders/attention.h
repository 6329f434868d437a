#pragma once
// What tokens take from one another (Vaswani et al. 2017, section 3.2), for inference. W the width, cut into
// heads. All tensors float32, rows one after the other.
#include <torch/types.h>

#include <cstdint>

#include "token_tree.h"

namespace ilk {

/// B sequences of T tokens, each of which sees all of its sequence: `queries` (B · Q, W), `keys` and `values`
/// (B · T, W) to (B · Q, W). `bias`, (heads, Q, T), is added to the scores where it is defined.
torch::Tensor attend(const torch::Tensor& queries, const torch::Tensor& keys, const torch::Tensor& values,
                     std::int64_t sequences, std::int64_t heads, const torch::Tensor& bias);

/// Tokens that see themselves and what is before them in their trees: `keys` and `values` (N, W) of the
/// tree's tokens, `queries` (Q, W) of those at `places`, to (Q, W).
torch::Tensor attend_to_beginnings(const torch::Tensor& queries, const torch::Tensor& keys,
                                   const torch::Tensor& values, std::int64_t heads, const TokenTree& tree,
                                   const std::vector<std::int64_t>& places);

}  // namespace ilk
