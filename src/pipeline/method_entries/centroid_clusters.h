#pragma once
// Methods whose clusters are the centroids of k-means, in X or in a space of their own. N images, D
// dimensions.
#include <ilk/cae.h>

#include "pipeline/assignable_run.h"
#include "pipeline/clustering.h"
#include "pipeline/memory_plan.h"

namespace ilk {

/// What k-means in some space leaves; `features` are empty where that space is X.
Clustering clusters_of_kmeans(Matrix<float> features, KMeansResult clusters, Assignment assignment,
                              Progress& progress);
/// What k-means of fused features leaves.
Clustering clusters_of_fusion(CaeResult result, Progress& progress);

/// Images (n, D) by the centroids in X.
Assignment place_by_centroids(const AssignableRun& run, MatrixView<const float> images);
/// Images, the first of the parts, by the centroids of fused features; `parts` as they were fused.
Assignment place_by_fusion(const AssignableRun& run, const std::vector<MatrixView<const float>>& parts,
                           const FusionOptions& fusion);
/// Images (n, D) with their counterparts among the words that the run aligned.
Assignment place_by_aligned_words(const AssignableRun& run, MatrixView<const float> images);

/// What fusing X with aligned words holds, and k-means of what is fused; `keeps_counterparts`: until its end.
std::vector<StageMemory> memory_of_aligned_words(const RunSize& size, const RunOptions& options,
                                                 bool keeps_counterparts);

}  // namespace ilk
