#pragma once
// Dense matrices in row-major order. Indices and sizes are int64, counted from 0.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace ilk {

/// Somebody else's matrix: where its numbers are, how many rows and columns it has, and how far apart (in
/// numbers) its rows begin. Does not own them; cheap to copy. `MatrixView<const float>` is what functions
/// take.
template <class T>
class MatrixView {
 public:
  MatrixView() = default;
  MatrixView(T* data, std::int64_t rows, std::int64_t columns, std::int64_t stride)
      : data_(data), rows_(rows), columns_(columns), stride_(stride) {}
  MatrixView(T* data, std::int64_t rows, std::int64_t columns) : MatrixView(data, rows, columns, columns) {}
  /// A view that may write is also one that may read.
  template <class Written>
  requires(std::is_same_v<const Written, T> && !std::is_const_v<Written>)
      MatrixView(const MatrixView<Written>& other)
      : MatrixView(other.data(), other.rows(), other.columns(), other.stride()) {}

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t stride() const { return stride_; }
  std::int64_t size() const { return rows_ * columns_; }
  bool empty() const { return size() == 0; }
  /// Whether rows follow each other without a gap.
  bool is_dense() const { return stride_ == columns_ || rows_ <= 1; }
  T* data() const { return data_; }

  /// The first number of row i, so that `matrix[i][j]` is a number.
  T* operator[](std::int64_t i) const { return data_ + i * stride_; }
  std::span<T> row(std::int64_t i) const { return {(*this)[i], static_cast<std::size_t>(columns_)}; }
  /// All numbers, row after row; only of a dense matrix.
  std::span<T> flat() const { return {data_, static_cast<std::size_t>(size())}; }

  /// Rows begin … end − 1.
  MatrixView rows_between(std::int64_t begin, std::int64_t end) const {
    return {data_ + begin * stride_, end - begin, columns_, stride_};
  }
  MatrixView columns_between(std::int64_t begin, std::int64_t end) const {
    return {data_ + begin, rows_, end - begin, stride_};
  }

 private:
  T* data_ = nullptr;
  std::int64_t rows_ = 0, columns_ = 0, stride_ = 0;
};

/// A matrix that owns its numbers: dense, aligned to 64 bytes. It is moved, never copied in passing; `copy`
/// says so where one is wanted.
template <class T>
class Matrix {
 public:
  static_assert(std::is_trivially_copyable_v<T>);
  static constexpr std::size_t alignment = 64;

  Matrix() = default;
  /// All numbers are 0.
  Matrix(std::int64_t rows, std::int64_t columns) : Matrix(uninitialised(rows, columns)) {
    std::fill_n(data(), size(), T{});
  }
  /// A copy of `view`.
  explicit Matrix(MatrixView<const T> view) : Matrix(uninitialised(view.rows(), view.columns())) {
    for (std::int64_t i = 0; i < rows_; ++i) std::copy_n(view[i], columns_, (*this)[i]);
  }
  /// Every number must be written before it is read.
  static Matrix uninitialised(std::int64_t rows, std::int64_t columns) {
    Matrix matrix;
    const auto bytes = static_cast<std::size_t>(rows * columns) * sizeof(T);
    matrix.data_.reset(static_cast<T*>(::operator new (bytes, std::align_val_t{alignment})));
    matrix.rows_ = rows, matrix.columns_ = columns;
    return matrix;
  }
  static Matrix filled(std::int64_t rows, std::int64_t columns, T value) {
    Matrix matrix = uninitialised(rows, columns);
    std::fill_n(matrix.data(), matrix.size(), value);
    return matrix;
  }

  Matrix(Matrix&& other) noexcept { swap(other); }
  Matrix& operator=(Matrix&& other) noexcept {
    Matrix(std::move(other)).swap(*this);
    return *this;
  }
  Matrix copy() const { return Matrix(view()); }
  /// Leaves the first `rows` rows; the others' memory stays with them.
  void keep_rows(std::int64_t rows) { rows_ = rows; }
  /// The same memory as a matrix of another type and shape, of as many bytes; this one is empty afterwards.
  template <class Other>
  Matrix<Other> reinterpreted(std::int64_t rows, std::int64_t columns) && {
    static_assert(std::is_trivially_copyable_v<Other>);
    Matrix<Other> other;
    other.data_.reset(reinterpret_cast<Other*>(data_.release()));
    other.rows_ = rows, other.columns_ = columns;
    rows_ = columns_ = 0;
    return other;
  }

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t size() const { return rows_ * columns_; }
  bool empty() const { return size() == 0; }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  T* operator[](std::int64_t i) { return data() + i * columns_; }
  const T* operator[](std::int64_t i) const { return data() + i * columns_; }
  std::span<T> row(std::int64_t i) & { return view().row(i); }
  std::span<const T> row(std::int64_t i) const& { return view().row(i); }
  std::span<T> flat() & { return view().flat(); }
  std::span<const T> flat() const& { return view().flat(); }
  /// Of a matrix that is about to go a copy, which stays.
  std::vector<T> row(std::int64_t i) && { return {(*this)[i], (*this)[i] + columns_}; }
  std::vector<T> flat() && { return {data(), data() + size()}; }

  MatrixView<T> view() { return {data(), rows_, columns_}; }
  MatrixView<const T> view() const { return {data(), rows_, columns_}; }
  operator MatrixView<T>() { return view(); }
  operator MatrixView<const T>() const { return view(); }
  MatrixView<T> rows_between(std::int64_t begin, std::int64_t end) { return view().rows_between(begin, end); }
  MatrixView<const T> rows_between(std::int64_t begin, std::int64_t end) const {
    return view().rows_between(begin, end);
  }

 private:
  template <class Other>
  friend class Matrix;
  void swap(Matrix& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(rows_, other.rows_);
    std::swap(columns_, other.columns_);
  }
  struct Free {
    void operator()(T* numbers) const { ::operator delete (numbers, std::align_val_t{alignment}); }
  };
  std::unique_ptr<T[], Free> data_;
  std::int64_t rows_ = 0, columns_ = 0;
};

/// The rows of `matrix` that `rows` names, in that order.
template <class T, class Indices>
Matrix<std::remove_const_t<T>> rows_of(MatrixView<T> matrix, const Indices& rows) {
  auto chosen = Matrix<std::remove_const_t<T>>::uninitialised(static_cast<std::int64_t>(std::size(rows)),
                                                              matrix.columns());
  std::int64_t i = 0;
  for (const auto row : rows)
    std::copy_n(matrix[static_cast<std::int64_t>(row)], matrix.columns(), chosen[i++]);
  return chosen;
}
template <class T, class Indices>
Matrix<T> rows_of(const Matrix<T>& matrix, const Indices& rows) {
  return rows_of(matrix.view(), rows);
}

/// Columns become rows.
template <class T>
Matrix<std::remove_const_t<T>> transposed(MatrixView<T> matrix) {
  auto result = Matrix<std::remove_const_t<T>>::uninitialised(matrix.columns(), matrix.rows());
  constexpr std::int64_t side = 16;  // a square of numbers that stays in the cache
  for (std::int64_t top = 0; top < matrix.rows(); top += side)
    for (std::int64_t left = 0; left < matrix.columns(); left += side)
      for (std::int64_t i = top; i < std::min(matrix.rows(), top + side); ++i)
        for (std::int64_t j = left; j < std::min(matrix.columns(), left + side); ++j)
          result[j][i] = matrix[i][j];
  return result;
}
template <class T>
Matrix<T> transposed(const Matrix<T>& matrix) {
  return transposed(matrix.view());
}

}  // namespace ilk
