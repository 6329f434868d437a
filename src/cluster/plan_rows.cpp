#include "plan_rows.h"

#include <cmath>

#include "../core/int16_product.h"
#include "blocks.h"
#include "lanes.h"
#include "plan_loops.h"
#include "top_rows.h"

namespace ilk::internal {
namespace {

// Sums of weighted words shorter than this are rounding: of floats, and of numbers of 15 bits, of the weights
// there.
constexpr double vanishing_length = 1e-6, vanishing_part = 1e-4;
constexpr std::int64_t rows_at_once = 4;

struct Scratch {
  std::vector<float> rows;         // (rows_at_once, M)
  torch::Tensor weighted, placed;  // (block, M), (block, D)
};

struct Walk {
  CosineRows& rows;
  torch::Tensor potentials;  // g, (M) float32 on the images' device
  double epsilon;
  bool times_cosine;
  const PlanSinks& sinks;
  // The words, for counterparts. With 15 bits a number these are right to 1e-5 a coordinate on the average.
  Int16Matrix words;
  ScratchPool<Scratch> pool;

  std::int64_t n() const { return rows.images().size(0); }
  std::int64_t m() const { return rows.words().size(0); }

  void with_loops(const CosineBlock& block, Scratch& scratch) {
    const std::int64_t count = block.end - block.begin, m = this->m();
    const auto numbers = rows.numbers(block.begin, block.end);
    const auto place_of = [&, at = numbers.defined() ? numbers.data_ptr<std::int64_t>() : nullptr](
                              std::int64_t i) { return at != nullptr ? at[i] : block.begin + i; };
    const Placed& placed = sinks.placed;
    const bool counterparts = placed.counterparts.defined();
    const std::int64_t top = placed.top_words.indices.defined() ? placed.top_words.indices.size(1) : 0;
    if (counterparts && !scratch.weighted.defined()) {
      const std::int64_t most = cosine_block(rows.words());
      scratch.weighted = torch::empty({most, m}, block.cosines.options());
      scratch.placed = torch::empty({most, rows.words().size(1)}, block.cosines.options());
    }
    const std::int64_t n_shares = placed.shares.defined() ? placed.shares.size(0) : 0;
    auto* shares = n_shares > 0 ? static_cast<std::uint16_t*>(placed.shares.data_ptr()) : nullptr;
    const float* cosines = block.cosines.data_ptr<float>();
    const float* g = potentials.data_ptr<float>();
    double* f =
        sinks.row_potentials.defined() ? sinks.row_potentials.data_ptr<double>() + block.begin : nullptr;
    double* sums = sinks.sums.defined() ? sinks.sums.data_ptr<double>() + block.chunk * m : nullptr;
    const auto scale = static_cast<float>(1 / epsilon);
    const double log_n = std::log(static_cast<double>(n()));
    for (std::int64_t first = 0; first < count; first += rows_at_once) {
      const std::int64_t many = std::min(rows_at_once, count - first);
      float weights[rows_at_once];
      for (std::int64_t r = 0; r < many; ++r) {
        const std::int64_t i = first + r;
        float* row = scratch.rows.data() + r * m;
        const float highest = add_potentials(cosines + i * m, g, row, m);
        float* top_weights = nullptr;
        std::int64_t* top_words = nullptr;
        if (top > 0) {
          top_weights = placed.top_words.weights.data_ptr<float>() + place_of(i) * top;
          top_words = placed.top_words.indices.data_ptr<std::int64_t>() + place_of(i) * top;
          std::fill_n(top_weights, top, -std::numeric_limits<float>::infinity());
          std::fill_n(top_words, top, -1);
          // By preference, which tells words apart whose shares are both too small for a float.
          TopList(top_weights, top_words, top).offer_row(row, m, 0);
        }
        const double total = exponentiate(row, m, highest, scale);
        weights[r] = static_cast<float>(1 / total);
        if (sinks.entries != nullptr)
          sinks.entries->take(block.begin + i, cosines + i * m, row, total, highest);
        if (f != nullptr) f[i] = 1 - static_cast<double>(highest) - epsilon * (std::log(total) + log_n);
        for (std::int64_t k = 0; k < top; ++k) top_weights[k] = row[top_words[k]] * weights[r];
        if (place_of(i) < n_shares) round_row(row, weights[r], shares + place_of(i) * m, m);
        if (!counterparts) continue;
        float* weighted = scratch.weighted.data_ptr<float>() + i * m;
        times_cosine ? multiply_rows(row, weights[r], cosines + i * m, weighted, m)
                     : scale_row(row, weights[r], weighted, m);
      }
      if (sums == nullptr) continue;
      if (many == rows_at_once)
        add_four_rows(sums, scratch.rows.data(), weights, m);
      else
        for (std::int64_t r = 0; r < many; ++r) add_row(sums, scratch.rows.data() + r * m, weights[r], m);
    }
    if (!counterparts) return;
    const std::int64_t d = rows.words().size(1);
    auto* placed_rows = scratch.placed.data_ptr<float>();
    multiply(Int16Rows(scratch.weighted.data_ptr<float>(), m, count, m), words, nullptr, placed_rows, d);
    for (std::int64_t i = 0; i < count; ++i) {
      const float* row = placed_rows + i * d;
      const double length = std::sqrt(lane_sum(
          d, [&](std::int64_t j) { return static_cast<double>(row[j]) * static_cast<double>(row[j]); }));
      float* to = placed.counterparts.data_ptr<float>() + place_of(i) * d;
      const float* weights = scratch.weighted.data_ptr<float>() + i * m;
      const auto all_weights = [&] {
        return lane_sum(m, [&](std::int64_t j) { return std::fabs(static_cast<double>(weights[j])); });
      };
      if (length <= vanishing_part && length <= vanishing_part * all_weights()) {
        const auto heaviest = (block.cosines[i] + potentials).argmax().item<std::int64_t>();
        std::copy_n(rows.words().data_ptr<float>() + heaviest * d, d, to);
      } else {
        scale_row(row, static_cast<float>(1 / length), to, d);
      }
    }
  }

