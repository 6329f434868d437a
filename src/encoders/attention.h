#pragma once
// What tokens take from one another (Vaswani et al. 2017, section 3.2), for inference. Tokens are rows of
// float32, W the width, cut into heads. It is written in the place of the queries.
#include <ilk/matrix.h>

#include <cstdint>
#include <vector>

#include "encoders/token_tree.h"

namespace ilk {

/// B sequences of T tokens, each of which sees all of its sequence: of `queries` (B · Q, W), `keys` and
/// `values` (B · T, W). `bias` (heads · Q, T), dense, is added to the scores where it is not empty.
void attend(MatrixView<float> queries, MatrixView<const float> keys, MatrixView<const float> values,
            std::int64_t sequences, std::int64_t heads, MatrixView<const float> bias);

/// Tokens that see themselves and what is before them in their trees: `keys` and `values` (N, W) of the
/// tree's tokens, dense, `queries` (Q, W) of those at `places`, of all where that is empty.
void attend_to_prefixes(MatrixView<float> queries, MatrixView<const float> keys,
                        MatrixView<const float> values, std::int64_t heads, const TokenTree& tree,
                        const std::vector<std::int64_t>& places);

}  // namespace ilk
