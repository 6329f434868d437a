// SAC: heads that learn from images and a text for each, the user's or retrieved (docs/methods/sac.md).
#include <ilk/sac.h>

#include "pipeline/method_entries/trained_clusters.h"
#include "pipeline/method_list.h"

namespace ilk {
namespace {

Clustering cluster_by_sac(MethodInput input) {
  const auto embeddings = input.embeddings;
  const RunOptions& options = input.options;
  const auto train = [&](MatrixView<const float> texts, const TrainingHooks& hooks) {
    return train_sac(embeddings, texts, {input.n_clusters, options.seed, options.training, options.sac},
                     hooks, input.progress);
  };
  return clusters_of_training(std::move(input), train);
}

}  // namespace

const Method sac_method{.name = "sac",
                        .summary = "heads that learn from a text for each image, yours or retrieved",
                        .needs = {.image_texts = ImageTexts::given},
                        .memory = memory_of_training,
                        .cluster = cluster_by_sac,
                        .place = place_by_head};

}  // namespace ilk
