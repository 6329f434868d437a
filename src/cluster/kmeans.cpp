// N points, D dimensions, K clusters, R starts that run side by side.
#include <ilk/error.h>
#include <ilk/kmeans.h>

#include <limits>
#include <numeric>

#include "assign.h"
#include "blocks.h"
#include "duplicates.h"
#include "kmeans_start.h"
#include "lanes.h"
#include "lloyd.h"

namespace ilk {
namespace {

using internal::Geometry;
using internal::Lloyd;

/// What all starts work on.
struct Collection {
  torch::Tensor points;
  Geometry geometry;
  std::unique_ptr<internal::ScreenedPoints> screened;  // null where loops cannot be used

  Collection(const torch::Tensor& rows, std::int64_t n_clusters, Geometry geometry_)
      : points(internal::plain_rows(rows)), geometry(geometry_) {
    if (internal::has_kernels(points))
      screened = std::make_unique<internal::ScreenedPoints>(points, n_clusters);
  }
};

/// How many starts run side by side, so that a block of points serves them all while it is in the cache: few
/// enough that what is kept for each point and centre stays small beside the points.
std::int64_t starts_side_by_side(std::int64_t n_points, const KMeansOptions& options) {
  constexpr std::int64_t centres = 512, at_most = 32, numbers = std::int64_t{1} << 23;
  return std::max<std::int64_t>(
      1, std::min({options.n_init, centres / options.n_clusters, at_most, numbers / n_points}));
}

struct Run {
  torch::Tensor centroids, labels;
  std::vector<double> objectives;
  std::int64_t repaired = 0;
  bool converged = false;
  bool settled =
      false;  // labels are those of a full search, whatever the clusters' numbers, and none was repaired
};

/// Lloyd's iterations of all starts of `lloyd`, whose centroids are set, until each has ended.
std::vector<Run> iterate(Lloyd& lloyd, std::int64_t n_starts, std::int64_t n_points,
                         const KMeansOptions& options, Progress& progress) {
  std::vector<Run> runs(static_cast<std::size_t>(n_starts));
  std::vector<std::int64_t> active(runs.size());
  std::iota(active.begin(), active.end(), 0);
  std::vector<double> reached(runs.size());  // the objective with repaired points counted
  std::vector<torch::Tensor> repaired_labels(
      runs.size());  // as they were after the last repair; else undefined
  const auto repair = [&](std::int64_t i) {
    double gain = 0;
    const std::int64_t moved = lloyd.repair(i, gain);
    const auto place = static_cast<std::size_t>(i);
    runs[place].repaired += moved;
    reached[place] = lloyd.start(i).objective + gain / static_cast<double>(n_points);
    const auto before = repaired_labels[place];
    repaired_labels[place] = moved > 0 ? lloyd.start(i).labels.clone() : torch::Tensor();
    return before.defined() && before.equal(lloyd.start(i).labels);
  };
  lloyd.assign(active);
  for (const std::int64_t i : active) repair(i);
  for (std::int64_t iteration = 0; iteration < options.max_iterations && !active.empty(); ++iteration) {
    progress.check_stop();
    for (const std::int64_t i : active) lloyd.update(i);
    lloyd.assign(active);
    std::erase_if(active, [&](std::int64_t i) {
      Run& run = runs[static_cast<std::size_t>(i)];
      const double before = reached[static_cast<std::size_t>(i)];
      const bool same_as_repaired = repair(i);
      const double now = reached[static_cast<std::size_t>(i)];
      run.objectives.push_back(lloyd.start(i).objective);
      run.converged = lloyd.start(i).moved == 0 || same_as_repaired ||
                      now - before <= options.tolerance * std::abs(before);
      if (run.converged) progress.advance(1);
      return run.converged;
    });
  }
  progress.advance(static_cast<std::int64_t>(active.size()));
  for (std::int64_t i = 0; i < n_starts; ++i) {
    const auto place = static_cast<std::size_t>(i);
    const Lloyd::Start& start = lloyd.start(i);
    runs[place].centroids = start.centroids.clone();
    runs[place].labels = start.labels.clone();
    runs[place].settled = start.screened && start.tied == 0 && !repaired_labels[place].defined();
  }
  return runs;
}

std::vector<std::int64_t> sizes_of(const torch::Tensor& labels, std::int64_t n_clusters) {
  const auto counts = labels.bincount({}, n_clusters).cpu();
  return {counts.data_ptr<std::int64_t>(), counts.data_ptr<std::int64_t>() + n_clusters};
}

/// Clusters by size, largest first, equals by their first member.
std::vector<std::int64_t> by_size(const torch::Tensor& labels, const std::vector<std::int64_t>& sizes) {
  const auto memory = labels.cpu();
  const auto* label = memory.data_ptr<std::int64_t>();
  std::vector<std::int64_t> first_member(sizes.size(), std::numeric_limits<std::int64_t>::max());
  for (std::int64_t i = memory.size(0) - 1; i >= 0; --i) first_member[static_cast<std::size_t>(label[i])] = i;
  std::vector<std::int64_t> order(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const auto size_a = sizes[static_cast<std::size_t>(a)], size_b = sizes[static_cast<std::size_t>(b)];
    return size_a != size_b
               ? size_a > size_b
               : first_member[static_cast<std::size_t>(a)] < first_member[static_cast<std::size_t>(b)];
  });
  return order;
}

double mean_of(const torch::Tensor& scores) {
  const auto memory = scores.cpu();
  const float* score = memory.data_ptr<float>();
  return internal::lane_sum(memory.size(0), [&](std::int64_t i) { return static_cast<double>(score[i]); }) /
         static_cast<double>(memory.size(0));
}

/// Numbers the clusters by size and assigns the points anew where that could make a difference, so that the
/// labels are those that anyone gets who assigns these points to these centroids.
void conclude(const Collection& collection, const Run& run, KMeansResult& result) {
  const torch::Tensor& points = collection.points;
  const std::int64_t k = result.centroids.size(0);
  result.labels = run.labels.to(torch::kInt64);
  constexpr int attempts =
      4;  // a point on the fence could go over with the numbering; it is not chased for ever
  for (int attempt = 0; attempt < attempts; ++attempt) {
    const auto order = by_size(result.labels, sizes_of(result.labels, k));
    const bool in_order = std::is_sorted(order.begin(), order.end());
    if (in_order && attempt > 0) return;
    const auto rows = torch::tensor(order, torch::kInt64).to(points.device());
    result.centroids = result.centroids.index_select(0, rows);
    if (run.settled) result.objective = run.objectives.back();
    if (run.settled || attempt + 1 == attempts) {
      result.labels = rows.argsort().index_select(0, result.labels);
      return;
    }
    const Assignment assignment =
        internal::assign_points(points, collection.screened.get(), result.centroids, collection.geometry);
    auto assigned = assignment.labels.to(torch::kInt32), scores = assignment.scores;
    auto sizes = sizes_of(assignment.labels, k);
    for (const internal::Move& move :
         internal::repair_empty(assigned, scores, internal::best_gain(collection.geometry), sizes)) {
      result.centroids[move.to].copy_(points[move.point]);
      if (attempt == 0) ++result.empty_repaired;
    }
    result.labels = assigned.to(torch::kInt64);
    result.objective = mean_of(scores);
  }
}

KMeansResult finish(const Collection& collection, const Run& run) {
  KMeansResult result;
  result.centroids = run.centroids;
  result.iterations = static_cast<std::int64_t>(run.objectives.size());
  result.converged = run.converged;
  result.objectives = run.objectives;
  result.empty_repaired = run.repaired;
  result.duplicates = internal::count_duplicates(collection.points);
  conclude(collection, run, result);
  result.objectives.back() = result.objective;
  return result;
}

KMeansResult from_drawn_centres(const torch::Tensor& rows, Geometry geometry, const KMeansOptions& options,
                                std::string_view function, Progress& progress) {
  const std::int64_t n = rows.size(0), k = options.n_clusters;
  require(k <= n, function, "n_clusters must be at most the number of images (", n, "), got ", k, ".");
  progress.start("clustering", options.n_init, "starts");
  const Collection collection(rows, k, geometry);
  const torch::Tensor& points = collection.points;
  const std::int64_t group = starts_side_by_side(n, options);
  Run best;
  for (std::int64_t first = 0; first < options.n_init; first += group) {
    const std::int64_t n_starts = std::min(group, options.n_init - first);
    auto drawn = internal::first_centres(points, collection.screened.get(), geometry, options, first,
                                         n_starts, progress);
    const auto centres = drawn.centres.to(points.device());
    Lloyd lloyd(points, collection.screened.get(), k, n_starts, geometry);
    for (std::int64_t i = 0; i < n_starts; ++i)
      lloyd.start(i).centroids.copy_(points.index_select(0, centres[i]));
    if (drawn.labels.defined()) lloyd.begin_with(drawn.labels, drawn.margins);
    drawn = {};
    for (Run& run : iterate(lloyd, n_starts, n, options, progress))
      if (!best.centroids.defined() || run.objectives.back() > best.objectives.back()) best = std::move(run);
  }
  KMeansResult result = finish(collection, best);
  progress.finish();
  return result;
}

KMeansResult from_given_centres(const torch::Tensor& rows, const torch::Tensor& centroids, Geometry geometry,
                                const KMeansOptions& options, std::string_view function, Progress& progress) {
  const std::int64_t n = rows.size(0), k = centroids.size(0);
  require(k <= n, function, "centroids must be at most as many as the images (", n, "), got ", k, ".");
  require(rows.size(1) == centroids.size(1), function, "centroids must be as wide as the embeddings (",
          rows.size(1), "), got ", centroids.size(1), ".");
  progress.start("clustering", 1, "starts");
  const Collection collection(rows, k, geometry);
  Lloyd lloyd(collection.points, collection.screened.get(), k, 1, geometry);
  lloyd.start(0).centroids.copy_(centroids.detach());
  KMeansResult result = finish(collection, iterate(lloyd, 1, n, options, progress).front());
  progress.finish();
  return result;
}

}  // namespace

