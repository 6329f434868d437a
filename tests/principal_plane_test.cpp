#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/threads.h>

#include <algorithm>
#include <cmath>

#include "cluster/principal_plane.h"
#include "matrices.h"

namespace ilk {
namespace {

TEST(PrincipalPlaneTest, FindsThePlaneThatPointsWereMadeIn) {
  // The corners of a rectangle of 10 × 4 that lies in 30 dimensions, with a little noise.
  constexpr std::int64_t n = 400, d = 30;
  const Matrix<float> noise = random_matrix(n, d, 4);
  const auto corner = [](std::int64_t i, int side) { return (i >> side & 1) != 0 ? 1.0f : -1.0f; };
  Matrix<float> points(n, d);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < d; ++j)
      points[i][j] =
          7 + (j % 2 == 0 ? 5 * corner(i, 0) : 2 * corner(i, 1)) / std::sqrt(15.0f) + 0.01f * noise[i][j];
  const Matrix<float> plane = principal_plane(points);
  for (std::int64_t i = 0; i < n; ++i) {
    EXPECT_NEAR(plane[i][0], 5 * corner(i, 0), 0.1) << i;
    EXPECT_NEAR(plane[i][1], 2 * corner(i, 1), 0.1) << i;
  }
}

TEST(PrincipalPlaneTest, VarianceIsThatOfTheLargestEigenvaluesByPowerIteration) {
  const Matrix<float> points = random_matrix(60, 7, 9);
  const Matrix<float> plane = principal_plane(points);
  // The slow, obvious way: the covariance, its largest eigenvector by many steps, deflation, again.
  double covariance[7][7] = {}, mean[7] = {};
  for (int i = 0; i < 60; ++i)
    for (int j = 0; j < 7; ++j) mean[j] += points[i][j] / 60.0;
  for (int i = 0; i < 60; ++i)
    for (int a = 0; a < 7; ++a)
      for (int b = 0; b < 7; ++b) covariance[a][b] += (points[i][a] - mean[a]) * (points[i][b] - mean[b]);
  for (int component = 0; component < 2; ++component) {
    double v[7] = {1, 2, 3, 4, 5, 6, 7}, value = 0;
    for (int step = 0; step < 5000; ++step) {
      double next[7] = {}, square = 0;
      for (int a = 0; a < 7; ++a) {
        for (int b = 0; b < 7; ++b) next[a] += covariance[a][b] * v[b];
        square += next[a] * next[a];
      }
      value = std::sqrt(square);
      for (int a = 0; a < 7; ++a) v[a] = next[a] / value;
    }
    double variance = 0;
    for (int i = 0; i < 60; ++i) variance += static_cast<double>(plane[i][component]) * plane[i][component];
    EXPECT_NEAR(variance, value, 1e-3 * value);
    for (int a = 0; a < 7; ++a)
      for (int b = 0; b < 7; ++b) covariance[a][b] -= value * v[a] * v[b];
  }
}

TEST(PrincipalPlaneTest, IsTheSameForAnyNumberOfThreads) {
  const Matrix<float> points = random_matrix(300, 130, 5);
  set_threads(1);
  const Matrix<float> one = principal_plane(points);
  set_threads(3);
  const Matrix<float> three = principal_plane(points);
  set_threads(0);
  EXPECT_TRUE(std::equal(one.flat().begin(), one.flat().end(), three.flat().begin()));
}

TEST(PrincipalPlaneTest, TakesFewAndEqualPoints) {
  const Matrix<float> equal = principal_plane(Matrix<float>::filled(5, 3, 2));
  for (const float value : equal.flat()) EXPECT_EQ(value, 0);
  const Matrix<float> line = principal_plane(matrix_of({{1}, {3}}));
  EXPECT_FLOAT_EQ(line[1][0], 1);
  EXPECT_EQ(line[1][1], 0);
  EXPECT_THROW(principal_plane(Matrix<float>()), Error);
}

}  // namespace
}  // namespace ilk
