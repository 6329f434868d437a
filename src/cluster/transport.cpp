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

/// The iterations, wherever the images are.
Transport iterate(TransportPasses& passes, const TransportChunks& chunks, std::int64_t n_words,
                  double epsilon, const TransportOptions& options, Progress& progress) {
  Sinkhorn sinkhorn(passes, chunks, n_words, epsilon, progress);
  const auto m = static_cast<std::size_t>(n_words);
  const double share = 1 / static_cast<double>(m);
  const Vector even(m, share), log_even(m, kernels::log(share));

  Transport best;
  best.epsilon = epsilon;
  best.marginal_error = std::numeric_limits<double>::infinity();
  Vector log_shares;  // at the best potentials
  Vector g(m);
  internal::Anderson accelerator;
  bool by_model = sinkhorn.has_model();
  double expected_error = std::numeric_limits<double>::infinity(), trust = 1;
  progress.start("transport", -1, "iterations");
  if (sinkhorn.has_sample())
    g = sinkhorn.fit(log_even, g, sinkhorn.sample_pass(g), 10 * options.tolerance).potentials;
  while (best.iterations < options.max_iterations && !best.converged) {
    progress.check_stop();
    passes.begin_pass(expected_error <= options.tolerance);
    Pass pass = sinkhorn.pass(g);
    ++best.iterations;
    progress.advance(1);
    double error = internal::distance_from(even, pass.log_shares);
    // The model is given up where it leads nowhere; Sinkhorn's own steps always lead on.
    const bool gives_up = by_model && best.iterations > 1 && !(error <= 0.5 * best.marginal_error);
    if (error < best.marginal_error) {
      best.column_potentials = g;
      best.marginal_error = error;
      best.converged = error <= options.tolerance;
      log_shares = pass.log_shares;
      passes.keep_pass();
    }
    if (best.converged || best.iterations == options.max_iterations) break;
    if (gives_up) {
      by_model = false;
      accelerator = internal::Anderson();
      g = best.column_potentials;
      error = best.marginal_error;
    }
    Sinkhorn::Correction correction;
    if (by_model) {
      correction = sinkhorn.corrected(g, pass, error, options.tolerance);
      by_model = !correction.potentials.empty();
    }
    if (!by_model) sinkhorn.forget_entries();
    // A model that foresaw too much is believed accordingly, with room for it to be less right next time.
    if (std::isfinite(expected_error)) trust = std::min(1.0, 2 * trust * error / expected_error);
    expected_error = trust * correction.expected_error;
    Vector step = std::move(correction.potentials);
    if (by_model)
      for (std::size_t j = 0; j < m; ++j) step[j] -= g[j];
    else  // Sinkhorn's own; what is done with it only gets there in fewer of them.
      step = internal::sinkhorn_step(epsilon, log_even, gives_up ? log_shares : pass.log_shares);
    g = accelerator.next(g, step, error);
    internal::centre(g);
  }
  return best;
}

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
  PlacedTransport result{iterate(passes, chunks, words.rows(), epsilon, options, progress), {}};
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
  Transport found = iterate(passes, chunks, n_words, *options.epsilon, options, progress);
  progress.finish();
  return found;
}

}  // namespace ilk
