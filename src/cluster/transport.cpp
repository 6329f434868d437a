// N images, M words, D dimensions. S = X Uᵀ are cosines; T_ij = exp((f_i + g_j − 1 + S_ij) / ε) is the plan,
// and P_ij = N T_ij its rows scaled to sum 1.
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/transport.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "alignment.h"
#include "anderson.h"
#include "blocks.h"
#include "heaviest_entries.h"
#include "plan_rows.h"

namespace ilk {
namespace internal {

void require_aligned(const torch::Tensor& embeddings, const torch::Tensor& words, std::string_view function) {
  require_unit_rows(embeddings, function, "embeddings");
  require_unit_rows(words, function, "words");
  require(embeddings.size(1) == words.size(1), function, "words must be as wide as the embeddings (",
          embeddings.size(1), "), got ", words.size(1), ".");
  require(embeddings.device() == words.device(), function, "words must be on the embeddings' device (",
          embeddings.device(), "), got ", words.device(), ".");
}

void require_placing(const torch::Tensor& words, const Placing& wanted, std::string_view function) {
  require(wanted.top >= 0 && wanted.top <= words.size(0), function,
          "top must be between 1 and the number of words (", words.size(0), "), got ", wanted.top, ".");
}

}  // namespace internal

namespace {

constexpr std::int64_t most_chunks = 128, most_half_chunks = 32;
// Fewer images than this say nothing of the others.
constexpr std::int64_t least_sample = 64;
// Where all cosines are kept, one in so many images is the sample, if these are so many for each word; fewer
// cost more than they save.
constexpr std::int64_t images_for_one_sampled = 8, least_sampled_for_a_word = 4;
// Where less than this share of the images can be kept, the heaviest entries of all are.
constexpr std::int64_t images_for_one_kept = 8, bytes_of_an_entry = 8;
// What entries tell is used where they have this part of the mass.
constexpr double least_covered = 0.5;
// Columns whose mean share is below this are summed again in logarithms: float32 shares would underflow
// there.
constexpr double smallest_share = 1e-30;
// Fits to the sample: iterations at most, and how exact they are, of the error that they are to mend.
constexpr std::int64_t most_fit_iterations = 100;
constexpr double fit_precision = 0.003;

/// What one pass over images finds for given column potentials.
struct Pass {
  torch::Tensor row_potentials;  // f, (N) float64 at the images' places, such that the rows are exact
  torch::Tensor sums;            // (chunks, M) float64 on the CPU
  torch::Tensor log_shares;      // (M) float64 on the CPU: log of the mean of each column of P
};

/// The order in which images are gone through: first a sample, evenly spread, every second of its images
/// before the others, so that there are two halves to compare; then all others.
struct Arrangement {
  std::vector<std::int64_t> order;
  std::vector<internal::CosineRows::Chunk> chunks;
  std::int64_t kept = 0;  // places, the first ones, whose cosines are kept; all of the sample's are
  std::int64_t sample = 0, sample_chunks = 0, first_half_chunks = 0;
  std::int64_t entries = 0;  // kept of each image
};

Arrangement arrange(const torch::Tensor& images, const torch::Tensor& words) {
  using internal::even_chunks;
  const std::int64_t n = images.size(0), m = words.size(0), block = internal::cosine_block(words);
  Arrangement found;
  found.kept = std::min({n, internal::cosine_limits().most_kept_images,
                         internal::kept_cosine_bytes(n, images.size(1)) / (m * 4)});
  if (found.kept < n / images_for_one_kept && internal::has_kernels(images)) {
    // Too few images are kept to stand for the others: half of the memory goes to entries of all images.
    found.kept /= 2;
    found.entries = std::min({m, internal::cosine_limits().most_entries,
                              internal::kept_cosine_bytes(n, images.size(1)) / (2 * bytes_of_an_entry * n)});
  }
  if (found.kept < least_sample) found.kept = 0;
  found.sample = found.kept < n ? found.kept : n / images_for_one_sampled;
  if (found.kept == n && found.sample < std::max(least_sample, least_sampled_for_a_word * m))
    found.sample = 0;
  if (found.sample == 0) {
    found.chunks = even_chunks(0, n, most_chunks, block);
    return found;
  }
  std::vector<std::int64_t> halves[2], others;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t before = i * found.sample / n, after = (i + 1) * found.sample / n;
    (after > before ? halves[before % 2] : others).push_back(i);
  }
  const auto middle = static_cast<std::int64_t>(halves[0].size());
  for (const auto* part : {&halves[0], &halves[1], &others})
    found.order.insert(found.order.end(), part->begin(), part->end());
  found.chunks = even_chunks(0, middle, most_half_chunks, block);
  found.first_half_chunks = static_cast<std::int64_t>(found.chunks.size());
  for (const auto& chunk : even_chunks(middle, found.sample, most_half_chunks, block))
    found.chunks.push_back(chunk);
  found.sample_chunks = static_cast<std::int64_t>(found.chunks.size());
  for (const auto& chunk : even_chunks(found.sample, n, most_chunks, block)) found.chunks.push_back(chunk);
  return found;
}

/// One solve's data.
class Sinkhorn {
 public:
  Sinkhorn(const torch::Tensor& images, const torch::Tensor& words, double epsilon, Progress& progress)
      : arrangement_(arrange(images, words)),
        epsilon_(epsilon),
        progress_(progress),
        rows_(images, words, arrangement_.order, arrangement_.chunks, arrangement_.kept, progress) {
    if (arrangement_.entries > 0)
      entries_.emplace(images.size(0), words.size(0), arrangement_.entries, epsilon);
  }

