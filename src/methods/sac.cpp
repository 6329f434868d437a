// N images, D dimensions, K clusters.
#include <ilk/sac.h>

#include "core/option_checks.h"
#include "methods/training_loop.h"

namespace ilk {
TrainedHeads train_sac(MatrixView<const float> images, MatrixView<const float> texts,
                       const SacOptions& options, const TrainingHooks& hooks, Progress& progress) {
  constexpr auto function = "train_sac";
  check_ranges(options, function);
  const std::int64_t k = options.n_clusters;
  Matrix<float> room;
  return internal::train(
      {.function = function,
       .images = images,
       .texts = texts,
       .n_clusters = options.n_clusters,
       .seed = options.seed,
       .options = options.training,
       .sizes = k > 512 ? internal::TrainingSizes{100, std::max<std::int64_t>(8192, k), 50}
                        : internal::TrainingSizes{30, 512, 20},
       .views = 3,
       .facts = internal::sac_facts,
       .loss = [&](const internal::Pair& p) { return internal::sac_loss(p, options.loss, room); },
       .loss_options = internal::options_text(options.loss)},
      hooks, progress);
}

}  // namespace ilk
