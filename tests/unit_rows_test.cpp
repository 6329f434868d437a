#include <gtest/gtest.h>
#include <ilk/kmeans.h>

#include <algorithm>

#include "matrices.h"

namespace {

TEST(NormaliseRows, ScalesRowsOfAnySizeAndNamesTheFirstBadRow) {
  const auto rows = matrix_of({{3, 4}, {1e-30f, 0}, {1e-42f, 0}, {3e38f, 3e38f}, {0, 5}});
  const float half = std::sqrt(0.5f);
  const auto expected = matrix_of({{0.6f, 0.8f}, {1, 0}, {1, 0}, {half, half}, {0, 1}});
  EXPECT_LT(largest_difference(ilk::normalise_rows(rows, "embed", "features"), expected), 1e-7);
  auto bad = ilk::Matrix<float>::filled(5000, 3, 1);
  std::ranges::fill(bad.row(4500), 0.0f);
  std::ranges::fill(bad.row(4700), std::nanf(""));
  EXPECT_EQ(error_of([&] { ilk::normalise_rows(bad, "embed", "features"); }),
            "[embed] features must have no zero row, got row 4500 of length 0.");
  std::ranges::fill(bad.row(4200), INFINITY);
  EXPECT_EQ(error_of([&] { ilk::normalise_rows(bad, "embed", "features"); }),
            "[embed] features must be finite, got row 4200 of length inf.");
}

}  // namespace