  internal::CosineRows& rows() { return rows_; }
  bool has_sample() const { return arrangement_.sample > 0; }
  /// Whether there is anything that says how the columns will change.
  bool has_model() const { return has_sample() || entries_; }
  void forget_entries() { entries_.reset(); }

  Pass pass(const torch::Tensor& column_potentials, const Placed& placed) {
    return pass(rows_.n_chunks(), n(), column_potentials, placed, entries_ ? &*entries_ : nullptr);
  }

  struct Fit {
    torch::Tensor potentials;
    Pass sampled;  // over the sample, at those potentials
    double error = std::numeric_limits<double>::infinity();
  };
  /// Column potentials at which the sample's column sums are exp(log_target), from g on; `first` is the pass
  /// over the sample there.
  Fit fit(const torch::Tensor& log_target, torch::Tensor g, Pass first, double tolerance) {
    internal::Anderson accelerator;
    Fit best{g, first};
    Pass found = std::move(first);
    for (std::int64_t i = 0;; ++i) {
      internal::on_one_thread([&] {
        const double error = (found.log_shares.exp() - log_target.exp()).abs().sum().item<double>();
        if (error < best.error) best = {g, found, error};
        g = accelerator.next(g, epsilon_ * (log_target - found.log_shares), error);
        g = g - g.mean();
      });
      if (best.error <= tolerance || i == most_fit_iterations) return best;
      found = sample_pass(g);
    }
  }

  Pass sample_pass(const torch::Tensor& g) {
    return pass(arrangement_.sample_chunks, arrangement_.sample, g, {});
  }

  struct Correction {
    torch::Tensor potentials;  // undefined where the sample says nothing of some column
    double expected_error = std::numeric_limits<double>::infinity();
  };
  /// From what a pass over all images found at g: the potentials at which the column sums are even if they
  /// change as those of the sample do. How far off that is, is judged by how far the two halves of the sample
  /// disagree on the change.
  Correction corrected(const torch::Tensor& g, const Pass& all, double error, double tolerance) {
    if (entries_) {
      torch::Tensor sums;
      internal::on_one_thread([&] { sums = all.sums.sum(0); });
      entries_->finish(g, sums);
      if (entries_->covered() >= least_covered) return corrected_by_entries(*entries_, g, error, tolerance);
    }
    return has_sample() ? corrected_by_sample(g, all, error, tolerance) : Correction{};
  }

 private:
  /// Where the columns are even if they change as the heaviest entries say.
  Correction corrected_by_entries(const internal::HeaviestEntries& entries, torch::Tensor g, double error,
                                  double tolerance) {
    const double goal = std::max(0.1 * tolerance, fit_precision * error);
    const double even = -std::log(static_cast<double>(rows_.words().size(0)));
    internal::Anderson accelerator;
    Correction best{g};
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t i = 0; i <= most_fit_iterations && least > goal; ++i) {
      progress_.check_stop();
      const auto log_shares = entries.log_shares(g);
      if (!log_shares.isfinite().all().item<bool>()) {
        if (i == 0) return {};  // they say nothing of some column
        break;
      }
      internal::on_one_thread([&] {
        const double off = (log_shares.exp() - std::exp(even)).abs().sum().item<double>();
        if (off < least) least = off, best.potentials = g;
        g = accelerator.next(g, epsilon_ * (even - log_shares), off);
        g = g - g.mean();
      });
    }
    best.expected_error = (1 - entries.covered()) * error + least;
    return best;
  }

