#include "cluster/cell_neighbours.h"

#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/threads.h>

#include <algorithm>

#include "made_points.h"

namespace {

using ilk::internal::cell_neighbours;

TEST(CellNeighbours, WithAllCellsLookedAtAreTheNearestOfAll) {
  const auto points = grouped(1500, 24, 12, 0.8, 3);
  const auto exact = ilk::nearest_neighbours(points, points, 9);
  const auto found = cell_neighbours(points, 9, {.cells = 20, .probed = 20});
  EXPECT_TRUE(std::ranges::equal(found.indices.flat(), exact.indices.flat()));
  for (std::int64_t i = 0; i < found.cosines.size(); ++i)
    EXPECT_NEAR(found.cosines.flat()[i], exact.cosines.flat()[i], 1e-6);
}

TEST(CellNeighbours, AreNearlyAllOfTheNearest) {
  const auto points = grouped(6000, 48, 40, 1.0, 5);
  const auto exact = ilk::nearest_neighbours(points, points, 16);
  const auto found = cell_neighbours(points, 16);
  std::size_t same = 0;
  for (std::int64_t i = 0; i < points.rows(); ++i) {
    EXPECT_TRUE(std::ranges::is_sorted(found.cosines.row(i), std::greater<>()));
    for (const std::int64_t neighbour : found.indices.row(i))
      same += std::ranges::count(exact.indices.row(i), neighbour);
  }
  EXPECT_GT(static_cast<double>(same), 0.97 * 16 * 6000);
}

TEST(CellNeighbours, AreTheSameForAnyNumberOfThreads) {
  const auto points = grouped(3000, 16, 7, 0.6, 7);
  ilk::set_threads(1);
  const auto one = cell_neighbours(points, 12);
  ilk::set_threads(3);
  const auto three = cell_neighbours(points, 12);
  ilk::set_threads(0);
  EXPECT_TRUE(std::ranges::equal(one.indices.flat(), three.indices.flat()));
}

TEST(CellNeighbours, CopiesAndFewPointsHaveAsManyAsAreAskedFor) {
  ilk::Matrix<float> points(50, 4);
  for (std::int64_t i = 0; i < 50; ++i) points[i][i < 45 ? 0 : 1] = 1;
  const auto found = cell_neighbours(points, 48, {.cells = 10, .probed = 1});
  // Every one of its own kind first, by index, then the others.
  EXPECT_EQ(found.indices[0][0], 0);
  EXPECT_EQ(found.indices[0][44], 44);
  EXPECT_EQ(found.indices[0][45], 45);
  EXPECT_EQ(found.indices[47][0], 45);
  EXPECT_THROW(cell_neighbours(points, 51), ilk::Error);
  EXPECT_THROW(cell_neighbours(points, 0), ilk::Error);
}

}  // namespace
