// Spherical k-means of the embeddings. Words give names alone.
#include "cluster/assign.h"
#include "pipeline/algorithm_options.h"
#include "pipeline/method_entries/centroid_clusters.h"
#include "pipeline/method_list.h"

namespace ilk {
namespace {

std::vector<StageMemory> memory_of_kmeans(const RunSize& /*size*/, const RunOptions& /*options*/) {
  return {};
}

Clustering cluster_by_kmeans(MethodInput input) {
  KMeansResult clusters =
      kmeans(input.embeddings, kmeans_options(input.options, input.n_clusters), input.progress);
  Assignment assignment = assignment_of(input.embeddings, clusters);
  return clusters_of_kmeans({}, std::move(clusters), std::move(assignment), input.progress);
}

}  // namespace

const Method kmeans_method{.name = "kmeans",
                           .summary = "the images alone",
                           .needs = {},
                           .memory = memory_of_kmeans,
                           .cluster = cluster_by_kmeans,
                           .place = place_by_centroids};

}  // namespace ilk
