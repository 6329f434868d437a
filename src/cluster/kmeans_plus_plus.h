#pragma once
// N points, D dimensions, K clusters, R starts, T candidates tried for each centre.

#include <cstdint>
#include <memory>
#include <vector>

#include "cluster/scratch_pool.h"
#include "cluster/screen.h"
#include "core/random.h"
#include "kernels/quantised_rows.h"

namespace ilk::internal {

/// Greedy k-means++ (Arthur and Vassilvitskii 2007) on halved squared distances for several starts side by
/// side: candidates are drawn with the distance to the nearest centre so far as weight, and the one that
/// lowers the sum of distances most becomes a centre.
///
/// Distances are those between the points in 16 bits (QuantisedRows), where there is room for them: whole
/// numbers times scales, and 0 between copies. Elsewhere they are float32's.
class KMeansPlusPlus {
 public:
  KMeansPlusPlus(const ScreenedPoints& points, std::int64_t n_starts);

  /// The centres chosen for one start so far.
  const std::vector<std::int64_t>& chosen(std::int64_t start) const {
    return chosen_[static_cast<std::size_t>(start)];
  }

  std::int64_t size() const { return n_; }

  /// One point, drawn with its distance to the nearest centre as weight.
  std::int64_t draw(std::int64_t start, RandomStream& random) const;

  /// Makes a centre of the best of each start's candidates: as many for each start, one start after another.
  void choose(const std::vector<std::int64_t>& candidates);

  /// Whether distances are known well enough for `assign`.
  bool knows_labels() const { return wide_ != nullptr; }

  /// Each point's nearest centre of a start, and by how much its score with that is above those with others
  /// at least: |x − c| ≥ |a − c| − |x − a| for the nearest a and any other c. With s the distance from a to
  /// the next centre and δ = |x − a|, (|x − c|² − |x − a|²) / 2 ≥ s (s − 2δ) / 2.
  void assign(std::int64_t start, Geometry geometry, std::int32_t* labels, float* margins) const;

 private:
  /// Finds the points in 16 bits among the screen's, or makes them where they are not more than the screen
  /// may hold.
  void take_wide_rows();

  /// Writes the distances of all points from the candidates, or numbers that are not below the lowest so far
  /// in their place, and calls done(block) for each block of points.
  template <class Done>
  void measure(const std::vector<std::int64_t>& candidates, Done done);

  /// The candidates of one start in 16 bits, or those of all starts as long as there are no centres.
  struct Part {
    QuantisedRows rows;
    std::vector<float> halves;
    /// Of each centre so far: a point no farther than this from the centre nearest to it is farther from all
    /// of the part's candidates. Halved squares.
    std::vector<float> reaches;
  };

  template <class Done>
  void measure_in_16_bits(const std::vector<std::int64_t>& candidates, Done done);

  Part part_of(const std::int64_t* candidates, std::int64_t count, std::int64_t start) const;

  template <class Done>
  void measure_in_floats(const std::vector<std::int64_t>& candidates, Done done);

  // Every point is a copy of a centre: any other point will do.
  std::int64_t draw_unchosen(std::int64_t start, RandomStream& random) const;

  const float* row(std::int64_t i) const { return points_.row(i); }
  double error(std::int64_t i) const { return static_cast<double>(wide_->error(i)); }
  float* lowest(std::int64_t i) { return lowest_.data() + i * n_starts_; }
  const float* lowest(std::int64_t i) const { return lowest_.data() + i * n_starts_; }
  double block_sum(std::int64_t block, std::int64_t start) const {
    return block_sums_[static_cast<std::size_t>(block * n_starts_ + start)];
  }

  const ScreenedPoints& points_;
  std::int64_t n_, blocks_, n_starts_;
  std::vector<std::vector<std::int64_t>> chosen_;
  std::vector<float> lowest_;          // (n, R) the distance of each point to its nearest centre so far
  std::vector<std::int32_t> nearest_;  // (n, R) which of a start's centres that is
  std::vector<float> distances_;       // (n, candidates) of the last choice
  std::vector<double> block_sums_;     // (blocks, R) of lowest_
  std::vector<float> halves_;          // (n) half the squared distance of each point from the screen's origin
  float largest_half_ = 0;
  const QuantisedRows* wide_ = nullptr;  // the points in 16 bits
  std::unique_ptr<QuantisedRows> own_;   // where the screen has none
  ScratchPool<ScreenedPoints::Scratch> pool_{[] { return std::make_unique<ScreenedPoints::Scratch>(); }};
};

}  // namespace ilk::internal
