// N points, k neighbours, E epochs.
#include "cluster/plane_layout.h"

#include <ilk/kmeans.h>
#include <ilk/neighbours.h>

#include <algorithm>
#include <array>

#include "cluster/cell_neighbours.h"
#include "cluster/layout_start.h"
#include "cluster/neighbour_graph.h"
#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/parallel.h"
#include "kernels/kernels.h"

namespace ilk {
namespace {

constexpr std::int64_t points_per_block = 2048;
// Many points repel one in an epoch, so that their sum is steady. Their push is that of eight for each edge.
constexpr float repulsion = 4;
// Of the mean pull of a point's edges; below 1, so that points that move at once do not overshoot.
constexpr float first_step = 0.3f, momentum = 0.5f;
constexpr float share = repulsion / static_cast<float>(kernels::Repulsion::drawn);
constexpr float start_width = 10;
// Above, a search of all would take most of the time.
constexpr std::int64_t most_searched_exactly = 20'000;

std::int64_t default_epochs(std::int64_t n) {
  if (n <= 20'000) return 500;
  return n <= 200'000 ? 300 : 200;
}

struct Displacement {
  float x = 0, y = 0;
};

class Layout {
 public:
  Layout(Matrix<float> at, internal::NeighbourGraph graph, std::uint64_t seed)
      : at_(std::move(at)),
        next_(at_.rows(), 2),
        velocity_(at_.rows(), 2),
        graph_(std::move(graph)),
        key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}

  void move(std::uint32_t epoch, float step) {
    parallel_blocks(at_.rows(), points_per_block, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      float push[2 * points_per_block];
      kernels::kernels().repel({.at = at_.data(),
                                .n = static_cast<std::uint64_t>(at_.rows()),
                                .begin = begin,
                                .end = end,
                                .epoch = epoch,
                                .key = {key_[0], key_[1]},
                                .push = push});
      for (std::int64_t i = begin; i < end; ++i) {
        const Displacement pull = pull_on(i);
        const float* pushed = push + 2 * (i - begin);
        float* velocity = velocity_[i];
        velocity[0] = momentum * velocity[0] + step * (pull.x + share * pushed[0]);
        velocity[1] = momentum * velocity[1] + step * (pull.y + share * pushed[1]);
        next_[i][0] = at_[i][0] + velocity[0];
        next_[i][1] = at_[i][1] + velocity[1];
      }
    });
    std::swap(at_, next_);
  }

  Matrix<float> take() { return std::move(at_); }

 private:
  /// The weighted mean of what the point's edges ask for.
  Displacement pull_on(std::int64_t i) const {
    const float x = at_[i][0], y = at_[i][1];
    Displacement sum;
    float whole = 0;
    for (auto e = static_cast<std::size_t>(graph_.begins[static_cast<std::size_t>(i)]);
         e < static_cast<std::size_t>(graph_.begins[static_cast<std::size_t>(i) + 1]); ++e) {
      const float* other = at_[graph_.targets[e]];
      const float dx = other[0] - x, dy = other[1] - y;
      const float weight = graph_.weights[e];
      const float force = weight * 2 / (1 + (dx * dx + dy * dy));
      sum.x += force * dx;
      sum.y += force * dy;
      whole += weight;
    }
    return whole > 0 ? Displacement{sum.x / whole, sum.y / whole} : Displacement{};
  }

  Matrix<float> at_, next_, velocity_;  // (N, 2)
  internal::NeighbourGraph graph_;
  std::array<std::uint32_t, 2> key_;
};

void centre(Matrix<float>& at) {
  for (std::int64_t c = 0; c < 2; ++c) {
    double sum = 0;
    for (std::int64_t i = 0; i < at.rows(); ++i) sum += static_cast<double>(at[i][c]);
    const double mean = sum / static_cast<double>(at.rows());
    for (std::int64_t i = 0; i < at.rows(); ++i)
      at[i][c] = static_cast<float>(static_cast<double>(at[i][c]) - mean);
  }
}

}  // namespace

Matrix<float> plane_layout(MatrixView<const float> points, const PlaneLayoutOptions& options,
                           Progress& progress) {
  require(!points.empty(), "plane_layout", "there must be at least one point, got none.");
  require_unit_rows(points, "plane_layout", "points");
  const std::int64_t n = points.rows(), k = std::min(options.neighbours, n - 1);
  if (k < 1) return Matrix<float>(n, 2);
  const std::int64_t epochs = options.epochs.value_or(default_epochs(n));
  progress.start("Laying out the map", epochs, "rounds");
  const Neighbours nearest = n <= most_searched_exactly
                                 ? nearest_neighbours(points, points, k + 1)
                                 : internal::cell_neighbours(points, k + 1, {.seed = options.seed});
  internal::NeighbourGraph graph = internal::neighbour_graph(nearest, k);
  Layout layout(internal::layout_start(points, start_width, options.seed), std::move(graph), options.seed);
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    progress.check_stop();
    const float left = 1 - static_cast<float>(epoch) / static_cast<float>(epochs);
    layout.move(static_cast<std::uint32_t>(epoch), first_step * left);
    progress.advance(1);
  }
  progress.finish();
  Matrix<float> at = layout.take();
  centre(at);
  return at;
}

}  // namespace ilk
