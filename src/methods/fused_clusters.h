#pragma once
#include <ilk/cae.h>

namespace ilk::internal {

/// k-means of fused images: the last step of CAE and TAC.
CaeResult cluster_fused(FusionResult fusion, const CaeOptions& options, Progress& progress);

}  // namespace ilk::internal
