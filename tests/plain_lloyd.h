#pragma once
// Lloyd's steps without screening: every exact score, and sums from the labels; and rows to try them on.
#include <gtest/gtest.h>
#include <ilk/matrix.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "cluster/lloyd.h"
#include "matrices.h"

/// f(number, row, column) of each number.
inline ilk::Matrix<float> changed(ilk::Matrix<float> matrix,
                                  const std::function<float(float, std::int64_t, std::int64_t)>& f) {
  for (std::int64_t i = 0; i < matrix.rows(); ++i)
    for (std::int64_t j = 0; j < matrix.columns(); ++j) matrix[i][j] = f(matrix[i][j], i, j);
  return matrix;
}
inline ilk::Matrix<float> plus(ilk::MatrixView<const float> matrix, float value) {
  return changed(ilk::Matrix<float>(matrix), [&](float x, auto, auto) { return x + value; });
}
inline ilk::Matrix<float> times(ilk::MatrixView<const float> matrix, float factor) {
  return changed(ilk::Matrix<float>(matrix), [&](float x, auto, auto) { return x * factor; });
}

/// Row i is of group i mod `groups`.
inline ilk::Matrix<float> grouped(std::int64_t n, std::int64_t d, std::int64_t groups, double spread,
                                  std::uint64_t seed) {
  const auto centres = random_matrix(groups, d, seed);
  return changed(random_matrix(n, d, seed + 1), [&](float x, std::int64_t i, std::int64_t j) {
    return centres[i % groups][j] + static_cast<float>(spread) * x;
  });
}

/// The plain search: every exact score, ties to the lower number.
inline std::vector<std::int32_t> slow_labels(ilk::MatrixView<const float> points,
                                             ilk::MatrixView<const float> centres,
                                             ilk::internal::Geometry geometry) {
  const std::int64_t d = points.columns();
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < points.rows(); ++i) {
    double best = 0;
    std::int32_t label = 0;
    for (std::int64_t j = 0; j < centres.rows(); ++j) {
      const double score = ilk::kernels::kernels().dot_f64(points[i], centres[j], d) -
                           (geometry == ilk::internal::Geometry::cosine
                                ? 0
                                : ilk::kernels::kernels().sum_of_squares(centres[j], d) / 2);
      if (j == 0 || score > best) best = score, label = static_cast<std::int32_t>(j);
    }
    labels.push_back(label);
  }
  return labels;
}

/// The sums and sizes of a start are those of its labels, to `tolerance`.
inline void expect_sums_of_labels(ilk::MatrixView<const float> points,
                                  const ilk::internal::Lloyd::Start& start, double tolerance) {
  ilk::Matrix<double> sums(start.sums.rows(), start.sums.columns());
  std::vector<std::int64_t> sizes(start.sizes.size());
  for (std::int64_t i = 0; i < points.rows(); ++i) {
    const std::int32_t label = start.labels[static_cast<std::size_t>(i)];
    ++sizes[static_cast<std::size_t>(label)];
    for (std::int64_t j = 0; j < points.columns(); ++j) sums[label][j] += static_cast<double>(points[i][j]);
  }
  ASSERT_EQ(sizes, start.sizes);
  for (std::int64_t i = 0; i < sums.size(); ++i) ASSERT_NEAR(sums.data()[i], start.sums.data()[i], tolerance);
}
