// B sequences, T tokens of each, Q of them asking; N tokens of a tree, H heads, d = W / H.
#include "attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "matrix_product.h"

namespace ilk {
namespace {

float scale_of(std::int64_t head_width) {
  return static_cast<float>(1 / std::sqrt(static_cast<double>(head_width)));
}

/// The places from the root to each of `places`: (Q, longest), and true where a shorter one has none.
std::pair<torch::Tensor, torch::Tensor> paths_of(const TokenTree& tree,
                                                 const std::vector<std::int64_t>& places) {
  std::int64_t longest = 0;
  for (const std::int64_t place : places) longest = std::max(longest, tree.depths[place] + 1);
  const auto count = static_cast<std::int64_t>(places.size());
  const torch::Tensor paths = at::full({count, longest}, -1, torch::kInt64);
  auto path = paths.accessor<std::int64_t, 2>();
  for (std::int64_t q = 0; q < count; ++q)
    for (std::int64_t at = places[q]; at >= 0; at = tree.parents[at]) path[q][tree.depths[at]] = at;
  return {paths.clamp_min(0), paths.lt(0)};
}

}  // namespace

torch::Tensor attend(const torch::Tensor& queries, const torch::Tensor& keys, const torch::Tensor& values,
                     std::int64_t sequences, std::int64_t heads, const torch::Tensor& bias) {
  const std::int64_t width = keys.size(1), head_width = width / heads, tokens = keys.size(0) / sequences,
                     asking = queries.size(0) / sequences;
  const float scale = scale_of(head_width);
  if (!queries.device().is_cpu()) {
    const auto split = [&](const torch::Tensor& x) {  // to (B, H, T, d)
      return x.reshape({sequences, -1, heads, head_width}).transpose(1, 2);
    };
    torch::Tensor scores = at::matmul(split(queries) * scale, split(keys).transpose(2, 3));
    if (bias.defined()) scores += bias;
    const torch::Tensor mixed = at::matmul(at::softmax(scores, -1), split(values));
    return mixed.transpose(1, 2).reshape(queries.sizes());
  }
  torch::Tensor mixed = torch::empty_like(queries);
  const torch::Tensor scores = torch::empty({asking, tokens});
  const auto numbers = [](const torch::Tensor& x) { return x.data_ptr<float>(); };
  PackedMatrix key_columns(head_width, tokens), value_rows(tokens, head_width);
  for (std::int64_t sequence = 0; sequence < sequences; ++sequence)
    for (std::int64_t head = 0; head < heads; ++head) {
      const std::int64_t first = sequence * tokens * width + head * head_width,
                         first_asking = sequence * asking * width + head * head_width;
      key_columns.set_columns(numbers(keys) + first, width);
      value_rows.set_rows(numbers(values) + first, width);
      multiply(numbers(queries) + first_asking, width, asking, key_columns, nullptr, numbers(scores), tokens);
      softmax(numbers(scores), tokens, asking, tokens, scale,
              bias.defined() ? numbers(bias) + head * asking * tokens : nullptr);
      multiply(numbers(scores), tokens, asking, value_rows, nullptr, numbers(mixed) + first_asking, width);
    }
  return mixed;
}

torch::Tensor attend_to_beginnings(const torch::Tensor& queries, const torch::Tensor& keys,
                                   const torch::Tensor& values, std::int64_t heads, const TokenTree& tree,
                                   const std::vector<std::int64_t>& places) {
  const std::int64_t width = keys.size(1), head_width = width / heads;
  const float scale = scale_of(head_width);
  const auto [paths, absent] = paths_of(tree, places);
  const std::int64_t count = paths.size(0), longest = paths.size(1);
  if (!queries.device().is_cpu()) {
    const auto along_paths = [&](const torch::Tensor& x) {  // to (Q, H, longest, d)
      return x.index_select(0, paths.flatten().to(x.device()))
          .reshape({count, longest, heads, head_width})
          .transpose(1, 2);
    };
    const torch::Tensor asking = queries.reshape({count, heads, 1, head_width}) * scale;
    const torch::Tensor scores = at::matmul(asking, along_paths(keys).transpose(2, 3))
                                     .masked_fill(absent.to(queries.device()).reshape({count, 1, 1, longest}),
                                                  -std::numeric_limits<float>::infinity());
    return at::matmul(at::softmax(scores, -1), along_paths(values)).reshape(queries.sizes());
  }
  torch::Tensor mixed = torch::empty_like(queries);
  std::vector<float> scores(static_cast<std::size_t>(heads * longest));
  for (std::int64_t q = 0; q < count; ++q) {
    const std::int64_t length = tree.depths[places[q]] + 1;
    mix_rows(queries.data_ptr<float>() + q * width, keys.data_ptr<float>(), values.data_ptr<float>(), width,
             heads, paths.data_ptr<std::int64_t>() + q * longest, length, scale, scores.data(),
             mixed.data_ptr<float>() + q * width);
  }
  return mixed;
}

}  // namespace ilk
