// By images, by words and by both, whichever explains most (docs/methods/auto.md).

#include <cmath>

#include "cluster/assign.h"
#include "core/text.h"
#include "methods/auto_clustering.h"
#include "pipeline/algorithm_options.h"
#include "pipeline/method_entries/centroid_clusters.h"
#include "pipeline/method_list.h"

namespace ilk {
namespace {

std::string words_helped(const AutoClustering& result) {
  const auto& chosen = result.evidence[static_cast<std::size_t>(result.chosen)];
  const auto& images = result.evidence[static_cast<std::size_t>(ClusteredBy::images)];
  if (result.chosen == ClusteredBy::images)
    return "Words did not help here: the clusters are those of the images alone.";
  const auto change = [](double now, double before) {
    const double percent = before > 0 ? 100 * (now / before - 1) : 0;
    return std::to_string(std::lround(std::fabs(percent))) + " % " + (percent < 0 ? "less" : "more");
  };
  return concatenate(
      "Words helped here: ",
      result.chosen == ClusteredBy::words ? "clusters of images fused with words"
                                          : "clusters proposed by words and refined on the images",
      " explain ", change(chosen.of_words, images.of_words), " of the words and ",
      change(chosen.of_images, images.of_images), " of the images than clusters of the images alone.");
}

/// Where there are no words at all.
Clustering by_images(const MethodInput& input) {
  KMeansOptions options = kmeans_options(input.options, input.n_clusters);
  options.search.n_init = restarts_for(input.embeddings.rows(), options.search.n_init);
  KMeansResult clusters = kmeans(input.embeddings, options, input.progress);
  Assignment assignment = assignment_of(input.embeddings, clusters);
  return clusters_of_kmeans({}, std::move(clusters), std::move(assignment), input.progress);
}

std::vector<StageMemory> memory_of_automatic(const RunSize& size, const RunOptions& options) {
  // The counterparts are kept, since they judge what explains more.
  return memory_of_aligned_words(size, options, /*keeps_counterparts=*/true);
}

Clustering cluster_by_automatic(MethodInput input) {
  if (input.texts.spaces.empty()) return by_images(input);
  AutoClustering result = cluster_automatically(input.embeddings, input.texts.spaces,
                                                cae_options(input.options, input.n_clusters), input.progress);
  std::string helped = words_helped(result);
  nlohmann::ordered_json evidence;
  for (const ClusteringEvidence& one : result.evidence)
    evidence[std::string(enum_name(one.by))] = {
        {"of_images", one.of_images}, {"of_words", one.of_words}, {"score", one.score}};
  nlohmann::ordered_json facts = {{"clustered_by", enum_name(result.chosen)}, {"evidence", evidence}};
  Clustering clustering =
      result.chosen == ClusteredBy::words
          ? clusters_of_fusion(
                {std::move(result.kmeans), std::move(result.assignment), std::move(result.fusion)},
                input.progress)
          : clusters_of_kmeans({}, std::move(result.kmeans), std::move(result.assignment), input.progress);
  clustering.facts["auto"] = std::move(facts);
  clustering.words_helped = std::move(helped);
  return clustering;
}

Assignment place_by_automatic(const AssignableRun& run, MatrixView<const float> images) {
  // Fused features have weights; else X itself was clustered.
  return run.contains("fusion_weights") ? place_by_aligned_words(run, images)
                                        : place_by_centroids(run, images);
}

}  // namespace

const Method automatic_method{.name = "auto",
                              .summary = "by images and by words (cae), whichever explains more",
                              .needs = {.aligned_words = AlignedWords::optional},
                              .memory = memory_of_automatic,
                              .cluster = cluster_by_automatic,
                              .place = place_by_automatic};

}  // namespace ilk
