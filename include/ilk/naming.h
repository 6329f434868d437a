#pragma once
// K clusters, M selected nouns.
#include <ilk/wordnet.h>
#include <torch/types.h>

#include <string>
#include <vector>

namespace ilk {

struct ScoredWord {
  std::string word;
  double score = 0;   ///< distinctive weight, in [0, 1]: what the name is chosen by
  double share = 0;   ///< share of the cluster's mass that went to the word
};

struct ClusterName {
  std::string name;                  ///< unique among the clusters
  double score = 0;                  ///< of the chosen noun
  std::string runner_up;             ///< the noun that would have been next, empty where there is none
  double runner_up_score = 0;
  std::vector<ScoredWord> words;     ///< best first, at most ten
};

/// Names clusters from the mass that their images sent to each noun.
///
/// A noun's weight for a cluster is its share of the cluster's mass times how distinctive it is: the share of the noun's own
/// (size-corrected) mass that comes from this cluster, so that a noun which serves many clusters names none. Where weights are
/// within 5 % of each other, the noun whose hypernyms or synonyms carry more of the cluster's mass wins. Names are given out one to one
/// by the largest total weight, so no two clusters share one (nor differ in case or plural only); a cluster with no mass left gets "group N".
///
/// `mass` (K, M) float64 as group_mass returns it; `nouns` M strings; `wordnet` may be null (no ties by hypernyms then).
std::vector<ClusterName> name_clusters(const torch::Tensor& mass, const std::vector<std::string>& nouns,
                                       const WordNet* wordnet);

/// The most distinctive captions of each cluster by the same weights, at most `count`, best first; a caption may serve one cluster only.
std::vector<std::vector<ScoredWord>> caption_clusters(const torch::Tensor& mass, const std::vector<std::string>& captions,
                                                      std::int64_t count);

}  // namespace ilk
