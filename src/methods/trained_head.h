#pragma once
// D dimensions of images, D′ of texts, K clusters.
#include <ilk/training.h>

#include <vector>

#include "kernels/matrix_product.h"

namespace ilk::internal {

/// BatchNorm's usual constants.
inline constexpr double norm_epsilon = 1e-5, norm_momentum = 0.1;

/// A trained head, laid out for predictions: BatchNorm by its running statistics.
class TrainedHead {
 public:
  explicit TrainedHead(const HeadWeights& weights);
  /// Probabilities (rows, K) of `features` (rows, D or D′), on the calling thread. A row's do not depend on
  /// the others.
  void probabilities(MatrixView<const float> features, MatrixView<float> result) const;
  Matrix<float> probabilities(MatrixView<const float> features) const;
  std::int64_t n_clusters() const { return weight2_.columns(); }

 private:
  PackedMatrix map_, weight1_, weight2_;
  std::vector<float> mean_, scale_, norm_bias_, bias2_;
};

/// Numbers become e^number / Σ e^number; NaN where one is not finite.
void softmax(float* numbers, std::int64_t n);

}  // namespace ilk::internal
