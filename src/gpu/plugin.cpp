// The functions that ilk calls: see src/encoders/gpu_plugin.h.
#include <ATen/Context.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>

#include "gpu/towers.h"

#if __has_include(<ATen/cuda/CUDAContext.h>) && __has_include(<cuda_runtime_api.h>)
#include <ATen/cuda/CUDAContext.h>
#define ILK_CUDA_NAMES 1
#endif

namespace ilk::gpu {
namespace {

void write(const std::string& text, char* to, std::int64_t capacity) {
  const auto length = std::min(text.size(), static_cast<std::size_t>(capacity - 1));
  std::memcpy(to, text.data(), length);
  to[length] = '\0';
}

/// No exception may leave the plugin.
template <class Body>
std::int32_t guarded(char* error, std::int64_t capacity, Body&& body) {
  try {
    const c10::InferenceMode no_gradients;
    body();
    return 0;
  } catch (const c10::Error& problem) {
    write(std::string("the GPU failed: ") + problem.what_without_backtrace(), error, capacity);
  } catch (const std::exception& problem) {
    write(problem.what(), error, capacity);
  }
  return 1;
}

at::Device device_of(const std::string& name) {
  if (name == "cpu") return at::Device(at::kCPU);
  if (name != "cuda") throw std::runtime_error("ILK_GPU_DEVICE must be cuda or cpu, got " + name + ".");
  if (!at::globalContext().hasCUDA())
    throw std::runtime_error(
        "cuda found no GPU that this machine's libtorch and driver can use; leave out --device cuda.");
  return at::Device(at::kCUDA, 0);
}

/// The same numbers each time, as far as a GPU gives them: no products of fewer bits than fp32 has, no choice
/// of algorithms by a race.
void be_exact() {
  auto& context = at::globalContext();
  context.setAllowTF32CuBLAS(false);
  context.setAllowTF32CuDNN(false);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
}

std::int32_t find_device(const char* device, char* name, char* error, std::int64_t capacity) {
  return guarded(error, capacity, [&] {
    const at::Device found = device_of(device);
    std::string text = found.is_cuda() ? "GPU" : "CPU";
#if defined(ILK_CUDA_NAMES)
    if (found.is_cuda()) text += std::string(", ") + at::cuda::getDeviceProperties(0)->name;
#endif
    write(text + " (libtorch)", name, capacity);
  });
}

std::int32_t load(const char* device, const IlkTowerShape* shape, const IlkWeights* weights, IlkTower** tower,
                  char* error, std::int64_t capacity) {
  return guarded(error, capacity, [&] {
    be_exact();
    const at::Device place = device_of(device);
    const Loader loader(*weights, place);
    switch (shape->kind) {
      case ILK_VISION_TRANSFORMER:
        *tower = vision_transformer(*shape, loader, place).release();
        return;
      case ILK_TEXT_TRANSFORMER:
        *tower = text_transformer(*shape, loader, place).release();
        return;
      case ILK_CONVOLUTIONS:
        *tower = convolutions(*shape, loader, place).release();
        return;
      default:
        throw std::runtime_error("knows no tower of kind " + std::to_string(shape->kind) + ".");
    }
  });
}

std::int32_t run(const IlkTower* tower, const float* pixels, const std::int32_t* tokens, std::int64_t count,
                 std::int64_t length, float* output, char* error, std::int64_t capacity) {
  return guarded(error, capacity, [&] {
    at::Tensor input;
    if (pixels != nullptr) {
      const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(length) / 3)));
      input = at::from_blob(const_cast<float*>(pixels), {count, 3, side, side}, at::kFloat);
    } else {
      input = at::from_blob(const_cast<std::int32_t*>(tokens), {count, length}, at::kInt).to(at::kLong);
    }
    const at::Tensor result = (*tower)(input.to(tower->device)).to(at::kCPU, at::kFloat).contiguous();
    std::memcpy(output, result.data_ptr<float>(), static_cast<std::size_t>(result.numel()) * sizeof(float));
  });
}

void release(IlkTower* tower) {
  delete tower;
}

constexpr IlkGpuPlugin table{ILK_GPU_PLUGIN_VERSION, find_device, load, run, release};

}  // namespace
}  // namespace ilk::gpu

extern "C" __attribute__((visibility("default"))) const IlkGpuPlugin* ilk_gpu_plugin(void) {
  return &ilk::gpu::table;
}
