#pragma once
// N images, M words, D dimensions.

#include <optional>
#include <vector>

#include "cluster/cosine_rows.h"
#include "cluster/distributed_transport.h"
#include "cluster/heaviest_entries.h"
#include "cluster/plan_rows.h"

namespace ilk::internal {

/// The passes over images that are all in this process. The last pass leaves what is wanted of the plan, too.
class PassesHere : public TransportPasses {
 public:
  /// Images and words must outlive this.
  PassesHere(MatrixView<const float> images, MatrixView<const float> words, const TransportChunks& chunks,
             double epsilon, const Placing& wanted, Progress& progress);

  Matrix<double> sums(std::int64_t n_chunks, std::span<const double> column_potentials, CosinesBy by,
                      bool take_entries) override;
  LogSums log_sums(std::int64_t n_chunks, const std::vector<std::int64_t>& columns,
                   std::span<const double> column_potentials, CosinesBy by) override;
  EntrySums entry_sums(std::span<const float> changes, double factor) override;
  void begin_pass(bool likely_last) override;
  void keep_pass() override;

  /// After the solve: row potentials of the best pass (N), and what was wanted, made now where the best pass
  /// did not.
  std::vector<double> row_potentials() const;
  Placed placed(const Transport& best);

 private:
  /// Of one pass.
  struct Left {
    std::vector<double> row_potentials;  // at the images' places
    Placed placed;
    bool places = false;
  };

  bool places() const { return wanted_.counterparts || wanted_.top > 0 || wanted_.shares; }

  CosineRows rows_;
  double epsilon_;
  Placing wanted_;
  Progress& progress_;
  std::optional<HeaviestEntries> entries_;
  Left now_, best_;
  bool over_all_ = false;
};

/// For each of these columns, Σ_i e^((S_ij + g_j + f_i − 1) / ε) over the images at places begin … end − 1,
/// whose row potentials f are at those places. `words`: the columns', packed.
void add_log_sums(const CosineRows& rows, TransportChunks::Chunk chunk, const PackedMatrix& words,
                  const std::vector<std::int64_t>& columns, std::span<const double> column_potentials,
                  std::span<const double> row_potentials, double epsilon, std::span<double> highest,
                  std::span<double> sums);

}  // namespace ilk::internal
