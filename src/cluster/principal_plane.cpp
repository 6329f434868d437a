// N points, D dimensions.
#include "cluster/principal_plane.h"

#include <algorithm>
#include <cmath>

#include "cluster/principal_directions.h"
#include "core/fail.h"
#include "core/parallel.h"

namespace ilk {
namespace {

constexpr std::int64_t n_directions = 8;  // more than two, so that the first two converge

}  // namespace

Matrix<float> principal_plane(MatrixView<const float> points) {
  require(!points.empty(), "principal_plane", "there must be at least one point, got none.");
  const std::int64_t d = points.columns();
  const auto [means, directions] = principal_directions(points, n_directions);
  Matrix<float> plane(points.rows(), 2);
  for (std::int64_t column = 0; column < std::min<std::int64_t>(2, directions.rows()); ++column) {
    const auto direction = directions.row(column);
    const auto largest = std::max_element(direction.begin(), direction.end(),
                                          [](double a, double b) { return std::abs(a) < std::abs(b); });
    const double sign = *largest < 0 ? -1 : 1;
    parallel_blocks(points.rows(), 4096, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      for (std::int64_t i = begin; i < end; ++i) {
        double sum = 0;
        for (std::int64_t j = 0; j < d; ++j)
          sum += (static_cast<double>(points[i][j]) - means[static_cast<std::size_t>(j)]) *
                 direction[static_cast<std::size_t>(j)];
        plane[i][column] = static_cast<float>(sign * sum);
      }
    });
  }
  return plane;
}

}  // namespace ilk
