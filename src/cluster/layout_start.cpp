// N points, S of them in the sample, D dimensions.
#include "cluster/layout_start.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/parallel.h"
#include "core/philox.h"
#include "core/random.h"
#include "kernels/kernels.h"

namespace ilk::internal {
namespace {

constexpr std::int64_t most_in_sample = 16'384, points_per_layout_block = 512;
constexpr int iterations = 12;

/// The means of a sample, and its product with two directions.
class Sample {
 public:
  explicit Sample(MatrixView<const float> points)
      : points_(points), size_(std::min(points.rows(), most_in_sample)), means_(columns()) {
    std::vector<double> sums(columns());
    for (std::int64_t i = 0; i < size_; ++i)
      for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += static_cast<double>(row(i)[j]);
    for (std::size_t j = 0; j < sums.size(); ++j)
      means_[j] = static_cast<float>(sums[j] / static_cast<double>(size_));
  }

  std::size_t columns() const { return static_cast<std::size_t>(points_.columns()); }
  const std::vector<float>& means() const { return means_; }

  /// The covariance times two directions (2, D), up to a factor.
  Matrix<float> times(const Matrix<float>& directions) const {
    const std::int64_t d = points_.columns(), blocks = block_count(size_, points_per_layout_block);
    std::vector<Matrix<double>> sums(static_cast<std::size_t>(blocks));
    const float at_mean[2] = {kernels::kernels().dot_f32(means_.data(), directions[0], d),
                              kernels::kernels().dot_f32(means_.data(), directions[1], d)};
    parallel_blocks(
        size_, points_per_layout_block, [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
          Matrix<double> sum(2, d);
          for (std::int64_t i = begin; i < end; ++i)
            for (std::int64_t c = 0; c < 2; ++c) {
              const auto along =
                  static_cast<double>(kernels::kernels().dot_f32(row(i), directions[c], d) - at_mean[c]);
              double* own = sum[c];
              for (std::int64_t j = 0; j < d; ++j) own[j] += along * static_cast<double>(row(i)[j]);
            }
          sums[static_cast<std::size_t>(block)] = std::move(sum);
        });
    Matrix<float> product(2, d);
    for (std::int64_t c = 0; c < 2; ++c)
      for (std::int64_t j = 0; j < d; ++j) {
        double sum = 0;
        for (const auto& each : sums) sum += each[c][j];
        product[c][j] = static_cast<float>(sum);
      }
    return product;
  }

 private:
  const float* row(std::int64_t i) const { return points_[i * points_.rows() / size_]; }
  MatrixView<const float> points_;
  std::int64_t size_;
  std::vector<float> means_;
};

double dot(const float* a, const float* b, std::int64_t d) {
  double sum = 0;
  for (std::int64_t j = 0; j < d; ++j) sum += static_cast<double>(a[j]) * static_cast<double>(b[j]);
  return sum;
}

/// Rows of unit length, the second orthogonal to the first; a row of nothing stays so.
void orthonormalise(Matrix<float>& directions) {
  const std::int64_t d = directions.columns();
  for (std::int64_t c = 0; c < 2; ++c) {
    float* own = directions[c];
    for (int twice = 0; twice < 2 && c == 1; ++twice) {
      const double along = dot(own, directions[0], d);
      for (std::int64_t j = 0; j < d; ++j)
        own[j] =
            static_cast<float>(static_cast<double>(own[j]) - along * static_cast<double>(directions[0][j]));
    }
    const double length = std::sqrt(dot(own, own, d));
    for (std::int64_t j = 0; j < d; ++j)
      own[j] = length > 0 ? static_cast<float>(static_cast<double>(own[j]) / length) : 0;
  }
}

}  // namespace

Matrix<float> layout_start(MatrixView<const float> points, float width, std::uint64_t seed) {
  const std::int64_t n = points.rows(), d = points.columns();
  const Sample sample(points);
  RandomStream random(seed, "layout start");
  Matrix<float> directions(2, d);
  for (float& value : directions.flat()) value = static_cast<float>(random.uniform() - 0.5);
  orthonormalise(directions);
  for (int i = 0; i < iterations; ++i) {
    directions = sample.times(directions);
    orthonormalise(directions);
  }
  Matrix<float> plane(n, 2);
  parallel_blocks(n, points_per_layout_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t c = 0; c < 2; ++c)
        plane[i][c] = kernels::kernels().dot_f32(points[i], directions[c], d) -
                      kernels::kernels().dot_f32(sample.means().data(), directions[c], d);
  });
  float widest = 0;
  for (const float value : plane.flat()) widest = std::max(widest, std::abs(value));
  const float scale = widest > 1e-6f ? width / widest : 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto words = philox({static_cast<std::uint32_t>(i), 0, 0, 1},
                              {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    for (std::int64_t c = 0; c < 2; ++c) {
      const float shift = static_cast<float>(words[static_cast<std::size_t>(c)] >> 8) * 0x1p-24f - 0.5f;
      plane[i][c] = plane[i][c] * scale + 1e-3f * shift;
    }
  }
  return plane;
}

}  // namespace ilk::internal
