#pragma once
// N points, D dimensions, K clusters, R starts that run side by side.
#include <ilk/matrix.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "cluster/scratch_pool.h"
#include "cluster/screen.h"

namespace ilk::internal {

/// A point that was given to an empty cluster.
struct Move {
  std::int64_t point, from, to;
};

/// Gives each empty cluster the point of the lowest score (ties to the lower index) among the clusters of
/// more than one point; `labels` (N), `scores` (N), of which `best` is the highest possible, and `sizes` (K)
/// are brought up to date.
template <class Label>
std::vector<Move> repair_empty(std::span<Label> labels, std::span<float> scores, float best,
                               std::span<std::int64_t> sizes);
/// The highest score of a point: a cosine of 1, or minus a squared distance of 0.
inline float best_gain(Geometry geometry) {
  return geometry == Geometry::cosine ? 1 : 0;
}

/// What rounds coordinates of points of this length at most to a multiple of the quantum, whose sums over
/// n_points are exact.
double rounding_of(double longest, std::int64_t n_points);
/// No point of unit length is longer.
constexpr double longest_unit_point = 1.001;
/// The direction of a sum of points; leaves `centroid` (D) where points cancel out.
void direction_of(const double* sum, std::int64_t d, float* centroid);
/// Σ_k c_k · S_k.
double sum_of_cosines(MatrixView<const double> sums, MatrixView<const float> centroids);

/// The state of several starts of k-means over the same points, and its two steps. The labels are those of
/// the highest exact score (ScreenedCentres), whatever was skipped on the way.
///
/// Sums of points are kept as exact fixed-point numbers (multiples of a power of two, in float64), so they
/// can be brought up to date by the points that moved, in any order, and come out the same to the last bit.
///
/// A point whose best centre led by more than the centres have moved since keeps its label unseen (after
/// Hamerly 2010, on scores instead of distances). Many centres are in groups, for each of which that holds or
/// does not, so that points are compared with few of them (after Ding et al. 2015, "Yinyang k-means").
class Lloyd {
 public:
  /// `n_points`: of the collection that the points are a part of; 0: they are all.
  Lloyd(const ScreenedPoints& points, std::int64_t n_clusters, std::int64_t n_starts, Geometry geometry,
        std::int64_t n_points = 0);

  struct Start {
    Matrix<float> centroids;           ///< (K, D), of unit length for cosines; set before the first assign
    std::vector<std::int32_t> labels;  ///< (N); −1 before the first assign
    Matrix<float> margins;             ///< (N, groups): the score is above those with other centres of a
                                       ///< group by this at least
    Matrix<double> sums;               ///< (K, D): of the points of each cluster, exact
    std::vector<std::int64_t> sizes;   ///< (K)
    std::vector<float> falls;          ///< how much the last update may have lowered scores with each centre
    /// And raised them with any centre of a group, and with any other than the one that rose most.
    std::vector<float> rises, next_rises;
    std::vector<std::int64_t> highest;  ///< of each group, the centre that rose most
    double objective = 0;               ///< mean cosine, or minus the mean squared distance; before repairs
    std::int64_t moved = 0;             ///< points whose label the last assign changed
    std::int64_t searched = 0;          ///< points that the last assign did not skip
    std::int64_t tied = 0;              ///< points for which two centres were best, to the last bit
    bool bounded = false;               ///< whether margins, falls and rises hold
    bool updated = false, grouped = false;
    std::unique_ptr<ScreenedCentres> screened;
  };

  Start& start(std::int64_t i) { return starts_[static_cast<std::size_t>(i)]; }

  /// What is known of the labels of all starts before the first assign, (R, N) each: they are right where
  /// their margin is above 0.
  void begin_with(MatrixView<const std::int32_t> labels, MatrixView<const float> margins);
  /// Assigns the points to the centroids of the starts named, and brings sums, sizes, objective and moved up
  /// to date.
  void assign(const std::vector<std::int64_t>& active);
  /// Centroids become the means of their clusters, for cosines of unit length. Where points cancel out, the
  /// centroid stays.
  void update(std::int64_t start);
  /// The centroids become these, (K, D).
  void update_to(std::int64_t start, MatrixView<const float> centroids);
  /// Gives empty clusters a point each, as centroid too; returns how many, and adds to `gain` what that adds
  /// to the objective's sum.
  std::int64_t repair(std::int64_t start, double& gain);
  /// What point i adds to the objective's sum.
  float gain(const Start& start, std::int64_t i) const;
  /// What sums of points are rounded with (kernels, add_rounded).
  double rounding() const { return rounding_; }

 private:
  struct Worker;
  class BlockOfPoints;
  void take_over(const ScratchPool<Worker>& workers, const std::vector<std::int64_t>& active);
  /// Moves centroid j; writes how much scores with it fell and rose at most.
  void move_centroid(Start& start, std::int64_t j, const float* to, float& fall, float& rise) const;
  template <class NewCentroid>
  void update_to_each(Start& start, NewCentroid new_centroid) const;
  double objective_of(const Start& start) const;

  const ScreenedPoints& points_;
  std::int64_t n_clusters_;
  Geometry geometry_;
  double longest_ = 0;      // no point is longer
  double square_mean_ = 0;  // mean squared length of the points
  double rounding_ = 0;     // adding and subtracting this rounds a float64 to a multiple of the quantum
  std::vector<Start> starts_;
};

}  // namespace ilk::internal