  Correction corrected_by_sample(const torch::Tensor& g, const Pass& all, double error, double tolerance) {
    const std::int64_t middle = arrangement_.first_half_chunks, chunks = arrangement_.sample_chunks;
    const auto sample = static_cast<double>(arrangement_.sample);
    Correction found;
    torch::Tensor target;
    Pass before;
    internal::on_one_thread([&] {
      before.sums = all.sums.slice(0, 0, chunks);
      before.log_shares = before.sums.sum(0).div_(sample).log();
      target = before.log_shares - all.log_shares;
      target = target - target.logsumexp(0);
    });
    // No step at all, upon which the model is given up.
    if (!target.isfinite().all().item<bool>()) return {};
    const Fit after = fit(target, g, before, std::max(0.1 * tolerance, fit_precision * error));
    internal::on_one_thread([&] {
      const auto half_change = [&](std::int64_t begin, std::int64_t end) {
        return after.sampled.sums.slice(0, begin, end).sum(0) / before.sums.slice(0, begin, end).sum(0);
      };
      const auto disagreement = half_change(0, middle) - half_change(middle, chunks);
      const double left_out = 1 - sample / static_cast<double>(n());
      found = {after.potentials,
               0.5 * std::sqrt(left_out) * disagreement.abs().mean().item<double>() + after.error};
    });
    return found;
  }

  std::int64_t n() const { return rows_.images().size(0); }

  Pass pass(std::int64_t n_chunks, std::int64_t n_images, const torch::Tensor& column_potentials,
            const Placed& placed, internal::HeaviestEntries* entries = nullptr) {
    const auto real = rows_.images().options().dtype(torch::kFloat64);
    const internal::PlanSinks sinks{torch::empty({n_images}, real),
                                    torch::zeros({n_chunks, rows_.words().size(0)}, real), placed, entries};
    internal::walk_plan(rows_, n_chunks, column_potentials, epsilon_, /*times_cosine=*/true, sinks,
                        progress_);
    Pass result{sinks.row_potentials, {}, {}};
    torch::Tensor small;
    internal::on_one_thread([&] {
      result.sums = sinks.sums.cpu();
      const auto shares = result.sums.sum(0).div_(static_cast<double>(n_images));
      result.log_shares = shares.log();
      small = (shares < smallest_share).nonzero().flatten();
    });
    if (small.size(0) > 0)
      result.log_shares.index_copy_(
          0, small, log_shares(n_chunks, n_images, small, column_potentials, result.row_potentials));
    return result;
  }

  /// The logarithms of the mean shares of a few columns, without leaving the logarithms.
  torch::Tensor log_shares(std::int64_t n_chunks, std::int64_t n_images, const torch::Tensor& columns,
                           const torch::Tensor& column_potentials,
                           const torch::Tensor& row_potentials) const {
    const std::int64_t block = internal::cosine_block(columns);
    const auto device = rows_.images().device();
    const auto chosen = rows_.words().index_select(0, columns.to(device)).t();
    const auto g = column_potentials.index_select(0, columns).to(device);
    const auto sums =
        torch::full({n_chunks, columns.size(0)}, -std::numeric_limits<double>::infinity(), g.options());
    internal::row_blocks(rows_.images(), n_chunks, 1, [&](std::int64_t index, std::int64_t, std::int64_t) {
      progress_.check_stop();
      const auto [first, last] = rows_.chunks()[static_cast<std::size_t>(index)];
      for (std::int64_t begin = first; begin < last; begin += block) {
        const std::int64_t end = std::min(last, begin + block);
        auto shares = rows_.images(begin, end).matmul(chosen).to(torch::kFloat64);
        shares.add_(g).add_(row_potentials.slice(0, begin, end).unsqueeze(1)).sub_(1).div_(epsilon_);
        sums[index].copy_(at::logaddexp(sums[index], at::logsumexp(shares, 0)));
      }
    });
    // Row potentials hold the N of all images, and a share is the mean over those that were looked at.
    return at::logsumexp(sums, 0).cpu() + std::log(static_cast<double>(n()) / static_cast<double>(n_images));
  }

  Arrangement arrangement_;
  double epsilon_;
  Progress& progress_;
  internal::CosineRows rows_;
  std::optional<internal::HeaviestEntries> entries_;
};

double automatic_epsilon(const torch::Tensor& embeddings, const torch::Tensor& words) {
  return std::max(1e-3, 0.65 * similarity_spread(embeddings, words));
}

}  // namespace

