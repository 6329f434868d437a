#pragma once
// N points, D dimensions, K centres. The score of a point x with a centre c is x·c − h, where h is 0 for
// cosines and |c|²/2 for Euclidean distances: the centre of the highest score is the nearest either way.
#include <ilk/matrix.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/quantised_rows.h"

namespace ilk::internal {

enum class Geometry { cosine, euclidean };

class ScreenedCentres;

/// The mean of some rows, summed in float64.
std::vector<float> mean_of(MatrixView<const float> rows, const std::vector<std::int64_t>& which);

/// Points whose scores with many centres are computed approximately, with a bound on the error, so that only
/// the few centres that could be best need be looked at exactly. The copies of points and centres are
/// quantised after their means are subtracted, for which the bound is smaller.
class ScreenedPoints {
 public:
  static constexpr std::int64_t most_memory = std::int64_t{200} << 20;
  /// How many points are screened at once.
  static constexpr std::int64_t at_once = 48;
  /// `points` (N, D) must stay where they are. What is kept of them takes at most `memory` bytes; where that
  /// is too little, the quantised copies are recomputed whenever they are needed. They have 8 bits; or 16
  /// where there are so few centres (`n_centres`) that looking at several exactly costs more than that. With
  /// 8 bits, the residuals are kept too where there is room, for closer looks. `origin` (D): what the numbers
  /// are less; empty: a mean of the points.
  explicit ScreenedPoints(MatrixView<const float> points, std::int64_t n_centres,
                          std::int64_t memory = most_memory, std::vector<float> origin = {});

  /// What is kept of n points.
  struct Kept {
    int bits;
    bool rests;          // the residuals of 8 bits
    std::int64_t bytes;  // 0: nothing is kept
    bool in_16_bits() const { return bits == 16 && bytes > 0; }
  };
  static Kept kept_of(std::int64_t n, std::int64_t dimensions, std::int64_t n_centres,
                      std::int64_t memory = most_memory);
  /// Which of n points the mean is of.
  static std::vector<std::int64_t> origin_sample(std::int64_t n);

  std::int64_t size() const { return n_; }
  std::int64_t dimensions() const { return d_; }
  const float* row(std::int64_t i) const { return rows_[i]; }
  /// A mean of the points, and what bounds how scores change with a centre: |x·v| ≤ |origin·v| + |v| ·
  /// spread() for every point x.
  const std::vector<float>& origin() const { return origin_; }
  double spread() const { return spread_; }
  /// At least the length of every point.
  double longest() const { return longest_; }
  const Kept& what_is_kept() const { return kept_; }
  /// Null where nothing is kept.
  const QuantisedRows* kept() const { return bytes_.get(); }
  /// Whether centres are worth grouping.
  bool may_group(std::int64_t n_centres) const;

  /// Working memory of one thread.
  struct Scratch {
    std::vector<float> scores, errors, near;
    std::vector<std::int32_t> rows, some_rows, candidates;
    std::unique_ptr<QuantisedRows> bytes;
  };

  /// Scores of the points begin + rows[i], i < count ≤ at_once, with all centres: the score with the centre
  /// at place j is at scratch.scores[i · centres.stride() + j] and is right to scratch.errors[i], but for a
  /// number that all scores of a point have in common: the exact score less centres.common(point) for
  /// cosines, and (|x − origin|² − |x − c|²) / 2 for distances. Places without a centre hold −∞.
  void screen(std::int64_t begin, const std::int32_t* rows, std::int64_t count,
              const ScreenedCentres& centres, Scratch& scratch) const;
  /// The same with the centres first … first + n − 1, first a multiple of QuantisedRows::tile: score (i, j)
  /// is at scratch.scores[i · padded(n) + j − first].
  void screen(std::int64_t begin, const std::int32_t* rows, std::int64_t count,
              const ScreenedCentres& centres, std::int64_t first, std::int64_t n, Scratch& scratch) const;
  static std::int64_t padded(std::int64_t n) { return QuantisedRows::padded(n); }

  /// The same of as many as few_at_once(centres) points, each with some groups of centres only: of the points
  /// wanted[g][0 … n_wanted[g] − 1], which are places in `rows`, with group g. What was not wanted is −∞.
  void screen_groups(std::int64_t begin, const std::int32_t* rows, std::int64_t count,
                     const ScreenedCentres& centres, const std::int32_t* const* wanted,
                     const std::int64_t* n_wanted, Scratch& scratch) const;
  static std::int64_t few_at_once(const ScreenedCentres& centres);

