#pragma once
// N images, P words of a criterion, D dimensions, K clusters that are there already, R directions.
#include <ilk/matrix.h>

#include <cstdint>
#include <span>

namespace ilk {

/// The space in which images are grouped by a criterion.
///
/// An image is taken apart: the centre of its kind is subtracted, and what is left counts in full and, along
/// the directions in which the criterion's words differ, once more. The centre is that of all images; where
/// the clusters that are there already have nothing to do with the criterion, it is that of the image's own
/// cluster, so that images of different things become comparable (red squares and red stars).
struct CriterionSpace {
  Matrix<float> centres;         ///< (K, D), or (1, D): what is subtracted
  Matrix<float> directions;      ///< (R, D), orthogonal, of unit length
  bool within_clusters = false;  ///< whether the centres are those of the clusters
  /// How much more of the variance between clusters lies along the directions than of that within them; 1:
  /// as much. Clusters that the criterion is about have more than 1.2.
  double alignment = 1;
};

/// `embeddings` (N, D), rows of unit length; `labels` (N), 0 … K − 1; `words` (P, D), of unit length, P ≥ 2.
/// Deterministic, for any number of threads. Throws Error for sizes that do not match.
CriterionSpace criterion_space(MatrixView<const float> embeddings, std::span<const std::int64_t> labels,
                               std::int64_t n_clusters, MatrixView<const float> words);

/// What is left of the images (n, D) once the nearest centre is subtracted, rows of unit length; an image
/// that lies on its centre stays itself.
Matrix<float> without_centres(MatrixView<const float> embeddings, const CriterionSpace& space);

/// What is clustered: (n, D + R), rows of unit length. `rest` is of without_centres.
Matrix<float> criterion_features(MatrixView<const float> rest, const CriterionSpace& space);

}  // namespace ilk
