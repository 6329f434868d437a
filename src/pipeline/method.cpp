#include "method.h"

namespace ilk {
namespace {

/// What k-means in some space leaves.
Clustering by_kmeans(const torch::Tensor& features, const KMeansResult& clusters,
                     const Assignment& assignment, Progress& progress) {
  if (!clusters.converged)
    progress.say("k-means did not converge in " + std::to_string(clusters.iterations) +
                 " iterations; raise --kmeans-max-iterations.");
  return {.assignment = assignment,
          .features = features,
          .objective = clusters.objective,
          .tensors = {{"centroids", clusters.centroids}},
          .facts = {{"kmeans",
                     {{"iterations", clusters.iterations},
                      {"converged", clusters.converged},
                      {"objectives", clusters.objectives},
                      {"empty_repaired", clusters.empty_repaired},
                      {"duplicates", clusters.duplicates}}}}};
}

Clustering by_cae(const torch::Tensor& embeddings, const std::vector<SemanticSpace>& spaces,
                  const CaeOptions& options, Progress& progress) {
  const CaeResult result = cae(embeddings, spaces, options, progress);
  Clustering clustering = by_kmeans(result.fusion.features, result.kmeans, result.assignment, progress);
  clustering.tensors.emplace_back("fusion_weights", result.fusion.weights);
  const auto& means = result.fusion.model.means;
  for (std::size_t i = 0; i < means.size(); ++i)
    clustering.tensors.emplace_back("fusion_mean_" + std::to_string(i), means[i]);
  return clustering;
}

}  // namespace

bool needs_words(Method method) {
  return method != Method::kmeans;
}

Clustering cluster_by_method(const torch::Tensor& embeddings, const std::vector<SemanticSpace>& spaces,
                             const RunOptions& options, Progress& progress) {
  switch (options.method) {
    case Method::cae:
      return by_cae(embeddings, spaces, options.cae, progress);
    case Method::kmeans: {
      const KMeansResult clusters = kmeans(embeddings, options.cae.kmeans, progress);
      return by_kmeans(embeddings, clusters, assignment_of(embeddings, clusters), progress);
    }
  }
  return {};  // not reached: every method is above
}

}  // namespace ilk
