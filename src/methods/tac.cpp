// N images, D dimensions, K clusters.
#include <ilk/error.h>
#include <ilk/tac.h>

#include "contrast.h"
#include "training_loop.h"

namespace ilk {
namespace {

/// TAC is CAE's construction with retrieval for transport and plain concatenation for fusion.
CaeOptions as_cae(const TacOptions& options) {
  return {.kmeans = options.kmeans,
          .selection = options.selection,
          .alignment = Alignment::softmax,
          .temperature = options.temperature,
          .fusion = {.fusion = FusionKind::plain, .centre = false}};
}

TrainingOptions resolved(TrainingOptions training, std::int64_t k) {
  const bool many = k > 100;
  if (training.epochs == 0) training.epochs = many ? 100 : 20;
  if (training.batch_size == 0) training.batch_size = many ? 8192 : 512;
  if (training.neighbours == 0) training.neighbours = 50;
  return training;
}

}  // namespace

SemanticSpace retrieve_words(const torch::Tensor& embeddings, const torch::Tensor& nouns,
                             const TacOptions& options, Progress& progress) {
  constexpr auto function = "tac";
  check_ranges(options, function);
  require_unit_rows(embeddings, function, "embeddings");
  const std::int64_t n = embeddings.size(0), k = options.kmeans.n_clusters;
  require(k <= n, function, "n_clusters must be at most the number of images (", n, "), got ", k, ".");
  const CaeOptions cae_options = as_cae(options);
  const auto centres = semantic_centres(embeddings, cae_options, progress);
  SemanticSpace space = align_words(embeddings, centres, nouns, cae_options, progress);
  space.plan.times_cosine = false;
  return space;
}

CaeResult tac(const torch::Tensor& embeddings, const SemanticSpace& nouns, const TacOptions& options,
              Progress& progress) {
  return cae(embeddings, {nouns}, as_cae(options), progress);
}

TrainedHeads train_tac(const torch::Tensor& images, const torch::Tensor& counterparts,
                       const TacTrainedOptions& options, const TrainingHooks& hooks, Progress& progress) {
  constexpr auto function = "train_tac";
  check_ranges(options, function);
  const double temperature = options.loss.distillation_temperature;
  require(temperature == 0 || temperature >= internal::least_temperature, function,
          "distillation_temperature must be 0 or at least ", internal::least_temperature, ", got ",
          temperature, ".");
  return internal::train(
      {.function = function,
       .images = images,
       .texts = counterparts,
       .n_clusters = options.n_clusters,
       .seed = options.seed,
       .options = resolved(options.training, options.n_clusters),
       .views = 2,
       .facts = internal::tac_facts,
       .loss = [&](const internal::Pair& p) { return internal::tac_loss(p, options.loss); },
       .loss_options = internal::options_text(options.loss)},
      hooks, progress);
}

}  // namespace ilk
