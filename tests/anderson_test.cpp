#include <gtest/gtest.h>

#include <cmath>

#include "cluster/anderson.h"
#include "transport_scene.h"

namespace {

TEST(Anderson, FallsBackToThePlainStepWhereItDoesHarm) {
  // A step function that lies once: the point after the lie is worse, and the way goes on from the best
  // point.
  ilk::internal::Anderson accelerator;
  Vector x = accelerator.next({0, 0}, {1, 0.5}, 1);
  EXPECT_EQ(x, (Vector{1, 0.5}));
  accelerator.next(x, {0.5, 0.2}, 0.5);
  EXPECT_EQ(accelerator.next({9, 9}, {4, 4}, 7), (Vector{1.5, 0.7}));
  // A linear map in two dimensions is solved exactly once two changes are known.
  ilk::internal::Anderson fresh;
  const Vector target{3, -2}, rates{0.9, 0.5};
  x = {0, 0};
  for (int i = 0; i < 4; ++i) {
    const Vector step{(1 - rates[0]) * (target[0] - x[0]), (1 - rates[1]) * (target[1] - x[1])};
    x = fresh.next(x, step, std::fabs(step[0]) + std::fabs(step[1]));
  }
  EXPECT_LT(furthest(x, target), 1e-6);
}

}  // namespace
