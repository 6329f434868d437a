#pragma once
// Towers that run on a GPU. What computes is the plugin of src/gpu, a shared object beside the program that
// is loaded when it is first needed: ilk itself is linked against nothing of it. The environment's
// ILK_GPU_PLUGIN names another file; ILK_GPU_DEVICE=cpu lets the plugin compute without a GPU, for tests.
#include <ilk/matrix.h>

#include <cstdint>
#include <memory>

#include "encoders/clip_config.h"
#include "encoders/convolution_tower.h"
#include "encoders/model_weights.h"

struct IlkTower;

namespace ilk {

/// A tower of a model, in fp32. Its weights are those of the tower of the same name on the CPU. Immutable,
/// thread-safe.
class GpuTower {
 public:
  /// VisionTower, TextTower and ConvolutionTower. Throw Error as ilk::gpu_name does, and with the GPU's own
  /// words where it fails. What weights lack is noted in `weights`.
  static GpuTower vision(const ClipConfig& config, ModelWeights& weights);
  static GpuTower text(const ClipConfig& config, ModelWeights& weights);
  static GpuTower convolutions(const ConvolutionConfig& config, ModelWeights& weights);

  /// `pixels` (B, 3 · S · S) to (B, width), not normalised.
  Matrix<float> operator()(MatrixView<const float> pixels) const;
  /// `tokens` (B, T), the last of each text the one that stands for it, to (B, width), not normalised.
  Matrix<float> operator()(MatrixView<const std::int32_t> tokens) const;

 private:
  Matrix<float> run(const float* pixels, const std::int32_t* tokens, std::int64_t count,
                    std::int64_t length) const;

  std::shared_ptr<const IlkTower> tower_;
  std::int64_t width_ = 0;
};

}  // namespace ilk
