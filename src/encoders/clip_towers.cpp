#include "encoders/clip_towers.h"

#include <algorithm>

#include "encoders/attention.h"
#include "kernels/kernels.h"

namespace ilk {
namespace {

/// Takes weights by their names in a Hugging Face file.
struct Loader {
  ModelWeights& weights;
  const TransformerConfig& config;
  Precision precision;

  Linear linear(const std::string& name, std::int64_t from, std::int64_t to) const {
    return take_linear(weights, name, from, to, precision);
  }

  TransformerLayer layer(const std::string& name) const {
    const auto square = [&](const char* part) {
      return linear(name + ".self_attn." + part, config.width, config.width);
    };
    return {.attention_norm = take_norm(weights, name + ".layer_norm1", config),
            .mlp_norm = take_norm(weights, name + ".layer_norm2", config),
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

/// The patches of an image as rows: each channel's, one after another. `pixels` (3, size, size).
void copy_patches(const float* pixels, std::int64_t size, std::int64_t patch, std::int64_t side,
                  MatrixView<float> rows) {
  for (std::int64_t down = 0; down < side; ++down)
    for (std::int64_t across = 0; across < side; ++across) {
      float* to = rows[down * side + across];
      for (std::int64_t channel = 0; channel < 3; ++channel)
        for (std::int64_t line = 0; line < patch; ++line, to += patch)
          std::copy_n(pixels + (channel * size + down * patch + line) * size + across * patch, patch, to);
    }
}

}  // namespace

Matrix<float> TransformerLayer::operator()(Matrix<float> x, const Mix& mix,
                                           const std::vector<std::int64_t>& places) const {
  const auto& [heads, query, key, value, output] = attention;
  {
    const Matrix<float> normed = attention_norm(x), keys = key(normed), values = value(normed);
    Matrix<float> mixed = places.empty() ? query(normed) : query(rows_of(normed, places));
    if (!places.empty()) x = rows_of(x, places);
    mix(mixed, keys, values, places);
    output.add_to(x, mixed);
  }
  Matrix<float> inner = expand(mlp_norm(x));
  activate(inner, activation);
  contract.add_to(x, inner);
  return x;
}

Matrix<float> Transformer::operator()(Matrix<float> x, const Mix& mix,
                                      const std::vector<std::int64_t>& places) const {
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = layers[i](std::move(x), mix, {});
  return layers.back()(std::move(x), mix, places);
}

VisionTower::VisionTower(const ClipConfig& config, ModelWeights& weights, Precision precision)
    : config_(config.vision) {
  const std::int64_t width = config_.transformer.width, side = config_.patches_per_side(),
                     patch = config_.patch_size;
  const Loader load{weights, config_.transformer, precision};
  const std::vector<float> class_embedding =
      weights.take_vector("vision_model.embeddings.class_embedding", width);
  patch_embedding_ = take_matrix(weights, "vision_model.embeddings.patch_embedding.weight",
                                 {width, 3, patch, patch}, precision);
  position_embedding_ =
      weights.take("vision_model.embeddings.position_embedding.weight", {1 + side * side, width});
  if (!class_embedding.empty() && !position_embedding_.empty())
    kernels::kernels().add(position_embedding_[0], class_embedding.data(), width);
  input_norm_ = take_norm(weights, "vision_model.pre_layrnorm", load.config);  // its name in the files
  transformer_ = load.transformer("vision_model");
  output_norm_ = take_norm(weights, "vision_model.post_layernorm", load.config);
  projection_ = take_matrix(weights, "visual_projection.weight", {config.joint_width, width}, precision);
}

Matrix<float> VisionTower::operator()(MatrixView<const float> pixels) const {
  const std::int64_t images = pixels.rows(), side = config_.patches_per_side(), patch = config_.patch_size,
                     count = side * side, width = config_.transformer.width;
  auto x = Matrix<float>::uninitialised(images * (1 + count), width);
  {
    // A convolution whose windows do not overlap is a product with each patch laid out as a row.
    auto patches = Matrix<float>::uninitialised(images * count, 3 * patch * patch);
    for (std::int64_t i = 0; i < images; ++i)
      copy_patches(pixels[i], config_.image_size, patch, side,
                   patches.rows_between(i * count, (i + 1) * count));
    const Matrix<float> seen = patch_embedding_(patches);
    for (std::int64_t i = 0; i < images; ++i) {
      float* tokens = x[i * (1 + count)];
      std::copy_n(position_embedding_.data(), position_embedding_.size(), tokens);
      kernels::kernels().add(tokens + width, seen[i * count], count * width);
    }
  }
  const Mix within_each_image = [&](auto& queries, const auto& keys, const auto& values, const auto&) {
    attend(queries, keys, values, images, config_.transformer.heads, {});
  };
  std::vector<std::int64_t> class_places(static_cast<std::size_t>(images));
  for (std::int64_t i = 0; i < images; ++i) class_places[static_cast<std::size_t>(i)] = i * (1 + count);
  input_norm_.in_place(x);
  return projection_(output_norm_(transformer_(std::move(x), within_each_image, class_places)));
}

TextTower::TextTower(const ClipConfig& config, ModelWeights& weights, Precision precision)
    : heads_(config.text.transformer.heads) {
  const TransformerConfig& transformer = config.text.transformer;
  const Loader load{weights, transformer, precision};
  token_embedding_ = weights.take("text_model.embeddings.token_embedding.weight",
                                  {config.text.vocabulary_size, transformer.width});
  position_embedding_ = weights.take("text_model.embeddings.position_embedding.weight",
                                     {config.text.context_length, transformer.width});
  transformer_ = load.transformer("text_model");
  output_norm_ = take_norm(weights, "text_model.final_layer_norm", load.config);
  projection_ =
      take_matrix(weights, "text_projection.weight", {config.joint_width, transformer.width}, precision);
}

Matrix<float> TextTower::operator()(const TokenTree& tree) const {
  const Mix with_their_prefixes = [&](auto& queries, const auto& keys, const auto& values,
                                      const auto& places) {
    attend_to_prefixes(queries, keys, values, heads_, tree, places);
  };
  Matrix<float> x = rows_of(token_embedding_, tree.tokens);
  for (std::int64_t i = 0; i < x.rows(); ++i)
    kernels::kernels().add(x[i], position_embedding_[tree.depths[static_cast<std::size_t>(i)]], x.columns());
  return projection_(output_norm_(transformer_(std::move(x), with_their_prefixes, tree.ends)));
}

}  // namespace ilk
