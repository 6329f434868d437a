#pragma once
// N images, P nouns, C concepts, K groups of images. e (C) is a group's mean evidence for each concept, q (C)
// what is expected of any group, s (C) the scores; see name_clusters.
#include <ilk/naming.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "naming/candidates.h"
#include "naming/concepts.h"
#include "naming/word_evidence.h"

namespace ilk {

constexpr double least_name_score = 0.75;

/// Throws Error in the name of `function` where the arguments of a naming do not fit each other.
void check_naming(std::string_view function, MatrixView<const float> embeddings,
                  std::span<const std::int64_t> labels, std::int64_t n_clusters, const NamingWords& words);

/// Of each cluster at most 256 images, fewer where there are very many clusters, evenly drawn.
std::vector<ImageRows> sampled_members(std::span<const std::int64_t> labels, std::int64_t n_clusters);

/// The evidence of each group of images, of as many groups of the same images shuffled, and of all together.
class EvidenceGroups {
 public:
  EvidenceGroups(const WordEvidence& evidence, std::vector<ImageRows> images);

  std::int64_t size() const { return n_groups_; }
  std::int64_t n_filled() const { return n_filled_; }
  /// Groups size() … size() + n_shuffled() − 1 are of shuffled images, at least 32; none where fewer than two
  /// groups have images.
  std::int64_t n_shuffled() const { return std::ssize(images_) - n_groups_; }
  /// Mean evidence, each filled group counted once.
  const std::vector<double>& expected() const { return expected_; }
  /// Calls use(group, evidence) for the groups begin … end − 1, several at a time.
  void visit(std::int64_t begin, std::int64_t end,
             const std::function<void(std::int64_t group, const GroupEvidence& evidence)>& use) const;
  /// The probability that √e of an image of the group is above that of an image of another.
  double score(const GroupEvidence& group, std::size_t c) const;

 private:
  /// Calls use(begin, end, part, first) for parts of the groups, whose evidence `part` holds from group
  /// `first` on.
  template <class Use>
  void for_each_part(std::int64_t begin, std::int64_t end, Use use) const;
  void add(const GroupEvidence& group);

  const WordEvidence& evidence_;
  std::vector<ImageRows> images_;  // of the groups, then of the shuffled ones
  std::int64_t n_groups_;
  std::int64_t at_a_time_;  // groups whose evidence is made and held at a time
  Evidence kept_;           // of all, where those are all
  std::int64_t n_filled_ = 0;
  double n_images_ = 0;
  std::vector<double> expected_, mean_, mean_root_;  // the last two: sums over the images
};

/// A noun for a group: its weight as the candidate's value.
struct NounChoice {
  Candidate candidate;
  double score = 0, share = 0;
};

/// Weighs nouns for groups of images.
class NounChoices {
 public:
  /// A factor of the weight of a concept for a group.
  using Factor = std::function<double(std::int64_t group, std::int64_t concept_number)>;

  NounChoices(const EvidenceGroups& groups, const std::vector<Concept>& concepts, std::size_t n_nouns,
              Factor factor = {});

  /// The heaviest concepts of each group, at most `most`.
  std::vector<std::vector<NounChoice>> of_all(std::size_t most) const;

  /// The least score that a name must have: least_name_score, or what the best nouns of groups of shuffled
  /// images rarely reach; 0 where there is but one group.
  double least_score() const;

 private:
  std::vector<NounChoice> of(const GroupEvidence& evidence, std::size_t most,
                             const std::function<double(std::int64_t concept_number)>& factor) const;

  const EvidenceGroups& groups_;
  const std::vector<Concept>& concepts_;
  Factor factor_;
  std::vector<double> factors_, expected_;
};

/// Gives each group one of its choices, (K) concepts, −1: none; by the largest total weight. Where one
/// contains another's name, or is of its kind, a noun of at least half the weight takes its place.
std::vector<std::int64_t> give_out(const std::vector<std::vector<NounChoice>>& choices,
                                   const std::vector<Concept>& concepts);

/// The name that the chosen concept gives, if its score is `least`; else `name` stays. Fills in runner-up and
/// words.
void take_choice(ClusterName& name, const std::vector<NounChoice>& choices, std::int64_t chosen, double least,
                 const std::vector<Concept>& concepts);

}  // namespace ilk
