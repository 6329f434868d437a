#pragma once
// N images, M words, D dimensions. P_ij = softmax_j((S_ij + g_j) / ε) are the plan's rows scaled to sum 1.
#include <ilk/transport.h>

#include <limits>
#include <optional>
#include <vector>

#include "cosine_rows.h"
#include "heaviest_entries.h"

namespace ilk::internal {

using Vector = std::vector<double>;

/// What one pass over images finds for given column potentials.
struct Pass {
  Vector row_potentials;  // f, (N) at the images' places, such that the rows are exact
  Matrix<double> sums;    // (chunks, M)
  Vector log_shares;      // (M): log of the mean of each column of P
};

/// The order in which images are gone through: first a sample, evenly spread, every second of its images
/// before the others, so that there are two halves to compare; then all others.
struct Arrangement {
  std::vector<std::int64_t> order;
  std::vector<CosineRows::Chunk> chunks;
  std::int64_t kept = 0;  // places, the first ones, whose cosines are kept; all of the sample's are
  std::int64_t sample = 0, sample_chunks = 0, first_half_chunks = 0;
  std::int64_t entries = 0;  // kept of each image
};

/// One solve's data: passes over the images, and models of what the next one will find.
class Sinkhorn {
 public:
  /// Images and words must outlive this.
  Sinkhorn(MatrixView<const float> images, MatrixView<const float> words, double epsilon, Progress& progress);

  CosineRows& rows() { return rows_; }
  bool has_sample() const { return arrangement_.sample > 0; }
  /// Whether there is anything that says how the columns will change.
  bool has_model() const { return has_sample() || entries_; }
  void forget_entries() { entries_.reset(); }

  /// Over all images; leaves what there is room for in `placed`, which may be null.
  Pass pass(const Vector& column_potentials, Placed* placed);
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
  Correction corrected_by_entries(const HeaviestEntries& entries, Vector g, double error, double tolerance);
  Correction corrected_by_sample(const Vector& g, const Pass& all, double error, double tolerance);
  Pass pass(std::int64_t n_chunks, std::int64_t n_images, const Vector& column_potentials, Placed* placed,
            HeaviestEntries* entries);
  void sum_in_logarithms(std::int64_t n_chunks, std::int64_t n_images,
                         const std::vector<std::int64_t>& columns, const Vector& column_potentials,
                         Pass& pass) const;
  std::int64_t n() const { return rows_.images().rows(); }

  Arrangement arrangement_;
  double epsilon_;
  Progress& progress_;
  CosineRows rows_;
  std::optional<HeaviestEntries> entries_;
};

}  // namespace ilk::internal
