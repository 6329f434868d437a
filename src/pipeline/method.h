#pragma once
// N images, D dimensions, K clusters, W dimensions of the space that is clustered.
#include <ilk/cae.h>
#include <ilk/run.h>

#include <nlohmann/json.hpp>
#include <optional>
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
  nlohmann::ordered_json facts;    ///< for the manifest, each part of the method under its name
  std::vector<EpochFacts> epochs;  ///< where heads were trained
};

/// What a method clusters with besides X; what it does not need is left out.
struct MethodTexts {
  std::vector<SemanticSpace> spaces;       ///< words that were aligned (cae)
  std::optional<SemanticSpace> retrieved;  ///< nouns that were retrieved (tac)
  /// (N, D′), a text for each image (sac, tac-trained); a row of zeros is a text that is to be retrieved.
  torch::Tensor of_images;
};

/// Whether the method clusters with words; else they are used for names alone.
bool needs_words(Method method);
/// Whether the method retrieves nouns of its own, as TAC does, rather than taking the aligned ones.
bool retrieves_nouns(const RunOptions& options);

/// Retrieves nouns for X (N, D) and, where the method needs one, a text for each image.
MethodTexts retrieve_texts(const torch::Tensor& embeddings, const torch::Tensor& centres,
                           const torch::Tensor& nouns, const RunOptions& options, Progress& progress);

/// Clusters X (N, D) with these texts. With retrieve_texts the one place that tells methods apart. A training
/// keeps its state in the run directory after each epoch and goes on from there.
Clustering cluster_by_method(const torch::Tensor& embeddings, MethodTexts texts, const RunOptions& options,
                             Progress& progress);

}  // namespace ilk
