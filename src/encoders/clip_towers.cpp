#include "clip_towers.h"

#include <numeric>

#include "attention.h"

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

void move_to(const Computation& computation, Transformer& transformer) {
  for (TransformerLayer& layer : transformer.layers) {
    for (LayerNorm* norm : {&layer.attention_norm, &layer.mlp_norm}) move_to(computation.device, *norm);
    for (Linear* linear : {&layer.expand, &layer.contract}) move_to(computation, *linear);
    move_to(computation, layer.attention);
  }
}

}  // namespace

torch::Tensor TransformerLayer::operator()(torch::Tensor x, const Mix& mix,
                                           const std::vector<std::int64_t>& places) const {
  const torch::Tensor normed = attention_norm(x);
  torch::Tensor asking = normed;
  if (!places.empty()) {
    const torch::Tensor rows = at::tensor(places, torch::kInt64).to(x.device());
    asking = normed.index_select(0, rows);
    x = x.index_select(0, rows);
  }
  const auto& [heads, query, key, value, output] = attention;
  output.add_to(x, mix(query(asking), key(normed), value(normed), places));
  contract.add_to(x, activate(expand(mlp_norm(x)), activation));
  return x;
}

torch::Tensor Transformer::operator()(torch::Tensor x, const Mix& mix,
                                      const std::vector<std::int64_t>& places) const {
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = layers[i](x, mix, {});
  return layers.back()(x, mix, places);
}

VisionTower::VisionTower(const ClipConfig& config, ModelWeights& weights) : config_(config.vision) {
  const std::int64_t width = config_.transformer.width, side = config_.patches_per_side(),
                     patch = config_.patch_size;
  const Loader load{weights, config_.transformer};
  class_embedding_ = weights.take("vision_model.embeddings.class_embedding", {width});
  patch_embedding_ =
      take_matrix(weights, "vision_model.embeddings.patch_embedding.weight", {width, 3, patch, patch});
  position_embedding_ =
      weights.take("vision_model.embeddings.position_embedding.weight", {1 + side * side, width});
  input_norm_ = take_norm(weights, "vision_model.pre_layrnorm", load.config);  // its name in the files
  transformer_ = load.transformer("vision_model");
  output_norm_ = take_norm(weights, "vision_model.post_layernorm", load.config);
  projection_ = take_matrix(weights, "visual_projection.weight", {config.joint_width, width});
}

void VisionTower::to(const Computation& computation) {
  const torch::Device device = computation.device;
  move_to(computation, patch_embedding_);
  move_to(device, class_embedding_);
  move_to(device, position_embedding_);
  move_to(device, input_norm_);
  move_to(computation, transformer_);
  move_to(device, output_norm_);
  move_to(computation, projection_);
}

torch::Tensor VisionTower::operator()(const torch::Tensor& pixels) const {
  const std::int64_t batch = pixels.size(0), side = config_.patches_per_side(), patch = config_.patch_size,
                     width = class_embedding_.size(0), heads = config_.transformer.heads;
  // A convolution whose windows do not overlap is a product with each patch laid out as a row.
  const torch::Tensor patches = pixels.narrow(2, 0, side * patch)
                                    .narrow(3, 0, side * patch)
                                    .reshape({batch, 3, side, patch, side, patch})
                                    .permute({0, 2, 4, 1, 3, 5})
                                    .reshape({batch * side * side, 3 * patch * patch});
  const torch::Tensor class_token = class_embedding_.expand({batch, 1, width});
  const torch::Tensor seen = patch_embedding_(patches).reshape({batch, side * side, width});
  const torch::Tensor tokens = at::cat({class_token, seen}, 1) + position_embedding_;
  const Mix within_each_image = [&](const auto& queries, const auto& keys, const auto& values, const auto&) {
    return attend(queries, keys, values, batch, heads, {});
  };
  std::vector<std::int64_t> class_places(static_cast<std::size_t>(batch));
  for (std::int64_t i = 0; i < batch; ++i) class_places[static_cast<std::size_t>(i)] = i * tokens.size(1);
  const torch::Tensor rows = input_norm_(tokens.reshape({-1, width}));
  return projection_(output_norm_(transformer_(rows, within_each_image, class_places)));
}

TextTower::TextTower(const ClipConfig& config, ModelWeights& weights)
    : heads_(config.text.transformer.heads) {
  const TransformerConfig& transformer = config.text.transformer;
  const Loader load{weights, transformer};
  token_embedding_ = weights.take("text_model.embeddings.token_embedding.weight",
                                  {config.text.vocabulary_size, transformer.width});
  position_embedding_ = weights.take("text_model.embeddings.position_embedding.weight",
                                     {config.text.context_length, transformer.width});
  transformer_ = load.transformer("text_model");
  output_norm_ = take_norm(weights, "text_model.final_layer_norm", load.config);
  projection_ = take_matrix(weights, "text_projection.weight", {config.joint_width, transformer.width});
}

void TextTower::to(const Computation& computation) {
  const torch::Device device = computation.device;
  move_to(device, token_embedding_);
  move_to(device, position_embedding_);
  move_to(computation, transformer_);
  move_to(device, output_norm_);
  move_to(computation, projection_);
}

torch::Tensor TextTower::operator()(const TokenTree& tree) const {
  const auto rows_of = [](const torch::Tensor& table, const std::vector<std::int64_t>& places) {
    return table.index_select(0, at::tensor(places, torch::kInt64).to(table.device()));
  };
  std::vector<std::int64_t> all(tree.tokens.size());
  std::iota(all.begin(), all.end(), 0);
  const Mix with_their_beginnings = [&](const auto& queries, const auto& keys, const auto& values,
                                        const auto& places) {
    return attend_to_beginnings(queries, keys, values, heads_, tree, places.empty() ? all : places);
  };
  const torch::Tensor tokens =
      rows_of(token_embedding_, tree.tokens) + rows_of(position_embedding_, tree.depths);
  return projection_(output_norm_(transformer_(tokens, with_their_beginnings, tree.ends)));
}

}  // namespace ilk
