#include "plan_rows.h"

#include <cmath>

#include "blocks.h"
#include "plan_loops.h"
#include "top_rows.h"

namespace ilk::internal {
namespace {

// Sums of weighted words shorter than this are rounding.
constexpr double vanishing_length = 1e-6;
constexpr std::int64_t rows_at_once = 4;

/// Writes rows of a block to the places of their images.
void put(const torch::Tensor& to, const CosineBlock& block, const torch::Tensor& numbers,
         const torch::Tensor& rows) {
  numbers.defined() ? static_cast<void>(torch::Tensor(to).index_copy_(0, numbers, rows))
                    : static_cast<void>(to.slice(0, block.begin, block.end).copy_(rows));
}

struct Walk {
  CosineRows& rows;
  torch::Tensor potentials;  // g, (M) float32 on the images' device
  double epsilon;
  bool times_cosine;
  const PlanSinks& sinks;
  ScratchPool<std::vector<float>> scratch;

  std::int64_t n() const { return rows.images().size(0); }
  std::int64_t m() const { return rows.words().size(0); }

  /// Shares of the mass, times the cosines where they count, (rows, M); undefined where no counterparts are
  /// wanted.
  torch::Tensor with_loops(const CosineBlock& block) {
    const std::int64_t count = block.end - block.begin, m = this->m();
    const auto numbers = rows.numbers(block.begin, block.end);
    const bool counterparts = sinks.placed.counterparts.defined(),
               tops = sinks.placed.top_words.indices.defined();
    const std::int64_t top = tops ? sinks.placed.top_words.indices.size(1) : 0;
    torch::Tensor weighted, best;
    if (counterparts) weighted = torch::empty({count, m}, block.cosines.options());
    TopColumns found;
    if (tops)
      found = {torch::full({count, top}, -std::numeric_limits<float>::infinity(), block.cosines.options()),
               torch::full({count, top}, -1, block.cosines.options().dtype(torch::kInt64))};
    const float* cosines = block.cosines.data_ptr<float>();
    const float* g = potentials.data_ptr<float>();
    double* f =
        sinks.row_potentials.defined() ? sinks.row_potentials.data_ptr<double>() + block.begin : nullptr;
    double* sums = sinks.sums.defined() ? sinks.sums.data_ptr<double>() + block.chunk * m : nullptr;
    const auto scale = static_cast<float>(1 / epsilon);
    const double log_n = std::log(static_cast<double>(n()));
    scratch.use([&](std::vector<float>& memory) {
      for (std::int64_t first = 0; first < count; first += rows_at_once) {
        const std::int64_t many = std::min(rows_at_once, count - first);
        float weights[rows_at_once];
        for (std::int64_t r = 0; r < many; ++r) {
          const std::int64_t i = first + r;
          float* row = memory.data() + r * m;
          const float highest = add_potentials(cosines + i * m, g, row, m);
          float* top_values = tops ? found.values.data_ptr<float>() + i * top : nullptr;
          // By preference, which tells words apart whose shares are both too small for a float.
          if (tops)
            TopList(top_values, found.columns.data_ptr<std::int64_t>() + i * top, top).offer_row(row, m, 0);
          const double total = exponentiate(row, m, highest, scale);
          weights[r] = static_cast<float>(1 / total);
          if (f != nullptr) f[i] = 1 - static_cast<double>(highest) - epsilon * (std::log(total) + log_n);
          for (std::int64_t k = 0; k < top; ++k)
            top_values[k] = row[found.columns.data_ptr<std::int64_t>()[i * top + k]] * weights[r];
          if (counterparts)
            times_cosine
                ? multiply_rows(row, weights[r], cosines + i * m, weighted.data_ptr<float>() + i * m, m)
                : scale_row(row, weights[r], weighted.data_ptr<float>() + i * m, m);
        }
        if (sums == nullptr) continue;
        if (many == rows_at_once)
          add_four_rows(sums, memory.data(), weights, m);
        else
          for (std::int64_t r = 0; r < many; ++r) add_row(sums, memory.data() + r * m, weights[r], m);
      }
    });
    if (tops) {
      put(sinks.placed.top_words.indices, block, numbers, found.columns);
      put(sinks.placed.top_words.weights, block, numbers, found.values);
    }
    return weighted;
  }

  /// The same by libtorch's operations.
  torch::Tensor with_operations(const CosineBlock& block) {
    const auto numbers = rows.numbers(block.begin, block.end);
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
      put(tops.indices, block, numbers, best);
      put(tops.weights, block, numbers, shares.gather(1, best));
    }
    if (!sinks.placed.counterparts.defined()) return {};
    return times_cosine ? shares.mul_(block.cosines) : shares;
  }

  void operator()(const CosineBlock& block) {
    const auto weighted = has_kernels(rows.images()) ? with_loops(block) : with_operations(block);
    if (!weighted.defined()) return;
    const auto sums = weighted.mm(rows.words());
    const auto lengths = at::linalg_vector_norm(sums, 2, at::IntArrayRef{1}, /*keepdim=*/true);
    auto placed = sums / lengths;
    if (const auto vanished = lengths <= vanishing_length; vanished.any().item<bool>()) {
      const auto heaviest = rows.words().index_select(0, (block.cosines + potentials).argmax(1));
      placed = torch::where(vanished, heaviest, placed);
    }
    put(sinks.placed.counterparts, block, rows.numbers(block.begin, block.end), placed);
  }
};

}  // namespace

Placed room_for(const torch::Tensor& images, const Placing& wanted) {
  const std::int64_t n = images.size(0);
  Placed placed;
  if (wanted.counterparts) placed.counterparts = torch::empty(images.sizes(), images.options());
  if (wanted.top > 0)
    placed.top_words = {torch::empty({n, wanted.top}, images.options().dtype(torch::kInt64)),
                        torch::empty({n, wanted.top}, images.options())};
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
            ScratchPool<std::vector<float>>([size] { return std::make_unique<std::vector<float>>(size); })};
  rows.each_block(n_chunks, progress, [&](const CosineBlock& block) { walk(block); });
}

}  // namespace ilk::internal
