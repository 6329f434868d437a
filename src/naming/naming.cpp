// N images, P nouns, C concepts (nouns that count as one), K clusters.
#include <ilk/naming.h>

#include "naming/noun_choices.h"

namespace ilk {

std::vector<ClusterName> name_clusters(MatrixView<const float> embeddings,
                                       std::span<const std::int64_t> labels, std::int64_t n_clusters,
                                       const NamingWords& words) {
  check_naming("name_clusters", embeddings, labels, n_clusters, words);
  std::vector<ClusterName> names(size_t_of(n_clusters));
  for (std::size_t k = 0; k < names.size(); ++k) names[k].name = "unnamed " + std::to_string(k);
  if (labels.empty() || words.nouns.empty()) return names;

  const std::vector<Concept> concepts =
      make_concepts(words.nouns, words.definitions, words.wordnet, words.with_hypernyms);
  const WordEvidence evidence(embeddings, words, concepts);
  const EvidenceGroups groups(evidence, sampled_members(labels, n_clusters));
  const NounChoices weighed(groups, concepts, words.nouns.size());
  const auto choices = weighed.of_all(most_candidates);
  const double least = weighed.least_score();
  const auto chosen = give_out(choices, concepts);
  for (std::size_t k = 0; k < names.size(); ++k)
    take_choice(names[k], choices[k], chosen[k], least, concepts);
  return names;
}

}  // namespace ilk
