#pragma once
// N images, M words (nouns or captions), D dimensions. S = X Uᵀ are cosines, the cost is 1 − S.
#include <ilk/array.h>
#include <ilk/matrix.h>
#include <ilk/options.h>
#include <ilk/progress.h>

#include <cstdint>
#include <optional>

namespace ilk {

struct TransportOptions {
  std::optional<double> epsilon;
  std::int64_t max_iterations = 1000;
  double tolerance = 1e-4;  ///< down to 1e-7, whatever N, M and ε: see solve_transport
};

template <OptionsOf<TransportOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"epsilon", options.epsilon,
              "entropic regularisation of the transport; smaller is sharper (else 0.65 of how much the "
              "cosines differ)"}
            .at_least(0));
  visit(Field{"max_iterations", options.max_iterations, "most Sinkhorn iterations"}.at_least(1));
  visit(
      Field{"tolerance", options.tolerance, "Sinkhorn ends when the column sums are this close to even (L1)"}
          .above(0));
}

/// The plan T_ij = exp((f_i + g_j − (1 − S_ij)) / ε), held as its potentials only.
struct Transport {
  std::vector<double> row_potentials;     ///< f, (N)
  std::vector<double> column_potentials;  ///< g, (M), mean 0
  double epsilon = 0;
  std::int64_t iterations = 0;  ///< passes over all images
  double marginal_error = 0;    ///< Σ_j |Σ_i T_ij − 1/M|; the rows are exact
  bool converged = false;       ///< false where max_iterations ran out; the caller must say so
};

/// Entropic optimal transport of images onto words with even marginals 1/N and 1/M: Sinkhorn (Cuturi 2013) in
/// the log domain so that a small ε does not underflow. Streamed over blocks of images: one matrix product an
/// iteration gives the row potentials and, in the same pass, the next column sums, so that memory is
/// O(N + M + block). Cosines of as many images as fit in 256 MiB, or in a quarter of what X takes, are made
/// once and kept; neither S nor the plan is ever held beyond that.
///
/// A sample of the images, evenly spread over the collection, is solved first as a small transport of its
/// own. It is the images whose cosines are kept; where all are kept, every eighth image, if these are at
/// least four for each word. After each pass over all images the small transport tells how to correct the
/// column potentials, given how far the columns are from even (defect correction, as in two-grid methods).
/// Where the cosines of fewer than an eighth of the images could be kept, a transport on the heaviest entries
/// of each row tells that instead. Where neither brings the columns nearer to even, the step is Sinkhorn's
/// own. Anderson acceleration combines the last few steps, so that far fewer passes reach the same plan. With
/// max_iterations spent, the best plan seen is returned.
///
/// What can be asked of `tolerance`: cosines are float32, but fixed, so their rounding only makes it another
/// transport, whose plan differs by a few u / ε of each entry (u = 2^−24); below ε = 1e-5 it is the rounding
/// that the plan resolves. What each pass rounds anew is an entry e^x over its row's sum with x = (S + g −
/// highest) / ε: S + g is not rounded as numbers of its size, so that an entry is off by (6 + 5 |x|) u of
/// itself at most and by about u as a rule, whatever ε. The marginal error, a mean over the columns of what
/// they are off, in which entries cancel in part, is then rounding alone at 1e-8 to 5e-8: 1e-7 can be
/// reached.
///
/// Where epsilon is not chosen it is 0.65 of similarity_spread, at least 1e-3: models differ a lot in how
/// close to each other their vectors lie, and what one model's ε makes sharp is even for another.
///
/// `embeddings` X (N, D) and `words` U (M, D), float32, rows of unit length.
/// Throws Error for differing widths, rows not of unit length, and options out of range.
Transport solve_transport(MatrixView<const float> embeddings, MatrixView<const float> words,
                          const TransportOptions& options = {}, Progress& progress = silent());

/// Standard deviation of the cosines S once the means of its rows and of its columns are taken off, which the
/// plan's potentials take up: what ε has to be measured by. Of more than 16,384 images or words, one drawn
/// from each of that many parts. O(D²) for each, nothing of size N × M. Throws as solve_transport.
double similarity_spread(MatrixView<const float> embeddings, MatrixView<const float> words);

/// What an image's row of the plan needs: row i is softmax_j((S_ij + g_j) / ε) / N. With g = 0 and a
/// temperature for ε this is softmax retrieval, which knows no column constraint.
struct RowPlan {
  std::vector<double> column_potentials;  ///< g, (M)
  double epsilon = 0;
  bool times_cosine =
      true;  ///< whether counterparts weight a word by its cosine too (CAE does, TAC does not)
};

/// The words that take most of each image's mass.
struct TopWords {
  Matrix<std::int64_t> indices;  ///< (N, top) rows of `words`, heaviest first, ties to the lower index
  Matrix<float> weights;         ///< (N, top), shares of the image's mass (a row of the plan sums to 1)
};

/// What is wanted of each image's row of the plan.
struct Placing {
  bool counterparts = false;
  std::int64_t top = 0;  ///< how many words of largest mass; 0: none
  bool shares = false;   ///< rows of the plan themselves, of as many images as fit in 128 MiB
};

struct Placed {
  /// Each image's counterpart among the words, normalise(Σ_j T_ij S_ij u_j), without S where the plan says
  /// so: (N, D) float32, rows of unit length, made with numbers of 15 bits. Where the sum vanishes,
  /// the word of largest weight.
  Matrix<float> counterparts;
  TopWords top_words;
  /// Rows of the plan scaled to sum 1, of the first images: (up to N, M) bfloat16. For group_mass.
  Matrix<BFloat16> shares;
};

/// What is wanted of the plan's rows for these images, in one pass over them; images that the transport was
/// not solved for are placed as well. Throws Error as solve_transport, and for a plan of other words.
Placed place(MatrixView<const float> embeddings, MatrixView<const float> words, const RowPlan& plan,
             const Placing& wanted);

/// Counterparts alone, and top words alone.
Matrix<float> counterparts(MatrixView<const float> embeddings, MatrixView<const float> words,
                           const RowPlan& plan);
TopWords top_words(MatrixView<const float> embeddings, MatrixView<const float> words, const RowPlan& plan,
                   std::int64_t top);

/// solve_transport and what `place` leaves for its plan, which costs less than one after the other: the last
/// pass of the solution places the images as well, where it can be foreseen to be the last.
struct PlacedTransport {
  Transport transport;
  Placed placed;
};
PlacedTransport solve_and_place(MatrixView<const float> embeddings, MatrixView<const float> words,
                                const Placing& wanted, const TransportOptions& options = {},
                                Progress& progress = silent());

/// Mass that each group of images sends to each word, (n_groups, M): Σ over the images i of group k
/// of row i of the plan scaled to sum 1; so a row sums to the size of its group. `labels` (N).
/// Images whose rows are among `shares` (Placed::shares of the same plan) are not gone through again; the
/// rounding of these, an entry's 2^−9 at most, is lost in sums of many.
Matrix<double> group_mass(MatrixView<const float> embeddings, MatrixView<const float> words,
                          const RowPlan& plan, std::span<const std::int64_t> labels, std::int64_t n_groups,
                          MatrixView<const BFloat16> shares = {});

}  // namespace ilk
