#include "cluster/heaviest_entries.h"

#include <algorithm>
#include <bit>

#include "cluster/log_shares.h"
#include "kernels/functions.h"
#include "kernels/kernels.h"

namespace ilk::internal {
namespace {

constexpr float least_share = 1.0f / 16384;
// Beyond this a rest of a row is all there is of it.
constexpr double largest_exponent = 600;

}  // namespace

float HeaviestEntries::limit_for(const float* exponentials, const std::int32_t* found, std::int64_t count,
                                 float least) const {
  thread_local std::vector<float> values;
  values.resize(static_cast<std::size_t>(count));
  for (std::int64_t k = 0; k < count; ++k) values[static_cast<std::size_t>(k)] = exponentials[found[k]];
  // Bits of positive floats are in the order of the floats: at `low` there are too many, at `high` there are
  // not.
  auto low = std::bit_cast<std::int32_t>(least), high = std::bit_cast<std::int32_t>(2.0f);
  while (high - low > 1) {
    const std::int32_t middle = low + (high - low) / 2;
    const auto limit = std::bit_cast<float>(middle);
    std::int32_t some = 0;
    for (const float value : values) some += value >= limit;
    (some > per_image_ ? low : high) = middle;
    if (some == per_image_) break;
  }
  return std::bit_cast<float>(high);
}

HeaviestEntries::HeaviestEntries(std::int64_t n_images, std::int64_t n_words, std::int64_t per_image,
                                 double epsilon)
    : m_(n_words),
      per_image_(per_image),
      epsilon_(epsilon),
      words_(Matrix<std::int32_t>::uninitialised(n_images, per_image)),
      preferences_(Matrix<float>::uninitialised(n_images, per_image)),
      counts_(static_cast<std::size_t>(n_images)),
      rests_(static_cast<std::size_t>(n_images)) {}

void HeaviestEntries::take(std::int64_t image, const float* cosines,
                           std::span<const double> column_potentials, const float* exponentials, double total,
                           double highest) {
  thread_local std::vector<std::int32_t> found;
  found.resize(static_cast<std::size_t>(m_));
  const auto heavier_than = [&](float limit) {
    return kernels::kernels().not_below(exponentials, m_, limit, found.data());
  };
  const float least = static_cast<float>(total) * least_share;
  std::int64_t count = heavier_than(least);
  if (count > per_image_) count = heavier_than(limit_for(exponentials, found.data(), count, least));
  std::int32_t* words = words_[image];
  float* kept = preferences_[image];
  double sum = 0;
  for (std::int64_t k = 0; k < count; ++k) {
    const std::int32_t word = found[static_cast<std::size_t>(k)];
    words[k] = word;
    kept[k] = static_cast<float>(cosines[word] + column_potentials[static_cast<std::size_t>(word)] - highest);
    sum += static_cast<double>(exponentials[word]);
  }
  const auto i = static_cast<std::size_t>(image);
  counts_[i] = static_cast<std::int32_t>(count);
  rests_[i] = std::max(0.0, total - sum);
}

double HeaviestEntries::add_sums(std::int64_t begin, std::int64_t end, std::span<const float> changes,
                                 double factor, std::span<double> sums) const {
  const float* change = changes.data();
  double* to = sums.data();
  const auto scale = static_cast<float>(1 / epsilon_);
  std::vector<float> room(static_cast<std::size_t>(per_image_));
  float* values = room.data();
  double rest = 0;
  for (std::int64_t image = begin; image < end; ++image) {
    const auto i = static_cast<std::size_t>(image);
    const std::int64_t count = counts_[i];
    const std::int32_t* words = words_[image];
    const float* before = preferences_[image];
    float highest = count > 0 ? before[0] + change[words[0]] : 0;
    for (std::int64_t k = 0; k < count; ++k) {
      values[k] = before[k] + change[words[k]];
      highest = std::max(highest, values[k]);
    }
    const double entries = kernels::kernels().exponentiate(values, count, highest, scale);
    const double shift = -static_cast<double>(highest) / epsilon_;
    const double others = rests_[i] * factor * kernels::exp(std::min(shift, largest_exponent));
    const double total = entries + others;
    rest += others / total;
    const auto weight = static_cast<float>(1 / total);
    for (std::int64_t k = 0; k < count; ++k) to[words[k]] += static_cast<double>(values[k] * weight);
  }
  return rest;
}

void EntryModel::finish(std::span<const double> column_potentials, std::span<const double> column_sums) {
  potentials_.assign(column_potentials.begin(), column_potentials.end());
  double rest = 0;
  const auto entries = sums_of_entries(column_potentials, 1, rest);
  others_.resize(entries.size());
  for (std::size_t j = 0; j < entries.size(); ++j) others_[j] = std::max(0.0, column_sums[j] - entries[j]);
  covered_ = 1 - rest / n_;
}

std::vector<double> EntryModel::sums_of_entries(std::span<const double> column_potentials, double factor,
                                                double& rest) const {
  std::vector<float> changes(column_potentials.size());
  for (std::size_t j = 0; j < changes.size(); ++j)
    changes[j] = static_cast<float>(column_potentials[j] - potentials_[j]);
  const auto found = passes_.entry_sums(changes, factor);
  rest = 0;
  for (const double one : found.rests) rest += one;
  return column_sums(found.sums.view());
}

std::vector<double> EntryModel::log_shares(std::span<const double> column_potentials) const {
  std::vector<double> others(others_.size());
  double before = 0, after = 0;
  for (std::size_t j = 0; j < others.size(); ++j) {
    others[j] = others_[j] * kernels::exp((column_potentials[j] - potentials_[j]) / epsilon_);
    before += others_[j];
    after += others[j];
  }
  double rest = 0;
  auto shares = sums_of_entries(column_potentials, before > 0 ? after / before : 0, rest);
  const double factor = after > 0 ? rest / after : 0;
  for (std::size_t j = 0; j < shares.size(); ++j)
    shares[j] = kernels::log((shares[j] + others[j] * factor) / n_);
  return shares;
}

}  // namespace ilk::internal
