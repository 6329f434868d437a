// See noun_choices.h.
#include "naming/noun_choices.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "cluster/cluster_order.h"
#include "core/fail.h"
#include "core/matching.h"
#include "core/parallel.h"
#include "core/random.h"
#include "kernels/functions.h"

namespace ilk {
namespace {

constexpr std::size_t most_words = 10;
constexpr std::int64_t most_images_of_cluster = 256, most_images = 1 << 16, least_images_of_cluster = 16;
constexpr double collection_power = 0.75;  // of the clusters' mean in q; the rest is the vocabulary's
constexpr double unusual_factor = 0.5, abstract_factor = 0.8, last_resort_factor = 1e-3;
constexpr double narrower_factor = 1e-6;  // of nouns with equal evidence the narrowest
constexpr double least_weight_of_substitute = 0.5;
constexpr std::size_t least_shuffled = 32;
constexpr double shuffled_share_below = 0.95;
// Evidence is held of so many groups at a time; where those are not all, it is computed again.
constexpr std::int64_t most_held_numbers = std::int64_t{1} << 26;

// The probability that one normal variable is above another: the logistic approximation, within 0.01.
double probability_above(double difference, double variance) {
  if (variance <= 0) return difference > 0 ? 1 : difference < 0 ? 0 : 0.5;
  return 1 / (1 + kernels::exp(-1.702 * difference / std::sqrt(variance)));
}

/// Groups as large as those that have images, at least least_shuffled of them, of the same images shuffled.
std::vector<ImageRows> shuffled(const std::vector<ImageRows>& groups) {
  ImageRows all;
  std::vector<std::size_t> sizes;
  for (const ImageRows& images : groups) {
    all.insert(all.end(), images.begin(), images.end());
    if (!images.empty()) sizes.push_back(images.size());
  }
  std::vector<ImageRows> found;
  if (sizes.size() < 2) return found;
  // Of many groups, some of all sizes.
  const std::size_t step = std::max<std::size_t>(1, sizes.size() / least_shuffled);
  for (std::uint64_t round = 0; found.size() < least_shuffled; ++round) {
    RandomStream random(0, "shuffled clusters", round);
    const auto order = random.sample(std::ssize(all), std::ssize(all));
    std::size_t next = 0;
    for (std::size_t k = 0; k < sizes.size(); next += sizes[k++]) {
      if (k % step != 0) continue;
      for (std::size_t i = 0; i < sizes[k]; ++i) {
        if (i == 0) found.emplace_back();
        found.back().push_back(all[size_t_of(order[next + i])]);
      }
    }
  }
  return found;
}

/// Takes another noun where the chosen one contains the name of another cluster, or is of its kind.
void part_related(std::vector<std::int64_t>& chosen, const std::vector<std::vector<NounChoice>>& choices,
                  const std::vector<Concept>& concepts) {
  const auto related_to_another = [&](std::size_t k, std::int64_t concept_number, bool as_kind) {
    for (std::size_t other = 0; other < chosen.size(); ++other) {
      if (other == k || chosen[other] < 0) continue;
      if (chosen[other] == concept_number) return true;
      const auto& above = concepts[size_t_of(chosen[other])].kinds_of;
      if (std::binary_search(above.begin(), above.end(), concept_number)) return true;
      if (as_kind && are_related(concepts, concept_number, chosen[other])) return true;
    }
    return false;
  };
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    if (chosen[k] < 0 || !related_to_another(k, chosen[k], false)) continue;
    const auto weight_of = std::find_if(choices[k].begin(), choices[k].end(), [&](const NounChoice& choice) {
      return choice.candidate.column == chosen[k];
    });
    for (const NounChoice& choice : choices[k]) {
      if (choice.candidate.value < least_weight_of_substitute * weight_of->candidate.value) break;
      if (choice.score < least_name_score || related_to_another(k, choice.candidate.column, true)) continue;
      chosen[k] = choice.candidate.column;
      break;
    }
  }
}

}  // namespace

void check_naming(std::string_view function, MatrixView<const float> embeddings,
                  std::span<const std::int64_t> labels, std::int64_t n_clusters, const NamingWords& words) {
  const auto p = std::ssize(words.nouns);
  require(std::ssize(labels) == embeddings.rows(), function, "labels must be one for each of the ",
          embeddings.rows(), " images, got ", labels.size(), ".");
  require(words.features.rows() == p, function, "features must be of shape (", p, ", width), got (",
          words.features.rows(), ", ", words.features.columns(), ").");
  require(p == 0 || words.features.columns() == embeddings.columns(), function,
          "the nouns' features must be as wide as the images' (", embeddings.columns(), "), got ",
          words.features.columns(), ".");
  require(words.definitions.empty() || std::ssize(words.definitions) == p, function,
          "definitions must be one for each of the ", p, " nouns, got ", words.definitions.size(), ".");
  for (const std::int64_t label : labels)
    require(label >= 0 && label < n_clusters, function, "labels must be from 0 to ", n_clusters - 1, ", got ",
            label, ".");
}

