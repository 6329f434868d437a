#pragma once
// N points, D dimensions, K clusters.
#include <ilk/matrix.h>
#include <ilk/options.h>
#include <ilk/progress.h>

#include <cstdint>
#include <vector>

namespace ilk {

enum class KMeansInit { kmeanspp, random };
constexpr auto enum_names(KMeansInit) {
  return std::array<std::string_view, 2>{"k-means++", "random"};
}

/// How k-means searches: its starts, and when they end.
struct KMeansSearch {
  std::int64_t n_init = 20;
  std::int64_t max_iterations = 300;
  double tolerance = 1e-6;
  KMeansInit init = KMeansInit::kmeanspp;
};

template <OptionsOf<KMeansSearch> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"n_init", options.n_init, "k-means restarts; the best by objective is kept"}.at_least(1));
  visit(Field{"max_iterations", options.max_iterations, "most iterations of one restart"}.at_least(1));
  visit(
      Field{"tolerance", options.tolerance, "a restart ends when the objective rises by less than this share"}
          .at_least(0));
  visit(Field{"init", options.init, "how the first centres are drawn: k-means++ or random"});
}

struct KMeansOptions {
  std::int64_t n_clusters = 8;
  std::uint64_t seed = 0;
  KMeansSearch search;
};

template <OptionsOf<KMeansOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"n_clusters", options.n_clusters, "how many clusters to make"}.at_least(1));
  visit(Field{"seed", options.seed, "number that all random choices start from; same seed, same labels"});
  visit.group("search", options.search);
}

struct KMeansResult {
  std::vector<std::int64_t> labels;  ///< (N), 0 … K − 1
  Matrix<float> centroids;           ///< (K, D) float32, rows of unit length
  double objective = 0;              ///< mean cosine of a point with its centroid, to be maximised
  std::int64_t iterations = 0;  ///< of the restart that was kept; with all points, where there was a sample
  bool converged = false;       ///< false where max_iterations ran out
  std::vector<double> objectives;   ///< after each iteration of the restart that was kept
  std::int64_t empty_repaired = 0;  ///< how often an empty cluster was given the worst-served point
  std::int64_t duplicates = 0;      ///< points equal, bit for bit, to an earlier point
};

/// Spherical k-means (Dhillon and Modha 2001): maximises the sum of cosines between points and the
/// unit-length means of their clusters, by Lloyd's iterations from `search.n_init` starts (k-means++: Arthur
/// and Vassilvitskii 2007, on the squared distance 2 − 2 cos, of points in 16 bits where there is room for
/// them). Ties go to the lower cluster number; an empty cluster takes the point that is farthest from its
/// centroid. Clusters are numbered by size, largest first (ties by first member). The labels are those that
/// assign_to_nearest gives for the centroids, except where an empty cluster was repaired last. An iteration
/// is an update of the centroids and the assignment to them; a restart also ends when no label changes.
///
/// Points are assigned by cosines that are exact to float64's rounding: most centres are ruled out
/// in 8 bits with a bound on the error, and points by how far centres moved, so that the labels are those of
/// a full search. Where N exceeds both 16,384 and 32 K, the starts cluster so many points, drawn at random,
/// and the best of them goes on from its centroids with all points, as kmeans_from does.
///
/// `embeddings` (N, D), rows of unit length. The labels are the same for any number of
/// threads. Throws Error for K < 1, K > N, rows that hold NaN or infinity or are not of unit length, and
/// options out of their range. Equal points share a cluster; where fewer than K are distinct, each has its
/// own cluster and the others are empty.
KMeansResult kmeans(MatrixView<const float> embeddings, const KMeansOptions& options,
                    Progress& progress = silent());

/// The same from given starting centres (K, D), float32 with rows of unit length: one start, so that of the
/// options only search.max_iterations and search.tolerance are read.
KMeansResult kmeans_from(MatrixView<const float> embeddings, MatrixView<const float> centroids,
                         const KMeansOptions& options, Progress& progress = silent());

/// The same for points of any length by their distance, as scikit-learn's KMeans: minimises the sum of
/// squared distances to the means of the clusters. `rows` (N, D) float32, finite; `objective` is minus the
/// mean squared distance, centroids are plain means.
KMeansResult euclidean_kmeans(MatrixView<const float> rows, const KMeansOptions& options,
                              Progress& progress = silent());
KMeansResult euclidean_kmeans_from(MatrixView<const float> rows, MatrixView<const float> centroids,
                                   const KMeansOptions& options, Progress& progress = silent());

/// Where points belong among given centres.
struct Assignment {
  std::vector<std::int64_t> labels;         ///< (N): the centre of highest cosine, ties to the lower number
  std::vector<float> scores;                ///< (N): that cosine
  std::vector<std::int64_t> second_labels;  ///< (N): the runner-up, −1 where there is one centre only
  std::vector<float> second_scores;         ///< (N): its cosine, −1 where there is one centre only
};

/// Assigns points (N, D) to `centroids` (K, D), both float32 with rows of unit length, in blocks.
Assignment assign_to_nearest(MatrixView<const float> embeddings, MatrixView<const float> centroids);

/// Rows scaled to unit length; throws Error naming the first row that is zero or not finite.
Matrix<float> normalise_rows(MatrixView<const float> matrix, std::string_view function = "normalise_rows",
                             std::string_view what = "matrix");

}  // namespace ilk
