#pragma once
// N images, M words. Row i of P is softmax_j((S_ij + g_j) / ε).
#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace ilk::internal {

/// The heaviest entries of each row of P at some potentials g, and what the others of the row come to: a
/// model of how P's column sums change with g. The others change as they do on the whole: each column's by
/// its potential, each row's by their sum. So the model is exact at g, and good elsewhere where most of the
/// mass is in the heaviest entries.
class HeaviestEntries {
 public:
  HeaviestEntries(std::int64_t n_images, std::int64_t n_words, std::int64_t per_image, double epsilon);

  /// The entries of one image (several may be taken at a time): its cosines, e^((S + g − highest) / ε) and
  /// the sum of these. Entries below a share of 2^−14 are left out.
  void take(std::int64_t image, const float* cosines, const float* exponentials, double total, float highest);
  /// After all images were taken at `column_potentials` (M) float64: the column sums there, (M) float64.
  void finish(const torch::Tensor& column_potentials, const torch::Tensor& column_sums);

  /// Which part of the mass is in the entries.
  double covered() const { return covered_; }
  /// The logarithms of the model's column sums over N at these potentials, (M) float64.
  torch::Tensor log_shares(const torch::Tensor& column_potentials) const;

 private:
  /// Column sums of the entries; `rest` is the mass of all others, whose sums have changed by `factor`.
  torch::Tensor sums_of_entries(const torch::Tensor& column_potentials, double factor, double& rest) const;

  std::int64_t n_, m_, per_image_;
  double epsilon_, covered_ = 0;
  torch::Tensor words_, cosines_, counts_, rests_, highest_;
  torch::Tensor potentials_, others_;  // g and the column sums of the others there
};

}  // namespace ilk::internal
