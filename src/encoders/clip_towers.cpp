#include "clip_towers.h"

#include <limits>

namespace ilk {
namespace {

/// Takes weights by their names in a Hugging Face file.
struct Loader {
  ModelWeights& weights;
  const TransformerConfig& config;

  TransformerLayer layer(const std::string& name) const {
    const auto square = [&](const char* part) {
      return take_linear(weights, name + ".self_attn." + part, config.width, config.width);
    };
    return {.attention_norm = take_norm(weights, name + ".layer_norm1", config),
            .mlp_norm = take_norm(weights, name + ".layer_norm2", config),
            .attention = {.heads = config.heads,
                          .query = square("q_proj"),
                          .key = square("k_proj"),
                          .value = square("v_proj"),
                          .output = square("out_proj")},
            .expand = take_linear(weights, name + ".mlp.fc1", config.width, config.mlp_width),
            .contract = take_linear(weights, name + ".mlp.fc2", config.mlp_width, config.width),
            .activation = config.activation};
  }

  Transformer transformer(const std::string& tower) const {
    Transformer result;
    for (std::int64_t i = 0; i < config.layers; ++i)
      result.layers.push_back(layer(tower + ".encoder.layers." + std::to_string(i)));
    return result;
  }
};

void move_to(torch::Device device, Transformer& transformer) {
  for (TransformerLayer& layer : transformer.layers) {
    for (LayerNorm* norm : {&layer.attention_norm, &layer.mlp_norm}) move_to(device, *norm);
    for (Linear* linear : {&layer.expand, &layer.contract}) move_to(device, *linear);
    move_to(device, layer.attention);
  }
}

}  // namespace

torch::Tensor TransformerLayer::operator()(const torch::Tensor& x, const torch::Tensor& mask) const {
  const torch::Tensor normed = attention_norm(x);
  const torch::Tensor attended = x + attention(normed, normed, mask);
  return attended + contract(activate(expand(mlp_norm(attended)), activation));
}

torch::Tensor TransformerLayer::only(const torch::Tensor& x, std::int64_t place) const {
  const torch::Tensor normed = attention_norm(x);
  const torch::Tensor attended = x.narrow(1, place, 1) + attention(normed.narrow(1, place, 1), normed, {});
  return attended + contract(activate(expand(mlp_norm(attended)), activation));
}

torch::Tensor Transformer::operator()(torch::Tensor x, const torch::Tensor& mask, std::int64_t place) const {
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = layers[i](x, mask);
  return layers.back().only(x, place).squeeze(1);
}

VisionTower::VisionTower(const ClipConfig& config, ModelWeights& weights) : config_(config.vision) {
  const std::int64_t width = config_.transformer.width, side = config_.patches_per_side(),
                     patch = config_.patch_size;
  const Loader load{weights, config_.transformer};
  class_embedding_ = weights.take("vision_model.embeddings.class_embedding", {width});
  patch_embedding_.weight =
      transposed(weights.take("vision_model.embeddings.patch_embedding.weight", {width, 3, patch, patch}));
  position_embedding_ =
      weights.take("vision_model.embeddings.position_embedding.weight", {1 + side * side, width});
  input_norm_ = take_norm(weights, "vision_model.pre_layrnorm", load.config);  // its name in the files
  transformer_ = load.transformer("vision_model");
  output_norm_ = take_norm(weights, "vision_model.post_layernorm", load.config);
  projection_.weight = transposed(weights.take("visual_projection.weight", {config.joint_width, width}));
}

void VisionTower::to(torch::Device device) {
  move_to(device, patch_embedding_);
  move_to(device, class_embedding_);
  move_to(device, position_embedding_);
  move_to(device, input_norm_);
  move_to(device, transformer_);
  move_to(device, output_norm_);
  move_to(device, projection_);
}

torch::Tensor VisionTower::operator()(const torch::Tensor& pixels) const {
  const std::int64_t batch = pixels.size(0), side = config_.patches_per_side(), patch = config_.patch_size;
  // A convolution whose windows do not overlap is a product with each patch laid out as a row.
  const torch::Tensor patches = pixels.narrow(2, 0, side * patch)
                                    .narrow(3, 0, side * patch)
                                    .reshape({batch, 3, side, patch, side, patch})
                                    .permute({0, 2, 4, 1, 3, 5})
                                    .reshape({batch, side * side, 3 * patch * patch});
  const torch::Tensor class_token = class_embedding_.expand({batch, 1, class_embedding_.size(0)});
  const torch::Tensor tokens = at::cat({class_token, patch_embedding_(patches)}, 1) + position_embedding_;
  return projection_(output_norm_(transformer_(input_norm_(tokens), {}, 0)));
}

TextTower::TextTower(const ClipConfig& config, ModelWeights& weights) {
  const TransformerConfig& transformer = config.text.transformer;
  const Loader load{weights, transformer};
  token_embedding_ = weights.take("text_model.embeddings.token_embedding.weight",
                                  {config.text.vocabulary_size, transformer.width});
  position_embedding_ = weights.take("text_model.embeddings.position_embedding.weight",
                                     {config.text.context_length, transformer.width});
  transformer_ = load.transformer("text_model");
  output_norm_ = take_norm(weights, "text_model.final_layer_norm", load.config);
  projection_.weight =
      transposed(weights.take("text_projection.weight", {config.joint_width, transformer.width}));
}

void TextTower::to(torch::Device device) {
  move_to(device, token_embedding_);
  move_to(device, position_embedding_);
  move_to(device, transformer_);
  move_to(device, output_norm_);
  move_to(device, projection_);
}

torch::Tensor TextTower::operator()(const torch::Tensor& ids) const {
  const std::int64_t length = ids.size(1);
  const torch::Tensor tokens =
      at::embedding(token_embedding_, ids) + position_embedding_.narrow(0, 0, length);
  const torch::Tensor later =
      at::full({length, length}, -std::numeric_limits<float>::infinity(), tokens.options()).triu(1);
  return projection_(output_norm_(transformer_(tokens, later, length - 1)));
}

}  // namespace ilk
