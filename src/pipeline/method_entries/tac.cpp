// TAC without training: images beside their counterparts among retrieved nouns.
#include <ilk/tac.h>

#include "core/fail.h"
#include "pipeline/algorithm_options.h"
#include "pipeline/method_entries/centroid_clusters.h"
#include "pipeline/method_list.h"

namespace ilk {
namespace {

std::vector<StageMemory> memory_of_tac(const RunSize& size, const RunOptions& options) {
  return {{"clustering", 3 * bytes_of_rows(size.images, size.dimensions) +
                             kmeans_bytes(size, options, 2 * size.dimensions)}};
}

Clustering cluster_by_tac(MethodInput input) {
  if (!input.texts.retrieved)
    fail("cluster_by_method", "method tac must be given the nouns that it retrieved.");
  SemanticSpace nouns = std::move(*input.texts.retrieved);
  Clustering clustering = clusters_of_fusion(
      tac(input.embeddings, nouns, tac_options(input.options, input.n_clusters), input.progress),
      input.progress);
  clustering.arrays.emplace_back("retrieved_features", std::move(nouns.features));
  clustering.arrays.emplace_back("retrieved_column_potentials", Array(nouns.plan.column_potentials));
  return clustering;
}

Assignment place_by_tac(const AssignableRun& run, MatrixView<const float> images) {
  const RowPlan retrieval{.column_potentials = run.array("retrieved_column_potentials").to_doubles(),
                          .epsilon = run.options().temperature,
                          .times_cosine = false};
  const Matrix<float> texts = counterparts(images, run.matrix("retrieved_features"), retrieval);
  return place_by_fusion(run, {images, texts}, {.fusion = FusionKind::plain, .centre = false});
}

}  // namespace

const Method tac_method{.name = "tac",
                        .summary = "retrieved nouns",
                        .needs = {.retrieved_nouns = true},
                        .memory = memory_of_tac,
                        .cluster = cluster_by_tac,
                        .place = place_by_tac};

}  // namespace ilk
