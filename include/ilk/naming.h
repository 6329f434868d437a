#pragma once
// What clusters are called, on each level of nested ones, and how right that is. N images, P nouns, D
// dimensions, K clusters (the finest), L levels above them, R classes.
#include <ilk/matrix.h>
#include <ilk/wordnet.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ilk {

struct ScoredWord {
  std::string word;
  /// In [0, 1]. Of a noun: the probability that an image of the cluster has more evidence for it than an
  /// image of another cluster (0.5: by chance). Of a caption: the square root of the weight that it is chosen
  /// by.
  double score = 0;
  /// Of a noun: mean probability, over the cluster's images, of the noun and of all kinds of it. Of a
  /// caption: its share of the cluster's mass.
  double share = 0;
};

struct ClusterName {
  std::string name;       ///< unique among the clusters; "unnamed N" where no noun is good enough
  bool is_named = false;  ///< false: `words` are guesses
  double score = 0;       ///< of the chosen noun, see ScoredWord; 0 where there is none
  std::string runner_up;  ///< the best other noun of `words`, empty where there is none
  double runner_up_score = 0;
  std::vector<ScoredWord> words;  ///< best first, at most ten
};

/// What clusters can be called.
struct NamingWords {
  std::vector<std::string> nouns;    ///< P, each once
  MatrixView<const float> features;  ///< (P, D), rows of unit length, in the space of the images
  std::vector<std::string>
      definitions;                   ///< empty, or P: WordNet's definition of the sense that is meant, or ""
  const WordNet* wordnet = nullptr;  ///< kinds, synonyms, familiar words; may be null
  bool with_hypernyms = false;  ///< whether a hypernym of theirs may be a name that is not among the nouns
};

/// Names clusters by the nouns that their images are kinds of.
///
/// Evidence. An image's cosines with all P nouns become probabilities by a softmax, whose temperature is 1.3
/// times the cosines' deviation once rows and columns are even (similarity_spread). The evidence e for a noun
/// is the probability of it and of all its hyponyms in WordNet. Nouns that differ in case, hyphens, spaces or
/// plural only, and nouns of one synset, count as one. Of a cluster, up to 256 images serve, evenly drawn.
///
/// The weight of a noun for a cluster is e log(e / q) (2 s − 1)² f. Here e is the mean over the cluster's
/// images. q, what any cluster is expected to have, is the mean over the clusters, each counted once, to the
/// power ¾, times the noun's share of the vocabulary to the power ¼. s, the score, is the probability that √e
/// of an image of the cluster is above that of another image, both taken as normal. f is 1; ½ for a word that
/// does not occur in WordNet's sense-tagged texts ("aquatic vertebrate") or is not among the nouns; 0.8 for
/// what is no physical thing; 1e-3 for numbers, single letters, and the frame of WordNet ("instrumentality").
/// So several kinds are called by what they share (mammal), one kind by its own name (horse).
///
/// Names are given out one to one by the largest total weight. Where a cluster's name is a hypernym of
/// another's (animal, bird), a noun takes its place that has none of the names above or below it, if there is
/// one of at least half the weight.
///
/// A name stands if its score is at least 0.75 and above the names of 95 % of clusters whose images were
/// shuffled. Else the cluster is "unnamed N", N its number, and the words are guesses.
///
/// `embeddings` (N, D) float32, rows of unit length; `labels` (N), 0 … K − 1. A cluster without images is
/// unnamed. O(P) memory besides the features, which are held twice. Throws Error for sizes that do not match.
std::vector<ClusterName> name_clusters(MatrixView<const float> embeddings,
                                       std::span<const std::int64_t> labels, std::int64_t n_clusters,
                                       const NamingWords& words);

/// What nested clusters are parts of: each cluster is in one of the level above.
struct ClusterLevels {
  struct Cluster {
    ClusterName name;
    std::int64_t parent = -1;  ///< its cluster one level up; −1 at the top
    std::int64_t size = 0;     ///< images
  };
  using Level = std::vector<Cluster>;

