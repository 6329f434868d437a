#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "methods/contrastive_loss.h"
#include "slow_contrast.h"

namespace {

using ilk::internal::OwnRow;

ilk::Matrix<float> room;

TEST(Contrast, ManyRowsAreStreamedWithTheSameResult) {
  // Enough rows that similarities are not kept.
  constexpr std::size_t m = 2100;
  constexpr double temperature = 0.7;
  const auto p = probabilities(1, 2 * m, 3, 5);
  ilk::RandomStream random(5, "weights");
  Row weights(m);
  double total = 0;
  for (double& weight : weights) total += weight = random.uniform();
  for (double& weight : weights) weight /= total;
  const auto found = ilk::internal::contrast(p.rows(), weights, temperature, OwnRow::counted, room);
  Table rows = table_of(p.rows());
  for (std::size_t i = 0; i < m; i += 50)
    EXPECT_NEAR(found.losses[i],
                0.5 * (slow_loss_of_row(rows, i, m + i, temperature, true) +
                       slow_loss_of_row(rows, m + i, i, temperature, true)),
                fact_tolerance);
  // Along the gradient and along one other direction.
  for (const bool along : {true, false}) {
    constexpr double step = 1e-4;
    Table above = rows, below = rows;
    double size = 0, expected = 0, length = 0;
    for (const float number : found.gradient.flat())
      size = std::max(size, std::abs(static_cast<double>(number)));
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t k = 0; k < 3; ++k) {
        const double slope = found.gradient.row(static_cast<std::int64_t>(i))[k];
        const double d = along ? slope / size : random.normal();
        above[i][k] += step * d, below[i][k] -= step * d;
        expected += d * slope, length += d * d;
      }
    const auto loss = [&](const Table& all) {
      const auto half = all.begin() + static_cast<std::ptrdiff_t>(m);
      return slow_contrast(Table(all.begin(), half), Table(half, all.end()), weights, temperature);
    };
    EXPECT_NEAR(expected, (loss(above) - loss(below)) / (2 * step), 1e-5 * size * std::sqrt(length));
  }
}

TEST(Contrast, TheColdestTemperatureDoesNotOverflow) {
  ilk::Matrix<float> rows(8, 4);
  for (std::int64_t i = 0; i < 8; ++i) rows[i][i % 4] = 1;
  const Row weights(4, 0.25);
  const auto found =
      ilk::internal::contrast(rows, weights, ilk::internal::least_temperature, OwnRow::counted, room);
  // A row and its partner are both as near as can be: one half each.
  for (const double loss : found.losses) EXPECT_NEAR(loss, std::log(2.0), 1e-5);
  EXPECT_TRUE(is_finite(found.gradient));
}

}  // namespace
