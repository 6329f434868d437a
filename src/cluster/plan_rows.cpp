#include "cluster/plan_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cluster/top_rows.h"
#include "kernels/functions.h"
#include "kernels/int16_product.h"
#include "kernels/kernels.h"

namespace ilk::internal {
namespace {

// Sums of weighted words shorter than this part of the weights are rounding of numbers of 15 bits.
constexpr double vanishing_part = 1e-4;
constexpr std::int64_t rows_at_once = 4;

struct Scratch {
  Matrix<float> rows;              // (rows_at_once, M)
  Matrix<float> weighted, placed;  // (block, M), (block, D): for counterparts
};

class Walk {
 public:
  Walk(CosineRows& rows, std::span<const double> column_potentials, double epsilon, bool times_cosine,
       const PlanSinks& sinks)
      : rows_(rows),
        m_(rows.words().rows()),
        potentials_(column_potentials),
        epsilon_(epsilon),
        times_cosine_(times_cosine),
        sinks_(sinks),
        placed_(sinks.placed != nullptr ? *sinks.placed : nothing_),
        top_(placed_.top_words.indices.columns()),
        counterparts_(!placed_.counterparts.empty()),
        pool_([this] {
          return std::make_unique<Scratch>(Scratch{Matrix<float>::uninitialised(rows_at_once, m_), {}, {}});
        }) {
    // Potentials as multiples of a power of 2, and what is left of them (kernels.h, prefer).
    double largest = 0;
    for (const double g : potentials_) largest = std::max(largest, std::fabs(g));
    while (quantum_ * 0x1p22 < 1 + largest) quantum_ *= 2;
    for (const double g : potentials_) {
      const double coarse = std::round(g / quantum_) * quantum_;
      coarse_.push_back(static_cast<float>(coarse));
      fine_.push_back(static_cast<float>(g - coarse));
    }
    if (counterparts_) words_ = Int16Matrix(Int16Rows(transposed(rows.words())));
  }

  void operator()(const CosineBlock& block) {
    pool_.use([&](Scratch& scratch) { walk(block, scratch); });
  }

 private:
  void walk(const CosineBlock& block, Scratch& scratch) {
    const std::int64_t count = block.end - block.begin;
    if (counterparts_ && scratch.weighted.empty()) {
      const std::int64_t most = cosine_block(m_);
      scratch.weighted = Matrix<float>::uninitialised(most, m_);
      scratch.placed = Matrix<float>::uninitialised(most, rows_.words().columns());
    }
    for (std::int64_t first = 0; first < count; first += rows_at_once) {
      const std::int64_t many = std::min(rows_at_once, count - first);
      float weights[rows_at_once];
      for (std::int64_t r = 0; r < many; ++r)
        weights[r] = take_row(block, first + r, scratch.rows[r],
                              counterparts_ ? scratch.weighted[first + r] : nullptr);
      if (sinks_.sums.empty()) continue;
      double* sums = sinks_.sums[block.chunk];
      if (many == rows_at_once)
        kernels_.add_four_rows(sums, scratch.rows.data(), weights, m_);
      else
        for (std::int64_t r = 0; r < many; ++r) kernels_.add_row(sums, scratch.rows[r], weights[r], m_);
    }
    if (counterparts_) put_counterparts(block, scratch);
  }

  /// Makes row i of the block; returns what it must be multiplied by to sum to 1. `weighted` (M) receives the
  /// weights of the words in the image's counterpart.
  float take_row(const CosineBlock& block, std::int64_t i, float* row, float* weighted) const {
    const float* cosines = block.cosines[i];
    const std::int64_t place = block.begin + i, image = rows_.number(place);
    const auto [origin, highest] =
        kernels_.prefer(cosines, coarse_.data(), fine_.data(), static_cast<float>(quantum_), row, m_);
    const double top = static_cast<double>(origin) + static_cast<double>(highest);
    std::int64_t* top_words = nullptr;
    float* top_weights = nullptr;
    if (top_ > 0) {
      top_words = placed_.top_words.indices[image];
      top_weights = placed_.top_words.weights[image];
      std::fill_n(top_weights, top_, -std::numeric_limits<float>::infinity());
      std::fill_n(top_words, top_, -1);
      // By preference, which tells words apart whose shares are both too small for a float.
      TopList(top_weights, top_words, top_).offer_row(row, m_, 0);
    }
    const double total = kernels_.exponentiate(row, m_, highest, scale_);
    const auto weight = static_cast<float>(1 / total);
    if (sinks_.entries != nullptr) sinks_.entries->take(place, cosines, potentials_, row, total, top);
    if (!sinks_.row_potentials.empty())
      sinks_.row_potentials[static_cast<std::size_t>(place)] =
          1 - top - epsilon_ * (kernels::log(total) + log_n_);
    for (std::int64_t k = 0; k < top_; ++k) top_weights[k] = row[top_words[k]] * weight;
    if (image < placed_.shares.rows())
      kernels_.round_to_bf16(row, weight, reinterpret_cast<std::uint16_t*>(placed_.shares[image]), m_);
    if (weighted != nullptr)
      times_cosine_ ? kernels_.multiply_elements(row, weight, cosines, weighted, m_)
                    : kernels_.scale(row, weight, weighted, m_);
    return weight;
  }

