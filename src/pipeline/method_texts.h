#pragma once
// N images, D and D′ dimensions of images and texts.
#include <ilk/tac.h>

#include <optional>
#include <vector>

namespace ilk {

/// What a method clusters with besides X; what it does not need is left out.
struct MethodTexts {
  std::vector<SemanticSpace> spaces;       ///< words that were aligned
  std::optional<SemanticSpace> retrieved;  ///< nouns that were retrieved
  /// (N, D′), a text for each image; a row of zeros is a text that is to be retrieved.
  Matrix<float> of_images;
};

/// Retrieves nouns for X (N, D) by its semantic centres and, where a text for each image is wanted, gives one
/// to those that have none.
void retrieve_texts(MethodTexts& texts, MatrixView<const float> embeddings, MatrixView<const float> centres,
                    MatrixView<const float> nouns, bool for_each_image, const TacOptions& options,
                    Progress& progress);

}  // namespace ilk
