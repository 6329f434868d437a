#pragma once
// Products y = x A + b of float32 matrices through whole numbers of 16 bits, which processors multiply faster
// than floats. x (M, K), A (K, N), y (M, N).
#include <ilk/matrix.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/kernels.h"

namespace ilk {

/// M rows of K numbers, each row as 16-bit whole numbers and a scale: what is held of a row differs from it
/// by at most half its scale in each number.
///
/// Products are summed in 32 bits, `part` numbers of a row at a time. Scales are chosen so that each such
/// part has a length of at most 46340, the root of 2^31: so no sum of products of two parts can overflow, nor
/// any sum on the way to it (Cauchy and Schwarz). A number has 15 bits and a sign at most. That is a step of
/// about 1/46000 of a part's length, so numbers much larger than the others of their row cost these little.
///
/// A row depends on its own numbers alone. One with a number that is NaN or above 1e28 in size gives products
/// that are NaN; one whose numbers are all below 1e-30 in size counts as zeros.
class Int16Rows {
 public:
  static constexpr std::int64_t part = kernels::ProductI16::part;

  explicit Int16Rows(MatrixView<const float> rows);

  std::int64_t rows() const { return static_cast<std::int64_t>(scales_.size()); }
  std::int64_t columns() const { return columns_; }
  const float* scales() const { return scales_.data(); }  ///< (M)
  /// The numbers of row i, and a zero after the last where they are odd in number.
  const std::int16_t* row(std::int64_t i) const { return numbers_[i]; }
  std::int64_t stride() const { return numbers_.columns(); }

 private:
  std::int64_t columns_;
  Matrix<std::int16_t> numbers_;
  std::vector<float> scales_;
};

/// A, laid out once and used often: a scale for each column. Copies share the numbers.
class Int16Matrix {
 public:
  static constexpr std::int64_t panel = kernels::ProductI16::panel;

  Int16Matrix() = default;
  /// The columns of A are the rows of `columns`.
  explicit Int16Matrix(const Int16Rows& columns);

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  /// Columns begin … end − 1 of A, which share its numbers; `begin` is a multiple of `panel`.
  Int16Matrix columns_between(std::int64_t begin, std::int64_t end) const;
  /// Panels of 16 columns, each two rows after two rows: the two numbers of each column side by side.
  const std::int16_t* panels() const { return numbers_.get(); }
  /// Of each column, and zeros up to the last panel's end.
  const float* scales() const { return scales_.data(); }

 private:
  std::int64_t rows_ = 0, columns_ = 0;
  std::shared_ptr<std::int16_t[]> numbers_;
  std::vector<float> scales_;
};

/// y = x A + bias; or where `add`, y += x A + bias. `bias` (N) may be null.
/// The sums of 16-bit numbers are exact, and what is done with them in float32 has one order: so a row of the
/// result does not depend on the others, and is the same to the bit on every processor.
void multiply(const Int16Rows& x, const Int16Matrix& a, const float* bias, MatrixView<float> y,
              bool add = false);

}  // namespace ilk
