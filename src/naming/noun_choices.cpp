// See noun_choices.h.
#include "naming/noun_choices.h"

#include <algorithm>
#include <cmath>

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
constexpr std::int64_t least_shuffled_names = 32;
constexpr double shuffled_share_below = 0.95;
// Evidence of all clusters is kept where it takes no more; else it is computed again.
constexpr std::int64_t most_kept_numbers = std::int64_t{1} << 25;

// The probability that one normal variable is above another: the logistic approximation, within 0.01.
double probability_above(double difference, double variance) {
  if (variance <= 0) return difference > 0 ? 1 : difference < 0 ? 0 : 0.5;
  return 1 / (1 + kernels::exp(-1.702 * difference / std::sqrt(variance)));
}

/// The score that the best nouns of groups of shuffled images rarely reach.
double score_by_chance(const WordEvidence& evidence, const EvidenceGroups& groups,
                       const std::vector<Concept>& concepts, std::size_t n_nouns) {
  if (groups.n_filled() < 2) return 0;
  ImageRows all;
  for (const ImageRows& images : groups.images()) all.insert(all.end(), images.begin(), images.end());
  std::vector<double> scores;
  for (std::uint64_t round = 0; std::ssize(scores) < least_shuffled_names; ++round) {
    RandomStream random(0, "shuffled clusters", round);
    const auto order = random.sample(std::ssize(all), std::ssize(all));
    std::vector<ImageRows> shuffled(groups.images().size());
    std::size_t next = 0;
    for (std::size_t k = 0; k < shuffled.size(); ++k)
      for (std::size_t i = 0; i < groups.images()[k].size(); ++i)
        shuffled[k].push_back(all[size_t_of(order[next++])]);
    const EvidenceGroups random_groups(evidence, std::move(shuffled), concepts.size());
    for (const auto& choices : NounChoices(random_groups, concepts, n_nouns).of_all(1)) {
      if (!choices.empty())
        scores.push_back(choices.front().score);
      else
        scores.push_back(0);
    }
  }
  std::sort(scores.begin(), scores.end());
  return scores[static_cast<std::size_t>(shuffled_share_below * static_cast<double>(scores.size() - 1))];
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
  std::vector<ImageRows> members(size_t_of(n_clusters));
  for (std::size_t i = 0; i < labels.size(); ++i)
    members[size_t_of(labels[i])].push_back(static_cast<std::int64_t>(i));
  const std::size_t most = size_t_of(std::clamp(most_images / std::max<std::int64_t>(n_clusters, 1),
                                                least_images_of_cluster, most_images_of_cluster));
  for (ImageRows& images : members) {
    if (images.size() <= most) continue;
    for (std::size_t i = 0; i < most; ++i) images[i] = images[i * images.size() / most];
    images.resize(most);
  }
  return members;
}

EvidenceGroups::EvidenceGroups(const WordEvidence& evidence, std::vector<ImageRows> images,
                               std::size_t n_concepts)
    : evidence_(evidence),
      images_(std::move(images)),
      expected_(n_concepts),
      mean_(n_concepts),
      mean_root_(n_concepts) {
  const auto n_groups = std::ssize(images_);
  if (n_groups * static_cast<std::int64_t>(n_concepts) <= most_kept_numbers) kept_.resize(images_.size());
  // Some groups at a time, added up in their order.
  constexpr std::int64_t at_a_time = 16;
  for (std::int64_t begin = 0; begin < n_groups; begin += at_a_time) {
    const std::int64_t end = std::min(begin + at_a_time, n_groups);
    std::vector<GroupEvidence> some(size_t_of(end - begin));
    parallel_blocks(end - begin, 1, [&](std::int64_t i, std::int64_t, std::int64_t) {
      some[size_t_of(i)] = evidence_.of(images_[size_t_of(begin + i)]);
    });
    for (GroupEvidence& group : some) add(group);
    if (!kept_.empty()) std::move(some.begin(), some.end(), kept_.begin() + begin);
  }
  for (double& value : expected_) value /= static_cast<double>(std::max<std::int64_t>(n_filled_, 1));
}

double EvidenceGroups::score(const GroupEvidence& group, std::size_t c) const {
  const auto n = static_cast<double>(group.n_images), others = n_images_ - n;
  if (others <= 0) return 1;
  const double mean = (mean_[c] - n * group.mean[c]) / others;
  const double mean_root = (mean_root_[c] - n * group.mean_root[c]) / others;
  const double variance = std::max(0.0, mean - mean_root * mean_root);
  return probability_above(group.mean_root[c] - mean_root, group.variance_root[c] + variance);
}

void EvidenceGroups::add(const GroupEvidence& group) {
  if (group.n_images == 0) return;
  ++n_filled_;
  const auto n = static_cast<double>(group.n_images);
  n_images_ += n;
  for (std::size_t c = 0; c < expected_.size(); ++c) {
    expected_[c] += group.mean[c];
    mean_[c] += n * group.mean[c];
    mean_root_[c] += n * group.mean_root[c];
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

std::vector<NounChoice> NounChoices::of(std::int64_t group, std::size_t most) const {
  const GroupEvidence evidence = groups_.of(group);
  std::vector<double> weights(concepts_.size());
  if (evidence.n_images == 0) return {};
  for (std::size_t c = 0; c < weights.size(); ++c) {
    const double e = evidence.mean[c];
    if (factors_[c] == 0 || e <= expected_[c]) continue;
    const double factor = factors_[c] * (factor_ ? factor_(group, static_cast<std::int64_t>(c)) : 1);
    if (factor == 0) continue;
    const double score = groups_.score(evidence, c);
    const double above_chance = std::max(0.0, 2 * score - 1);
    weights[c] = e * kernels::log(e / expected_[c]) * factor * above_chance * above_chance;
  }
  std::vector<NounChoice> choices;
  for (const Candidate& candidate : heaviest(weights, most)) {
    const std::size_t c = size_t_of(candidate.column);
    choices.push_back({candidate, groups_.score(evidence, c), std::min(1.0, evidence.mean[c])});
  }
  return choices;
}

std::vector<std::vector<NounChoice>> NounChoices::of_all(std::size_t most) const {
  std::vector<std::vector<NounChoice>> choices(size_t_of(groups_.size()));
  parallel_blocks(groups_.size(), 1,
                  [&](std::int64_t k, std::int64_t, std::int64_t) { choices[size_t_of(k)] = of(k, most); });
  return choices;
}

double least_score_of(const WordEvidence& evidence, const EvidenceGroups& groups,
                      const std::vector<Concept>& concepts, std::size_t n_nouns) {
  return std::max(groups.n_filled() < 2 ? 0 : least_name_score,
                  score_by_chance(evidence, groups, concepts, n_nouns));
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
