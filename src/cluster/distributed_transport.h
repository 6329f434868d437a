#pragma once
// N images of which no process has all, M words, D dimensions. S = X Uᵀ are cosines; row i of P is
// softmax_j((S_ij + g_j) / ε).
#include <ilk/transport.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ilk {

/// How a solve goes through N images: their places, cut into chunks. Sums within a chunk and sums of chunks
/// have one order, so that the result does not depend on who works on which chunk. A sample of the images,
/// evenly spread, has the first places: every second of its images before the others, so that there are two
/// halves to compare.
struct TransportChunks {
  struct Chunk {
    std::int64_t begin, end;  ///< places
  };
  std::vector<Chunk> chunks;
  std::int64_t n_images = 0;
  std::int64_t kept = 0;  ///< places, the first ones, whose cosines are kept; all of the sample's are
  std::int64_t sample = 0, sample_chunks = 0, first_half_chunks = 0;
  std::int64_t entries = 0;  ///< how many of the heaviest entries of each image are kept

  /// The images at places begin … end − 1. Those of one chunk are ascending.
  std::vector<std::int64_t> images(std::int64_t begin, std::int64_t end) const;
};
TransportChunks transport_chunks(std::int64_t n_images, std::int64_t n_words, std::int64_t dimensions);

/// What the cosines of a pass that are not kept are made by. Whole numbers of 16 bits take half the time;
/// such cosines are off by less than 1e-5 on the average. Passes that are far from the last one have them.
enum class CosinesBy { floats, int16 };

/// The passes over images that a solve asks for, wherever the images are.
class TransportPasses {
 public:
  virtual ~TransportPasses() = default;

  /// Sums of the rows of P of each of the first `n_chunks` chunks at potentials g, (n_chunks, M). With
  /// `take_entries` the heaviest entries of these rows are kept for entry_sums.
  virtual Matrix<double> sums(std::int64_t n_chunks, std::span<const double> column_potentials, CosinesBy by,
                              bool take_entries) = 0;
  /// For each of the first chunks and each of these columns, Σ_i T_ij as e^highest · sum; (n_chunks, columns)
  /// each. The potentials are those of the last call of `sums`, as is what cosines are made by.
  struct LogSums {
    Matrix<double> highest, sums;
  };
  virtual LogSums log_sums(std::int64_t n_chunks, const std::vector<std::int64_t>& columns,
                           std::span<const double> column_potentials, CosinesBy by) = 0;
  /// Column sums of the kept entries of each chunk, (chunks, M), once potentials have changed by `changes`
  /// (M) and what the other entries come to by `factor`; and what these have of each chunk's mass.
  struct EntrySums {
    Matrix<double> sums;
    std::vector<double> rests;
  };
  virtual EntrySums entry_sums(std::span<const float> changes, double factor) = 0;

  /// A pass over all images begins, likely the last one; and: what the last such pass found is the best so
  /// far.
  virtual void begin_pass(bool likely_last) { static_cast<void>(likely_last); }
  virtual void keep_pass() {}
};

/// solve_transport by these passes, to the same bits. `epsilon` must be given. The row potentials stay empty.
/// Throws Error as solve_transport, and what the passes throw.
Transport solve_transport(TransportPasses& passes, const TransportChunks& chunks, std::int64_t n_words,
                          const TransportOptions& options, Progress& progress = silent());

/// What solve_transport takes for epsilon where none is chosen.
double automatic_epsilon(MatrixView<const float> embeddings, MatrixView<const float> words);
/// The images that similarity_spread and automatic_epsilon look at: they give the same for these alone.
std::vector<std::int64_t> similarity_sample(std::int64_t n_images);

/// Words that several TransportPart have in common, packed for products.
class TransportWords {
 public:
  /// `words` (M, D), rows of unit length, must outlive this.
  explicit TransportWords(MatrixView<const float> words);
  ~TransportWords();
  TransportWords(TransportWords&&) noexcept;

 private:
  friend class TransportPart;
  struct Held;
  std::unique_ptr<Held> held_;
};

/// One chunk's images: its share of TransportPasses.
class TransportPart {
 public:
  /// `images` (n, D): those at the chunk's places, rows of unit length; they and the words must outlive this.
  /// `n_images` of the whole. With `keep_cosines` the cosines are computed once and kept.
  TransportPart(MatrixView<const float> images, const TransportWords& words, std::int64_t n_images,
                double epsilon, bool keep_cosines, std::int64_t entries);
  ~TransportPart();
  TransportPart(TransportPart&&) noexcept;

  /// Adds to `sums` (M), which are zeros.
  void sums(std::span<const double> column_potentials, CosinesBy by, bool take_entries,
            std::span<double> sums);
  void log_sums(const std::vector<std::int64_t>& columns, std::span<const double> column_potentials,
                CosinesBy by, std::span<double> highest, std::span<double> sums);
  /// Returns the rest.
  double entry_sums(std::span<const float> changes, double factor, std::span<double> sums) const;

 private:
  struct Held;
  std::unique_ptr<Held> held_;
};

}  // namespace ilk
