// N images, M words, D dimensions. S = X Uᵀ are cosines; row i of P is softmax_j((S_ij + g_j) / ε).
#include <ilk/error.h>
#include <ilk/transport.h>

#include <cmath>

#include "alignment.h"
#include "blocks.h"
#include "plan_loops.h"
#include "plan_rows.h"

namespace ilk {
namespace {

constexpr std::int64_t most_chunks = 128, images_at_once = 4096, words_at_once = 256;

void require_plan(const torch::Tensor& embeddings, const torch::Tensor& words, const RowPlan& plan,
                  std::string_view function) {
  internal::require_aligned(embeddings, words, function);
  require(std::isfinite(plan.epsilon) && plan.epsilon >= internal::least_epsilon, function,
          "epsilon must be finite and at least ", internal::least_epsilon, ", got ", plan.epsilon, ".");
  const auto& g = plan.column_potentials;
  require(g.defined() && g.dim() == 1 && g.size(0) == words.size(0), function,
          "column_potentials must be one number for each word (", words.size(0), "), got ",
          g.defined() ? g.numel() : 0, ".");
  require(g.isfinite().all().item<bool>(), function, "column_potentials must be finite.");
}

Placed place_for(const torch::Tensor& embeddings, const torch::Tensor& words, const RowPlan& plan,
                 const Placing& wanted, std::string_view function) {
  require_plan(embeddings, words, plan, function);
  internal::require_placing(words, wanted, function);
  const auto images = internal::plain_rows(embeddings), texts = internal::plain_rows(words);
  internal::CosineRows rows(
      images, texts, {}, internal::even_chunks(0, images.size(0), most_chunks, internal::cosine_block(texts)),
      0, silent());
  Placed placed = internal::room_for(images, texts, wanted);
  internal::walk_plan(rows, rows.n_chunks(), plan.column_potentials, plan.epsilon, plan.times_cosine,
                      {.placed = placed}, silent());
  return placed;
}

/// Adds rows of shares to the sums of their groups, (n_groups, M) float64, image by image.
void add_shares(const torch::Tensor& shares, const torch::Tensor& labels, torch::Tensor sums) {
  const std::int64_t n = shares.size(0), m = shares.size(1);
  if (!internal::has_kernels(shares)) {
    for (std::int64_t begin = 0; begin < n; begin += images_at_once) {
      const auto part = shares.slice(0, begin, std::min(n, begin + images_at_once)).to(torch::kFloat64);
      sums.index_add_(0, labels.slice(0, begin, begin + part.size(0)).to(sums.device()), part);
    }
    return;
  }
  const auto* rows = static_cast<const std::uint16_t*>(shares.data_ptr());
  const auto* group = labels.data_ptr<std::int64_t>();
  parallel_blocks(m, words_at_once, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = 0; i < n; ++i)
      internal::add_rounded_row(sums.data_ptr<double>() + group[i] * m + begin, rows + i * m + begin,
                                end - begin);
  });
}

}  // namespace

Placed place(const torch::Tensor& embeddings, const torch::Tensor& words, const RowPlan& plan,
             const Placing& wanted) {
  return place_for(embeddings, words, plan, wanted, "place");
}

torch::Tensor counterparts(const torch::Tensor& embeddings, const torch::Tensor& words, const RowPlan& plan) {
  return place_for(embeddings, words, plan, {.counterparts = true}, "counterparts").counterparts;
}

TopWords top_words(const torch::Tensor& embeddings, const torch::Tensor& words, const RowPlan& plan,
                   std::int64_t top) {
  require(top >= 1, "top_words", "top must be between 1 and the number of words (", words.size(0), "), got ",
          top, ".");
  return place_for(embeddings, words, plan, {.top = top}, "top_words").top_words;
}

torch::Tensor group_mass(const torch::Tensor& embeddings, const torch::Tensor& words, const RowPlan& plan,
                         const torch::Tensor& labels, std::int64_t n_groups, const torch::Tensor& shares) {
  constexpr auto function = "group_mass";
  require_plan(embeddings, words, plan, function);
  const std::int64_t n = embeddings.size(0), m = words.size(0);
  require(n_groups >= 1, function, "n_groups must be at least 1, got ", n_groups, ".");
  require(
      labels.defined() && labels.dim() == 1 && labels.size(0) == n && labels.scalar_type() == torch::kInt64,
      function, "labels must be one int64 for each image (", n, ").");
  const auto memory = labels.detach().cpu().contiguous();
  const auto lowest = memory.min().item<std::int64_t>(), highest = memory.max().item<std::int64_t>();
  require(lowest >= 0 && highest < n_groups, function, "labels must be between 0 and n_groups − 1 (",
          n_groups - 1, "), got ", lowest < 0 ? lowest : highest, ".");

  const std::int64_t known = shares.defined() ? shares.size(0) : 0;
  require(known == 0 || (shares.dim() == 2 && known <= n && shares.size(1) == m &&
                         shares.scalar_type() == torch::kBFloat16),
          function, "shares must be bfloat16, a number for each word (", m,
          ") in a row for each of the first images.");
  auto result = torch::zeros({n_groups, m}, embeddings.options().dtype(torch::kFloat64));
  if (known > 0) add_shares(shares.contiguous(), memory, result);
  if (known == n) return result;

  // The other images, sorted by group, are cut into chunks of one group each, whose sums are added in order,
  // so that no sum depends on who is first.
  auto [sorted, order] = at::sort(memory.slice(0, known), /*stable=*/true, /*dim=*/0, /*descending=*/false);
  order += known;
  const auto* group = sorted.data_ptr<std::int64_t>();
  const auto images = internal::plain_rows(embeddings), texts = internal::plain_rows(words);
  const std::int64_t block = internal::cosine_block(texts);
  const std::int64_t longest =
      internal::block_count(n - known, std::max<std::int64_t>(n_groups, 64) * block) * block;
  std::vector<internal::CosineRows::Chunk> chunks;
  for (std::int64_t i = 0; i < n - known; ++i) {
    const bool new_group = i == 0 || group[i] != group[i - 1];
    if (new_group || i - chunks.back().begin >= longest) chunks.push_back({i, i});
    chunks.back().end = i + 1;
  }
  const auto* places = order.data_ptr<std::int64_t>();
  internal::CosineRows rows(images, texts, {places, places + n - known}, chunks, 0, silent());
  const auto real = images.options().dtype(torch::kFloat64);
  const auto sums = torch::zeros({rows.n_chunks(), m}, real);
  internal::walk_plan(rows, rows.n_chunks(), plan.column_potentials, plan.epsilon, plan.times_cosine,
                      {.sums = sums}, silent());
  for (std::size_t i = 0; i < chunks.size(); ++i)
    result[group[chunks[i].begin]].add_(sums[static_cast<std::int64_t>(i)]);
  return result;
}

}  // namespace ilk
