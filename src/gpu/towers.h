#pragma once
// The towers of src/encoders with libtorch's operations, in fp32. B images or texts at a time, T tokens of
// each, W a tower's width.
#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <vector>

#include "encoders/gpu_plugin.h"

/// A tower on a device.
struct IlkTower {
  explicit IlkTower(const at::Device& device) : device(device) {}
  virtual ~IlkTower() = default;
  IlkTower(const IlkTower&) = delete;
  IlkTower& operator=(const IlkTower&) = delete;

  /// `input` on the device: pixels (B, 3, S, S) float32, or tokens (B, T) int64. Returns (B, width).
  virtual at::Tensor operator()(const at::Tensor& input) const = 0;

  const at::Device device;
};

namespace ilk::gpu {

/// Weights by their names in a model's file.
class Loader {
 public:
  Loader(const IlkWeights& source, const at::Device& device) : source_(source), device_(device) {}
  /// On the device; zeros where it is missing.
  at::Tensor operator()(const std::string& name, const std::vector<std::int64_t>& shape) const {
    at::Tensor weight = at::zeros(shape, at::kFloat);
    source_.take(source_.context, name.c_str(), shape.data(), static_cast<std::int32_t>(shape.size()),
                 weight.data_ptr<float>());
    return weight.to(device_);
  }

 private:
  const IlkWeights& source_;
  at::Device device_;
};

std::unique_ptr<IlkTower> vision_transformer(const IlkTowerShape& shape, const Loader& load,
                                             const at::Device& device);
std::unique_ptr<IlkTower> text_transformer(const IlkTowerShape& shape, const Loader& load,
                                           const at::Device& device);
std::unique_ptr<IlkTower> convolutions(const IlkTowerShape& shape, const Loader& load,
                                       const at::Device& device);

}  // namespace ilk::gpu
