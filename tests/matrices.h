#pragma once
// Matrices and small helpers that many tests need.
#include <ilk/error.h>
#include <ilk/matrix.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "core/random.h"
#include "error_of.h"

/// Standard normal numbers, the same for the same seed.
inline ilk::Matrix<float> random_matrix(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test matrix");
  auto matrix = ilk::Matrix<float>::uninitialised(rows, columns);
  for (float& value : matrix.flat()) value = static_cast<float>(random.normal());
  return matrix;
}

/// Each row scaled to unit length.
inline ilk::Matrix<float> unit_rows(ilk::Matrix<float> matrix) {
  for (std::int64_t i = 0; i < matrix.rows(); ++i) {
    double square = 0;
    for (const float value : matrix.row(i)) square += static_cast<double>(value) * value;
    for (float& value : matrix.row(i)) value = static_cast<float>(value / std::sqrt(square));
  }
  return matrix;
}

inline ilk::Matrix<float> random_unit_rows(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return unit_rows(random_matrix(rows, columns, seed));
}

/// {{1, 2}, {3, 4}} as a matrix.
inline ilk::Matrix<float> matrix_of(std::initializer_list<std::initializer_list<float>> rows) {
  auto matrix = ilk::Matrix<float>::uninitialised(
      static_cast<std::int64_t>(rows.size()),
      rows.size() == 0 ? 0 : static_cast<std::int64_t>(rows.begin()->size()));
  float* to = matrix.data();
  for (const auto& row : rows)
    for (const float value : row) *to++ = value;
  return matrix;
}

inline double largest_difference(ilk::MatrixView<const float> a, ilk::MatrixView<const float> b) {
  if (a.rows() != b.rows() || a.columns() != b.columns()) return INFINITY;
  double largest = 0;
  for (std::int64_t i = 0; i < a.rows(); ++i)
    for (std::int64_t j = 0; j < a.columns(); ++j) {
      const double difference = std::fabs(static_cast<double>(a[i][j]) - b[i][j]);
      if (!(difference <= largest)) largest = difference;  // NaN too
    }
  return largest;
}

/// Whether two matrices have the same shape and the same numbers.
template <class T>
bool equal(const ilk::Matrix<T>& a, const ilk::Matrix<T>& b) {
  return a.rows() == b.rows() && a.columns() == b.columns() &&
         std::equal(a.flat().begin(), a.flat().end(), b.flat().begin());
}

/// Σ a_j b_j in float64.
template <class A, class B>
double dot(const A& a, const B& b) {
  double sum = 0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += static_cast<double>(a[j]) * static_cast<double>(b[j]);
  return sum;
}

/// For each row of `a` the row of `b` of highest product, ties to the lower.
inline std::vector<std::int64_t> nearest_rows(ilk::MatrixView<const float> a,
                                              ilk::MatrixView<const float> b) {
  std::vector<std::int64_t> nearest;
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    double best = -INFINITY;
    std::int64_t row = 0;
    for (std::int64_t k = 0; k < b.rows(); ++k) {
      double product = 0;
      for (std::int64_t j = 0; j < a.columns(); ++j) product += static_cast<double>(a[i][j]) * b[k][j];
      if (product > best) best = product, row = k;
    }
    nearest.push_back(row);
  }
  return nearest;
}
