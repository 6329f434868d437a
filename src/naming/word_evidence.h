#pragma once
// N images, P nouns, D dimensions, G groups of images, C concepts.
#include <ilk/naming.h>

#include <algorithm>
#include <span>
#include <vector>

#include "kernels/int16_product.h"
#include "naming/concepts.h"

namespace ilk {

using ImageRows = std::vector<std::int64_t>;

/// What the images of a group say for each concept: e is the probability of the concept and all kinds of it.
struct GroupEvidence {
  std::int64_t n_images;
  std::span<const float> mean;       ///< of e, (C)
  std::span<const float> mean_root;  ///< of √e, (C)

  double variance_root(std::size_t c) const {
    // The mean of (√e)² is the mean of e.
    const auto root = static_cast<double>(mean_root[c]);
    return std::max(0.0, static_cast<double>(mean[c]) - root * root);
  }
};

/// The same of G groups.
class Evidence {
 public:
  Evidence() = default;
  Evidence(std::int64_t n_groups, std::int64_t n_concepts)
      : n_images_(static_cast<std::size_t>(n_groups)),
        mean_(n_groups, n_concepts),
        mean_root_(n_groups, n_concepts) {}

  GroupEvidence of(std::int64_t group) const {
    return {n_images_[static_cast<std::size_t>(group)], mean_.row(group), mean_root_.row(group)};
  }

 private:
  friend class WordEvidence;
  std::vector<std::int64_t> n_images_;
  Matrix<float> mean_, mean_root_;  // (G, C)
};

/// Evidence of images for nouns, a softmax over all of them, made when it is asked for.
class WordEvidence {
 public:
  WordEvidence(MatrixView<const float> embeddings, const NamingWords& words,
               const std::vector<Concept>& concepts);

  std::int64_t n_concepts() const { return std::ssize(kinds_begin_) - 1; }

  /// Of groups of images, which are rows of the embeddings; an image may be in several groups, and is looked
  /// at once. Takes 2 G · C numbers and what some images say at a time: 32 MiB or so, whatever N and P are.
  Evidence of(std::span<const ImageRows> groups) const;

 private:
  struct Batch;
  void take_evidence(Batch& batch) const;

  MatrixView<const float> embeddings_;
  Int16Matrix nouns_;
  std::vector<std::int64_t> concept_of_;              // the P nouns'
  std::vector<std::int64_t> kinds_begin_, kinds_of_;  // of concept c: kinds_of_[kinds_begin_[c] … )
  float scale_;                                       // 1 / temperature
};

}  // namespace ilk