 private:
  friend class ScreenedCentres;
  /// The rows of bytes of some points, in scratch.rows.
  const QuantisedRows& bytes_of(std::int64_t begin, const std::int32_t* rows, std::int64_t count,
                                Scratch& scratch) const;
  void set_errors(const QuantisedRows& bytes, std::int64_t count, const ScreenedCentres& centres,
                  Scratch& scratch) const;

  MatrixView<const float> rows_;
  std::int64_t n_, d_;
  Kept kept_;
  std::unique_ptr<QuantisedRows> bytes_;  // of all points; null where they are recomputed
  std::vector<float> origin_;
  double spread_ = 0, longest_ = 0;
};

/// Centres to screen points with, each at a place: its number, or where like centres are put together so that
/// their scores can be looked at by the group, a place in its group.
class ScreenedCentres {
 public:
  /// Groups have `group_size` places, a multiple of 16; 0: all centres are one group.
  ScreenedCentres(const ScreenedPoints& points, std::int64_t count, Geometry geometry,
                  std::int64_t group_size = 0);

  /// Puts centres like these together.
  void group(MatrixView<const float> centres);
  std::int64_t groups() const { return stride_ / group_size_; }
  std::int64_t group_size() const { return group_size_; }
  /// In which group centre j is.
  std::int64_t group_of(std::int64_t j) const { return places_[static_cast<std::size_t>(j)] / group_size_; }

  /// Takes over centres (K, D), which must stay where they are while they are used.
  void set(MatrixView<const float> centres);

  std::int64_t size() const { return k_; }
  std::int64_t stride() const { return stride_; }
  const float* row(std::int64_t j) const { return rows_[j]; }
  /// h of centre j.
  double half_square(std::int64_t j) const { return half_squares_[static_cast<std::size_t>(j)]; }
  /// The score, right to float64's rounding; the same number on every machine.
  double exact_score(const float* point, std::int64_t j) const;

  /// What is added to screened cosines of a point to make them cosines.
  double common(const float* point) const;
  /// The same in float32, and for distances too.
  float near_common(const float* point) const;
  /// At least the error of dot_f32 with any of the points and centres.
  double near_error() const;

  /// Whether the residuals of 8 bits are kept; what they add to the screened score of point i with the centre
  /// at a place, and how far the sum is from the exact score at most.
  bool has_rests() const { return bytes_.has_rests(); }
  float rest(std::int64_t i, std::int64_t place) const {
    return rest_product(*points_.bytes_, i, bytes_, place);
  }
  float rest_error(std::int64_t i) const;

  struct Best {
    std::int32_t centre;
    float least;  ///< what is left in `scores` and lower than this is of centres with a lower score
    bool tied;    ///< whether another centre has the same score to the last bit
  };
  /// The centre of the highest exact score, ties to the lower number, of point i, which was screened:
  /// `scores` are its row of Scratch::scores and `error` its bound. The best centre's score becomes −∞, those
  /// that were looked at closely become better. The best exact score is above that of any other centre by the
  /// difference of `least` and what is left at its place at least.
  Best best(std::int64_t i, float* scores, float error, ScreenedPoints::Scratch& scratch) const;

  struct BestTwo {
    std::int32_t first, second;  ///< second: −1 where there is one centre
    double first_score, second_score;
  };
  /// The two best with their exact scores, of centres in one group; `scores` are left as they are.
  BestTwo best_two(const float* point, const float* scores, float error,
                   ScreenedPoints::Scratch& scratch) const;

 private:
  friend class ScreenedPoints;
  /// What is left of the best of some candidates after a look at each.
  struct Left {
    std::int64_t count;
    float best;
  };
  template <class Look>
  Left look(std::int64_t count, float error, float screen_error, float* scores,
            ScreenedPoints::Scratch& scratch, Look one_score) const;

  const ScreenedPoints& points_;
  Geometry geometry_;
  std::int64_t k_, group_size_, stride_;
  std::vector<std::int32_t> places_, numbers_;  // of each centre; of each place, −1 where there is none
  MatrixView<const float> rows_;
  QuantisedRows bytes_;
  std::vector<float> bias_, mean_;
  std::vector<double> half_squares_;
  float common_half_ = 0;
  // At least every centre's: length of the row in bytes, its errors; |bias|; length; half square.
  double longest_bytes_ = 0, error_ = 0, rest_error_ = 0, largest_bias_ = 0, longest_ = 0, largest_half_ = 0;
};

}  // namespace ilk::internal
