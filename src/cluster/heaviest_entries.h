#pragma once
// N images, M words. Row i of P is softmax_j((S_ij + g_j) / ε).
#include <ilk/matrix.h>

#include <cstdint>
#include <span>
#include <vector>

#include "cluster/distributed_transport.h"

namespace ilk::internal {

/// The heaviest entries of each row of P at some potentials g, and what the others of the row come to.
class HeaviestEntries {
 public:
  HeaviestEntries(std::int64_t n_images, std::int64_t n_words, std::int64_t per_image, double epsilon);

  /// The entries of one image (several may be taken at a time) at these potentials (M): its cosines,
  /// e^((S + g − highest) / ε) and the sum of these. Entries below a share of 2^−14 are left out.
  void take(std::int64_t image, const float* cosines, std::span<const double> column_potentials,
            const float* exponentials, double total, double highest);
  /// Adds those of images begin … end − 1 to column sums (M); see TransportPasses::entry_sums. Returns the
  /// rest.
  double add_sums(std::int64_t begin, std::int64_t end, std::span<const float> changes, double factor,
                  std::span<double> sums) const;

 private:
  /// The least exponential of which, and above, an image has room for all; fewer where some are equal. Of
  /// those that were `found` there are too many, and all are at least `least`.
  float limit_for(const float* exponentials, const std::int32_t* found, std::int64_t count,
                  float least) const;

  std::int64_t m_, per_image_;
  double epsilon_;
  Matrix<std::int32_t> words_;        // (N, per image), of which counts_ are used
  Matrix<float> preferences_;         // theirs, S + g less the row's highest
  std::vector<std::int32_t> counts_;  // (N)
  std::vector<double> rests_;         // (N), what the exponentials of the others of the row come to
};

/// A model of how P's column sums change with g. The entries that are not among the heaviest change as they
/// do on the whole: each column's by its potential, each row's by their sum. So the model is exact at g, and
/// good elsewhere where most of the mass is in the heaviest entries.
class EntryModel {
 public:
  /// The passes must outlive this.
  EntryModel(TransportPasses& passes, std::int64_t n_images, double epsilon)
      : passes_(passes), n_(static_cast<double>(n_images)), epsilon_(epsilon) {}

  /// After the entries of all images were taken at `column_potentials`: the column sums there, (M).
  void finish(std::span<const double> column_potentials, std::span<const double> column_sums);

  /// Which part of the mass is in the entries.
  double covered() const { return covered_; }
  /// The logarithms of the model's column sums over N at these potentials, (M).
  std::vector<double> log_shares(std::span<const double> column_potentials) const;

 private:
  /// Column sums of the entries; `rest` is the mass of all others, whose sums have changed by `factor`.
  std::vector<double> sums_of_entries(std::span<const double> column_potentials, double factor,
                                      double& rest) const;

  TransportPasses& passes_;
  double n_, epsilon_, covered_ = 0;
  std::vector<double> potentials_, others_;  // g and the column sums of the others there
};

}  // namespace ilk::internal
