#include "inspect/neighbour_checks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace ilk {
namespace {

/// Calls visit(other, cosine) for up to k neighbours of an image that are neither it nor a copy of it.
template <class Visit>
void for_others(const Neighbours& neighbours, std::span<const std::int64_t> group, std::int64_t image,
                std::int64_t k, Visit&& visit) {
  const auto own = group[static_cast<std::size_t>(image)];
  std::int64_t seen = 0;
  for (std::int64_t j = 0; j < neighbours.indices.columns() && seen < k; ++j) {
    const std::int64_t other = neighbours.indices[image][j];
    if (other == image || (own >= 0 && group[static_cast<std::size_t>(other)] == own)) continue;
    visit(other, static_cast<double>(neighbours.cosines[image][j]));
    ++seen;
  }
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::vector<double> outlier_scores(const Neighbours& neighbours, std::span<const std::int64_t> group,
                                   std::int64_t k) {
  std::vector<double> scores(group.size());
  for (std::int64_t i = 0; i < neighbours.indices.rows(); ++i) {
    double sum = 0;
    std::int64_t count = 0;
    for_others(neighbours, group, i, k, [&](std::int64_t, double cosine) {
      sum += cosine;
      ++count;
    });
    if (count > 0) scores[static_cast<std::size_t>(i)] = 1 - sum / static_cast<double>(count);
  }
  return scores;
}

double outlier_threshold(std::vector<double> scores) {
  if (scores.empty()) return std::numeric_limits<double>::infinity();
  const double centre = median(scores);
  for (double& score : scores) score = std::abs(score - centre);
  const double spread = median(std::move(scores));
  return spread > 0 ? centre + 3.5 * 1.4826 * spread : std::numeric_limits<double>::infinity();
}

std::vector<LabelAgreement> label_agreement(const Neighbours& neighbours,
                                            std::span<const std::int64_t> labels,
                                            std::span<const std::int64_t> group, std::int64_t k) {
  std::vector<LabelAgreement> agreement(labels.size());
  for (std::int64_t i = 0; i < neighbours.indices.rows(); ++i) {
    std::map<std::int64_t, double> weights;
    double total = 0;
    for_others(neighbours, group, i, k, [&](std::int64_t other, double cosine) {
      const std::int64_t label = labels[static_cast<std::size_t>(other)];
      if (label < 0 || cosine <= 0) return;
      weights[label] += cosine;
      total += cosine;
    });
    if (total <= 0) continue;
    auto& found = agreement[static_cast<std::size_t>(i)];
    const auto own = weights.find(labels[static_cast<std::size_t>(i)]);
    found.own = own == weights.end() ? 0 : own->second / total;
    for (const auto& [label, weight] : weights)
      if (weight / total > found.suggested_share) found = {found.own, label, weight / total};
  }
  return agreement;
}

}  // namespace ilk
