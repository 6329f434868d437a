#pragma once
// N images, W dimensions of the space that is clustered.
#include <ilk/kmeans.h>
#include <ilk/training.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ilk {

/// What every method leaves, for names and for the run directory.
struct Clustering {
  Assignment assignment;   ///< each image's cluster, score and runner-up
  Matrix<float> features;  ///< (N, W), what was clustered, rows of unit length; empty where it was X itself
  double objective = 0;
  /// What else features.safetensors is to keep, with what the method needs to place new images.
  NamedArrays arrays;
  /// For the manifest, each part of the method under its name.
  nlohmann::ordered_json facts = nlohmann::ordered_json::object();
  std::vector<EpochFacts> epochs;  ///< where heads were trained
  std::string words_helped;  ///< a sentence for the report, where the method weighed words against images

  /// What was clustered (N, W), whether that is X or features of its own.
  MatrixView<const float> clustered(MatrixView<const float> embeddings) const {
    return features.empty() ? embeddings : features.view();
  }
};

}  // namespace ilk