std::vector<ImageRows> sampled_members(std::span<const std::int64_t> labels, std::int64_t n_clusters) {
  std::vector<ImageRows> members = internal::cluster_members(labels, n_clusters);
  const std::size_t most = size_t_of(std::clamp(most_images / std::max<std::int64_t>(n_clusters, 1),
                                                least_images_of_cluster, most_images_of_cluster));
  for (ImageRows& images : members) {
    if (images.size() <= most) continue;
    for (std::size_t i = 0; i < most; ++i) images[i] = images[i * images.size() / most];
    images.resize(most);
  }
  return members;
}

EvidenceGroups::EvidenceGroups(const WordEvidence& evidence, std::vector<ImageRows> images)
    : evidence_(evidence),
      images_(std::move(images)),
      n_groups_(std::ssize(images_)),
      at_a_time_(std::max<std::int64_t>(
          1, most_held_numbers / std::max<std::int64_t>(1, 2 * evidence.n_concepts()))),
      expected_(size_t_of(evidence.n_concepts())),
      mean_(expected_.size()),
      mean_root_(expected_.size()) {
  auto others = shuffled(images_);
  std::move(others.begin(), others.end(), std::back_inserter(images_));
  if (std::ssize(images_) <= at_a_time_) kept_ = evidence_.of(images_);
  for_each_part(0, n_groups_,
                [&](std::int64_t begin, std::int64_t end, const Evidence& part, std::int64_t first) {
                  for (std::int64_t group = begin; group < end; ++group) add(part.of(group - first));
                });
  for (double& value : expected_) value /= static_cast<double>(std::max<std::int64_t>(n_filled_, 1));
}

template <class Use>
void EvidenceGroups::for_each_part(std::int64_t begin, std::int64_t end, Use use) const {
  if (std::ssize(images_) <= at_a_time_) return use(begin, end, kept_, 0);
  for (; begin < end; begin += at_a_time_) {
    const std::int64_t last = std::min(end, begin + at_a_time_);
    use(begin, last, evidence_.of(std::span(images_).subspan(size_t_of(begin), size_t_of(last - begin))),
        begin);
  }
}

void EvidenceGroups::visit(std::int64_t begin, std::int64_t end,
                           const std::function<void(std::int64_t, const GroupEvidence&)>& use) const {
  for_each_part(begin, end,
                [&](std::int64_t from, std::int64_t to, const Evidence& part, std::int64_t first) {
                  parallel_blocks(to - from, 1, [&](std::int64_t i, std::int64_t, std::int64_t) {
                    use(from + i, part.of(from + i - first));
                  });
                });
}

double EvidenceGroups::score(const GroupEvidence& group, std::size_t c) const {
  const auto n = static_cast<double>(group.n_images), others = n_images_ - n;
  if (others <= 0) return 1;
  const auto root = static_cast<double>(group.mean_root[c]);
  const double mean = (mean_[c] - n * static_cast<double>(group.mean[c])) / others;
  const double mean_root = (mean_root_[c] - n * root) / others;
  const double variance = std::max(0.0, mean - mean_root * mean_root);
  return probability_above(root - mean_root, group.variance_root(c) + variance);
}

void EvidenceGroups::add(const GroupEvidence& group) {
  if (group.n_images == 0) return;
  ++n_filled_;
  const auto n = static_cast<double>(group.n_images);
  n_images_ += n;
  for (std::size_t c = 0; c < expected_.size(); ++c) {
    expected_[c] += static_cast<double>(group.mean[c]);
    mean_[c] += n * static_cast<double>(group.mean[c]);
    mean_root_[c] += n * static_cast<double>(group.mean_root[c]);
  }
}

