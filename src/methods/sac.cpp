// N images, D dimensions, K clusters.
#include <ilk/sac.h>

#include "training_loop.h"

namespace ilk {
namespace {

/// The publication's numbers where options are left at 0.
TrainingOptions resolved(TrainingOptions training, std::int64_t k) {
  const bool many = k > 512;
  if (training.epochs == 0) training.epochs = many ? 100 : 30;
  if (training.batch_size == 0) training.batch_size = many ? std::max<std::int64_t>(8192, k) : 512;
  if (training.neighbours == 0) training.neighbours = many ? 50 : 20;
  return training;
}

}  // namespace

TrainedHeads train_sac(const torch::Tensor& images, const torch::Tensor& texts, const SacOptions& options,
                       const TrainingHooks& hooks, Progress& progress) {
  constexpr auto function = "train_sac";
  check_ranges(options, function);
  return internal::train(
      {.function = function,
       .images = images,
       .texts = texts,
       .n_clusters = options.n_clusters,
       .seed = options.seed,
       .options = resolved(options.training, options.n_clusters),
       .views = 3,
       .facts = internal::sac_facts,
       .loss = [&](const internal::Pair& p) { return internal::sac_loss(p, options.loss); },
       .loss_options = internal::options_text(options.loss)},
      hooks, progress);
}

}  // namespace ilk
