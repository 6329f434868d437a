#pragma once
// N points, D dimensions, K clusters, R starts that run side by side.
#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace ilk::internal {

/// A point that was given to an empty cluster.
struct Move {
  std::int64_t point, from, to;
};

/// Gives each empty cluster the point of the lowest score (ties to the lower index) among the clusters of
/// more than one point; `labels` (N) int32, `scores` (N) float32 and `sizes` (K) are brought up to date.
std::vector<Move> repair_empty(torch::Tensor labels, torch::Tensor scores, std::vector<std::int64_t>& sizes);

/// The state of several starts of spherical k-means over the same points, and its two steps. One matrix
/// product serves all starts, because a product with the few centres of one start cannot keep a core busy.
///
/// Sums of points are kept as exact fixed-point numbers (multiples of a power of two, in float64), so they
/// can be brought up to date by the points that moved, in any order, and come out the same to the last bit.
///
/// A point whose best centre led by more than the centres have moved since keeps its label unseen (after
/// Hamerly 2010, on cosines: |x·c′ − x·c| ≤ ‖c′ − c‖). The labels are those of a full search.
class Lloyd {
 public:
  Lloyd(const torch::Tensor& points, std::int64_t n_clusters, std::int64_t n_starts);

  /// One start; the tensors are views of the whole group's.
  struct Start {
    torch::Tensor
        centroids;         ///< (K, D) float32, rows of unit length; set by the caller before the first assign
    torch::Tensor labels;  ///< (N) int32; −1 before the first assign
    torch::Tensor
        margins;         ///< (N) float32: the cosine with the centroid is above all others by this at least
    torch::Tensor sums;  ///< (K, D) float64: of the points of each cluster, exact
    std::vector<std::int64_t> sizes;
    std::vector<float> drifts;  ///< how much the last update may have taken from the margins of each cluster
    double objective = 0;       ///< mean cosine with the centroid, before empty clusters were repaired
    std::int64_t moved = 0;     ///< points whose label the last assign changed
    bool bounded = false;       ///< whether margins and drifts hold
  };

  Start& start(std::int64_t i) { return starts_[static_cast<std::size_t>(i)]; }

  /// Assigns the points to the centroids of the starts named, and brings sums, sizes, objective and moved up
  /// to date.
  void assign(const std::vector<std::int64_t>& active);
  /// Centroids become the unit-length means of their clusters. Where points cancel out, the centroid stays.
  void update(std::int64_t start);
  /// Gives empty clusters a point each, as centroid too; returns how many, and adds 1 − score of each to
  /// `gain`.
  std::int64_t repair(std::int64_t start, double& gain);

 private:
  struct Worker;
  class BlockOfPoints;
  void assign_with_loops(const std::vector<std::int64_t>& active);
  void assign_with_operations(const std::vector<std::int64_t>& active);
  torch::Tensor centres_of(const std::vector<std::int64_t>& active) const;
  torch::Tensor quantised(const torch::Tensor& rows) const;
  torch::Tensor scores(const Start& start) const;

  torch::Tensor points_, centroids_, labels_, margins_, sums_;
  std::int64_t n_clusters_;
  double rounding_;  // adding and subtracting this rounds a float64 to a multiple of the quantum
  std::vector<Start> starts_;
};

}  // namespace ilk::internal
