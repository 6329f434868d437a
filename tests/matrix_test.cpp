// ilk/matrix.h, and products of packed matrices (src/kernels/matrix_product.h).
#include <gtest/gtest.h>
#include <ilk/matrix.h>
#include <ilk/threads.h>

#include <cmath>
#include <cstring>

#include "kernels/matrix_product.h"
#include "matrices.h"
#include "targets.h"

using ilk::Matrix;
using ilk::MatrixView;
using ilk::PackedMatrix;

// GCC 12 takes a copy of no columns, inlined, for one that reads behind the end.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wstringop-overread"
#endif

namespace {

bool same_bits(MatrixView<const float> a, MatrixView<const float> b) {
  if (a.rows() != b.rows() || a.columns() != b.columns()) return false;
  for (std::int64_t i = 0; i < a.rows(); ++i)
    if (std::memcmp(a[i], b[i], static_cast<std::size_t>(a.columns()) * sizeof(float)) != 0) return false;
  return true;
}

/// x A, and what y starts from, one fused multiply-add after another.
Matrix<float> obvious_product(MatrixView<const float> x, MatrixView<const float> a,
                              MatrixView<const float> start) {
  Matrix<float> y(start);
  for (std::int64_t i = 0; i < x.rows(); ++i)
    for (std::int64_t j = 0; j < a.columns(); ++j)
      for (std::int64_t k = 0; k < x.columns(); ++k) y[i][j] = std::fma(x[i][k], a[k][j], y[i][j]);
  return y;
}

}  // namespace

TEST(Matrix, HoldsNumbersInRows) {
  Matrix<double> zeros(3, 5);
  EXPECT_EQ(zeros.rows(), 3);
  EXPECT_EQ(zeros.columns(), 5);
  EXPECT_EQ(zeros.size(), 15);
  for (const double value : zeros.flat()) EXPECT_EQ(value, 0);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(zeros.data()) % 64, 0u);
  zeros[1][2] = 7;
  EXPECT_EQ(zeros.data()[7], 7);
  EXPECT_EQ(zeros.row(1)[2], 7);
  EXPECT_EQ(zeros.row(1).size(), 5u);
  const auto filled = Matrix<std::int32_t>::filled(2, 2, -4);
  for (const std::int32_t value : filled.flat()) EXPECT_EQ(value, -4);
}

TEST(Matrix, EmptyOnes) {
  const Matrix<float> nothing;
  EXPECT_TRUE(nothing.empty());
  EXPECT_EQ(nothing.rows(), 0);
  for (const auto& matrix : {Matrix<float>(0, 4).copy(), Matrix<float>(4, 0).copy()})
    EXPECT_TRUE(matrix.empty());
  EXPECT_EQ(Matrix<float>(0, 4).columns(), 4);
  EXPECT_TRUE(transposed(Matrix<float>(0, 4)).empty());
  EXPECT_TRUE(MatrixView<float>().empty());
}

TEST(Matrix, MovesAndCopies) {
  Matrix<float> a = random_matrix(4, 3, 1);
  const float* place = a.data();
  const Matrix<float> copy = a.copy();
  EXPECT_NE(copy.data(), place);
  EXPECT_TRUE(equal(copy, a));
  Matrix<float> b = std::move(a);
  EXPECT_EQ(b.data(), place);
  Matrix<float> c = random_matrix(2, 2, 2);
  c = std::move(b);
  EXPECT_EQ(c.data(), place);
  EXPECT_TRUE(equal(c, copy));
  const Matrix<std::uint8_t> bytes = std::move(c).reinterpreted<std::uint8_t>(1, 48);
  EXPECT_EQ(static_cast<const void*>(bytes.data()), place);
  EXPECT_EQ(bytes.size(), 48);
  EXPECT_TRUE(c.empty());
}

TEST(Matrix, NumbersOfOneThatGoesAreCopied) {
  std::vector<float> seen;
  for (const float value : matrix_of({{1, 2}, {3, 4}}).flat()) seen.push_back(value);
  for (const float value : matrix_of({{1, 2}, {3, 4}}).row(1)) seen.push_back(value);
  EXPECT_EQ(seen, (std::vector<float>{1, 2, 3, 4, 3, 4}));
}

TEST(MatrixView, OfAPart) {
  Matrix<float> matrix = random_matrix(6, 7, 3);
  const MatrixView<float> part = matrix.rows_between(1, 5).columns_between(2, 6);
  EXPECT_EQ(part.rows(), 4);
  EXPECT_EQ(part.columns(), 4);
  EXPECT_EQ(part.stride(), 7);
  EXPECT_FALSE(part.is_dense());
  EXPECT_TRUE(part.rows_between(2, 3).is_dense());
  EXPECT_TRUE(matrix.view().is_dense());
  const MatrixView<const float> read = part;
  for (std::int64_t i = 0; i < 4; ++i)
    for (std::int64_t j = 0; j < 4; ++j) EXPECT_EQ(read[i][j], matrix[i + 1][j + 2]);
  part[3][3] = 9;
  EXPECT_EQ(matrix[4][5], 9);
  const Matrix<float> dense(read);
  EXPECT_TRUE(same_bits(dense, read));
  EXPECT_EQ(dense.view().flat()[4], matrix[2][2]);
}

