#pragma once
// K clusters, M selected nouns.
#include <ilk/matrix.h>
#include <ilk/wordnet.h>

#include <string>
#include <vector>

namespace ilk {

struct ScoredWord {
  std::string word;
  double score = 0;  ///< in [0, 1]: the square root of the weight that the name is chosen by
  double share = 0;  ///< share of the cluster's mass that went to the word and its synonyms
};

struct ClusterName {
  std::string name;       ///< unique among the clusters
  double score = 0;       ///< of the chosen noun
  std::string runner_up;  ///< the best other noun of `words`, empty where there is none
  double runner_up_score = 0;
  std::vector<ScoredWord> words;  ///< best first, at most ten
};

/// Names clusters from the mass that their images sent to each noun.
///
/// Nouns that differ in case, hyphens, spaces or plural only, and nouns with the same most frequent sense,
/// count as one: their mass adds up, and the one with most of a cluster's mass stands for them there. So no
/// two clusters share a name in these ways.
///
/// A noun's weight for a cluster is its share of the cluster's mass times how distinctive it is: how far the
/// cluster's part of the noun's mass, all clusters being taken as of one size, is above an even part (0) on
/// the way to all of it (1). So a noun which serves all clusters alike names none. A noun's share counts its
/// hyponyms too, each 0.7 for a step down, and to its weight comes half of what its hypernyms have to say,
/// each 0.7 for a step up, up to four steps: where a cluster's mass is spread over poodle, terrier and lamp,
/// the name is dog if that is among the nouns, else poodle, never lamp. Nouns that name no physical thing
/// count 0.8; numbers and single letters are the last resort.
///
/// Names are given out one to one by the largest total of the scores. A cluster without mass, or with no noun
/// left, is "group N", N its row in `mass`. Scores are for ranking: with thousands of nouns even a perfect
/// name's score is small.
///
/// `mass` (K, M), finite, at least 0, as group_mass returns it; `nouns` M strings; `wordnet` may be
/// null: then only the spelling joins nouns, and there are no hypernyms. Throws Error for differing sizes and
/// values out of range.
std::vector<ClusterName> name_clusters(MatrixView<const double> mass, const std::vector<std::string>& nouns,
                                       const WordNet* wordnet);

/// The captions of each cluster with the largest share times distinctiveness (as above, each caption for
/// itself), at most `count`, best first. A caption serves one cluster only: in each of `count` rounds they
/// are given out one to one by the largest total of the scores.
std::vector<std::vector<ScoredWord>> caption_clusters(MatrixView<const double> mass,
                                                      const std::vector<std::string>& captions,
                                                      std::int64_t count);

}  // namespace ilk
