// CAE: images fused with their counterparts among aligned nouns and captions (docs/methods/cae.md).
#include "pipeline/algorithm_options.h"
#include "pipeline/method_entries/centroid_clusters.h"
#include "pipeline/method_list.h"

namespace ilk {
namespace {

std::vector<StageMemory> memory_of_cae(const RunSize& size, const RunOptions& options) {
  return memory_of_aligned_words(size, options, /*keeps_counterparts=*/false);
}

Clustering cluster_by_cae(MethodInput input) {
  return clusters_of_fusion(cae(input.embeddings, std::move(input.texts.spaces),
                                cae_options(input.options, input.n_clusters), input.progress),
                            input.progress);
}

}  // namespace

const Method cae_method{.name = "cae",
                        .summary = "nouns, captions and transport",
                        .needs = {.aligned_words = AlignedWords::required},
                        .memory = memory_of_cae,
                        .cluster = cluster_by_cae,
                        .place = place_by_aligned_words};

}  // namespace ilk
