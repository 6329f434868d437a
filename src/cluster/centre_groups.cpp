// K centres, D dimensions.
#include "cluster/centre_groups.h"

#include <algorithm>
#include <numeric>

#include "kernels/kernels.h"

namespace ilk::internal {
namespace {

using kernels::kernels;

class Halving {
 public:
  Halving(MatrixView<const float> centres, std::int64_t size)
      : rows_(centres),
        d_(centres.columns()),
        size_(size),
        along_(static_cast<std::size_t>(centres.rows())) {}

  void order(std::int32_t* first, std::int64_t count) {
    if (count <= size_) return;
    // Whole groups on the left, so that the only one that is not full is the last.
    const std::int64_t groups = (count + size_ - 1) / size_, left = (groups + 1) / 2 * size_;
    const std::int32_t end = farthest(first, count, *first), other = farthest(first, count, end);
    std::vector<float> line(row(end), row(end) + d_);
    for (std::int64_t j = 0; j < d_; ++j) line[static_cast<std::size_t>(j)] -= row(other)[j];
    split(first, count, left, line);
    // The line between the halves' means parts them better.
    for (int round = 0; round < rounds; ++round) {
      std::fill(line.begin(), line.end(), 0.0f);
      for (std::int64_t i = 0; i < count; ++i) {
        const float weight =
            i < left ? 1.0f / static_cast<float>(left) : -1.0f / static_cast<float>(count - left);
        for (std::int64_t j = 0; j < d_; ++j) line[static_cast<std::size_t>(j)] += weight * row(first[i])[j];
      }
      split(first, count, left, line);
    }
    order(first, left);
    order(first + left, count - left);
  }

 private:
  static constexpr int rounds = 3;

  const float* row(std::int32_t i) const { return rows_[i]; }

  std::int32_t farthest(const std::int32_t* first, std::int64_t count, std::int32_t from) const {
    return *std::max_element(first, first + count, [&](std::int32_t a, std::int32_t b) {
      return kernels().half_squared_distance(row(a), row(from), d_) <
             kernels().half_squared_distance(row(b), row(from), d_);
    });
  }

  /// The `left` rows that are farthest along the line come first.
  void split(std::int32_t* first, std::int64_t count, std::int64_t left, const std::vector<float>& line) {
    for (std::int64_t i = 0; i < count; ++i)
      along_[static_cast<std::size_t>(first[i])] = kernels().dot_f64(row(first[i]), line.data(), d_);
    std::nth_element(first, first + left, first + count, [&](std::int32_t a, std::int32_t b) {
      const double at_a = along_[static_cast<std::size_t>(a)], at_b = along_[static_cast<std::size_t>(b)];
      return at_a != at_b ? at_a > at_b : a < b;
    });
  }

  MatrixView<const float> rows_;
  std::int64_t d_, size_;
  std::vector<double> along_;
};

}  // namespace

std::vector<std::int32_t> order_by_likeness(MatrixView<const float> centres, std::int64_t size) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(centres.rows()));
  std::iota(order.begin(), order.end(), 0);
  Halving(centres, size).order(order.data(), centres.rows());
  return order;
}

}  // namespace ilk::internal
