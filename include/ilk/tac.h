#pragma once
// TAC: text-aided clustering (Li et al., ICML 2024, arXiv 2310.11989), training-free and trained.
// N images, D dimensions, K clusters; P nouns are offered, M of them are selected.
#include <ilk/cae.h>
#include <ilk/training.h>

#include <optional>

namespace ilk {

struct TacOptions {
  std::int64_t n_clusters = 8;
  std::uint64_t seed = 0;
  KMeansSearch kmeans;
  SelectionOptions selection{.selection = SelectionRule::exclusive};
  double temperature = 0.005;
};

template <OptionsOf<TacOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"n_clusters", options.n_clusters, "how many clusters to make"}.at_least(1));
  visit(Field{"seed", options.seed, "number that all random choices start from; same seed, same labels"});
  visit.group("kmeans", options.kmeans);
  visit.group("selection", options.selection);
  visit(Field{"temperature", options.temperature, "temperature of softmax retrieval"}.above(0));
}

/// The nouns that TAC selects for these semantic centres (see semantic_centres), and softmax retrieval of
/// them. `counterparts` with the space's features and plan gives each image its text, normalise(Σ_j
/// softmax_j(S_ij / temperature) u_j).
SemanticSpace retrieve_words(MatrixView<const float> embeddings, MatrixView<const float> centres,
                             MatrixView<const float> nouns, const TacOptions& options,
                             Progress& progress = silent());

/// TAC without training: spherical k-means of the images beside their counterparts, [x, xᵘ] / √2.
CaeResult tac(MatrixView<const float> embeddings, const SemanticSpace& nouns, const TacOptions& options,
              Progress& progress = silent());

struct TacLossOptions {
  std::optional<double> distillation_temperature;
  double balance_weight = 5;
};

template <OptionsOf<TacLossOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(
      Field{"distillation_temperature", options.distillation_temperature,
            "temperature of the contrast of clusters (else 0.5, or 5 where there are more than 100 clusters)"}
          .between(0.02, 1e6));
  visit(Field{"balance_weight", options.balance_weight, "weight of even cluster sizes"}.between(0, 1e6));
}

/// Training left to the method: 20 epochs of batches of 512 and 50 neighbours; where K > 100, 100 epochs of
/// 8192. Small collections as in SAC.
using TacTrainedOptions = TrainedMethodOptions<TacLossOptions>;

/// TAC with trained heads (docs/methods/sac.md); as train_sac, with the images' counterparts for texts.
TrainedHeads train_tac(MatrixView<const float> images, MatrixView<const float> counterparts,
                       const TacTrainedOptions& options, const TrainingHooks& hooks = {},
                       Progress& progress = silent());

}  // namespace ilk
