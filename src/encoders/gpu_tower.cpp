#include "encoders/gpu_tower.h"

#include <ilk/encoder.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <vector>

#include "core/fail.h"
#include "encoders/gpu_plugin.h"
#include "io/lazy_library.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view in_device = "device";

constexpr const char* plugin_name = "ilk_gpu.so";

/// Images or texts that the GPU is given together, so that it need not hold more.
constexpr std::int64_t most_at_a_time = 256;

/// Beside the program while ilk is developed, in its folder of libraries once it is installed.
std::string plugin_file() {
  std::vector<fs::path> places;
  std::error_code error;
  if (const char* set = std::getenv("ILK_GPU_PLUGIN"); set != nullptr && *set != '\0') {
    places = {set};
  } else {
    const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
    places = {folder / plugin_name, (folder / ILK_LIBRARIES_FROM_BIN / plugin_name).lexically_normal()};
  }
  for (const fs::path& place : places)
    if (fs::exists(place, error)) return place.string();
  fail(in_device, "cuda needs ilk's GPU plugin, and there is no ", places.front().string(),
       ": build ilk with -DILK_WITH_TORCH=ON, or leave out --device cuda.");
}

const IlkGpuPlugin& plugin() {
  static const IlkGpuPlugin& found = []() -> const IlkGpuPlugin& {
    static const std::string file = plugin_file();
    const LazyLibrary library(file.c_str(), "--device cuda");
    IlkGpuPluginFunction get = nullptr;
    library.find(get, ILK_GPU_PLUGIN_SYMBOL);
    const IlkGpuPlugin* table = get();
    require(table->version == ILK_GPU_PLUGIN_VERSION, in_device, "the GPU plugin ", file,
            " is of another ilk (its interface is ", table->version, ", this program's ",
            ILK_GPU_PLUGIN_VERSION, "); build both together.");
    return *table;
  }();
  return found;
}

const char* device_name() {
  const char* set = std::getenv("ILK_GPU_DEVICE");
  return set != nullptr && *set != '\0' ? set : "cuda";
}

/// Calls call(text, capacity), which writes why it failed to the text.
template <class Call>
void checked(Call&& call) {
  std::array<char, 2048> error{};
  const std::int32_t status = call(error.data(), static_cast<std::int64_t>(error.size()));
  require(status == 0, in_device, error.data());
}

/// The plugin's names for sizes; `weights` may lack some.
std::shared_ptr<const IlkTower> load(const IlkTowerShape& shape, ModelWeights& weights) {
  const IlkGpuPlugin& gpu = plugin();
  const IlkWeights source{&weights, [](void* context, const char* name, const std::int64_t* dimensions,
                                       std::int32_t count, float* to) {
                            const Matrix<float> weight = static_cast<ModelWeights*>(context)->take(
                                name, {dimensions, dimensions + count});
                            std::copy_n(weight.data(), weight.size(), to);
                          }};
  IlkTower* tower = nullptr;
  checked([&](char* error, std::int64_t capacity) {
    return gpu.load(device_name(), &shape, &source, &tower, error, capacity);
  });
  return {tower, gpu.release};
}

IlkTowerShape shape_of(std::int32_t kind, const TransformerConfig& transformer, std::int64_t output_width) {
  IlkTowerShape shape{};
  shape.kind = kind;
  shape.width = transformer.width, shape.mlp_width = transformer.mlp_width;
  shape.layers = transformer.layers, shape.heads = transformer.heads;
  shape.quick_gelu = transformer.activation == Activation::quick_gelu ? 1 : 0;
  shape.layer_norm_epsilon = transformer.layer_norm_epsilon;
  shape.output_width = output_width;
  return shape;
}

}  // namespace

std::string gpu_name() {
  std::array<char, 2048> name{};
  checked([&](char* error, std::int64_t capacity) {
    return plugin().find_device(device_name(), name.data(), error, capacity);
  });
  return name.data();
}

GpuTower GpuTower::vision(const ClipConfig& config, ModelWeights& weights) {
  IlkTowerShape shape = shape_of(ILK_VISION_TRANSFORMER, config.vision.transformer, config.joint_width);
  shape.image_size = config.vision.image_size;
  shape.patch_size = config.vision.patch_size;
  GpuTower tower;
  tower.tower_ = load(shape, weights);
  tower.width_ = shape.output_width;
  return tower;
}

GpuTower GpuTower::text(const ClipConfig& config, ModelWeights& weights) {
  IlkTowerShape shape = shape_of(ILK_TEXT_TRANSFORMER, config.text.transformer, config.joint_width);
  shape.vocabulary_size = config.text.vocabulary_size;
  shape.context_length = config.text.context_length;
  GpuTower tower;
  tower.tower_ = load(shape, weights);
  tower.width_ = shape.output_width;
  return tower;
}

GpuTower GpuTower::convolutions(const ConvolutionConfig& config, ModelWeights& weights) {
  std::vector<std::int64_t> stages;
  for (const ConvolutionStage& stage : config.stages)
    stages.insert(stages.end(), {stage.size, stage.stride, stage.expansion, stage.repeats, stage.width});
  IlkTowerShape shape{};
  shape.kind = ILK_CONVOLUTIONS;
  shape.image_size = config.image_size;
  shape.stem = config.stem;
  shape.n_stages = static_cast<std::int64_t>(config.stages.size());
  shape.stages = stages.data();
  shape.output_width = config.pooled;
  GpuTower tower;
  tower.tower_ = load(shape, weights);
  tower.width_ = shape.output_width;
  return tower;
}

Matrix<float> GpuTower::run(const float* pixels, const std::int32_t* tokens, std::int64_t count,
                            std::int64_t length) const {
  auto output = Matrix<float>::uninitialised(count, width_);
  for (std::int64_t begin = 0; begin < count; begin += most_at_a_time)
    checked([&](char* error, std::int64_t capacity) {
      return plugin().run(tower_.get(), pixels != nullptr ? pixels + begin * length : nullptr,
                          tokens != nullptr ? tokens + begin * length : nullptr,
                          std::min(most_at_a_time, count - begin), length, output[begin], error, capacity);
    });
  return output;
}

Matrix<float> GpuTower::operator()(MatrixView<const float> pixels) const {
  require(pixels.is_dense(), in_device, "pixels must be dense.");
  return run(pixels.data(), nullptr, pixels.rows(), pixels.columns());
}

Matrix<float> GpuTower::operator()(MatrixView<const std::int32_t> tokens) const {
  require(tokens.is_dense(), in_device, "tokens must be dense.");
  return run(nullptr, tokens.data(), tokens.rows(), tokens.columns());
}

}  // namespace ilk
