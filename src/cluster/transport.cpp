// N images, M words, D dimensions. S = X Uᵀ are cosines; T_ij = exp((f_i + g_j − 1 + S_ij) / ε) is the plan,
// and P_ij = N T_ij its rows scaled to sum 1.
#include <ilk/kmeans.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cluster/anderson.h"
#include "cluster/distributed_transport.h"
#include "cluster/log_shares.h"
#include "cluster/sinkhorn.h"
#include "cluster/transport_checks.h"
#include "cluster/transport_passes.h"
#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/option_checks.h"

namespace ilk {
namespace internal {

void require_aligned(MatrixView<const float> embeddings, MatrixView<const float> words,
                     std::string_view function) {
  require_unit_rows(embeddings, function, "embeddings");
  require_unit_rows(words, function, "words");
  require(embeddings.columns() == words.columns(), function, "words must be as wide as the embeddings (",
          embeddings.columns(), "), got ", words.columns(), ".");
}

void require_placing(MatrixView<const float> words, const Placing& wanted, std::string_view function) {
  require(wanted.top >= 0 && wanted.top <= words.rows(), function,
          "top must be between 1 and the number of words (", words.rows(), "), got ", wanted.top, ".");
}

}  // namespace internal

namespace {

using internal::Sinkhorn, internal::Vector, internal::Pass;

// Cosines in 16 bits are off by less than 1e-5 on the average: for all images alike where it is the word's
// rounding, so column sums are off by a part of that over ε. It makes no difference where a pass is as far
// from the end as this times the tolerance.
constexpr double far_from_the_end = 1000, least_epsilon_in_16_bits = 0.01;

/// The iterations, wherever the images are.
class Iterations {
 public:
  Iterations(TransportPasses& passes, const TransportChunks& chunks, std::int64_t n_words, double epsilon,
             const TransportOptions& options, Progress& progress)
      : passes_(passes),
        options_(options),
        progress_(progress),
        sinkhorn_(passes, chunks, n_words, epsilon, progress),
        even_(static_cast<std::size_t>(n_words), 1 / static_cast<double>(n_words)),
        log_even_(even_.size(), kernels::log(1 / static_cast<double>(n_words))),
        in_16_bits_(chunks.sample > 0 && chunks.kept < chunks.n_images &&
                    epsilon >= least_epsilon_in_16_bits),
        by_model_(sinkhorn_.has_model()) {
    best_.epsilon = epsilon;
    best_.marginal_error = infinite;
  }

  Transport run() {
    Vector g(even_.size());
    progress_.start("transport", -1, "iterations");
    if (sinkhorn_.has_sample())
      g = sinkhorn_.fit(log_even_, g, sinkhorn_.sample_pass(g), 10 * options_.tolerance).potentials;
    while (best_.iterations < options_.max_iterations && !best_.converged) {
      progress_.check_stop();
      ++best_.iterations;
      const CosinesBy by = cosines_for_next_pass();
      passes_.begin_pass(expected_error_ <= options_.tolerance);
      const Pass pass = sinkhorn_.pass(g, by);
      progress_.advance(1);
      const double error = internal::distance_from(even_, pass.log_shares);
      if (by == CosinesBy::int16 && error <= options_.tolerance) {
        // As good as it may be; a pass in floats has to say so.
        expected_error_ = error;
        continue;
      }
      // The model is given up where it leads nowhere; Sinkhorn's own steps always lead on.
      const bool gives_up = by_model_ && best_.iterations > 1 && !(error <= 0.5 * best_.marginal_error);
      if (error < best_.marginal_error) keep(g, pass, error, by);
      if (best_.converged || best_.iterations == options_.max_iterations) break;
      if (gives_up) {
        give_up_model();
        g = by_own_step(best_.column_potentials, log_shares_, best_.marginal_error);
      } else {
        g = next(g, pass, error);
      }
      internal::centre(g);
    }
    if (best_by_ == CosinesBy::int16) {
      passes_.begin_pass(/*likely_last=*/true);
      const Pass pass = sinkhorn_.pass(best_.column_potentials, CosinesBy::floats);
      keep(best_.column_potentials, pass, internal::distance_from(even_, pass.log_shares), CosinesBy::floats);
    }
    return std::move(best_);
  }

 private:
  static constexpr double infinite = std::numeric_limits<double>::infinity();

