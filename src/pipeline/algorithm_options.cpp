#include "pipeline/algorithm_options.h"

namespace ilk {

KMeansOptions kmeans_options(const RunOptions& options, std::int64_t n_clusters) {
  return {.n_clusters = n_clusters, .seed = options.seed, .search = options.kmeans};
}

CaeOptions cae_options(const RunOptions& options, std::int64_t n_clusters) {
  return {.n_clusters = n_clusters,
          .seed = options.seed,
          .kmeans = options.kmeans,
          .selection = options.selection,
          .alignment = options.alignment,
          .transport = options.transport,
          .temperature = options.temperature,
          .fusion = options.fusion};
}

TacOptions tac_options(const RunOptions& options, std::int64_t n_clusters) {
  TacOptions tac{.n_clusters = n_clusters,
                 .seed = options.seed,
                 .kmeans = options.kmeans,
                 .selection = options.selection,
                 .temperature = options.temperature};
  tac.selection.selection = SelectionRule::exclusive;
  return tac;
}

}  // namespace ilk