PlacedTransport solve_and_place(const torch::Tensor& embeddings, const torch::Tensor& words,
                                const Placing& wanted, const TransportOptions& options, Progress& progress) {
  constexpr auto function = "solve_transport";
  check_ranges(options, function);
  require(std::isfinite(options.epsilon), function, "epsilon must be finite, got ", options.epsilon, ".");
  require(options.epsilon == 0 || options.epsilon >= internal::least_epsilon, function,
          "epsilon must be 0 or at least ", internal::least_epsilon, ", got ", options.epsilon, ".");
  internal::require_aligned(embeddings, words, function);
  internal::require_placing(words, wanted, function);
  const double epsilon = options.epsilon > 0 ? options.epsilon : automatic_epsilon(embeddings, words);
  Sinkhorn sinkhorn(internal::plain_rows(embeddings), internal::plain_rows(words), epsilon, progress);
  const auto& images = sinkhorn.rows().images();
  const auto even =
      torch::full({words.size(0)}, -std::log(static_cast<double>(words.size(0))), torch::kFloat64);
  const bool places = wanted.counterparts || wanted.top > 0 || wanted.shares;

  PlacedTransport result;
  Transport& best = result.transport;
  best.epsilon = epsilon;
  best.marginal_error = std::numeric_limits<double>::infinity();
  torch::Tensor log_shares;  // at the best potentials
  auto g = torch::zeros({words.size(0)}, torch::kFloat64);
  internal::Anderson accelerator;
  bool by_model = sinkhorn.has_model();
  bool placed_too = false;
  double expected_error = std::numeric_limits<double>::infinity(), trust = 1;
  progress.start("transport", -1, "iterations");
  if (sinkhorn.has_sample())
    g = sinkhorn.fit(even, g, sinkhorn.sample_pass(g), 10 * options.tolerance).potentials;
  while (best.iterations < options.max_iterations && !best.converged) {
    progress.check_stop();
    // A pass that is likely the last one leaves what is wanted as well.
    const bool place_now = places && expected_error <= options.tolerance;
    if (place_now && placed_too) {  // one that was not the last after all gives its room back
      result.placed = {};
      placed_too = false;
    }
    const Placed placed = place_now ? internal::room_for(images, words, wanted) : Placed{};
    const Pass pass = sinkhorn.pass(g, placed);
    ++best.iterations;
    progress.advance(1);
    double error = 0;
    internal::on_one_thread([&] { error = (pass.log_shares.exp() - even.exp()).abs().sum().item<double>(); });
    // The model is given up where it leads nowhere; Sinkhorn's own steps always lead on.
    const bool gives_up = by_model && best.iterations > 1 && !(error <= 0.5 * best.marginal_error);
    if (error < best.marginal_error) {
      best.row_potentials = pass.row_potentials;
      best.column_potentials = g;
      best.marginal_error = error;
      best.converged = error <= options.tolerance;
      log_shares = pass.log_shares;
      placed_too = place_now;
      result.placed = placed;
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
      by_model = correction.potentials.defined();
    }
    if (!by_model) sinkhorn.forget_entries();
    // A model that foresaw too much is believed accordingly, with room for it to be less right next time.
    if (std::isfinite(expected_error)) trust = std::min(1.0, 2 * trust * error / expected_error);
    expected_error = trust * correction.expected_error;
    if (by_model) {
      internal::on_one_thread([&] { g = accelerator.next(g, correction.potentials - g, error); });
    } else {
      internal::on_one_thread([&] {
        // Sinkhorn's own step; what is done with it only gets there in fewer of them.
        const auto step = epsilon * (even - (gives_up ? log_shares : pass.log_shares));
        g = accelerator.next(g, step, error);
      });
    }
    internal::on_one_thread([&] { g = g - g.mean(); });
  }
  if (places && !placed_too) {
    result.placed = internal::room_for(images, words, wanted);
    internal::walk_plan(sinkhorn.rows(), sinkhorn.rows().n_chunks(), best.column_potentials, epsilon,
                        /*times_cosine=*/true, {.placed = result.placed}, progress);
  }
  progress.finish();
  if (const auto order = sinkhorn.rows().numbers(0, images.size(0)); order.defined())
    best.row_potentials = torch::empty_like(best.row_potentials).index_copy_(0, order, best.row_potentials);
  best.column_potentials = best.column_potentials.to(embeddings.device());
  return result;
}

Transport solve_transport(const torch::Tensor& embeddings, const torch::Tensor& words,
                          const TransportOptions& options, Progress& progress) {
  return solve_and_place(embeddings, words, {}, options, progress).transport;
}

}  // namespace ilk
