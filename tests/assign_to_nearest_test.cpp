#include <gtest/gtest.h>
#include <ilk/kmeans.h>

#include <algorithm>

#include "made_points.h"
#include "matrices.h"
#include "targets.h"

namespace {

using Labels = std::vector<std::int64_t>;

TEST(AssignToNearest, EqualsASlowSearchForBestAndRunnerUp) {
  const auto points = grouped(2500, 17, 5, 1.0, 3), centres = grouped(270, 17, 9, 1.0, 5);
  for_each_target([&] {
    const auto found = ilk::assign_to_nearest(points, centres);
    for (std::int64_t i = 0; i < points.rows(); ++i) {
      std::vector<std::pair<double, std::int64_t>> order;
      for (std::int64_t c = 0; c < centres.rows(); ++c)
        order.push_back({-dot(points.row(i), centres.row(c)), c});
      std::partial_sort(order.begin(), order.begin() + 2, order.end());
      const auto place = static_cast<std::size_t>(i);
      ASSERT_EQ(found.labels[place], order[0].second);
      ASSERT_EQ(found.second_labels[place], order[1].second);
      ASSERT_NEAR(found.scores[place], -order[0].first, 1e-6);
      ASSERT_NEAR(found.second_scores[place], -order[1].first, 1e-6);
    }
  });
}

TEST(AssignToNearest, TiesGoToTheLowerNumberAndTheRunnerUpToo) {
  const auto four = axes(4);
  const auto point = matrix_of({{0.5f, 0.5f, 0.5f, 0.5f}});  // equally far from all four axes
  const auto low_then_high = matrix_of({{-1, 0}, {-1, 0}, {1, 0}});
  for_each_target([&] {
    auto found = ilk::assign_to_nearest(point, four);
    EXPECT_EQ(found.labels, Labels{0});
    EXPECT_EQ(found.second_labels, Labels{1});
    found = ilk::assign_to_nearest(matrix_of({{1, 0}}), low_then_high);
    EXPECT_EQ(found.labels, Labels{2});
    EXPECT_EQ(found.second_labels, Labels{0});
    found = ilk::assign_to_nearest(point, four.rows_between(0, 1));
    EXPECT_EQ(found.second_labels, Labels{-1});
    EXPECT_EQ(found.second_scores, std::vector<float>{-1});
  });
}

TEST(AssignToNearest, RefusesOtherWidths) {
  EXPECT_EQ(error_of([] { ilk::assign_to_nearest(axes(3), axes(4)); }),
            "[assign_to_nearest] centroids must be as wide as the embeddings (3), got 4.");
}

}  // namespace
