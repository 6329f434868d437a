#pragma once
// N images, D dimensions, K clusters, W dimensions of the space that is clustered.
#include <ilk/cae.h>
#include <ilk/run.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ilk {

/// What every method leaves, for names and for the run directory.
struct Clustering {
  Assignment assignment;   ///< each image's cluster, score and runner-up
  Matrix<float> features;  ///< (N, W), what was clustered, rows of unit length; empty where it was X itself
  double objective = 0;
  /// What else features.safetensors is to keep, with what `ilk` needs to place new images.
  NamedArrays arrays;
  nlohmann::ordered_json facts;    ///< for the manifest, each part of the method under its name
  std::vector<EpochFacts> epochs;  ///< where heads were trained
  std::string words_helped;  ///< a sentence for the report, where the method weighed words against images

  /// What was clustered (N, W), whether that is X or features of its own.
  MatrixView<const float> clustered(MatrixView<const float> embeddings) const {
    return features.empty() ? embeddings : features.view();
  }
};

/// What a method clusters with besides X; what it does not need is left out.
struct MethodTexts {
  std::vector<SemanticSpace> spaces;       ///< words that were aligned (auto, cae)
  std::optional<SemanticSpace> retrieved;  ///< nouns that were retrieved (tac)
  /// (N, D′), a text for each image (sac, tac-trained); a row of zeros is a text that is to be retrieved.
  Matrix<float> of_images;
};

/// Whether the method clusters with words; else they are used for names alone.
bool needs_words(Method method);
/// Whether it fuses images with words that are aligned to them (auto, cae).
bool fuses_words(Method method);
/// Whether the method retrieves nouns of its own, as TAC does, rather than taking the aligned ones.
bool retrieves_nouns(const RunOptions& options);

/// Retrieves nouns for X (N, D) and, where the method needs one, a text for each image.
MethodTexts retrieve_texts(MatrixView<const float> embeddings, MatrixView<const float> centres,
                           MatrixView<const float> nouns, const RunOptions& options, Progress& progress);

/// Clusters X (N, D) with these texts. With retrieve_texts the one place that tells methods apart. A training
/// keeps its state in the run directory after each epoch and goes on from there.
Clustering cluster_by_method(MatrixView<const float> embeddings, MethodTexts texts, const RunOptions& options,
                             Progress& progress);

}  // namespace ilk
