#pragma once
// N images, M words, D dimensions. P_ij = softmax_j((S_ij + g_j) / ε) are the plan's rows scaled to sum 1.

#include <limits>
#include <optional>
#include <vector>

#include "cluster/distributed_transport.h"
#include "cluster/heaviest_entries.h"

namespace ilk::internal {

using Vector = std::vector<double>;

/// What one pass over images finds for given column potentials.
struct Pass {
  Matrix<double> sums;  // (chunks, M)
  Vector log_shares;    // (M): log of the mean of each column of P
};

/// One solve's data: passes over the images, and models of what the next one will find.
class Sinkhorn {
 public:
  /// Passes and chunks must outlive this.
  Sinkhorn(TransportPasses& passes, const TransportChunks& chunks, std::int64_t n_words, double epsilon,
           Progress& progress);

  bool has_sample() const { return chunks_.sample > 0; }
  /// Whether there is anything that says how the columns will change.
  bool has_model() const { return has_sample() || entries_; }
  void forget_entries() { entries_.reset(); }

  /// Over all images.
  Pass pass(const Vector& column_potentials, CosinesBy by);
  Pass sample_pass(const Vector& column_potentials);

  struct Fit {
    Vector potentials;
    Matrix<double> sums;  // of the sample's chunks, at those potentials
    double error = std::numeric_limits<double>::infinity();
  };
  /// Column potentials at which the sample's column sums are exp(log_target), from g on; `found` is the pass
  /// over the sample there.
  Fit fit(const Vector& log_target, Vector g, Pass found, double tolerance);

  struct Correction {
    Vector potentials;  // empty where the model says nothing of some column
    double expected_error = std::numeric_limits<double>::infinity();
  };
  /// From what a pass over all images found at g: the potentials at which the column sums are even if they
  /// change as those of the sample do. How far off that is, is judged by how far the two halves of the sample
  /// disagree on the change.
  Correction corrected(const Vector& g, const Pass& all, double error, double tolerance);

 private:
  Correction corrected_by_entries(const EntryModel& entries, Vector g, double error, double tolerance);
  Correction corrected_by_sample(const Vector& g, const Pass& all, double error, double tolerance);
  Pass pass(std::int64_t n_chunks, std::int64_t n_images, const Vector& column_potentials, CosinesBy by,
            bool take_entries);
  void sum_in_logarithms(std::int64_t n_chunks, std::int64_t n_images,
                         const std::vector<std::int64_t>& columns, const Vector& column_potentials,
                         CosinesBy by, Pass& pass);

  TransportPasses& passes_;
  const TransportChunks& chunks_;
  std::int64_t m_;
  double epsilon_;
  Progress& progress_;
  std::optional<EntryModel> entries_;
};

}  // namespace ilk::internal
