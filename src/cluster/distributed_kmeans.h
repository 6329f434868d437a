#pragma once
// N points of which no process has all, D dimensions, K clusters: the pieces of which spherical
// k-means over parts of the points is made, with the bits of `kmeans`.
#include <ilk/kmeans.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ilk {

/// How many points the starts of kmeans look at, and which, ascending: all, or a sample, whose kmeans gives
/// the centroids that the clustering of all points begins from.
std::int64_t kmeans_sample_size(std::int64_t n_points, std::int64_t n_clusters);
std::vector<std::int64_t> kmeans_sample(std::int64_t n_points, const KMeansOptions& options);

/// The centroids of clusters whose points sum to `sums` (K, D): their directions. Where points cancel out,
/// the centroid stays what it was in `before`.
Matrix<float> centroids_of(MatrixView<const double> sums, MatrixView<const float> before);
/// Mean cosine of N points with the centroids of their clusters.
double objective_of(MatrixView<const double> sums, MatrixView<const float> centroids, std::int64_t n_points);
/// Adds a point to the sum of a cluster as KMeansPart does, or takes it off.
void add_to_sum(std::span<double> sum, std::span<const float> point, std::int64_t n_points, bool subtract);

/// Some of the points, and which clusters they are in. Sums are exact multiples of a power of two that N
/// sets, so that those of all parts may be added in any order.
class KMeansPart {
 public:
  /// `points` (n, D), rows of unit length, must outlive this. `n_points`: N. `memory`: bytes at most of what
  /// is kept to compare points with centres quickly.
  KMeansPart(MatrixView<const float> points, std::int64_t n_points, std::int64_t n_clusters,
             std::int64_t memory);
  ~KMeansPart();
  KMeansPart(KMeansPart&&) noexcept;

  /// Assigns the points to `centroids` (K, D): as kmeans_from does, the highest cosine, exact, ties to the
  /// lower number.
  void assign(MatrixView<const float> centroids);
  std::span<const std::int32_t> labels() const;  ///< (n)
  MatrixView<const double> sums() const;         ///< (K, D) of each cluster's points
  std::span<const std::int64_t> sizes() const;   ///< (K)
  std::int64_t moved() const;                    ///< points whose label the last assign changed
  std::int64_t tied() const;                     ///< for which two centres were equally good

  /// The point of the lowest cosine with its own centroid (ties to the lower number) among clusters of more
  /// than one point by `sizes` (K); −1 where there is none. Cosines are those of the last assign; that of a
  /// point that was moved is 1. `exact`: rounded from float64, as when k-means concludes.
  struct Worst {
    std::int64_t point = -1;
    float cosine = 0;
  };
  Worst worst(std::span<const std::int64_t> sizes, bool exact);
  /// A cluster became empty and gets `row` (D): a point of this part, or −1 where another part has it.
  void repair(std::int64_t point, std::int64_t to, std::span<const float> row);
  /// Whether labels are what they were at the last `remember`, if there was one.
  bool as_remembered() const;
  void remember(bool labels);
  /// Points of cluster `from` that equal `row` go to cluster `to`.
  void move_copies(std::span<const float> row, std::int64_t from, std::int64_t to);

 private:
  struct Held;
  std::unique_ptr<Held> held_;
};

}  // namespace ilk
