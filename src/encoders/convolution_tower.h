#pragma once
// A convolutional network of inverted residuals (Sandler et al. 2018; EfficientNet-Lite0 is one) with batch
// norms folded into its weights, for inference. B images.
#include <ilk/encoder.h>
#include <ilk/matrix.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "encoders/model_weights.h"

namespace ilk {

/// Blocks of one kind in a row; only the first has the stride.
struct ConvolutionStage {
  std::int64_t size, stride, expansion, repeats, width;
};

struct ConvolutionConfig {
  std::int64_t image_size = 224, stem = 32, pooled = 1280;
  std::vector<ConvolutionStage> stages;
};

/// A stem (3 × 3, stride 2), the blocks, a head (1 × 1), and the mean over what places are left. A block
/// expands (1 × 1), looks at each channel by itself (3 × 3 or 5 × 5) and projects (1 × 1, linear), and adds
/// what it was given where nothing but the channels' contents changed. ReLU6 after all but projections.
/// Windows at the edge see zeros; where these are odd in number, the odd one is below and on the right, as in
/// TensorFlow.
///
/// Channels must be multiples of 16 but for projections; the first stage, and no other, has one block of
/// expansion 1.
class ConvolutionTower {
 public:
  /// Takes image.stem, image.block.<i>.{expand, depthwise, project} and image.head from `weights`.
  /// `precision` is not automatic; on a GPU it is fp32.
  ConvolutionTower(const ConvolutionConfig& config, ModelWeights& weights, Precision precision,
                   Device device = Device::cpu);

  /// `pixels` (B, 3 · S · S), channel after channel, from −1 to 1. Returns (B, pooled). On the CPU a row is
  /// the same to the bit whatever its companions, the number of threads and the processor. Uses
  /// parallel_blocks.
  Matrix<float> operator()(MatrixView<const float> pixels) const;

 private:
  /// (B, 3 · S · S) to (B, pooled).
  std::function<Matrix<float>(MatrixView<const float> pixels)> encode_;
};

/// Where a window of `size` begins and how many outputs there are: for n places `before` places are seen
/// before the first.
struct SamePadding {
  std::int64_t outputs, before, after;
};
constexpr SamePadding same_padding(std::int64_t n, std::int64_t size, std::int64_t stride) {
  const std::int64_t outputs = (n + stride - 1) / stride;
  const std::int64_t needed = (outputs - 1) * stride + size - n, total = needed > 0 ? needed : 0;
  return {outputs, total / 2, total - total / 2};
}

}  // namespace ilk
