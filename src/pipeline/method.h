#pragma once
// N images, D dimensions, K clusters, W dimensions of the space that is clustered.
#include <ilk/cae.h>
#include <ilk/run.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace ilk {

/// What every method leaves, for names and for the run directory.
struct Clustering {
  Assignment assignment;   ///< each image's cluster, score and runner-up
  torch::Tensor features;  ///< (N, W) float32, what was clustered; rows of unit length
  double objective = 0;
  /// What else features.safetensors is to keep, with what `ilk` needs to place new images.
  std::vector<std::pair<std::string, torch::Tensor>> tensors;
  nlohmann::ordered_json facts;  ///< for the manifest, each part of the method under its name
};

/// Whether the method clusters with words; else they are used for names alone.
bool needs_words(Method method);

/// Clusters X (N, D) with the words that were aligned to it. This is the one place that tells methods apart.
Clustering cluster_by_method(const torch::Tensor& embeddings, const std::vector<SemanticSpace>& spaces,
                             const RunOptions& options, Progress& progress);

}  // namespace ilk
