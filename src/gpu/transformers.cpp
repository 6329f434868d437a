// CLIP's towers (Radford et al. 2021, section 2.4): see src/encoders/clip_towers.h.
#include <cmath>

#include "gpu/towers.h"

namespace ilk::gpu {
namespace {

using at::Tensor;

struct Linear {
  Tensor weight, bias;  // (to, from), (to)
  Tensor operator()(const Tensor& x) const { return at::linear(x, weight, bias); }
};

struct Norm {
  Tensor weight, bias;
  double epsilon;
  Tensor operator()(const Tensor& x) const {
    return at::layer_norm(x, {weight.size(0)}, weight, bias, epsilon);
  }
};

Linear load_linear(const Loader& load, const std::string& name, std::int64_t from, std::int64_t to) {
  return {load(name + ".weight", {to, from}), load(name + ".bias", {to})};
}

Norm load_norm(const Loader& load, const std::string& name, const IlkTowerShape& shape) {
  return {load(name + ".weight", {shape.width}), load(name + ".bias", {shape.width}),
          shape.layer_norm_epsilon};
}

/// A block with the norms before its two halves: x + attention(norm(x)), then x + mlp(norm(x)).
struct Layer {
  std::int64_t heads;
  bool quick_gelu;
  Norm attention_norm, mlp_norm;
  Linear query, key, value, output, expand, contract;

  /// `x` (B, T, W); `mask` (T, T) is added to the scores where it is defined.
  Tensor operator()(Tensor x, const Tensor& mask) const {
    const std::int64_t batch = x.size(0), tokens = x.size(1), width = x.size(2);
    const auto of_heads = [&](const Tensor& rows) {
      return rows.view({batch, tokens, heads, width / heads}).transpose(1, 2);
    };
    {
      const Tensor normed = attention_norm(x);
      Tensor scores = at::matmul(of_heads(query(normed)), of_heads(key(normed)).transpose(2, 3)) /
                      std::sqrt(static_cast<double>(width / heads));
      if (mask.defined()) scores = scores + mask;
      const Tensor mixed = at::matmul(at::softmax(scores, -1), of_heads(value(normed)));
      x = x + output(mixed.transpose(1, 2).reshape({batch, tokens, width}));
    }
    const Tensor inner = expand(mlp_norm(x));
    return x + contract(quick_gelu ? inner * at::sigmoid(1.702 * inner) : at::gelu(inner));
  }
};

std::vector<Layer> load_layers(const Loader& load, const std::string& tower, const IlkTowerShape& shape) {
  std::vector<Layer> layers;
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    const std::string name = tower + ".encoder.layers." + std::to_string(i);
    const auto square = [&](const char* part) {
      return load_linear(load, name + ".self_attn." + part, shape.width, shape.width);
    };
    layers.push_back({.heads = shape.heads,
                      .quick_gelu = shape.quick_gelu != 0,
                      .attention_norm = load_norm(load, name + ".layer_norm1", shape),
                      .mlp_norm = load_norm(load, name + ".layer_norm2", shape),
                      .query = square("q_proj"),
                      .key = square("k_proj"),
                      .value = square("v_proj"),
                      .output = square("out_proj"),
                      .expand = load_linear(load, name + ".mlp.fc1", shape.width, shape.mlp_width),
                      .contract = load_linear(load, name + ".mlp.fc2", shape.mlp_width, shape.width)});
  }
  return layers;
}

class VisionTransformer : public IlkTower {
 public:
  VisionTransformer(const IlkTowerShape& shape, const Loader& load, const at::Device& device)
      : IlkTower(device), patch_(shape.patch_size) {
    const std::int64_t width = shape.width, side = shape.image_size / patch_;
    class_embedding_ = load("vision_model.embeddings.class_embedding", {width});
    patch_embedding_ = load("vision_model.embeddings.patch_embedding.weight", {width, 3, patch_, patch_});
    position_embedding_ = load("vision_model.embeddings.position_embedding.weight", {1 + side * side, width});
    input_norm_ = load_norm(load, "vision_model.pre_layrnorm", shape);  // its name in the files
    layers_ = load_layers(load, "vision_model", shape);
    output_norm_ = load_norm(load, "vision_model.post_layernorm", shape);
    projection_ = load("visual_projection.weight", {shape.output_width, width});
  }

  Tensor operator()(const Tensor& pixels) const override {
    const std::int64_t batch = pixels.size(0), width = class_embedding_.size(0);
    // Pixels right and below that do not fill a patch are left out.
    const Tensor patches =
        at::conv2d(pixels, patch_embedding_, {}, {patch_, patch_}).flatten(2).transpose(1, 2);
    Tensor x = at::cat({class_embedding_.expand({batch, 1, width}), patches}, 1) + position_embedding_;
    x = input_norm_(x);
    for (const Layer& layer : layers_) x = layer(x, {});
    return at::linear(output_norm_(x.select(1, 0)), projection_);
  }

 private:
  std::int64_t patch_;
  Tensor class_embedding_, patch_embedding_, position_embedding_, projection_;
  Norm input_norm_, output_norm_;
  std::vector<Layer> layers_;
};

class TextTransformer : public IlkTower {
 public:
  TextTransformer(const IlkTowerShape& shape, const Loader& load, const at::Device& device)
      : IlkTower(device) {
    token_embedding_ =
        load("text_model.embeddings.token_embedding.weight", {shape.vocabulary_size, shape.width});
    position_embedding_ =
        load("text_model.embeddings.position_embedding.weight", {shape.context_length, shape.width});
    layers_ = load_layers(load, "text_model", shape);
    output_norm_ = load_norm(load, "text_model.final_layer_norm", shape);
    projection_ = load("text_projection.weight", {shape.output_width, shape.width});
  }

  Tensor operator()(const Tensor& tokens) const override {
    const std::int64_t length = tokens.size(1);
    Tensor x = at::embedding(token_embedding_, tokens) + position_embedding_.narrow(0, 0, length);
    // No token sees a later one.
    const Tensor mask = at::full({length, length}, -INFINITY, x.options()).triu(1);
    for (const Layer& layer : layers_) x = layer(x, mask);
    return at::linear(output_norm_(x.select(1, length - 1)), projection_);
  }

 private:
  Tensor token_embedding_, position_embedding_, projection_;
  Norm output_norm_;
  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<IlkTower> vision_transformer(const IlkTowerShape& shape, const Loader& load,
                                             const at::Device& device) {
  return std::make_unique<VisionTransformer>(shape, load, device);
}

std::unique_ptr<IlkTower> text_transformer(const IlkTowerShape& shape, const Loader& load,
                                           const at::Device& device) {
  return std::make_unique<TextTransformer>(shape, load, device);
}

}  // namespace ilk::gpu
