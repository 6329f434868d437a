#include "sinkhorn.h"

#include <ilk/parallel.h>

#include <algorithm>
#include <cmath>

#include "anderson.h"
#include "log_shares.h"
#include "plan_rows.h"

namespace ilk::internal {
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

Arrangement arrange(std::int64_t n, std::int64_t m, std::int64_t dimensions) {
  const std::int64_t block = cosine_block(m), bytes = kept_cosine_bytes(n, dimensions);
  Arrangement found;
  found.kept = std::min({n, cosine_limits().most_kept_images, bytes / (m * 4)});
  if (found.kept < n / images_for_one_kept) {
    // Too few images are kept to stand for the others: half of the memory goes to entries of all images.
    found.kept /= 2;
    found.entries = std::min({m, cosine_limits().most_entries, bytes / (2 * bytes_of_an_entry * n)});
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

}  // namespace

Sinkhorn::Sinkhorn(MatrixView<const float> images, MatrixView<const float> words, double epsilon,
                   Progress& progress)
    : arrangement_(arrange(images.rows(), words.rows(), images.columns())),
      epsilon_(epsilon),
      progress_(progress),
      rows_(images, words, arrangement_.order, arrangement_.chunks, arrangement_.kept, progress) {
  if (arrangement_.entries > 0) entries_.emplace(images.rows(), words.rows(), arrangement_.entries, epsilon);
}

Pass Sinkhorn::pass(const Vector& column_potentials, Placed* placed) {
  return pass(rows_.n_chunks(), n(), column_potentials, placed, entries_ ? &*entries_ : nullptr);
}

Pass Sinkhorn::sample_pass(const Vector& column_potentials) {
  return pass(arrangement_.sample_chunks, arrangement_.sample, column_potentials, nullptr, nullptr);
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
Sinkhorn::Correction Sinkhorn::corrected_by_entries(const HeaviestEntries& entries, Vector g, double error,
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
  const std::int64_t middle = arrangement_.first_half_chunks, chunks = arrangement_.sample_chunks;
  const auto sample = static_cast<double>(arrangement_.sample);
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
  const double left_out = 1 - sample / static_cast<double>(n());
  return {std::move(after.potentials),
          0.5 * std::sqrt(left_out) * (disagreement / static_cast<double>(first.size())) + after.error};
}

Pass Sinkhorn::pass(std::int64_t n_chunks, std::int64_t n_images, const Vector& column_potentials,
                    Placed* placed, HeaviestEntries* entries) {
  const std::int64_t m = rows_.words().rows();
  Pass result{Vector(static_cast<std::size_t>(n_images)), Matrix<double>(n_chunks, m), {}};
  walk_plan(rows_, n_chunks, column_potentials, epsilon_, /*times_cosine=*/true,
            {result.row_potentials, result.sums, placed, entries}, progress_);
  result.log_shares = column_sums(result.sums.view());
  std::vector<std::int64_t> small;
  for (std::int64_t j = 0; j < m; ++j) {
    double& share = result.log_shares[static_cast<std::size_t>(j)];
    share /= static_cast<double>(n_images);
    if (share < smallest_share) small.push_back(j);
    share = kernels::log(share);
  }
  if (!small.empty()) sum_in_logarithms(n_chunks, n_images, small, column_potentials, result);
  return result;
}

/// Makes the logarithms of the mean shares of a few columns anew, without leaving the logarithms.
void Sinkhorn::sum_in_logarithms(std::int64_t n_chunks, std::int64_t n_images,
                                 const std::vector<std::int64_t>& columns, const Vector& column_potentials,
                                 Pass& pass) const {
  /// Σ e^logarithm of many, relative to the highest.
  struct Sum {
    double highest = -std::numeric_limits<double>::infinity(), sum = 0;
    void add(double logarithm, double count = 1) {
      if (logarithm > highest) sum *= kernels::exp(highest - logarithm), highest = logarithm;
      sum += count * kernels::exp(logarithm - highest);
    }
  };
  const auto count = static_cast<std::int64_t>(columns.size());
  const std::int64_t block = cosine_block(count);
  const auto words = PackedMatrix::of_transpose(rows_of(rows_.words(), columns));
  const double *g = column_potentials.data(), *f = pass.row_potentials.data();
  Matrix<Sum> sums = Matrix<Sum>::filled(n_chunks, count, {});
  parallel_blocks(n_chunks, 1, [&](std::int64_t chunk, std::int64_t, std::int64_t) {
    progress_.check_stop();
    const auto [first, last] = rows_.chunks()[static_cast<std::size_t>(chunk)];
    Matrix<float> room;
    auto cosines = Matrix<float>::uninitialised(std::min(block, last - first), count);
    for (std::int64_t begin = first; begin < last; begin += block) {
      const std::int64_t end = std::min(last, begin + block);
      multiply(rows_.images(begin, end, room), words, nullptr, cosines.rows_between(0, end - begin));
      for (std::int64_t i = begin; i < end; ++i)
        for (std::int64_t k = 0; k < count; ++k)
          sums[chunk][k].add((cosines[i - begin][k] + g[columns[k]] + f[i] - 1) / epsilon_);
    }
  });
  // Row potentials hold the N of all images, and a share is the mean over those that were looked at.
  const double scale = kernels::log(static_cast<double>(n()) / static_cast<double>(n_images));
  for (std::int64_t k = 0; k < count; ++k) {
    Sum all;
    for (std::int64_t chunk = 0; chunk < n_chunks; ++chunk)
      all.add(sums[chunk][k].highest, sums[chunk][k].sum);
    pass.log_shares[columns[k]] = all.highest + kernels::log(all.sum) + scale;
  }
}

}  // namespace ilk::internal
