// N points, D dimensions, K clusters, R starts that run side by side.

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "cluster/assign.h"
#include "cluster/cluster_order.h"
#include "cluster/distributed_kmeans.h"
#include "cluster/equal_rows.h"
#include "cluster/kmeans_init.h"
#include "cluster/lloyd.h"
#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/option_checks.h"
#include "core/parallel.h"
#include "core/random.h"

namespace ilk {
namespace {

using internal::Geometry;
using internal::Lloyd;

/// What all starts work on.
struct Collection {
  MatrixView<const float> rows;
  Geometry geometry;
  internal::ScreenedPoints points;

  Collection(MatrixView<const float> rows_, std::int64_t n_clusters, Geometry geometry_)
      : rows(rows_), geometry(geometry_), points(rows_, n_clusters) {}
};

struct Run {
  Matrix<float> centroids;
  std::vector<std::int32_t> labels;
  std::vector<double> objectives;
  std::int64_t repaired = 0;
  bool converged = false;
  // Whether labels are those of a full search, whatever the clusters' numbers, and none was repaired.
  bool settled = false;
};

/// Lloyd's iterations of all starts of `lloyd`, whose centroids are set, until each has ended.
std::vector<Run> iterate(Lloyd& lloyd, std::int64_t n_starts, std::int64_t n_points,
                         const KMeansOptions& options, Progress& progress) {
  std::vector<Run> runs(static_cast<std::size_t>(n_starts));
  std::vector<std::int64_t> active(runs.size());
  std::iota(active.begin(), active.end(), 0);
  std::vector<double> reached(runs.size());  // the objective with repaired points counted
  // As they were after the last repair, where there was one.
  std::vector<std::optional<std::vector<std::int32_t>>> repaired_labels(runs.size());
  const auto repair = [&](std::int64_t i) {
    double gain = 0;
    const std::int64_t moved = lloyd.repair(i, gain);
    const auto place = static_cast<std::size_t>(i);
    runs[place].repaired += moved;
    reached[place] = lloyd.start(i).objective + gain / static_cast<double>(n_points);
    const bool same = repaired_labels[place] == lloyd.start(i).labels;
    repaired_labels[place].reset();
    if (moved > 0) repaired_labels[place] = lloyd.start(i).labels;
    return same;
  };
  lloyd.assign(active);
  for (const std::int64_t i : active) repair(i);
  for (std::int64_t iteration = 0; iteration < options.search.max_iterations && !active.empty();
       ++iteration) {
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
                      now - before <= options.search.tolerance * std::abs(before);
      if (run.converged) progress.advance(1);
      return run.converged;
    });
  }
  progress.advance(static_cast<std::int64_t>(active.size()));
  for (std::int64_t i = 0; i < n_starts; ++i) {
    const auto place = static_cast<std::size_t>(i);
    Lloyd::Start& start = lloyd.start(i);
    runs[place].settled = start.tied == 0 && !repaired_labels[place];
    runs[place].centroids = std::move(start.centroids);
    runs[place].labels = std::move(start.labels);
  }
  return runs;
}

/// Gives each label the place that it has in `order`.
void renumber(std::vector<std::int64_t>& labels, const std::vector<std::int64_t>& order) {
  std::vector<std::int64_t> place_of(order.size());
  for (std::size_t place = 0; place < order.size(); ++place)
    place_of[static_cast<std::size_t>(order[place])] = static_cast<std::int64_t>(place);
  for (std::int64_t& label : labels) label = place_of[static_cast<std::size_t>(label)];
}

/// Gives the copies of each point that was moved to another cluster its label, too.
void move_copies(MatrixView<const float> rows, std::span<const internal::Move> moves,
                 std::vector<std::int64_t>& labels) {
  for (const internal::Move& move : moves) {
    const auto point = rows.row(move.point);
    for (std::int64_t i = 0; i < rows.rows(); ++i) {
      std::int64_t& label = labels[static_cast<std::size_t>(i)];
      if (label == move.from && std::ranges::equal(rows.row(i), point)) label = move.to;
    }
  }
}

/// Numbers the clusters by size and assigns the points anew where that could make a difference, so that the
/// labels are those that anyone gets who assigns these points to these centroids. Equal points share a
/// cluster.
void conclude(const Collection& collection, const Run& run, KMeansResult& result) {
  const std::int64_t k = result.centroids.rows();
  result.labels.assign(run.labels.begin(), run.labels.end());
  // A point on the fence could go over with the numbering; it is not chased for ever.
  constexpr int attempts = 4;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    const auto order = internal::clusters_by_size(result.labels, k);
    if (attempt > 0 && std::is_sorted(order.begin(), order.end())) return;
    result.centroids = rows_of(result.centroids, order);
    if (run.settled) result.objective = run.objectives.back();
    if (run.settled || attempt + 1 == attempts) return renumber(result.labels, order);
    Assignment assignment = internal::assign_points(collection.points, result.centroids, collection.geometry);
    auto sizes = internal::cluster_sizes(assignment.labels, k);
    const auto moves = internal::repair_empty<std::int64_t>(assignment.labels, assignment.scores,
                                                            internal::best_gain(collection.geometry), sizes);
    for (const internal::Move& move : moves) {
      std::ranges::copy(collection.rows.row(move.point), result.centroids[move.to]);
      if (attempt == 0) ++result.empty_repaired;
    }
    if (result.duplicates > 0) move_copies(collection.rows, moves, assignment.labels);
    const auto n = static_cast<std::int64_t>(assignment.scores.size());
    result.labels = std::move(assignment.labels);
    result.objective = kernels::kernels().sum(assignment.scores.data(), n) / static_cast<double>(n);
  }
}