NounChoices::NounChoices(const EvidenceGroups& groups, const std::vector<Concept>& concepts,
                         std::size_t n_nouns, Factor factor)
    : groups_(groups),
      concepts_(concepts),
      factor_(std::move(factor)),
      factors_(concepts.size()),
      expected_(concepts.size()) {
  std::vector<double> in_vocabulary(concepts.size());
  for (const Concept& its : concepts) {
    for (const std::int64_t above : its.kinds_of)
      in_vocabulary[size_t_of(above)] += static_cast<double>(its.nouns.size()) / static_cast<double>(n_nouns);
  }
  for (std::size_t c = 0; c < concepts.size(); ++c) {
    const Concept& its = concepts[c];
    const bool is_offered = !its.nouns.empty();
    if (!is_offered && (!its.familiar || its.general)) continue;
    factors_[c] = (its.familiar && is_offered ? 1 : unusual_factor) * (its.physical ? 1 : abstract_factor) *
                  (its.bare || its.general ? last_resort_factor : 1) *
                  (1 + narrower_factor * static_cast<double>(its.kinds_of.size()));
    expected_[c] = kernels::pow(groups.expected()[c], collection_power) *
                   kernels::pow(in_vocabulary[c], 1 - collection_power);
  }
}

std::vector<NounChoice> NounChoices::of(
    const GroupEvidence& evidence, std::size_t most,
    const std::function<double(std::int64_t concept_number)>& factor) const {
  std::vector<double> weights(concepts_.size());
  if (evidence.n_images == 0) return {};
  for (std::size_t c = 0; c < weights.size(); ++c) {
    const auto e = static_cast<double>(evidence.mean[c]);
    if (factors_[c] == 0 || e <= expected_[c]) continue;
    const double of_concept = factors_[c] * (factor ? factor(static_cast<std::int64_t>(c)) : 1);
    if (of_concept == 0) continue;
    const double above_chance = std::max(0.0, 2 * groups_.score(evidence, c) - 1);
    weights[c] = e * kernels::log(e / expected_[c]) * of_concept * above_chance * above_chance;
  }
  std::vector<NounChoice> choices;
  for (const Candidate& candidate : heaviest(weights, most)) {
    const std::size_t c = size_t_of(candidate.column);
    choices.push_back(
        {candidate, groups_.score(evidence, c), std::min(1.0, static_cast<double>(evidence.mean[c]))});
  }
  return choices;
}

std::vector<std::vector<NounChoice>> NounChoices::of_all(std::size_t most) const {
  std::vector<std::vector<NounChoice>> choices(size_t_of(groups_.size()));
  groups_.visit(0, groups_.size(), [&](std::int64_t group, const GroupEvidence& evidence) {
    choices[size_t_of(group)] = factor_
                                    ? of(evidence, most, [&](std::int64_t c) { return factor_(group, c); })
                                    : of(evidence, most, {});
  });
  return choices;
}

double NounChoices::least_score() const {
  const std::int64_t n = groups_.size(), n_shuffled = groups_.n_shuffled();
  if (n_shuffled == 0) return 0;
  std::vector<double> scores(size_t_of(n_shuffled));
  groups_.visit(n, n + n_shuffled, [&](std::int64_t group, const GroupEvidence& evidence) {
    const auto best = of(evidence, 1, {});
    if (!best.empty()) scores[size_t_of(group - n)] = best.front().score;
  });
  std::sort(scores.begin(), scores.end());
  return std::max(
      least_name_score,
      scores[static_cast<std::size_t>(shuffled_share_below * static_cast<double>(n_shuffled - 1))]);
}

std::vector<std::int64_t> give_out(const std::vector<std::vector<NounChoice>>& choices,
                                   const std::vector<Concept>& concepts) {
  std::vector<std::vector<Candidate>> candidates(choices.size());
  for (std::size_t k = 0; k < choices.size(); ++k)
    for (const NounChoice& choice : choices[k]) candidates[k].push_back(choice.candidate);
  std::vector<std::int64_t> chosen = best_matching(candidates, std::ssize(concepts));
  part_related(chosen, choices, concepts);
  return chosen;
}

void take_choice(ClusterName& name, const std::vector<NounChoice>& choices, std::int64_t chosen, double least,
                 const std::vector<Concept>& concepts) {
  for (const NounChoice& choice : choices) {
    const std::string& word = concepts[size_t_of(choice.candidate.column)].word;
    const bool is_chosen = choice.candidate.column == chosen;
    if (is_chosen && choice.score >= least) {
      name.name = word;
      name.is_named = true;
      name.score = choice.score;
    } else if (name.runner_up.empty()) {
      name.runner_up = word;
      name.runner_up_score = choice.score;
    }
    if (name.words.size() < most_words) name.words.push_back({word, choice.score, choice.share});
  }
}

}  // namespace ilk
