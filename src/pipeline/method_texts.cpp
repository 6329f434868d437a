#include "pipeline/method_texts.h"

#include <algorithm>
#include <utility>

namespace ilk {

void retrieve_texts(MethodTexts& texts, MatrixView<const float> embeddings, MatrixView<const float> centres,
                    MatrixView<const float> nouns, bool for_each_image, const TacOptions& options,
                    Progress& progress) {
  texts.retrieved = retrieve_words(embeddings, centres, nouns, options, progress);
  if (!for_each_image) return;
  const Matrix<float> given = std::move(texts.of_images);
  texts.of_images = counterparts(embeddings, texts.retrieved->features, texts.retrieved->plan);
  for (std::int64_t i = 0; i < given.rows(); ++i) {
    const auto text = given.row(i);
    const bool has_text = std::any_of(text.begin(), text.end(), [](float value) { return value != 0; });
    if (has_text) std::copy(text.begin(), text.end(), texts.of_images[i]);
  }
}

}  // namespace ilk