  CosinesBy cosines_for_next_pass() const {
    // The last that may be made is in floats: it is the one that the result is of.
    if (!in_16_bits_ || best_.iterations == options_.max_iterations) return CosinesBy::floats;
    return expected_error_ > far_from_the_end * options_.tolerance ? CosinesBy::int16 : CosinesBy::floats;
  }

  void keep(const Vector& g, const Pass& pass, double error, CosinesBy by) {
    best_.column_potentials = g;
    best_.marginal_error = error;
    best_.converged = error <= options_.tolerance;
    best_by_ = by;
    log_shares_ = pass.log_shares;
    passes_.keep_pass();
  }

  /// The potentials after g, where `pass` was made: by the model while it leads on.
  Vector next(const Vector& g, const Pass& pass, double error) {
    if (!by_model_) return by_own_step(g, pass.log_shares, error);
    Sinkhorn::Correction correction = sinkhorn_.corrected(g, pass, error, options_.tolerance);
    if (correction.potentials.empty()) {
      give_up_model();
      return by_own_step(g, pass.log_shares, error);
    }
    // A model that foresaw too much is believed accordingly, with room for it to be less right next time.
    if (std::isfinite(expected_error_)) trust_ = std::min(1.0, 2 * trust_ * error / expected_error_);
    expected_error_ = trust_ * correction.expected_error;
    Vector step = std::move(correction.potentials);
    for (std::size_t j = 0; j < step.size(); ++j) step[j] -= g[j];
    return accelerator_.next(g, step, error);
  }

  /// Sinkhorn's own step; the accelerator only gets there in fewer of them.
  Vector by_own_step(const Vector& g, const Vector& log_shares, double error) {
    expected_error_ = error;
    return accelerator_.next(g, internal::sinkhorn_step(best_.epsilon, log_even_, log_shares), error);
  }

  void give_up_model() {
    by_model_ = false;
    sinkhorn_.forget_entries();
    accelerator_ = internal::Anderson();
  }

  TransportPasses& passes_;
  const TransportOptions& options_;
  Progress& progress_;
  Sinkhorn sinkhorn_;
  const Vector even_, log_even_;
  const bool in_16_bits_;  // whether any pass may be: few images, or kept cosines, take no time
  bool by_model_;
  double expected_error_ = infinite, trust_ = 1;
  internal::Anderson accelerator_;
  Transport best_;
  CosinesBy best_by_ = CosinesBy::floats;
  Vector log_shares_;  // at the best potentials
};

void check(const TransportOptions& options) {
  constexpr auto function = "solve_transport";
  check_ranges(options, function);
  if (!options.epsilon) return;
  require(std::isfinite(*options.epsilon), function, "epsilon must be finite, got ", *options.epsilon, ".");
  require(*options.epsilon >= internal::least_epsilon, function, "epsilon must be at least ",
          internal::least_epsilon, ", got ", *options.epsilon, ".");
}

}  // namespace

double automatic_epsilon(MatrixView<const float> embeddings, MatrixView<const float> words) {
  return std::max(1e-3, 0.65 * similarity_spread(embeddings, words));
}

PlacedTransport solve_and_place(MatrixView<const float> embeddings, MatrixView<const float> words,
                                const Placing& wanted, const TransportOptions& options, Progress& progress) {
  constexpr auto function = "solve_transport";
  check(options);
  internal::require_aligned(embeddings, words, function);
  internal::require_placing(words, wanted, function);
  const double epsilon = options.epsilon ? *options.epsilon : automatic_epsilon(embeddings, words);
  const auto chunks = transport_chunks(embeddings.rows(), words.rows(), embeddings.columns());
  internal::PassesHere passes(embeddings, words, chunks, epsilon, wanted, progress);
  PlacedTransport result{Iterations(passes, chunks, words.rows(), epsilon, options, progress).run(), {}};
  result.placed = passes.placed(result.transport);
  progress.finish();
  result.transport.row_potentials = passes.row_potentials();
  return result;
}

Transport solve_transport(MatrixView<const float> embeddings, MatrixView<const float> words,
                          const TransportOptions& options, Progress& progress) {
  return solve_and_place(embeddings, words, {}, options, progress).transport;
}

Transport solve_transport(TransportPasses& passes, const TransportChunks& chunks, std::int64_t n_words,
                          const TransportOptions& options, Progress& progress) {
  check(options);
  if (!options.epsilon) fail("solve_transport", "epsilon must be given.");
  Transport found = Iterations(passes, chunks, n_words, *options.epsilon, options, progress).run();
  progress.finish();
  return found;
}

}  // namespace ilk
