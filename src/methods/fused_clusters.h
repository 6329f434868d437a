#pragma once
#include <ilk/cae.h>

#include <vector>

namespace ilk::internal {

/// fuse(embeddings and texts). At most two texts (N, D), whose memory goes back to the system while they are
/// fused.
FusionResult fuse_and_free(MatrixView<const float> embeddings, std::vector<Matrix<float>> texts,
                           const FusionOptions& options);

/// k-means of fused images: the last step of CAE and TAC.
CaeResult cluster_fused(FusionResult fusion, const CaeOptions& options, Progress& progress);

}  // namespace ilk::internal
