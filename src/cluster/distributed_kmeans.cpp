// N points of which no process has all, D dimensions, K clusters.
#include "cluster/distributed_kmeans.h"

#include <ilk/error.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "cluster/lloyd.h"
#include "cluster/unit_rows.h"
#include "kernels/kernels.h"

namespace ilk {

Matrix<float> centroids_of(MatrixView<const double> sums, MatrixView<const float> before) {
  Matrix<float> centroids(before);
  for (std::int64_t k = 0; k < sums.rows(); ++k)
    internal::direction_of(sums[k], sums.columns(), centroids[k]);
  return centroids;
}

double objective_of(MatrixView<const double> sums, MatrixView<const float> centroids, std::int64_t n_points) {
  return internal::sum_of_cosines(sums, centroids) / static_cast<double>(n_points);
}

void add_to_sum(std::span<double> sum, std::span<const float> point, std::int64_t n_points, bool subtract) {
  const double rounding = internal::rounding_of(internal::longest_unit_point, n_points);
  const auto d = static_cast<std::int64_t>(sum.size());
  subtract ? kernels::kernels().subtract_rounded(sum.data(), point.data(), d, rounding)
           : kernels::kernels().add_rounded(sum.data(), point.data(), d, rounding);
}

struct KMeansPart::Held {
  internal::ScreenedPoints points;
  internal::Lloyd lloyd;
  struct Start {
    bool assigned = false;
    std::vector<float> cosines;  // as they were before repairs, since the last assign
    std::optional<std::vector<std::int32_t>> remembered;
  };
  std::vector<Start> starts;

  Held(MatrixView<const float> rows, std::int64_t n_points, std::int64_t n_clusters, std::int64_t n_starts,
       std::int64_t memory)
      : points(rows, n_clusters, memory),
        lloyd(points, n_clusters, n_starts, internal::Geometry::cosine, n_points),
        starts(static_cast<std::size_t>(n_starts)) {}
  /// Puts a point into another cluster.
  void move(internal::Lloyd::Start& one, std::int64_t point, std::int64_t to) {
    const auto& loops = kernels::kernels();
    std::int32_t& label = one.labels[static_cast<std::size_t>(point)];
    loops.subtract_rounded(one.sums[label], points.row(point), points.dimensions(), lloyd.rounding());
    loops.add_rounded(one.sums[to], points.row(point), points.dimensions(), lloyd.rounding());
    --one.sizes[static_cast<std::size_t>(label)];
    ++one.sizes[static_cast<std::size_t>(to)];
    label = static_cast<std::int32_t>(to);
  }
  Start& start(std::int64_t number) { return starts[static_cast<std::size_t>(number)]; }
};

KMeansPart::KMeansPart(MatrixView<const float> points, std::int64_t n_points, std::int64_t n_clusters,
                       std::int64_t n_starts, std::int64_t memory) {
  require_unit_rows(points, "KMeansPart", "points");
  held_ = std::make_unique<Held>(points, n_points, n_clusters, n_starts, memory);
}
KMeansPart::~KMeansPart() = default;
KMeansPart::KMeansPart(KMeansPart&&) noexcept = default;

void KMeansPart::assign(std::int64_t number, MatrixView<const float> centroids) {
  auto& own = held_->start(number);
  if (own.assigned)
    held_->lloyd.update_to(number, centroids);
  else
    held_->lloyd.start(number).centroids = Matrix<float>(centroids);
  own.assigned = true;
  own.cosines.clear();
  held_->lloyd.assign({number});
}

std::span<const std::int32_t> KMeansPart::labels(std::int64_t start) const {
  return held_->lloyd.start(start).labels;
}
MatrixView<const double> KMeansPart::sums(std::int64_t start) const {
  return held_->lloyd.start(start).sums;
}
std::span<const std::int64_t> KMeansPart::sizes(std::int64_t start) const {
  return held_->lloyd.start(start).sizes;
}
std::int64_t KMeansPart::moved(std::int64_t start) const {
  return held_->lloyd.start(start).moved;
}
std::int64_t KMeansPart::tied(std::int64_t start) const {
  return held_->lloyd.start(start).tied;
}

KMeansPart::Worst KMeansPart::worst(std::int64_t number, std::span<const std::int64_t> sizes, bool exact) {
  const auto& one = held_->lloyd.start(number);
  const auto exact_cosine = [&](std::int64_t i) {
    return static_cast<float>(kernels::kernels().dot_f64(
        held_->points.row(i), one.centroids[one.labels[static_cast<std::size_t>(i)]],
        held_->points.dimensions()));
  };
  auto& cosines = held_->start(number).cosines;
  if (cosines.empty())
    for (std::int64_t i = 0; i < held_->points.size(); ++i)
      cosines.push_back(exact ? exact_cosine(i) : held_->lloyd.gain(one, i));
  Worst found;
  for (std::size_t i = 0; i < cosines.size(); ++i)
    if (sizes[static_cast<std::size_t>(one.labels[i])] > 1 && (found.point < 0 || cosines[i] < found.cosine))
      found = {static_cast<std::int64_t>(i), cosines[i]};
  return found;
}

void KMeansPart::repair(std::int64_t number, std::int64_t point, std::int64_t to,
                        std::span<const float> row) {
  auto& one = held_->lloyd.start(number);
  if (point >= 0) {
    held_->move(one, point, to);
    auto& cosines = held_->start(number).cosines;
    if (!cosines.empty()) cosines[static_cast<std::size_t>(point)] = 1;
  }
  std::ranges::copy(row, one.centroids[to]);
  one.bounded = false;
}

bool KMeansPart::as_remembered(std::int64_t start) const {
  return held_->start(start).remembered == held_->lloyd.start(start).labels;
}

void KMeansPart::remember(std::int64_t start, bool labels) {
  auto& own = held_->start(start).remembered;
  own.reset();
  if (labels) own = held_->lloyd.start(start).labels;
}

void KMeansPart::move_copies(std::int64_t number, std::span<const float> row, std::int64_t from,
                             std::int64_t to) {
  auto& one = held_->lloyd.start(number);
  for (std::int64_t i = 0; i < held_->points.size(); ++i) {
    if (one.labels[static_cast<std::size_t>(i)] != from) continue;
    if (std::equal(row.begin(), row.end(), held_->points.row(i))) held_->move(one, i, to);
  }
}

}  // namespace ilk
