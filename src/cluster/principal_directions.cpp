// N points, D dimensions, S directions that are followed: more than are wanted, so that those converge.
#include "cluster/principal_directions.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "core/random.h"

namespace ilk {
namespace {

constexpr int n_iterations = 200;
constexpr std::int64_t rows_at_once = 64;  // of the covariance

std::vector<double> means_of(MatrixView<const float> points) {
  const std::int64_t d = points.columns();
  std::vector<double> means(static_cast<std::size_t>(d));
  for (std::int64_t i = 0; i < points.rows(); ++i)
    for (std::int64_t j = 0; j < d; ++j)
      means[static_cast<std::size_t>(j)] += static_cast<double>(points[i][j]);
  for (double& mean : means) mean /= static_cast<double>(points.rows());
  return means;
}

/// The covariance (D, D). A block of its rows is summed by one thread, over all points in order.
Matrix<double> covariance(MatrixView<const float> points, const std::vector<double>& means) {
  const std::int64_t d = points.columns();
  Matrix<double> sums(d, d);
  parallel_blocks(d, rows_at_once, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    std::vector<double> centred(static_cast<std::size_t>(d));
    for (std::int64_t i = 0; i < points.rows(); ++i) {
      for (std::int64_t j = begin; j < d; ++j)
        centred[static_cast<std::size_t>(j)] =
            static_cast<double>(points[i][j]) - means[static_cast<std::size_t>(j)];
      for (std::int64_t a = begin; a < end; ++a) {
        const double value = centred[static_cast<std::size_t>(a)];
        double* row = sums[a];
        for (std::int64_t b = a; b < d; ++b) row[b] += value * centred[static_cast<std::size_t>(b)];
      }
    }
  });
  for (std::int64_t a = 0; a < d; ++a)
    for (std::int64_t b = 0; b < a; ++b) sums[a][b] = sums[b][a];
  return sums;
}

double dot(const double* a, const double* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// Makes the rows orthogonal to those before them and of unit length; a row that is nothing else becomes 0.
void orthonormalise(Matrix<double>& directions) {
  const std::int64_t d = directions.columns();
  for (std::int64_t s = 0; s < directions.rows(); ++s) {
    double* row = directions[s];
    const double before = std::sqrt(dot(row, row, d));
    for (int twice = 0; twice < 2; ++twice)
      for (std::int64_t t = 0; t < s; ++t) {
        const double along = dot(row, directions[t], d);
        for (std::int64_t j = 0; j < d; ++j) row[j] -= along * directions[t][j];
      }
    const double length = std::sqrt(dot(row, row, d));
    const double scale = length > 1e-12 * before ? 1 / length : 0;
    for (std::int64_t j = 0; j < d; ++j) row[j] *= scale;
  }
}

Matrix<double> components(const Matrix<double>& covariance, std::int64_t followed) {
  const std::int64_t d = covariance.rows(), s = std::min(followed, d);
  Matrix<double> directions(s, d), next(s, d);
  RandomStream random(0, "principal plane");
  for (double& value : directions.flat()) value = random.uniform() - 0.5;
  orthonormalise(directions);
  for (int iteration = 0; iteration < n_iterations; ++iteration) {
    parallel_blocks(d, rows_at_once, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      for (std::int64_t j = begin; j < end; ++j)
        for (std::int64_t k = 0; k < s; ++k) next[k][j] = dot(covariance[j], directions[k], d);
    });
    std::swap(directions, next);
    orthonormalise(directions);
  }
  return directions;
}

}  // namespace

PrincipalDirections principal_directions(MatrixView<const float> points, std::int64_t followed) {
  PrincipalDirections result{.means = means_of(points)};
  result.directions = components(covariance(points, result.means), followed);
  return result;
}

}  // namespace ilk
