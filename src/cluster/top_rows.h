#pragma once
#include <ilk/matrix.h>

#include <cstdint>

namespace ilk::internal {

/// The k best of a stream of scores, best first, ties to the lower index. `scores` and `indices` are k places
/// of the caller's, filled with −∞ and −1 before the first offer.
class TopList {
 public:
  TopList(float* scores, std::int64_t* indices, std::int64_t k) : scores_(scores), indices_(indices), k_(k) {}

  void offer(float score, std::int64_t index) {
    const auto before = [&](std::int64_t place) {
      return score > scores_[place] || (score == scores_[place] && index < indices_[place]);
    };
    std::int64_t place = k_ - 1;
    if (!before(place)) return;
    for (; place > 0 && before(place - 1); --place) {
      scores_[place] = scores_[place - 1];
      indices_[place] = indices_[place - 1];
    }
    scores_[place] = score;
    indices_[place] = index;
  }

  /// The lowest score that is among the best; −∞ while there are fewer than k.
  float last() const { return scores_[k_ - 1]; }

  /// Offers n scores of consecutive indices.
  void offer_row(const float* scores, std::int64_t n, std::int64_t first_index) {
    for (std::int64_t j = 0; j < n; ++j)
      if (scores[j] > scores_[k_ - 1]) offer(scores[j], first_index + j);
  }

 private:
  float* scores_;
  std::int64_t* indices_;
  std::int64_t k_;
};

/// The k highest of each row of `scores` (rows, columns): values and columns, (rows, k) each, highest first,
/// ties to the lower column.
struct TopColumns {
  Matrix<float> values;
  Matrix<std::int64_t> columns;
};
TopColumns top_columns(MatrixView<const float> scores, std::int64_t k);

}  // namespace ilk::internal
