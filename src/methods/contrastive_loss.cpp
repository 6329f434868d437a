// M pairs of rows z of width W; E_ij = exp((⟨z_i, z_j⟩ − 1) / τ), r_i = Σ_j E_ij, q the weight of a row.
#include "methods/contrastive_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.h"
#include "kernels/functions.h"
#include "kernels/kernels.h"
#include "kernels/matrix_product.h"

namespace ilk::internal {
namespace {

/// Rows per block, so that a block of similarities stays in a core's own cache. Never by the number of
/// threads.
std::int64_t rows_per_block(std::int64_t n) {
  return std::max<std::int64_t>((std::int64_t{1} << 16) / n, 16);
}

/// Above this many, similarities are computed a second time rather than kept.
constexpr std::int64_t most_kept = std::int64_t{1} << 24;

/// Blocks of rows of E.
class Similarities {
 public:
  Similarities(MatrixView<const float> rows, double temperature, OwnRow own, Matrix<float>& room)
      : scaled_(Matrix<float>::uninitialised(rows.rows(), rows.columns())),
        shift_(static_cast<float>(1 / temperature)),
        own_(own),
        n_(rows.rows()) {
    const auto scale = static_cast<float>(1 / std::sqrt(temperature));
    for (std::int64_t i = 0; i < n_; ++i)
      kernels::kernels().scale(rows[i], scale, scaled_[i], rows.columns());
    packed_ = PackedMatrix::of_transpose(scaled_);
    if (n_ * n_ > most_kept) return;
    if (room.size() < n_ * n_) room = Matrix<float>::uninitialised(1, n_ * n_);
    kept_ = {room.data(), n_, n_};
  }

  /// What is taken off ⟨z_i, z_j⟩ / τ before exp.
  double shift() const { return shift_; }

  /// Rows begin … end − 1 of E, and where `sums` are wanted their sums r. `spare` holds rows that are not
  /// kept.
  MatrixView<const float> find(std::int64_t begin, std::int64_t end, Matrix<float>& spare,
                               double* sums) const {
    const MatrixView<float> rows = place_of(begin, end, spare);
    multiply(scaled_.rows_between(begin, end), packed_, nullptr, rows);
    for (std::int64_t i = begin; i < end; ++i) {
      float* row = rows[i - begin];
      if (own_ == OwnRow::left_out) row[i] = -std::numeric_limits<float>::infinity();
      const double sum = kernels::kernels().exponentiate(row, n_, shift_, 1);
      if (sums != nullptr) sums[i] = sum;
    }
    return rows;
  }
  /// The same rows once more.
  MatrixView<const float> again(std::int64_t begin, std::int64_t end, Matrix<float>& spare) const {
    return kept_.empty() ? find(begin, end, spare, nullptr) : kept_.rows_between(begin, end);
  }

 private:
  MatrixView<float> place_of(std::int64_t begin, std::int64_t end, Matrix<float>& spare) const {
    if (!kept_.empty()) return kept_.rows_between(begin, end);
    spare = Matrix<float>::uninitialised(end - begin, n_);
    return spare;
  }

  Matrix<float> scaled_;  // by 1 / √τ
  PackedMatrix packed_;
  MatrixView<float> kept_;
  float shift_;
  OwnRow own_;
  std::int64_t n_;
};

}  // namespace

Contrast contrast(MatrixView<const float> rows, std::span<const double> weights, double temperature,
                  OwnRow own, Matrix<float>& room) {
  const std::int64_t n = rows.rows(), m = n / 2, width = rows.columns();
  const std::int64_t block = rows_per_block(n);
  const auto& loops = kernels::kernels();
  const Similarities similarities(rows, temperature, own, room);
  const auto packed = PackedMatrix::of(rows);
  auto attracted = Matrix<float>::uninitialised(n, width);  // E z
  std::vector<double> sums(static_cast<std::size_t>(n));
  parallel_blocks(n, block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    Matrix<float> spare;
    const auto e = similarities.find(begin, end, spare, sums.data());
    multiply(e, packed, nullptr, attracted.rows_between(begin, end));
  });

  Contrast result;
  result.losses.resize(static_cast<std::size_t>(m));
  for (std::int64_t i = 0; i < m; ++i) {
    const double near = loops.dot_f64(rows[i], rows[m + i], width) / temperature - similarities.shift();
    const double first = sums[static_cast<std::size_t>(i)], second = sums[static_cast<std::size_t>(m + i)];
    result.losses[static_cast<std::size_t>(i)] = 0.5 * (kernels::log(first) + kernels::log(second)) - near;
  }
  // With G = dL/dS = q (E / r − partner), the rows' gradient is (G + Gᵀ) z / τ, and E is symmetric.
  const auto share = [&](std::int64_t i) {
    return 0.5 * weights[static_cast<std::size_t>(i % m)] / temperature;
  };
  const auto scale = [&](std::int64_t i) {
    return static_cast<float>(share(i) / sums[static_cast<std::size_t>(i)]);
  };
  auto pushed = Matrix<float>::uninitialised(n, width);
  for (std::int64_t i = 0; i < n; ++i) loops.scale(rows[i], scale(i), pushed[i], width);
  const auto packed_pushed = PackedMatrix::of(pushed);
  result.gradient = Matrix<float>::uninitialised(n, width);
  parallel_blocks(n, block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    Matrix<float> spare;
    const auto e = similarities.again(begin, end, spare);
    multiply(e, packed_pushed, nullptr, result.gradient.rows_between(begin, end));
    for (std::int64_t i = begin; i < end; ++i) {
      loops.add_scaled(result.gradient[i], attracted[i], scale(i), width);
      loops.add_scaled(result.gradient[i], rows[i < m ? i + m : i - m], static_cast<float>(-2 * share(i)),
                       width);
    }
  });
  return result;
}

}  // namespace ilk::internal
