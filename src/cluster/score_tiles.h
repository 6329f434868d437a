#pragma once
#include <torch/types.h>

#include <algorithm>
#include <cstdint>

namespace ilk::internal {

/// Cosines of one block of points with many centres, a tile of centres at a time. Each row of a tile is one
/// centre with all points of the block, so that loops over a row run over points side by side.
class ScoreTiles {
 public:
  static constexpr std::int64_t centres_per_tile = 256;

  explicit ScoreTiles(std::int64_t points_per_block)
      : buffer_(torch::empty({centres_per_tile * points_per_block}, torch::kFloat32)) {}

  /// Calls row(k, scores) for each centre k in order; scores[i] = points_i · centres_k.
  template <class Row>
  void each(const torch::Tensor& points, const torch::Tensor& centres, Row row) {
    const std::int64_t n = points.size(0), k = centres.size(0);
    const auto transposed = points.t();
    for (std::int64_t first = 0; first < k; first += centres_per_tile) {
      const std::int64_t count = std::min(centres_per_tile, k - first);
      auto tile = buffer_.narrow(0, 0, count * n).view({count, n});
      at::mm_out(tile, centres.narrow(0, first, count), transposed);
      const float* scores = tile.data_ptr<float>();
      for (std::int64_t i = 0; i < count; ++i) row(first + i, scores + i * n);
    }
  }

 private:
  torch::Tensor buffer_;
};

}  // namespace ilk::internal
