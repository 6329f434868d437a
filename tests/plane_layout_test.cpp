#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/neighbours.h>
#include <ilk/threads.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "cluster/neighbour_graph.h"
#include "cluster/plane_layout.h"
#include "cluster/principal_plane.h"
#include "matrices.h"

namespace {

using ilk::Matrix;
using ilk::plane_layout;

/// `n` points of unit length around `groups` directions.
Matrix<float> grouped_points(std::int64_t n, std::int64_t groups, std::int64_t d, float spread) {
  const Matrix<float> centres = random_matrix(groups, d, 3);
  Matrix<float> points = random_matrix(n, d, 4);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < d; ++j) points[i][j] = centres[i % groups][j] + spread * points[i][j];
  return unit_rows(std::move(points));
}

/// The share of each point's k nearest that are among its k nearest on the plane, by comparing all with all.
double neighbours_kept(const Matrix<float>& points, const Matrix<float>& plane, std::int64_t k) {
  const std::int64_t n = points.rows();
  const auto nearest = [&](std::int64_t i, auto&& distance) {
    std::vector<std::pair<double, std::int64_t>> others;
    for (std::int64_t j = 0; j < n; ++j)
      if (j != i) others.emplace_back(distance(i, j), j);
    std::partial_sort(others.begin(), others.begin() + k, others.end());
    std::set<std::int64_t> found;
    for (std::int64_t j = 0; j < k; ++j) found.insert(others[static_cast<std::size_t>(j)].second);
    return found;
  };
  const auto square = [](const float* a, const float* b, std::int64_t d) {
    double sum = 0;
    for (std::int64_t j = 0; j < d; ++j) sum += std::pow(static_cast<double>(a[j] - b[j]), 2);
    return sum;
  };
  std::int64_t kept = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto there =
        nearest(i, [&](auto a, auto b) { return square(points[a], points[b], points.columns()); });
    const auto here = nearest(i, [&](auto a, auto b) { return square(plane[a], plane[b], 2); });
    kept += std::count_if(there.begin(), there.end(), [&](auto j) { return here.contains(j); });
  }
  return static_cast<double>(kept) / static_cast<double>(n * k);
}

TEST(PlaneLayout, KeepsMoreNeighboursThanThePrincipalPlane) {
  const Matrix<float> points = grouped_points(600, 12, 24, 0.35f);
  const double kept = neighbours_kept(points, plane_layout(points), 10);
  const double of_plane = neighbours_kept(points, ilk::principal_plane(points), 10);
  EXPECT_GT(kept, 0.25);
  EXPECT_GT(kept, 1.4 * of_plane) << of_plane;
}

TEST(PlaneLayout, GroupsLieApart) {
  const Matrix<float> points = grouped_points(400, 8, 16, 0.15f);
  const Matrix<float> plane = plane_layout(points);
  const auto nearest_is_own = [&](std::int64_t i) {
    std::int64_t nearest = -1;
    double least = INFINITY;
    for (std::int64_t j = 0; j < plane.rows(); ++j) {
      const double distance = std::hypot(plane[i][0] - plane[j][0], plane[i][1] - plane[j][1]);
      if (j != i && distance < least) least = distance, nearest = j;
    }
    return nearest % 8 == i % 8;
  };
  std::int64_t own = 0;
  for (std::int64_t i = 0; i < plane.rows(); ++i) own += nearest_is_own(i);
  EXPECT_GE(own, 396);
}

TEST(PlaneLayout, SameBitsForAnyThreads) {
  const Matrix<float> points = grouped_points(5000, 20, 16, 0.3f);
  std::vector<Matrix<float>> planes;
  for (const int threads : {1, 2, 5}) {
    ilk::set_threads(threads);
    planes.push_back(plane_layout(points, {.epochs = 30}));
  }
  ilk::set_threads(0);
  for (const auto& plane : planes) EXPECT_TRUE(std::ranges::equal(plane.flat(), planes[0].flat()));
  EXPECT_NE(plane_layout(points, {.epochs = 5, .seed = 1}).flat()[0],
            plane_layout(points, {.epochs = 5}).flat()[0]);
}

TEST(PlaneLayout, CopiesAndFewPoints) {
  Matrix<float> copies(40, 3);
  for (std::int64_t i = 0; i < 40; ++i) copies[i][0] = 1;
  const Matrix<float> plane = plane_layout(copies);
  for (const float value : plane.flat()) EXPECT_TRUE(std::isfinite(value));
  EXPECT_NE(plane[0][0], plane[1][0]) << "copies part";
  for (const std::int64_t n : {1, 2, 3}) {
    const Matrix<float> few = plane_layout(grouped_points(n, 1, 5, 1));
    EXPECT_EQ(few.rows(), n);
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(few[i][0]);
    EXPECT_NEAR(sum, 0, 1e-3);
  }
  EXPECT_THROW(plane_layout(Matrix<float>(0, 3)), ilk::Error);
  EXPECT_THROW(plane_layout(Matrix<float>(3, 3)), ilk::Error);
}

TEST(NeighbourGraph, IsSymmetricWithWeightsThatSumToTheLogarithm) {
  constexpr std::int64_t k = 8;
  const Matrix<float> points = grouped_points(300, 5, 12, 0.5f);
  const ilk::Neighbours nearest = ilk::neighbours_within(points, k + 1);
  const auto graph = ilk::internal::neighbour_graph(nearest, k);
  ASSERT_EQ(graph.size(), 300);
  std::map<std::pair<std::int64_t, std::int64_t>, double> weights;
  for (std::int64_t i = 0; i < 300; ++i)
    for (auto e = graph.begins[static_cast<std::size_t>(i)];
         e < graph.begins[static_cast<std::size_t>(i) + 1]; ++e)
      weights[{i, graph.targets[static_cast<std::size_t>(e)]}] =
          static_cast<double>(graph.weights[static_cast<std::size_t>(e)]);
  for (const auto& [edge, weight] : weights) {
    EXPECT_NE(edge.first, edge.second);
    EXPECT_GT(weight, 0);
    EXPECT_LE(weight, 1);
    EXPECT_EQ(weight, weights.at({edge.second, edge.first}));
  }
  // The same by the definition, slowly: sigma by many steps over each point's sorted distances.
  std::map<std::pair<std::int64_t, std::int64_t>, double> directed;
  for (std::int64_t i = 0; i < 300; ++i) {
    std::vector<std::pair<double, std::int64_t>> own;
    for (std::int64_t j = 0; j <= k; ++j)
      if (nearest.indices[i][j] != i)
        own.emplace_back(1 - static_cast<double>(nearest.cosines[i][j]), nearest.indices[i][j]);
    double low = 1e-9, high = 100;
    const auto sum = [&](double sigma) {
      double whole = 0;
      for (const auto& [distance, j] : own)
        whole += std::exp(-std::max(0.0, distance - own[0].first) / sigma);
      return whole;
    };
    for (int step = 0; step < 200; ++step) (sum((low + high) / 2) > 3 ? high : low) = (low + high) / 2;
    for (const auto& [distance, j] : own)
      directed[{i, j}] = std::exp(-std::max(0.0, distance - own[0].first) / low);
  }
  for (const auto& [edge, weight] : weights) {
    const double a = directed.contains(edge) ? directed.at(edge) : 0;
    const std::pair other{edge.second, edge.first};
    const double b = directed.contains(other) ? directed.at(other) : 0;
    EXPECT_NEAR(weight, a + b - a * b, 1e-3);
  }
}

}  // namespace