KMeansResult kmeans(const torch::Tensor& embeddings, const KMeansOptions& options, Progress& progress) {
  constexpr auto function = "kmeans";
  check_ranges(options, function);
  require_unit_rows(embeddings, function, "embeddings");
  return from_drawn_centres(embeddings, Geometry::cosine, options, function, progress);
}

KMeansResult kmeans_from(const torch::Tensor& embeddings, const torch::Tensor& centroids,
                         const KMeansOptions& options, Progress& progress) {
  constexpr auto function = "kmeans_from";
  check_ranges(options, function);
  require_unit_rows(embeddings, function, "embeddings");
  require_unit_rows(centroids, function, "centroids");
  return from_given_centres(embeddings, centroids, Geometry::cosine, options, function, progress);
}

KMeansResult euclidean_kmeans(const torch::Tensor& rows, const KMeansOptions& options, Progress& progress) {
  constexpr auto function = "euclidean_kmeans";
  check_ranges(options, function);
  require_finite_rows(rows, function, "rows");
  return from_drawn_centres(rows, Geometry::euclidean, options, function, progress);
}

KMeansResult euclidean_kmeans_from(const torch::Tensor& rows, const torch::Tensor& centroids,
                                   const KMeansOptions& options, Progress& progress) {
  constexpr auto function = "euclidean_kmeans_from";
  check_ranges(options, function);
  require_finite_rows(rows, function, "rows");
  require_finite_rows(centroids, function, "centroids");
  return from_given_centres(rows, centroids, Geometry::euclidean, options, function, progress);
}

}  // namespace ilk
