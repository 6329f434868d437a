// N images, M words, D dimensions. S = X Uᵀ are cosines; row i of P is softmax_j((S_ij + g_j) / ε).
#include <ilk/transport.h>

#include <algorithm>
#include <cmath>

#include "cluster/log_shares.h"
#include "cluster/plan_rows.h"
#include "cluster/transport_checks.h"
#include "core/fail.h"
#include "core/parallel.h"
#include "kernels/kernels.h"

namespace ilk {
namespace {

constexpr std::int64_t most_plan_chunks = 128, words_at_once = 256;

void require_plan(MatrixView<const float> embeddings, MatrixView<const float> words, const RowPlan& plan,
                  std::string_view function) {
  internal::require_aligned(embeddings, words, function);
  require(std::isfinite(plan.epsilon) && plan.epsilon >= internal::least_epsilon, function,
          "epsilon must be finite and at least ", internal::least_epsilon, ", got ", plan.epsilon, ".");
  const auto& g = plan.column_potentials;
  require(static_cast<std::int64_t>(g.size()) == words.rows(), function,
          "column_potentials must be one number for each word (", words.rows(), "), got ", g.size(), ".");
  require(internal::all_finite(g), function, "column_potentials must be finite.");
}

Placed place_for(MatrixView<const float> embeddings, MatrixView<const float> words, const RowPlan& plan,
                 const Placing& wanted, std::string_view function) {
  require_plan(embeddings, words, plan, function);
  internal::require_placing(words, wanted, function);
  const auto chunks =
      internal::even_chunks(0, embeddings.rows(), most_plan_chunks, internal::cosine_block(words.rows()));
  internal::CosineRows rows(embeddings, words, {}, chunks, 0, silent());
  Placed placed = internal::room_for(embeddings, words, wanted);
  internal::walk_plan(rows, CosinesBy::floats, rows.n_chunks(), plan.column_potentials, plan.epsilon,
                      plan.times_cosine, {.placed = &placed}, silent());
  return placed;
}

/// Adds rows of shares to the sums of their groups, (n_groups, M), image by image.
void add_shares(MatrixView<const BFloat16> shares, std::span<const std::int64_t> labels,
                Matrix<double>& sums) {
  const auto& kernels = kernels::kernels();
  parallel_blocks(shares.columns(), words_at_once, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = 0; i < shares.rows(); ++i)
      kernels.add_bf16(sums[labels[static_cast<std::size_t>(i)]] + begin,
                       reinterpret_cast<const std::uint16_t*>(shares[i] + begin), end - begin);
  });
}

/// The images from `first` on, those of each group one after another.
std::vector<std::int64_t> by_group(std::span<const std::int64_t> labels, std::int64_t first,
                                   std::int64_t n_groups) {
  const auto n = static_cast<std::int64_t>(labels.size());
  std::vector<std::int64_t> places(static_cast<std::size_t>(n_groups + 1));
  for (std::int64_t i = first; i < n; ++i) ++places[static_cast<std::size_t>(labels[i] + 1)];
  for (std::size_t k = 1; k < places.size(); ++k) places[k] += places[k - 1];
  std::vector<std::int64_t> order(static_cast<std::size_t>(n - first));
  for (std::int64_t i = first; i < n; ++i)
    order[static_cast<std::size_t>(places[static_cast<std::size_t>(labels[i])]++)] = i;
  return order;
}

}  // namespace

Placed place(MatrixView<const float> embeddings, MatrixView<const float> words, const RowPlan& plan,
             const Placing& wanted) {
  return place_for(embeddings, words, plan, wanted, "place");
}

Matrix<float> counterparts(MatrixView<const float> embeddings, MatrixView<const float> words,
                           const RowPlan& plan) {
  return place_for(embeddings, words, plan, {.counterparts = true}, "counterparts").counterparts;
}

TopWords top_words(MatrixView<const float> embeddings, MatrixView<const float> words, const RowPlan& plan,
                   std::int64_t top) {
  require(top >= 1, "top_words", "top must be between 1 and the number of words (", words.rows(), "), got ",
          top, ".");
  return place_for(embeddings, words, plan, {.top = top}, "top_words").top_words;
}

Matrix<double> group_mass(MatrixView<const float> embeddings, MatrixView<const float> words,
                          const RowPlan& plan, std::span<const std::int64_t> labels, std::int64_t n_groups,
                          MatrixView<const BFloat16> shares) {
  constexpr auto function = "group_mass";
  require_plan(embeddings, words, plan, function);
  const std::int64_t n = embeddings.rows(), m = words.rows();
  require(n_groups >= 1, function, "n_groups must be at least 1, got ", n_groups, ".");
  require(static_cast<std::int64_t>(labels.size()) == n, function, "labels must be one for each image (", n,
          "), got ", labels.size(), ".");
  const auto [lowest, highest] = std::minmax_element(labels.begin(), labels.end());
  require(*lowest >= 0 && *highest < n_groups, function, "labels must be between 0 and n_groups − 1 (",
          n_groups - 1, "), got ", *lowest < 0 ? *lowest : *highest, ".");
  const std::int64_t known = shares.rows();
  require(known == 0 || (known <= n && shares.columns() == m), function,
          "shares must be a number for each word (", m, ") in a row for each of the first images.");
  Matrix<double> result(n_groups, m);
  if (known > 0) add_shares(shares, labels, result);
  if (known == n) return result;

  // The other images, sorted by group, are cut into chunks of one group each, whose sums are added in order,
  // so that no sum depends on who is first.
  std::vector<std::int64_t> order = by_group(labels, known, n_groups);
  const std::int64_t others = n - known, block = internal::cosine_block(m);
  const std::int64_t longest = block_count(others, std::max<std::int64_t>(n_groups, 64) * block) * block;
  std::vector<internal::CosineRows::Chunk> chunks;
  std::vector<std::int64_t> groups;  // of the chunks
  for (std::int64_t i = 0; i < others; ++i) {
    const std::int64_t group = labels[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])];
    if (groups.empty() || group != groups.back() || i - chunks.back().begin >= longest) {
      chunks.push_back({i, i});
      groups.push_back(group);
    }
    chunks.back().end = i + 1;
  }
  internal::CosineRows rows(embeddings, words, std::move(order), std::move(chunks), 0, silent());
  Matrix<double> sums(rows.n_chunks(), m);
  internal::walk_plan(rows, CosinesBy::floats, rows.n_chunks(), plan.column_potentials, plan.epsilon,
                      plan.times_cosine, {.sums = sums}, silent());
  for (std::int64_t chunk = 0; chunk < sums.rows(); ++chunk) {
    double* to = result[groups[static_cast<std::size_t>(chunk)]];
    for (std::int64_t j = 0; j < m; ++j) to[j] += sums[chunk][j];
  }
  return result;
}

}  // namespace ilk
