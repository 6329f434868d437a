// TAC with training: heads that learn from images and their retrieved counterparts.
#include <ilk/tac.h>

#include "pipeline/method_entries/trained_clusters.h"
#include "pipeline/method_list.h"

namespace ilk {
namespace {

Clustering cluster_by_tac_trained(MethodInput input) {
  const auto embeddings = input.embeddings;
  const RunOptions& options = input.options;
  const auto train = [&](MatrixView<const float> texts, const TrainingHooks& hooks) {
    return train_tac(embeddings, texts, {input.n_clusters, options.seed, options.training, options.tac},
                     hooks, input.progress);
  };
  return clusters_of_training(std::move(input), train);
}

}  // namespace

const Method tac_trained_method{.name = "tac-trained",
                                .summary = "heads that learn from retrieved nouns",
                                .needs = {.image_texts = ImageTexts::retrieved},
                                .memory = memory_of_training,
                                .cluster = cluster_by_tac_trained,
                                .place = place_by_head};

}  // namespace ilk