KMeansResult finish(const Collection& collection, Run run, std::int64_t duplicates) {
  KMeansResult result;
  result.centroids = std::move(run.centroids);
  result.iterations = static_cast<std::int64_t>(run.objectives.size());
  result.converged = run.converged;
  result.objectives = run.objectives;
  result.empty_repaired = run.repaired;
  result.duplicates = duplicates;
  conclude(collection, run, result);
  result.objectives.back() = result.objective;
  return result;
}

/// The result where no more points differ than there are clusters: one cluster for each, the largest first,
/// and empty ones that lie with the largest.
KMeansResult one_cluster_each(const Collection& collection, std::int64_t n_clusters,
                              std::int64_t duplicates) {
  const std::vector<std::int64_t> first = internal::first_equal_rows(collection.rows);
  std::vector<std::int64_t> counts(first.size());
  for (const std::int64_t row : first) ++counts[static_cast<std::size_t>(row)];
  std::vector<std::int64_t> different;
  for (std::size_t i = 0; i < first.size(); ++i)
    if (counts[i] > 0) different.push_back(static_cast<std::int64_t>(i));
  std::stable_sort(different.begin(), different.end(), [&](std::int64_t a, std::int64_t b) {
    return counts[static_cast<std::size_t>(a)] > counts[static_cast<std::size_t>(b)];
  });
  different.resize(static_cast<std::size_t>(n_clusters), different.front());
  KMeansResult result;
  result.centroids = rows_of(collection.rows, different);
  Assignment assignment = internal::assign_points(collection.points, result.centroids, collection.geometry);
  const auto n = static_cast<std::int64_t>(assignment.scores.size());
  result.labels = std::move(assignment.labels);
  result.objective = kernels::kernels().sum(assignment.scores.data(), n) / static_cast<double>(n);
  result.objectives = {result.objective};
  result.iterations = 1;
  result.converged = true;
  result.duplicates = duplicates;
  return result;
}

// So few points are too little work to be cut up for several threads, which take starts instead.
constexpr std::int64_t most_points_of_a_thread = 2048;

// A block of points serves all starts while it is in the cache; what is kept for each point and centre stays
// small beside the points.
std::int64_t starts_side_by_side(std::int64_t n_points, const KMeansOptions& options) {
  constexpr std::int64_t centres = 512, numbers = std::int64_t{1} << 23;
  const std::int64_t at_most = n_points <= most_points_of_a_thread ? 8 : 32;
  return std::max<std::int64_t>(
      1, std::min({options.search.n_init, centres / options.n_clusters, at_most, numbers / n_points}));
}

/// The best of all starts, each of which goes through all rows.
KMeansResult best_of_starts(MatrixView<const float> rows, Geometry geometry, const KMeansOptions& options,
                            Progress& progress) {
  const std::int64_t n = rows.rows(), k = options.n_clusters;
  const Collection collection(rows, k, geometry);
  const std::int64_t duplicates = internal::count_duplicates(rows);
  if (duplicates > 0 && n - duplicates <= k) return one_cluster_each(collection, k, duplicates);
  const auto keep_better = [](Run& best, Run& run) {
    if (best.centroids.empty() || run.objectives.back() > best.objectives.back()) best = std::move(run);
  };
  const std::int64_t n_init = options.search.n_init, group = starts_side_by_side(n, options);
  const auto best_of_group = [&](std::int64_t first, std::int64_t end) {
    const std::int64_t n_starts = end - first;
    auto drawn = internal::first_centres(collection.points, geometry, options, first, n_starts, progress);
    Lloyd lloyd(collection.points, k, n_starts, geometry);
    for (std::int64_t i = 0; i < n_starts; ++i)
      lloyd.start(i).centroids = rows_of(rows, drawn.centres.row(i));
    if (!drawn.labels.empty()) lloyd.begin_with(drawn.labels, drawn.margins);
    drawn = {};
    Run best;
    for (Run& run : iterate(lloyd, n_starts, n, options, progress)) keep_better(best, run);
    return best;
  };
  Run best;
  if (n <= most_points_of_a_thread) {
    std::vector<Run> of_groups(static_cast<std::size_t>(block_count(n_init, group)));
    parallel_blocks(n_init, group, [&](std::int64_t first, std::int64_t end, std::int64_t index) {
      of_groups[static_cast<std::size_t>(index)] = best_of_group(first, end);
    });
    for (Run& run : of_groups) keep_better(best, run);
  } else {
    for (std::int64_t first = 0; first < n_init; first += group) {
      Run run = best_of_group(first, std::min(n_init, first + group));
      keep_better(best, run);
    }
  }
  return finish(collection, std::move(best), duplicates);
}

