#pragma once
#include <ilk/cae.h>

#include <vector>

namespace ilk::internal {

/// fuse(embeddings and texts), row by row in the place of the texts: their memory goes back to the system as
/// soon as they are fused. At most two texts (N, D).
FusionResult fuse_and_free(MatrixView<const float> embeddings, std::vector<Matrix<float>> texts,
                           const FusionOptions& options);

/// k-means of fused images: the last step of CAE and TAC.
CaeResult cluster_fused(FusionResult fusion, const CaeOptions& options, Progress& progress);

}  // namespace ilk::internal
