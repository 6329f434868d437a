#include "clip_towers.h"

#include <cmath>
#include <limits>

namespace ilk {
namespace {

torch::Tensor transposed(const torch::Tensor& weight) {
  return weight.defined() ? weight.flatten(1).t().contiguous() : weight;
}

/// Takes weights by their names in a Hugging Face file.
struct Loader {
  ClipWeights& weights;
  const TransformerConfig& config;

  Linear linear(const std::string& name, std::int64_t from, std::int64_t to) const {
    return {transposed(weights.take(name + ".weight", {to, from})), weights.take(name + ".bias", {to})};
  }

  LayerNorm norm(const std::string& name) const {
    return {weights.take(name + ".weight", {config.width}), weights.take(name + ".bias", {config.width}),
            config.layer_norm_epsilon};
  }

  TransformerLayer layer(const std::string& name) const {
    const auto square = [&](const char* part) {
      return linear(name + ".self_attn." + part, config.width, config.width);
    };
    return {.attention_norm = norm(name + ".layer_norm1"),
            .mlp_norm = norm(name + ".layer_norm2"),
            .attention = {.heads = config.heads,
                          .query = square("q_proj"),
                          .key = square("k_proj"),
                          .value = square("v_proj"),
                          .output = square("out_proj")},
            .expand = linear(name + ".mlp.fc1", config.width, config.mlp_width),
            .contract = linear(name + ".mlp.fc2", config.mlp_width, config.width),
            .activation = config.activation};
  }

  Transformer transformer(const std::string& tower) const {
    Transformer result;
    for (std::int64_t i = 0; i < config.layers; ++i)
      result.layers.push_back(layer(tower + ".encoder.layers." + std::to_string(i)));
    return result;
  }
};

torch::Tensor activate(const torch::Tensor& x, Activation activation) {
  return activation == Activation::gelu ? at::gelu(x) : x * at::sigmoid(1.702 * x);
}

void move(torch::Tensor& tensor, torch::Device device) {
  if (tensor.defined()) tensor = tensor.to(device);
}

void move(Linear& linear, torch::Device device) {
  move(linear.weight, device);
  move(linear.bias, device);
}

void move(LayerNorm& norm, torch::Device device) {
  move(norm.weight, device);
  move(norm.bias, device);
}

void move(Transformer& transformer, torch::Device device) {
  for (TransformerLayer& layer : transformer.layers) {
    move(layer.attention_norm, device);
    move(layer.mlp_norm, device);
    for (Linear* linear : {&layer.attention.query, &layer.attention.key, &layer.attention.value,
                           &layer.attention.output, &layer.expand, &layer.contract})
      move(*linear, device);
  }
}

}  // namespace

torch::Tensor Linear::operator()(const torch::Tensor& x) const {
  return at::linear(x, weight.t(), bias);
}

torch::Tensor LayerNorm::operator()(const torch::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, epsilon);
}

torch::Tensor Attention::operator()(const torch::Tensor& queries, const torch::Tensor& tokens,
                                    const torch::Tensor& mask) const {
  const std::int64_t width = tokens.size(2), head_width = width / heads;
  const auto split = [&](const torch::Tensor& x) {  // (B, T, W) to (B, heads, T, W / heads)
    return x.reshape({x.size(0), x.size(1), heads, head_width}).transpose(1, 2);
  };
  const torch::Tensor q = split(query(queries) / std::sqrt(static_cast<double>(head_width)));
  torch::Tensor scores = at::matmul(q, split(key(tokens)).transpose(2, 3));
  if (mask.defined()) scores += mask;
  const torch::Tensor mixed = at::matmul(at::softmax(scores, -1), split(value(tokens)));
  return output(mixed.transpose(1, 2).reshape(queries.sizes()));
}

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

VisionTower::VisionTower(const ClipConfig& config, ClipWeights& weights) : config_(config.vision) {
  const std::int64_t width = config_.transformer.width, side = config_.patches_per_side(),
                     patch = config_.patch_size;
  const Loader load{weights, config_.transformer};
  class_embedding_ = weights.take("vision_model.embeddings.class_embedding", {width});
  patch_embedding_.weight =
      transposed(weights.take("vision_model.embeddings.patch_embedding.weight", {width, 3, patch, patch}));
  position_embedding_ =
      weights.take("vision_model.embeddings.position_embedding.weight", {1 + side * side, width});
  input_norm_ = load.norm("vision_model.pre_layrnorm");  // its name in the files
  transformer_ = load.transformer("vision_model");
  output_norm_ = load.norm("vision_model.post_layernorm");
  projection_.weight = transposed(weights.take("visual_projection.weight", {config.joint_width, width}));
}

void VisionTower::to(torch::Device device) {
  move(patch_embedding_, device);
  move(class_embedding_, device);
  move(position_embedding_, device);
  move(input_norm_, device);
  move(transformer_, device);
  move(output_norm_, device);
  move(projection_, device);
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

TextTower::TextTower(const ClipConfig& config, ClipWeights& weights) {
  const TransformerConfig& transformer = config.text.transformer;
  const Loader load{weights, transformer};
  token_embedding_ = weights.take("text_model.embeddings.token_embedding.weight",
                                  {config.text.vocabulary_size, transformer.width});
  position_embedding_ = weights.take("text_model.embeddings.position_embedding.weight",
                                     {config.text.context_length, transformer.width});
  transformer_ = load.transformer("text_model");
  output_norm_ = load.norm("text_model.final_layer_norm");
  projection_.weight =
      transposed(weights.take("text_projection.weight", {config.joint_width, transformer.width}));
}

void TextTower::to(torch::Device device) {
  move(token_embedding_, device);
  move(position_embedding_, device);
  move(transformer_, device);
  move(output_norm_, device);
  move(projection_, device);
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
