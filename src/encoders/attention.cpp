// B sequences, T tokens of each, Q of them asking; N tokens of a tree, H heads, d = W / H.
#include "encoders/attention.h"

#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"
#include "kernels/matrix_product.h"

namespace ilk {
namespace {

float scale_of(std::int64_t head_width) {
  return static_cast<float>(1 / std::sqrt(static_cast<double>(head_width)));
}

}  // namespace

void attend(MatrixView<float> queries, MatrixView<const float> keys, MatrixView<const float> values,
            std::int64_t sequences, std::int64_t heads, MatrixView<const float> bias) {
  const std::int64_t head_width = keys.columns() / heads, tokens = keys.rows() / sequences,
                     asking = queries.rows() / sequences;
  const float scale = scale_of(head_width);
  auto scores = Matrix<float>::uninitialised(asking, tokens);
  PackedMatrix key_columns, value_rows;
  for (std::int64_t sequence = 0; sequence < sequences; ++sequence)
    for (std::int64_t head = 0; head < heads; ++head) {
      const auto part = [&](auto matrix, std::int64_t rows) {
        return matrix.rows_between(sequence * rows, (sequence + 1) * rows)
            .columns_between(head * head_width, (head + 1) * head_width);
      };
      const MatrixView<float> own = part(queries, asking);
      key_columns.assign_transpose(part(keys, tokens));
      value_rows.assign(part(values, tokens));
      multiply(own, key_columns, nullptr, scores);
      kernels::kernels().softmax(scores.data(), tokens, asking, tokens, scale,
                                 bias.empty() ? nullptr : bias[head * asking]);
      multiply(scores, value_rows, nullptr, own);
    }
}

void attend_to_prefixes(MatrixView<float> queries, MatrixView<const float> keys,
                        MatrixView<const float> values, std::int64_t heads, const TokenTree& tree,
                        const std::vector<std::int64_t>& places) {
  const std::int64_t width = keys.columns();
  const float scale = scale_of(width / heads);
  const std::int64_t longest = 1 + *std::max_element(tree.depths.begin(), tree.depths.end());
  std::vector<float> query(static_cast<std::size_t>(width)),
      scores(static_cast<std::size_t>(heads * longest));
  std::vector<std::int64_t> path(static_cast<std::size_t>(longest));
  for (std::int64_t q = 0; q < queries.rows(); ++q) {
    const std::int64_t place = places.empty() ? q : places[static_cast<std::size_t>(q)];
    const std::int64_t length = tree.depths[static_cast<std::size_t>(place)] + 1;
    for (std::int64_t at = place, depth = length - 1; at >= 0; --depth) {
      path[static_cast<std::size_t>(depth)] = at;
      at = tree.parents[static_cast<std::size_t>(at)];
    }
    std::copy_n(queries[q], width, query.begin());
    kernels::kernels().mix_rows(query.data(), keys.data(), values.data(), width, heads, path.data(), length,
                                scale, scores.data(), queries[q]);
  }
}

}  // namespace ilk