KMeansResult from_centroids(MatrixView<const float> rows, Matrix<float> centroids, Geometry geometry,
                            const KMeansOptions& options, Progress& progress) {
  const Collection collection(rows, centroids.rows(), geometry);
  Lloyd lloyd(collection.points, centroids.rows(), 1, geometry);
  lloyd.start(0).centroids = std::move(centroids);
  return finish(collection, std::move(iterate(lloyd, 1, rows.rows(), options, progress).front()),
                internal::count_duplicates(rows));
}

KMeansResult from_drawn_centres(MatrixView<const float> rows, Geometry geometry, const KMeansOptions& options,
                                std::string_view function, Progress& progress) {
  const std::int64_t n = rows.rows(), k = options.n_clusters;
  require(k <= n, function, "n_clusters must be at most the number of images (", n, "), got ", k, ".");
  const std::vector<std::int64_t> sample = kmeans_sample(n, options);
  const bool sampled = std::ssize(sample) < n;
  progress.start("clustering", options.search.n_init + (sampled ? 1 : 0), "starts");
  KMeansResult result =
      sampled
          ? from_centroids(rows, best_of_starts(rows_of(rows, sample), geometry, options, progress).centroids,
                           geometry, options, progress)
          : best_of_starts(rows, geometry, options, progress);
  progress.finish();
  return result;
}

KMeansResult from_given_centres(MatrixView<const float> rows, MatrixView<const float> centroids,
                                Geometry geometry, const KMeansOptions& options, std::string_view function,
                                Progress& progress) {
  const std::int64_t n = rows.rows(), k = centroids.rows();
  require(k <= n, function, "centroids must be at most as many as the images (", n, "), got ", k, ".");
  require(rows.columns() == centroids.columns(), function, "centroids must be as wide as the embeddings (",
          rows.columns(), "), got ", centroids.columns(), ".");
  progress.start("clustering", 1, "starts");
  KMeansResult result = from_centroids(rows, Matrix<float>(centroids), geometry, options, progress);
  progress.finish();
  return result;
}

}  // namespace

std::int64_t kmeans_sample_size(std::int64_t n_points, std::int64_t n_clusters) {
  constexpr std::int64_t least = std::int64_t{1} << 14, per_centre = 32;
  return std::min(n_points, std::max(least, per_centre * n_clusters));
}

std::vector<std::int64_t> kmeans_sample(std::int64_t n_points, const KMeansOptions& options) {
  const std::int64_t size = kmeans_sample_size(n_points, options.n_clusters);
  std::vector<std::int64_t> rows(static_cast<std::size_t>(size));
  std::iota(rows.begin(), rows.end(), 0);
  if (size == n_points) return rows;
  rows = RandomStream(options.seed, "kmeans sample").sample(n_points, size);
  std::sort(rows.begin(), rows.end());
  return rows;
}

KMeansResult kmeans(MatrixView<const float> embeddings, const KMeansOptions& options, Progress& progress) {
  constexpr auto function = "kmeans";
  check_ranges(options, function);
  require_unit_rows(embeddings, function, "embeddings");
  return from_drawn_centres(embeddings, Geometry::cosine, options, function, progress);
}

KMeansResult kmeans_from(MatrixView<const float> embeddings, MatrixView<const float> centroids,
                         const KMeansOptions& options, Progress& progress) {
  constexpr auto function = "kmeans_from";
  check_ranges(options, function);
  require_unit_rows(embeddings, function, "embeddings");
  require_unit_rows(centroids, function, "centroids");
  return from_given_centres(embeddings, centroids, Geometry::cosine, options, function, progress);
}

KMeansResult euclidean_kmeans(MatrixView<const float> rows, const KMeansOptions& options,
                              Progress& progress) {
  constexpr auto function = "euclidean_kmeans";
  check_ranges(options, function);
  require_finite_rows(rows, function, "rows");
  return from_drawn_centres(rows, Geometry::euclidean, options, function, progress);
}

KMeansResult euclidean_kmeans_from(MatrixView<const float> rows, MatrixView<const float> centroids,
                                   const KMeansOptions& options, Progress& progress) {
  constexpr auto function = "euclidean_kmeans_from";
  check_ranges(options, function);
  require_finite_rows(rows, function, "rows");
  require_finite_rows(centroids, function, "centroids");
  return from_given_centres(rows, centroids, Geometry::euclidean, options, function, progress);
}

}  // namespace ilk
