#include "pipeline/method_entries/centroid_clusters.h"

namespace ilk {

Clustering clusters_of_kmeans(Matrix<float> features, KMeansResult clusters, Assignment assignment,
                              Progress& progress) {
  if (!clusters.converged)
    progress.say("k-means did not converge in " + std::to_string(clusters.iterations) +
                 " iterations; raise --kmeans-max-iterations.");
  Clustering clustering{.assignment = std::move(assignment),
                        .features = std::move(features),
                        .objective = clusters.objective,
                        .facts = {{"kmeans",
                                   {{"iterations", clusters.iterations},
                                    {"converged", clusters.converged},
                                    {"objectives", clusters.objectives},
                                    {"empty_repaired", clusters.empty_repaired},
                                    {"duplicates", clusters.duplicates}}}}};
  clustering.arrays.emplace_back("centroids", std::move(clusters.centroids));
  return clustering;
}

Clustering clusters_of_fusion(CaeResult result, Progress& progress) {
  Clustering clustering = clusters_of_kmeans(std::move(result.fusion.features), std::move(result.kmeans),
                                             std::move(result.assignment), progress);
  clustering.arrays.emplace_back("fusion_weights", std::move(result.fusion.weights));
  const auto& means = result.fusion.model.means;
  for (std::size_t i = 0; i < means.size(); ++i)
    clustering.arrays.emplace_back("fusion_mean_" + std::to_string(i), Array(means[i]));
  return clustering;
}

Assignment place_by_centroids(const AssignableRun& run, MatrixView<const float> images) {
  return assign_to_nearest(images, run.matrix("centroids"));
}

Assignment place_by_fusion(const AssignableRun& run, const std::vector<MatrixView<const float>>& parts,
                           const FusionOptions& fusion) {
  FusionModel means;
  for (std::size_t i = 0; fusion.centre && i < parts.size(); ++i)
    means.means.push_back(run.array("fusion_mean_" + std::to_string(i)).to_floats());
  return assign_to_nearest(fuse_new(parts, fusion, means), run.matrix("centroids"));
}

Assignment place_by_aligned_words(const AssignableRun& run, MatrixView<const float> images) {
  std::vector<Matrix<float>> texts;
  const auto add = [&](const std::string& kind, Levels other) {
    if (run.options().levels != other && run.contains(kind + "_features"))
      texts.push_back(counterparts(images, run.matrix(kind + "_features"), run.plan(kind)));
  };
  add("noun", Levels::captions);
  add("caption", Levels::nouns);
  std::vector<MatrixView<const float>> parts{images};
  for (const auto& part : texts) parts.emplace_back(part);
  return place_by_fusion(run, parts, run.options().fusion);
}

std::vector<StageMemory> memory_of_aligned_words(const RunSize& size, const RunOptions& options,
                                                 bool keeps_counterparts) {
  const double images = bytes_of_rows(size.images, size.dimensions);
  const int words = (size.nouns > 0 && options.levels != Levels::captions) +
                    (size.captions > 0 && options.levels != Levels::nouns);
  const double fused = options.fusion.fusion == FusionKind::sum ? images : (1 + words) * images;
  const double kept = keeps_counterparts ? words * images : 0;
  return {{"fusing", words * images + fused},
          {"clustering", fused + kept + kmeans_bytes(size, options, (1 + words) * size.dimensions)}};
}

}  // namespace ilk
