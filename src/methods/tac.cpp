// N images, D dimensions, K clusters.
#include <ilk/tac.h>

#include "core/option_checks.h"
#include "methods/fused_clusters.h"
#include "methods/training_loop.h"

namespace ilk {
namespace {

/// TAC is CAE's construction with retrieval for transport and plain concatenation for fusion.
CaeOptions as_cae(const TacOptions& options) {
  return {.n_clusters = options.n_clusters,
          .seed = options.seed,
          .kmeans = options.kmeans,
          .selection = options.selection,
          .alignment = Alignment::softmax,
          .temperature = options.temperature,
          .fusion = {.fusion = FusionKind::plain, .centre = false}};
}

}  // namespace

SemanticSpace retrieve_words(MatrixView<const float> embeddings, MatrixView<const float> centres,
                             MatrixView<const float> nouns, const TacOptions& options, Progress& progress) {
  check_ranges(options, "tac");
  SemanticSpace space = align_words(embeddings, centres, nouns, as_cae(options), {}, progress);
  space.plan.times_cosine = false;
  return space;
}

CaeResult tac(MatrixView<const float> embeddings, const SemanticSpace& nouns, const TacOptions& options,
              Progress& progress) {
  const CaeOptions of_cae = as_cae(options);
  check_ranges(of_cae, "cae");
  FusionResult fusion;
  if (nouns.placed.counterparts.empty()) {
    const Matrix<float> made = counterparts(embeddings, nouns.features, nouns.plan);
    fusion = fuse({embeddings, made}, of_cae.fusion);
  } else {
    fusion = fuse({embeddings, nouns.placed.counterparts}, of_cae.fusion);
  }
  return internal::cluster_fused(std::move(fusion), of_cae, progress);
}

TrainedHeads train_tac(MatrixView<const float> images, MatrixView<const float> counterparts,
                       const TacTrainedOptions& options, const TrainingHooks& hooks, Progress& progress) {
  constexpr auto function = "train_tac";
  check_ranges(options, function);
  Matrix<float> room;
  return internal::train(
      {.function = function,
       .images = images,
       .texts = counterparts,
       .n_clusters = options.n_clusters,
       .seed = options.seed,
       .options = options.training,
       .sizes = options.n_clusters > 100 ? internal::TrainingSizes{100, 8192, 50}
                                         : internal::TrainingSizes{20, 512, 50},
       .views = 2,
       .facts = internal::tac_facts,
       .loss = [&](const internal::Pair& p) { return internal::tac_loss(p, options.loss, room); },
       .loss_options = internal::options_text(options.loss)},
      hooks, progress);
}

}  // namespace ilk
