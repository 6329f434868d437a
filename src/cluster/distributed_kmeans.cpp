// N points of which no process has all, D dimensions, K clusters.
#include "cluster/distributed_kmeans.h"

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
  bool assigned = false;
  std::vector<float> cosines;  // as they were before repairs, since the last assign
  std::optional<std::vector<std::int32_t>> remembered;

  Held(MatrixView<const float> rows, std::int64_t n_points, std::int64_t n_clusters, std::int64_t memory)
      : points(rows, n_clusters, memory),
        lloyd(points, n_clusters, 1, internal::Geometry::cosine, n_points) {}
  internal::Lloyd::Start& start() { return lloyd.start(0); }
  /// Puts a point into another cluster.
  void move(std::int64_t point, std::int64_t to) {
    const auto& loops = kernels::kernels();
    internal::Lloyd::Start& one = start();
    std::int32_t& label = one.labels[static_cast<std::size_t>(point)];
    loops.subtract_rounded(one.sums[label], points.row(point), points.dimensions(), lloyd.rounding());
    loops.add_rounded(one.sums[to], points.row(point), points.dimensions(), lloyd.rounding());
    --one.sizes[static_cast<std::size_t>(label)];
    ++one.sizes[static_cast<std::size_t>(to)];
    label = static_cast<std::int32_t>(to);
  }
};

KMeansPart::KMeansPart(MatrixView<const float> points, std::int64_t n_points, std::int64_t n_clusters,
                       std::int64_t memory) {
  require_unit_rows(points, "KMeansPart", "points");
  held_ = std::make_unique<Held>(points, n_points, n_clusters, memory);
}
KMeansPart::~KMeansPart() = default;
KMeansPart::KMeansPart(KMeansPart&&) noexcept = default;

void KMeansPart::assign(MatrixView<const float> centroids) {
  if (held_->assigned)
    held_->lloyd.update_to(0, centroids);
  else
    held_->start().centroids = Matrix<float>(centroids);
  held_->assigned = true;
  held_->cosines.clear();
  held_->lloyd.assign({0});
}

std::span<const std::int32_t> KMeansPart::labels() const {
  return held_->start().labels;
}
MatrixView<const double> KMeansPart::sums() const {
  return held_->start().sums;
}
std::span<const std::int64_t> KMeansPart::sizes() const {
  return held_->start().sizes;
}
std::int64_t KMeansPart::moved() const {
  return held_->start().moved;
}
std::int64_t KMeansPart::tied() const {
  return held_->start().tied;
}

KMeansPart::Worst KMeansPart::worst(std::span<const std::int64_t> sizes, bool exact) {
  const auto& one = held_->start();
  const auto exact_cosine = [&](std::int64_t i) {
    return static_cast<float>(kernels::kernels().dot_f64(
        held_->points.row(i), one.centroids[one.labels[static_cast<std::size_t>(i)]],
        held_->points.dimensions()));
  };
  auto& cosines = held_->cosines;
  if (cosines.empty())
    for (std::int64_t i = 0; i < held_->points.size(); ++i)
      cosines.push_back(exact ? exact_cosine(i) : held_->lloyd.gain(one, i));
  Worst found;
  for (std::size_t i = 0; i < cosines.size(); ++i)
    if (sizes[static_cast<std::size_t>(one.labels[i])] > 1 && (found.point < 0 || cosines[i] < found.cosine))
      found = {static_cast<std::int64_t>(i), cosines[i]};
  return found;
}

void KMeansPart::repair(std::int64_t point, std::int64_t to, std::span<const float> row) {
  auto& one = held_->start();
  if (point >= 0) {
    held_->move(point, to);
    if (!held_->cosines.empty()) held_->cosines[static_cast<std::size_t>(point)] = 1;
  }
  std::ranges::copy(row, one.centroids[to]);
  one.bounded = false;
}

bool KMeansPart::as_remembered() const {
  return held_->remembered == held_->start().labels;
}

void KMeansPart::remember(bool labels) {
  held_->remembered.reset();
  if (labels) held_->remembered = held_->start().labels;
}

void KMeansPart::move_copies(std::span<const float> row, std::int64_t from, std::int64_t to) {
  auto& one = held_->start();
  for (std::int64_t i = 0; i < held_->points.size(); ++i) {
    if (one.labels[static_cast<std::size_t>(i)] != from) continue;
    if (std::equal(row.begin(), row.end(), held_->points.row(i))) held_->move(i, to);
  }
}

}  // namespace ilk
