// A network of inverted residuals: see src/encoders/convolution_tower.h.
#include <algorithm>

#include "gpu/towers.h"

namespace ilk::gpu {
namespace {

using at::Tensor;

struct Convolution {
  Tensor weight, bias;
  std::int64_t stride = 1, groups = 1;

  /// Windows at the edge see zeros; where these are odd in number, the odd one is below and on the right.
  Tensor operator()(const Tensor& x) const {
    const std::int64_t size = weight.size(2);
    if (size == 1) return at::conv2d(x, weight, bias);
    const auto missing = [&](std::int64_t n) {
      return std::max<std::int64_t>(0, ((n + stride - 1) / stride - 1) * stride + size - n);
    };
    const std::int64_t down = missing(x.size(2)), across = missing(x.size(3));
    const Tensor padded =
        at::constant_pad_nd(x, {across / 2, across - across / 2, down / 2, down - down / 2}, 0);
    return at::conv2d(padded, weight, bias, {stride, stride}, at::IntArrayRef({0, 0}), {1, 1}, groups);
  }
};

struct Block {
  Convolution expand, depthwise, project;  // the first block has nothing to expand
  bool expands, adds;

  Tensor operator()(const Tensor& x) const {
    const Tensor output = project(at::relu6(depthwise(expands ? at::relu6(expand(x)) : x)));
    return adds ? x + output : output;
  }
};

class Convolutions : public IlkTower {
 public:
  Convolutions(const IlkTowerShape& shape, const Loader& load, const at::Device& device) : IlkTower(device) {
    const auto take = [&](const std::string& name, std::int64_t to, std::int64_t from, std::int64_t size) {
      return Convolution{load(name + ".weight", {to, from, size, size}), load(name + ".bias", {to})};
    };
    stem_ = take("image.stem", shape.stem, 3, 3);
    stem_.stride = 2;
    std::int64_t channels = shape.stem;
    for (std::int64_t s = 0; s < shape.n_stages; ++s) {
      const std::int64_t* stage = shape.stages + 5 * s;
      const std::int64_t size = stage[0], expansion = stage[2], repeats = stage[3], width = stage[4];
      for (std::int64_t i = 0; i < repeats; ++i, channels = width) {
        const std::string name = "image.block." + std::to_string(blocks_.size()) + ".";
        const std::int64_t stride = i == 0 ? stage[1] : 1, expanded = channels * expansion;
        Block block{.expands = !blocks_.empty(),
                    .adds = stride == 1 && channels == width && !blocks_.empty()};
        if (block.expands) block.expand = take(name + "expand", expanded, channels, 1);
        block.depthwise = take(name + "depthwise", expanded, 1, size);
        block.depthwise.stride = stride;
        block.depthwise.groups = expanded;
        block.project = take(name + "project", width, expanded, 1);
        blocks_.push_back(std::move(block));
      }
    }
    head_ = take("image.head", shape.output_width, channels, 1);
  }

  Tensor operator()(const Tensor& pixels) const override {
    Tensor x = at::relu6(stem_(pixels));
    for (const Block& block : blocks_) x = block(x);
    return at::relu6(head_(x)).mean({2, 3});
  }

 private:
  Convolution stem_, head_;
  std::vector<Block> blocks_;
};

}  // namespace

std::unique_ptr<IlkTower> convolutions(const IlkTowerShape& shape, const Loader& load,
                                       const at::Device& device) {
  return std::make_unique<Convolutions>(shape, load, device);
}

}  // namespace ilk::gpu
