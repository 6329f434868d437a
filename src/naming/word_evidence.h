#pragma once
// N images, P nouns, D dimensions, K clusters, C concepts.
#include <ilk/naming.h>

#include <vector>

#include "kernels/matrix_product.h"
#include "naming/concepts.h"

namespace ilk {

/// What the images of a group say for each concept: e is the probability of the concept and all kinds of it.
struct GroupEvidence {
  std::int64_t n_images = 0;
  std::vector<double> mean;           ///< of e, (C)
  std::vector<double> mean_root;      ///< of √e, (C)
  std::vector<double> variance_root;  ///< of √e, (C)
};

/// Evidence of images for nouns, a softmax over all of them, made when it is asked for.
class WordEvidence {
 public:
  WordEvidence(MatrixView<const float> embeddings, const NamingWords& words,
               const std::vector<Concept>& concepts);

  /// Of the images with these rows. On the calling thread, a few images at a time; O(P) memory.
  GroupEvidence of(const std::vector<std::int64_t>& images) const;

 private:
  MatrixView<const float> embeddings_;
  PackedMatrix nouns_;
  std::vector<std::int64_t> concept_of_;              // the P nouns'
  std::vector<std::int64_t> kinds_begin_, kinds_of_;  // of concept c: kinds_of_[kinds_begin_[c] … )
  float scale_;                                       // 1 / temperature
};

}  // namespace ilk