  void put_counterparts(const CosineBlock& block, Scratch& scratch) const {
    const std::int64_t count = block.end - block.begin, d = rows_.words().columns();
    multiply(Int16Rows(scratch.weighted.rows_between(0, count)), words_, nullptr,
             scratch.placed.rows_between(0, count));
    for (std::int64_t i = 0; i < count; ++i) {
      const float* row = scratch.placed[i];
      float* to = placed_.counterparts[rows_.number(block.begin + i)];
      const double length = std::sqrt(kernels_.sum_of_squares(row, d));
      if (length <= vanishing_part && length <= vanishing_part * sum_of_sizes(scratch.weighted.row(i)))
        std::copy_n(rows_.words()[heaviest(block.cosines[i])], d, to);
      else
        kernels_.scale(row, static_cast<float>(1 / length), to, d);
    }
  }

  static double sum_of_sizes(std::span<const float> values) {
    double sum = 0;
    for (const float value : values) sum += std::fabs(static_cast<double>(value));
    return sum;
  }

  /// The word of largest weight in a row; the first of several.
  std::int64_t heaviest(const float* cosines) const {
    std::int64_t best = 0;
    const auto preference = [&](std::int64_t j) {
      return cosines[j] + potentials_[static_cast<std::size_t>(j)];
    };
    for (std::int64_t j = 1; j < m_; ++j)
      if (preference(j) > preference(best)) best = j;
    return best;
  }

  const kernels::Kernels& kernels_ = kernels::kernels();
  const CosineRows& rows_;
  const std::int64_t m_;
  const std::span<const double> potentials_;  // g
  double quantum_ = 0x1p-22;
  std::vector<float> coarse_, fine_;
  const double epsilon_;
  const bool times_cosine_;
  const PlanSinks& sinks_;
  Placed nothing_;
  Placed& placed_;
  const std::int64_t top_;
  const bool counterparts_;
  const float scale_ = static_cast<float>(1 / epsilon_);
  const double log_n_ =
      kernels::log(static_cast<double>(sinks_.n_images > 0 ? sinks_.n_images : rows_.images().rows()));
  // With 15 bits a number counterparts are right to 1e-5 a coordinate on the average.
  Int16Matrix words_;
  ScratchPool<Scratch> pool_;
};

}  // namespace

Placed room_for(MatrixView<const float> images, MatrixView<const float> words, const Placing& wanted) {
  const std::int64_t n = images.rows(), m = words.rows();
  Placed placed;
  if (wanted.counterparts) placed.counterparts = Matrix<float>::uninitialised(n, images.columns());
  if (wanted.top > 0)
    placed.top_words = {Matrix<std::int64_t>::uninitialised(n, wanted.top),
                        Matrix<float>::uninitialised(n, wanted.top)};
  if (wanted.shares)
    placed.shares = Matrix<BFloat16>::uninitialised(std::min(n, cosine_limits().shares_bytes / (2 * m)), m);
  return placed;
}

void walk_plan(CosineRows& rows, CosinesBy by, std::int64_t n_chunks,
               std::span<const double> column_potentials, double epsilon, bool times_cosine,
               const PlanSinks& sinks, const Progress& progress) {
  Walk walk(rows, column_potentials, epsilon, times_cosine, sinks);
  rows.each_block(n_chunks, by, progress, [&](const CosineBlock& block) { walk(block); });
}

}  // namespace ilk::internal