  /// The same by libtorch's operations.
  void with_operations(const CosineBlock& block) {
    const auto numbers = rows.numbers(block.begin, block.end);
    const auto put = [&](const torch::Tensor& to, const torch::Tensor& from) {
      numbers.defined() ? static_cast<void>(torch::Tensor(to).index_copy_(0, numbers, from))
                        : static_cast<void>(to.slice(0, block.begin, block.end).copy_(from));
    };
    const auto preferences = block.cosines + potentials;
    const auto highest = preferences.amax(1, /*keepdim=*/true);
    auto shares = ((preferences - highest) * (1 / epsilon)).exp_();
    const auto totals = shares.sum(1, /*keepdim=*/true, torch::kFloat64);
    if (sinks.row_potentials.defined())
      sinks.row_potentials.slice(0, block.begin, block.end)
          .copy_((1 - highest.to(torch::kFloat64) -
                  epsilon * (totals.log() + std::log(static_cast<double>(n()))))
                     .squeeze(1));
    shares.div_(totals.to(torch::kFloat32));
    if (sinks.sums.defined()) sinks.sums[block.chunk].add_(shares.sum(0, false, torch::kFloat64));
    if (const auto& tops = sinks.placed.top_words; tops.indices.defined()) {
      const auto best = top_columns(preferences, tops.indices.size(1)).columns;
      put(tops.indices, best);
      put(tops.weights, shares.gather(1, best));
    }
    if (const auto& kept = sinks.placed.shares; kept.defined()) {
      const auto of_images =
          numbers.defined() ? numbers : torch::arange(block.begin, block.end, kept.device());
      const auto among = (of_images < kept.size(0)).nonzero().flatten();
      torch::Tensor(kept).index_copy_(0, of_images.index_select(0, among),
                                      shares.index_select(0, among).to(torch::kBFloat16));
    }
    if (!sinks.placed.counterparts.defined()) return;
    if (times_cosine) shares.mul_(block.cosines);
    const auto sums = shares.mm(rows.words());
    const auto lengths = at::linalg_vector_norm(sums, 2, at::IntArrayRef{1}, /*keepdim=*/true);
    auto placed = sums / lengths;
    if (const auto vanished = lengths <= vanishing_length; vanished.any().item<bool>())
      placed = torch::where(vanished, rows.words().index_select(0, preferences.argmax(1)), placed);
    put(sinks.placed.counterparts, placed);
  }

  void operator()(const CosineBlock& block) {
    if (has_kernels(rows.images()))
      pool.use([&](Scratch& scratch) { with_loops(block, scratch); });
    else
      with_operations(block);
  }
};

Int16Matrix int16_matrix(const torch::Tensor& matrix) {
  const auto columns = matrix.t().contiguous();
  return Int16Matrix(Int16Rows(columns.data_ptr<float>(), columns.size(1), columns.size(0), columns.size(1)));
}

}  // namespace

Placed room_for(const torch::Tensor& images, const torch::Tensor& words, const Placing& wanted) {
  const std::int64_t n = images.size(0);
  Placed placed;
  if (wanted.counterparts) placed.counterparts = torch::empty(images.sizes(), images.options());
  if (wanted.top > 0)
    placed.top_words = {torch::empty({n, wanted.top}, images.options().dtype(torch::kInt64)),
                        torch::empty({n, wanted.top}, images.options())};
  const std::int64_t m = words.size(0);
  if (wanted.shares)
    placed.shares = torch::empty({std::min(n, cosine_limits().shares_bytes / (2 * m)), m},
                                 images.options().dtype(torch::kBFloat16));
  return placed;
}

void walk_plan(CosineRows& rows, std::int64_t n_chunks, const torch::Tensor& column_potentials,
               double epsilon, bool times_cosine, const PlanSinks& sinks, const Progress& progress) {
  const auto size = static_cast<std::size_t>(rows_at_once * rows.words().size(0));
  Walk walk{rows,
            column_potentials.detach().to(rows.images().device()).to(torch::kFloat32).contiguous(),
            epsilon,
            times_cosine,
            sinks,
            sinks.placed.counterparts.defined() && has_kernels(rows.words()) ? int16_matrix(rows.words())
                                                                             : Int16Matrix(),
            ScratchPool<Scratch>([size] {
              return std::make_unique<Scratch>(Scratch{std::vector<float>(size), {}, {}});
            })};
  rows.each_block(n_chunks, progress, [&](const CosineBlock& block) { walk(block); });
}

}  // namespace ilk::internal
