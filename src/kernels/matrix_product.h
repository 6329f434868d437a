#pragma once
// Products y = x A + b of float32 matrices. x (M, K), A (K, N), y (M, N).
#include <ilk/matrix.h>

#include <cstdint>
#include <memory>

namespace ilk {

/// A, laid out once and used often: panels of 16 columns, each a row of 16 after the other; the last panel is
/// filled up with zeros. Copies share the numbers.
class PackedMatrix {
 public:
  static constexpr std::int64_t panel = 16;

  PackedMatrix() = default;
  /// A is `matrix` (K, N).
  static PackedMatrix of(MatrixView<const float> matrix);
  /// A is the transpose of `matrix` (N, K): as files of weights hold it, and the words of X Uᵀ.
  static PackedMatrix of_transpose(MatrixView<const float> matrix);

  /// The same into this one, in the memory that it has where that is enough. No copy may share it.
  void assign(MatrixView<const float> matrix);
  void assign_transpose(MatrixView<const float> matrix);

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  /// Columns begin … end − 1 of A, which share its numbers; `begin` is a multiple of `panel`.
  PackedMatrix columns_between(std::int64_t begin, std::int64_t end) const;
  bool empty() const { return values_ == nullptr; }
  const float* panels() const { return values_.get(); }

 private:
  void reshape(std::int64_t rows, std::int64_t columns);
  std::int64_t rows_ = 0, columns_ = 0, room_ = 0;
  std::shared_ptr<float[]> values_;
};

/// y = x A + bias, or where `add` y += x A + bias, on the calling thread. `bias` (N) may be null; x and y
/// must not overlap. Each number of y is the same sum in the same order, with fused multiply-adds, whatever M
/// and its row's place, on every processor: a row of the result does not depend on the others.
void multiply(MatrixView<const float> x, const PackedMatrix& a, const float* bias, MatrixView<float> y,
              bool add = false);

/// x A, the rows in blocks over the threads; the same bits as `multiply`.
Matrix<float> product(MatrixView<const float> x, const PackedMatrix& a);

}  // namespace ilk
