// N images, M words, D dimensions. S = X Uᵀ are cosines; row i of P is softmax_j((S_ij + g_j) / ε).
#include <ilk/error.h>
#include <ilk/transport.h>

#include <cmath>

#include "alignment.h"
#include "blocks.h"
#include "top_rows.h"

namespace ilk {
namespace {

// Sums of weighted words shorter than this are rounding.
constexpr double vanishing_length = 1e-6;

/// Images and words that were checked against a plan, ready for work on blocks.
struct Aligned {
  torch::Tensor images, words, potentials;
  double epsilon;

  /// The columns' order of preference, S + g, for some images.
  torch::Tensor preferences(const torch::Tensor& block) const {
    return block.matmul(words.t()).add_(potentials);
  }

  torch::Tensor shares(const torch::Tensor& preferences) const {
    return at::softmax((preferences - preferences.amax(1, /*keepdim=*/true)).mul_(1 / epsilon), 1);
  }
};

Aligned aligned(const torch::Tensor& embeddings, const torch::Tensor& words, const RowPlan& plan,
                std::string_view function) {
  internal::require_aligned(embeddings, words, function);
  require(std::isfinite(plan.epsilon) && plan.epsilon > 0, function,
          "epsilon must be above 0 and finite, got ", plan.epsilon, ".");
  const auto& g = plan.column_potentials;
  require(g.defined() && g.dim() == 1 && g.size(0) == words.size(0), function,
          "column_potentials must be one number for each word (", words.size(0), "), got ",
          g.defined() ? g.numel() : 0, ".");
  require(g.isfinite().all().item<bool>(), function, "column_potentials must be finite.");
  return {internal::plain_rows(embeddings), internal::plain_rows(words),
          g.detach().to(embeddings.device()).to(torch::kFloat32), plan.epsilon};
}

}  // namespace

torch::Tensor counterparts(const torch::Tensor& embeddings, const torch::Tensor& words, const RowPlan& plan) {
  const Aligned data = aligned(embeddings, words, plan, "counterparts");
  auto result = torch::empty(data.images.sizes(), data.images.options());
  internal::row_blocks(
      data.images, data.images.size(0), internal::images_per_block(data.words),
      [&](auto begin, auto end, auto) {
        const auto cosines = data.images.slice(0, begin, end).matmul(data.words.t());
        const auto preferences = cosines + data.potentials;
        auto shares = data.shares(preferences);
        if (plan.times_cosine) shares.mul_(cosines);
        const auto sums = shares.matmul(data.words);
        const auto lengths = at::linalg_vector_norm(sums, 2, at::IntArrayRef{1}, /*keepdim=*/true);
        const auto heaviest = data.words.index_select(0, preferences.argmax(1));
        result.slice(0, begin, end).copy_(torch::where(lengths > vanishing_length, sums / lengths, heaviest));
      });
  return result;
}

TopWords top_words(const torch::Tensor& embeddings, const torch::Tensor& words, const RowPlan& plan,
                   std::int64_t top) {
  constexpr auto function = "top_words";
  const Aligned data = aligned(embeddings, words, plan, function);
  require(top >= 1 && top <= words.size(0), function, "top must be between 1 and the number of words (",
          words.size(0), "), got ", top, ".");
  const std::int64_t n = data.images.size(0);
  TopWords result{torch::empty({n, top}, data.images.options().dtype(torch::kInt64)),
                  torch::empty({n, top}, data.images.options())};
  internal::row_blocks(data.images, n, internal::images_per_block(data.words),
                       [&](auto begin, auto end, auto) {
                         const auto preferences = data.preferences(data.images.slice(0, begin, end));
                         // By preference, which tells words apart whose shares are both too small for a
                         // float.
                         const auto best = internal::top_columns(preferences, top).columns;
                         result.indices.slice(0, begin, end).copy_(best);
                         result.weights.slice(0, begin, end).copy_(data.shares(preferences).gather(1, best));
                       });
  return result;
}

torch::Tensor group_mass(const torch::Tensor& embeddings, const torch::Tensor& words, const RowPlan& plan,
                         const torch::Tensor& labels, std::int64_t n_groups) {
  constexpr auto function = "group_mass";
  const Aligned data = aligned(embeddings, words, plan, function);
  const std::int64_t n = data.images.size(0), m = data.words.size(0);
  require(n_groups >= 1, function, "n_groups must be at least 1, got ", n_groups, ".");
  require(
      labels.defined() && labels.dim() == 1 && labels.size(0) == n && labels.scalar_type() == torch::kInt64,
      function, "labels must be one int64 for each image (", n, ").");
  const auto memory = labels.detach().cpu().contiguous();
  const auto lowest = memory.min().item<std::int64_t>(), highest = memory.max().item<std::int64_t>();
  require(lowest >= 0 && highest < n_groups, function, "labels must be between 0 and n_groups − 1 (",
          n_groups - 1, "), got ", lowest < 0 ? lowest : highest, ".");

  // Images sorted by group are cut into segments of one group each; a segment's words are summed on their
  // own, and segments are added in order, so that no sum depends on who is first.
  const auto [sorted, order] = at::sort(memory, /*stable=*/true, /*dim=*/0, /*descending=*/false);
  const auto* group = sorted.data_ptr<std::int64_t>();
  const std::int64_t block = internal::images_per_block(data.words);
  const std::int64_t longest = internal::block_count(n, std::max<std::int64_t>(n_groups, 64) * block) * block;
  struct Segment {
    std::int64_t begin, end;
  };
  std::vector<Segment> segments;
  for (std::int64_t i = 0; i < n; ++i) {
    const bool new_group = i == 0 || group[i] != group[i - 1];
    if (new_group || i - segments.back().begin >= longest) segments.push_back({i, i});
    segments.back().end = i + 1;
  }
  const auto images_in_order = order.to(data.images.device());
  const auto real = data.images.options().dtype(torch::kFloat64);
  auto mass = torch::zeros({static_cast<std::int64_t>(segments.size()), m}, real);
  internal::row_blocks(
      data.images, static_cast<std::int64_t>(segments.size()), 1, [&](auto number, auto, auto) {
        const Segment& segment = segments[static_cast<std::size_t>(number)];
        for (std::int64_t begin = segment.begin; begin < segment.end; begin += block) {
          const auto rows = images_in_order.slice(0, begin, std::min(segment.end, begin + block));
          mass[number].add_(data.shares(data.preferences(data.images.index_select(0, rows)))
                                .sum(0, false, torch::kFloat64));
        }
      });
  auto result = torch::zeros({n_groups, m}, real);
  for (std::size_t i = 0; i < segments.size(); ++i)
    result[group[segments[i].begin]].add_(mass[static_cast<std::int64_t>(i)]);
  return result;
}

}  // namespace ilk
