// B texts at a time, T tokens of each.
#include "encoders/text_batches.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/parallel.h"
#include "kernels/kernels.h"

namespace ilk {
namespace {

// Of long texts fewer go together, so that a group takes some tens of megabytes: as many tokens as 64 texts
// of CLIP's 77.
constexpr std::int64_t texts_per_group = 64, longest_of_a_full_group = 77;

struct Group {
  std::int64_t begin, end;
};

/// Runs of equal length in `lengths`, cut where one is a full group.
std::vector<Group> groups_of(const std::vector<std::int64_t>& lengths) {
  std::vector<Group> groups;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(lengths.size()); ++i) {
    const std::int64_t length = lengths[i];
    const std::int64_t most =
        std::clamp<std::int64_t>(texts_per_group * longest_of_a_full_group / length, 1, texts_per_group);
    if (!groups.empty() && lengths[groups.back().begin] == length && i - groups.back().begin < most)
      groups.back().end = i + 1;
    else
      groups.push_back({i, i + 1});
  }
  return groups;
}

}  // namespace

void make_unit_rows(MatrixView<float> rows) {
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    const double length =
        std::max(std::sqrt(kernels::kernels().sum_of_squares(rows[i], rows.columns())), 1e-30);
    for (float& value : rows.row(i)) value = static_cast<float>(value / length);
  }
}

Matrix<float> embed_texts(std::int64_t count, std::int64_t width,
                          const std::function<std::vector<std::int32_t>(std::int64_t)>& tokens_of,
                          const std::function<Matrix<float>(MatrixView<const std::int32_t>)>& tower) {
  std::vector<std::vector<std::int32_t>> tokens(static_cast<std::size_t>(count));
  parallel_blocks(count, 256, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i) tokens[i] = tokens_of(i);
  });

  std::vector<std::int64_t> order(tokens.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return tokens[a].size() < tokens[b].size(); });
  std::vector<std::int64_t> lengths;
  for (const std::int64_t i : order) lengths.push_back(static_cast<std::int64_t>(tokens[i].size()));
  const std::vector<Group> groups = groups_of(lengths);

  auto embeddings = Matrix<float>::uninitialised(count, width);
  parallel_blocks(
      static_cast<std::int64_t>(groups.size()), 1, [&](std::int64_t g, std::int64_t, std::int64_t) {
        const Group& group = groups[g];
        auto ids = Matrix<std::int32_t>::uninitialised(group.end - group.begin, lengths[group.begin]);
        for (std::int64_t row = 0; row < ids.rows(); ++row)
          std::copy_n(tokens[order[group.begin + row]].begin(), ids.columns(), ids[row]);
        Matrix<float> rows = tower(ids);
        make_unit_rows(rows);
        for (std::int64_t row = 0; row < ids.rows(); ++row)
          std::copy_n(rows[row], width, embeddings[order[group.begin + row]]);
      });
  return embeddings;
}

}  // namespace ilk
