#include "cluster/sinkhorn.h"

#include <algorithm>
#include <cmath>

#include "cluster/anderson.h"
#include "cluster/log_shares.h"

namespace ilk::internal {
namespace {

// What entries tell is used where they have this part of the mass.
constexpr double least_covered = 0.5;
// Columns whose mean share is below this are summed again in logarithms: float32 shares would underflow
// there.
constexpr double smallest_share = 1e-30;
// Fits to the sample: iterations at most, and how exact they are, of the error that they are to mend.
constexpr std::int64_t most_fit_iterations = 100;
constexpr double fit_precision = 0.003;

}  // namespace

Sinkhorn::Sinkhorn(TransportPasses& passes, const TransportChunks& chunks, std::int64_t n_words,
                   double epsilon, Progress& progress)
    : passes_(passes), chunks_(chunks), m_(n_words), epsilon_(epsilon), progress_(progress) {
  if (chunks.entries > 0) entries_.emplace(passes, chunks.n_images, epsilon);
}

Pass Sinkhorn::pass(const Vector& column_potentials, CosinesBy by) {
  return pass(static_cast<std::int64_t>(chunks_.chunks.size()), chunks_.n_images, column_potentials, by,
              entries_.has_value());
}

Pass Sinkhorn::sample_pass(const Vector& column_potentials) {
  return pass(chunks_.sample_chunks, chunks_.sample, column_potentials, CosinesBy::floats,
              /*take_entries=*/false);
}

Sinkhorn::Fit Sinkhorn::fit(const Vector& log_target, Vector g, Pass found, double tolerance) {
  const Vector target = exponentials(log_target);
  Anderson accelerator;
  Fit best;
  for (std::int64_t i = 0;; ++i) {
    const double error = distance_from(target, found.log_shares);
    Vector next = accelerator.next(g, sinkhorn_step(epsilon_, log_target, found.log_shares), error);
    centre(next);
    if (error < best.error || i == 0)
      best = {std::move(g), std::move(found.sums), std::isnan(error) ? best.error : error};
    if (best.error <= tolerance || i == most_fit_iterations) return best;
    g = std::move(next);
    found = sample_pass(g);
  }
}

Sinkhorn::Correction Sinkhorn::corrected(const Vector& g, const Pass& all, double error, double tolerance) {
  if (entries_) {
    entries_->finish(g, column_sums(all.sums.view()));
    if (entries_->covered() >= least_covered) return corrected_by_entries(*entries_, g, error, tolerance);
  }
  return has_sample() ? corrected_by_sample(g, all, error, tolerance) : Correction{};
}

/// Where the columns are even if they change as the heaviest entries say.
Sinkhorn::Correction Sinkhorn::corrected_by_entries(const EntryModel& entries, Vector g, double error,
                                                    double tolerance) {
  const double goal = std::max(0.1 * tolerance, fit_precision * error);
  const auto m = static_cast<double>(g.size());
  const Vector even(g.size(), 1 / m), log_even(g.size(), -kernels::log(m));
  Anderson accelerator;
  Correction best{g};
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t i = 0; i <= most_fit_iterations && least > goal; ++i) {
    progress_.check_stop();
    const Vector log_shares = entries.log_shares(g);
    if (!all_finite(log_shares)) {
      if (i == 0) return {};  // they say nothing of some column
      break;
    }
    const double off = distance_from(even, log_shares);
    if (off < least) least = off, best.potentials = g;
    g = accelerator.next(g, sinkhorn_step(epsilon_, log_even, log_shares), off);
    centre(g);
  }
  best.expected_error = (1 - entries.covered()) * error + least;
  return best;
}

Sinkhorn::Correction Sinkhorn::corrected_by_sample(const Vector& g, const Pass& all, double error,
                                                   double tolerance) {
  const std::int64_t middle = chunks_.first_half_chunks, chunks = chunks_.sample_chunks;
  const auto sample = static_cast<double>(chunks_.sample);
  const MatrixView<const double> sums = all.sums.rows_between(0, chunks);
  Pass before{.sums = Matrix<double>(sums), .log_shares = column_sums(sums)};
  Vector target(g.size());
  for (std::size_t j = 0; j < g.size(); ++j) {
    before.log_shares[j] = kernels::log(before.log_shares[j] / sample);
    target[j] = before.log_shares[j] - all.log_shares[j];
  }
  // No step at all, upon which the model is given up.
  if (!all_finite(target)) return {};
  const double mass = log_of_sum(target);
  for (double& one : target) one -= mass;
  Fit after = fit(target, g, std::move(before), std::max(0.1 * tolerance, fit_precision * error));
  const auto change = [&](std::int64_t begin, std::int64_t end) {
    Vector changes = column_sums(after.sums.view().rows_between(begin, end));
    const Vector from = column_sums(sums.rows_between(begin, end));
    for (std::size_t j = 0; j < changes.size(); ++j) changes[j] /= from[j];
    return changes;
  };
  const Vector first = change(0, middle), second = change(middle, chunks);
  double disagreement = 0;
  for (std::size_t j = 0; j < first.size(); ++j) disagreement += std::fabs(first[j] - second[j]);
  const double left_out = 1 - sample / static_cast<double>(chunks_.n_images);
  return {std::move(after.potentials),
          0.5 * std::sqrt(left_out) * (disagreement / static_cast<double>(first.size())) + after.error};
}

Pass Sinkhorn::pass(std::int64_t n_chunks, std::int64_t n_images, const Vector& column_potentials,
                    CosinesBy by, bool take_entries) {
  Pass result{passes_.sums(n_chunks, column_potentials, by, take_entries), {}};
  result.log_shares = column_sums(result.sums.view());
  std::vector<std::int64_t> small;
  for (std::int64_t j = 0; j < m_; ++j) {
    double& share = result.log_shares[static_cast<std::size_t>(j)];
    share /= static_cast<double>(n_images);
    if (share < smallest_share) small.push_back(j);
    share = kernels::log(share);
  }
  if (!small.empty()) sum_in_logarithms(n_chunks, n_images, small, column_potentials, by, result);
  return result;
}

/// Makes the logarithms of the mean shares of a few columns anew, without leaving the logarithms.
void Sinkhorn::sum_in_logarithms(std::int64_t n_chunks, std::int64_t n_images,
                                 const std::vector<std::int64_t>& columns, const Vector& column_potentials,
                                 CosinesBy by, Pass& pass) {
  const auto found = passes_.log_sums(n_chunks, columns, column_potentials, by);
  // Row potentials hold the N of all images, and a share is the mean over those that were looked at.
  const double scale = kernels::log(static_cast<double>(chunks_.n_images) / static_cast<double>(n_images));
  for (std::size_t k = 0; k < columns.size(); ++k) {
    LogSum all;
    for (std::int64_t chunk = 0; chunk < n_chunks; ++chunk)
      all.add(found.highest[chunk][k], found.sums[chunk][k]);
    pass.log_shares[static_cast<std::size_t>(columns[k])] = all.highest + kernels::log(all.sum) + scale;
  }
}

}  // namespace ilk::internal
