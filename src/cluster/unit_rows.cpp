#include <ilk/error.h>
#include <ilk/kmeans.h>

#include <cmath>

#include "blocks.h"

namespace ilk {
namespace {

constexpr std::int64_t rows_per_block = 4096;
constexpr double unit_tolerance = 1e-3;
// Squares of larger ones are not safe in float32.
constexpr double largest_coordinate = 1e15;

struct BadRow {
  std::int64_t row = -1;
  double length = 0;
};

/// The first row whose length fails `good` (a mask over a block's lengths); row −1 where none does.
template <class Good>
BadRow first_bad(const torch::Tensor& lengths, std::int64_t offset, Good good) {
  const auto bad = good(lengths).logical_not();
  if (!bad.any().template item<bool>()) return {};
  const std::int64_t row = bad.nonzero()[0][0].template item<std::int64_t>();
  return {offset + row, lengths[row].template item<double>()};
}

BadRow first_of(const std::vector<BadRow>& found) {
  for (const BadRow& one : found)
    if (one.row >= 0) return one;
  return {};
}

void require_matrix(const torch::Tensor& matrix, std::string_view function, std::string_view what) {
  require(matrix.defined() && matrix.dim() == 2, function, what, " must be a matrix, got ",
          matrix.defined() ? matrix.dim() : 0, " dimensions.");
  require(matrix.size(0) >= 1 && matrix.size(1) >= 1, function, what,
          " must have at least one row and one column, got ", matrix.size(0), " × ", matrix.size(1), ".");
}

}  // namespace

void require_unit_rows(const torch::Tensor& matrix, std::string_view function, std::string_view what) {
  require_matrix(matrix, function, what);
  require(matrix.scalar_type() == torch::kFloat32, function, what, " must be float32, got ",
          torch::toString(matrix.scalar_type()), ".");
  const auto rows = matrix.detach();
  std::vector<BadRow> found(internal::block_count(rows.size(0), rows_per_block));
  internal::row_blocks(rows, rows.size(0), rows_per_block, [&](auto begin, auto end, auto index) {
    const auto lengths = at::linalg_vector_norm(rows.slice(0, begin, end), 2, at::IntArrayRef{1});
    found[index] =
        first_bad(lengths, begin, [](const auto& length) { return (length - 1).abs() <= unit_tolerance; });
  });
  const BadRow bad = first_of(found);
  require(bad.row < 0, function, what, " must have finite rows of unit length, got row ", bad.row,
          " of length ", bad.length, ".");
}

void require_finite_rows(const torch::Tensor& matrix, std::string_view function, std::string_view what) {
  require_matrix(matrix, function, what);
  require(matrix.scalar_type() == torch::kFloat32, function, what, " must be float32, got ",
          torch::toString(matrix.scalar_type()), ".");
  const auto rows = matrix.detach();
  std::vector<BadRow> found(internal::block_count(rows.size(0), rows_per_block));
  internal::row_blocks(rows, rows.size(0), rows_per_block, [&](auto begin, auto end, auto index) {
    const auto largest = rows.slice(0, begin, end).abs().amax(1);
    found[index] = first_bad(largest, begin, [](const auto& size) { return size <= largest_coordinate; });
  });
  const BadRow bad = first_of(found);
  require(bad.row < 0, function, what, " must have finite coordinates of at most 1e15, got row ", bad.row,
          " with ", bad.length, ".");
}

torch::Tensor normalise_rows(const torch::Tensor& matrix, std::string_view function, std::string_view what) {
  require_matrix(matrix, function, what);
  require(!matrix.is_complex(), function, what, " must hold real numbers, got ",
          torch::toString(matrix.scalar_type()), ".");
  const auto rows = matrix.detach();
  auto scaled = torch::empty(rows.sizes(), rows.options().dtype(torch::kFloat32));
  std::vector<BadRow> found(internal::block_count(rows.size(0), rows_per_block));
  internal::row_blocks(rows, rows.size(0), rows_per_block, [&](auto begin, auto end, auto index) {
    const auto block = rows.slice(0, begin, end).to(torch::kFloat64);
    // By the largest coordinate first, so that squares neither overflow nor vanish.
    const auto largest = block.abs().amax(1, /*keepdim=*/true);
    const auto bounded = block / largest;
    scaled.slice(0, begin, end).copy_(bounded / at::linalg_vector_norm(bounded, 2, at::IntArrayRef{1}, true));
    found[index] = first_bad(largest.squeeze(1), begin,
                             [](const auto& length) { return length.isfinite().logical_and(length > 0); });
  });
  const BadRow bad = first_of(found);
  require(bad.row < 0, function, what,
          bad.length == 0 ? " must have no zero row, got row " : " must be finite, got row ", bad.row,
          " of length ", bad.length, ".");
  return scaled;
}

}  // namespace ilk