  std::vector<Level> upper;           ///< (L), fewest clusters first; empty: the clusters are not nested
  std::vector<std::int64_t> parents;  ///< (K): the finest clusters' in the last of `upper`

  bool empty() const { return upper.empty(); }
  /// The clusters that a finest one is in, (L) numbers, the topmost first.
  std::vector<std::int64_t> path(std::int64_t cluster) const;
  /// Their names.
  std::vector<std::string> path_names(std::int64_t cluster) const;
};

/// One level above named clusters; each of its clusters is a union of clusters one level below.
struct UpperClusters {
  std::vector<std::int64_t> parents;  ///< of the clusters one level below: their cluster here
  std::int64_t n_clusters = 0;
  std::vector<std::string>
      kept;  ///< empty, or (n_clusters): names that are to stay where the rules allow, or ""
};

/// Names for upper levels, so that names narrow from above to below: animal, bird, parrot.
///
/// A cluster of one cluster alone has the name of that. Else it is named by name_clusters' rules among the
/// clusters of its level, with two more. A noun is no name for it if more than a third of its images have a
/// wider name one level below, of which the noun is a kind. And a noun's weight counts in full only as far as
/// the names one level below are kinds of it (0.85 of the weight where none is).
///
/// `labels` (N) and `names` (K) are of the finest clusters, as name_clusters has them; `levels` follow from
/// below to above. Returns the names of each level. Throws Error for sizes that do not match.
std::vector<std::vector<ClusterName>> name_levels(MatrixView<const float> embeddings,
                                                  std::span<const std::int64_t> labels,
                                                  const std::vector<ClusterName>& names,
                                                  std::span<const UpperClusters> levels,
                                                  const NamingWords& words);

/// The captions of each cluster, at most `count`, best first, from the mass that its images sent to each.
/// A caption's weight is its share of the cluster's mass times how distinctive it is: how far the cluster's
/// part of the caption's mass, all clusters being taken as of one size, is above an even part (0) on the way
/// to all of it (1). A caption serves one cluster only: in each of `count` rounds they are given out one to
/// one by the largest total of the scores.
///
/// `mass` (K, M), finite, at least 0, as group_mass returns it; `captions` M strings. Throws Error for
/// differing sizes and values out of range.
std::vector<std::vector<ScoredWord>> caption_clusters(MatrixView<const double> mass,
                                                      const std::vector<std::string>& captions,
                                                      std::int64_t count);

/// What a cluster's name says of a class, by WordNet.
enum class NameRelation {
  none,     ///< something else
  unnamed,  ///< the cluster has no name
  same,     ///< the class itself or a synonym
  kind,     ///< a kind of the class (a hyponym): dog, where the class is animal
  above,    ///< what the class is a kind of (a hypernym), at most two steps up: vertebrate for mammal
};

/// How right clusters' names are.
struct NameCorrectness {
  struct Cluster {
    std::int64_t number = 0;        ///< of the cluster
    std::int64_t class_number = 0;  ///< the class that most of its images have, among those WordNet knows
    std::int64_t n_images = 0;      ///< with a class that WordNet knows
    NameRelation relation = NameRelation::none;  ///< of its name to that class
    double right = 0;  ///< share of these images for whose own class the name is right
  };
  std::vector<Cluster> clusters;  ///< those with such images, ascending
  std::int64_t n_images = 0;      ///< with a class that WordNet knows
  double right = 0;               ///< share of the images whose class is the name's: same, kind or above
  double within_two_steps = 0;    ///< the same, kinds further than two steps below the class not counted
  double unnamed = 0;             ///< share of the images in clusters without a name
  std::vector<std::string> unknown_classes;  ///< labels that WordNet does not know; their images do not count
};

/// `clusters` and `classes` (N): numbers of each image's cluster and class, class −1 for an image without a
/// label; `names` (K), `class_names` (R).
NameCorrectness name_correctness(const WordNet& wordnet, std::span<const std::int64_t> clusters,
                                 const std::vector<std::string>& names, std::span<const std::int64_t> classes,
                                 const std::vector<std::string>& class_names);

}  // namespace ilk