TEST(Matrix, RowsOfIt) {
  const Matrix<float> matrix = random_matrix(5, 3, 4);
  const Matrix<float> chosen = rows_of(matrix, std::vector<std::int64_t>{4, 0, 4});
  ASSERT_EQ(chosen.rows(), 3);
  for (const auto& [at, from] : {std::pair{0, 4}, {1, 0}, {2, 4}})
    for (std::int64_t j = 0; j < 3; ++j) EXPECT_EQ(chosen[at][j], matrix[from][j]);
  const auto part = rows_of(matrix.view().columns_between(1, 3), std::vector<int>{2});
  EXPECT_EQ(part[0][1], matrix[2][2]);
  EXPECT_TRUE(rows_of(matrix, std::vector<int>{}).empty());
}

TEST(Matrix, Transposed) {
  for (const auto& [rows, columns] : {std::pair{1, 1}, {3, 40}, {33, 17}, {16, 16}}) {
    const Matrix<float> matrix = random_matrix(rows, columns, 5);
    const Matrix<float> turned = transposed(matrix);
    ASSERT_EQ(turned.rows(), columns);
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) ASSERT_EQ(turned[j][i], matrix[i][j]);
    EXPECT_TRUE(equal(transposed(turned), matrix));
  }
}

TEST(MatrixProduct, IsOneSumAfterAnother) {
  struct Shape {
    std::int64_t m, k, n;
  };
  for (const auto& [m, k, n] : std::vector<Shape>{{1, 1, 1},
                                                  {2, 3, 15},
                                                  {3, 17, 16},
                                                  {5, 64, 17},
                                                  {6, 255, 32},
                                                  {7, 256, 33},
                                                  {11, 257, 48},
                                                  {12, 30, 31},
                                                  {13, 600, 65},
                                                  {194, 20, 40},
                                                  {4, 0, 20},
                                                  {0, 4, 20},
                                                  {4, 5, 0}}) {
    SCOPED_TRACE(testing::Message() << m << " × " << k << " × " << n);
    const Matrix<float> held = random_matrix(m, k + 3, 6), a = random_matrix(k, n, 7),
                        bias = random_matrix(1, n, 8), before = random_matrix(m, n, 9);
    const MatrixView<const float> x = held.view().columns_between(1, k + 1);
    const PackedMatrix packed = PackedMatrix::of(a), of_transpose = PackedMatrix::of_transpose(transposed(a));
    auto biased = Matrix<float>::uninitialised(m, n);
    for (std::int64_t i = 0; i < m; ++i) std::copy_n(bias.data(), n, biased[i]);
    for_each_target([&] {
      for (const PackedMatrix& right : {packed, of_transpose}) {
        EXPECT_TRUE(same_bits(ilk::product(x, right), obvious_product(x, a, Matrix<float>(m, n))));
        // y in the middle of a larger matrix, of which nothing else changes.
        auto room = Matrix<float>::filled(m, n + 5, 42);
        const MatrixView<float> y = room.view().columns_between(3, n + 3);
        ilk::multiply(x, right, bias.data(), y);
        EXPECT_TRUE(same_bits(y, obvious_product(x, a, biased)));
        for (std::int64_t i = 0; i < m; ++i)
          for (const std::int64_t j : {std::int64_t{0}, std::int64_t{2}, n + 3, n + 4})
            EXPECT_EQ(room[i][j], 42);
        for (std::int64_t i = 0; i < m; ++i) std::copy_n(before[i], n, y[i]);
        ilk::multiply(x, right, nullptr, y, true);
        EXPECT_TRUE(same_bits(y, obvious_product(x, a, before)));
      }
    });
  }
}

TEST(MatrixProduct, ARowDoesNotDependOnTheOthers) {
  const Matrix<float> x = random_matrix(300, 90, 10);
  const PackedMatrix a = PackedMatrix::of(random_matrix(90, 50, 11));
  for_each_target([&] {
    const Matrix<float> whole = ilk::product(x, a);
    for (const int threads : {1, 3}) {
      ilk::set_threads(threads);
      EXPECT_TRUE(same_bits(ilk::product(x, a), whole));
    }
    ilk::set_threads(0);
    for (std::int64_t begin = 0; begin < 300; begin += 37)
      for (std::int64_t rows = 1; rows < 30 && begin + rows <= 300; ++rows)
        EXPECT_TRUE(same_bits(ilk::product(x.rows_between(begin, begin + rows), a),
                              whole.rows_between(begin, begin + rows)));
  });
}

TEST(MatrixProduct, WhatWasPackedIsReplaced) {
  const Matrix<float> x = random_matrix(5, 20, 12), large = random_matrix(20, 50, 13),
                      small = random_matrix(20, 33, 14);
  PackedMatrix packed = PackedMatrix::of(large);
  packed.assign(small);
  EXPECT_TRUE(same_bits(ilk::product(x, packed), ilk::product(x, PackedMatrix::of(small))));
  packed.assign_transpose(transposed(large));
  EXPECT_TRUE(same_bits(ilk::product(x, packed), ilk::product(x, PackedMatrix::of(large))));
}

TEST(MatrixProduct, ShapesMustFit) {
  auto y = Matrix<float>(3, 5);
  const PackedMatrix a = PackedMatrix::of(random_matrix(4, 5, 15));
  EXPECT_NE(error_of([&] { ilk::multiply(random_matrix(3, 6, 16), a, nullptr, y); }), "");
  EXPECT_NE(error_of([&] { ilk::multiply(random_matrix(2, 4, 16), a, nullptr, y); }), "");
}
