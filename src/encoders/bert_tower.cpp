#include "bert_tower.h"

#include <cmath>

#include "attention.h"

namespace ilk {
namespace {

constexpr std::string_view function = "SentenceBert";

}  // namespace

BertConfig read_bert_config(const std::filesystem::path& path) {
  const nlohmann::json file = read_json_object(path, function);
  const ConfigReader reader(file, "", path, function);
  BertConfig config;
  std::string type = "none";
  reader.read("model_type", type);
  reader.check(type == "bert" || type == "mpnet", "model_type", type, "must be bert or mpnet");
  if (type == "mpnet") {
    config.kind = BertKind::mpnet;
    config.vocabulary_size = 30527;
  }
  read_transformer_config(reader, config.transformer);
  reader.read("vocab_size", config.vocabulary_size);
  reader.read("max_position_embeddings", config.positions, 4);
  reader.read("type_vocab_size", config.token_types);
  reader.read("relative_attention_num_buckets", config.relative_buckets, 4);
  reader.require_value("position_embedding_type", "absolute");
  reader.require_value("is_decoder", false);
  return config;
}

std::int64_t distance_bucket(std::int64_t distance, std::int64_t buckets) {
  const std::int64_t half = buckets / 2, near = half / 2;
  const std::int64_t side = distance > 0 ? half : 0, size = std::abs(distance);
  if (size < near) return side + size;
  const auto farthest_steps = static_cast<float>(std::log(128.0 / static_cast<double>(near)));
  const float steps = std::log(static_cast<float>(size) / static_cast<float>(near)) / farthest_steps *
                      static_cast<float>(half - near);
  return side + std::min(half - 1, near + static_cast<std::int64_t>(steps));
}

torch::Tensor BertLayer::operator()(torch::Tensor x, std::int64_t texts, const torch::Tensor& bias) const {
  const auto& [heads, query, key, value, output] = attention;
  output.add_to(x, attend(query(x), key(x), value(x), texts, heads, bias));
  x = attention_norm(x);
  contract.add_to(x, activate(expand(x), activation));
  return mlp_norm(x);
}

BertTower::BertTower(const BertConfig& config, ModelWeights& weights) : config_(config) {
  const bool is_mpnet = config.kind == BertKind::mpnet;
  const TransformerConfig& transformer = config.transformer;
  const std::int64_t width = transformer.width;
  // A whole model with its head has its encoder below a name.
  const std::string name = is_mpnet ? "mpnet." : "bert.";
  const std::string top = weights.contains(name + "embeddings.word_embeddings.weight") ? name : "";
  const std::string embeddings = top + "embeddings.";
  token_embedding_ = weights.take(embeddings + "word_embeddings.weight", {config.vocabulary_size, width});
  position_embedding_ = weights.take(embeddings + "position_embeddings.weight", {config.positions, width});
  input_norm_ = take_norm(weights, embeddings + "LayerNorm", transformer);
  if (is_mpnet) {
    distance_embedding_ = weights.take(top + "encoder.relative_attention_bias.weight",
                                       {config.relative_buckets, transformer.heads});
  } else {
    // A sentence by itself is of the first type throughout.
    const torch::Tensor types =
        weights.take(embeddings + "token_type_embeddings.weight", {config.token_types, width});
    if (types.defined() && position_embedding_.defined())
      position_embedding_ = position_embedding_ + types[0];
  }
  if (position_embedding_.defined())
    position_embedding_ =
        position_embedding_.narrow(0, config.first_position(), config.context_length()).contiguous();
  for (std::int64_t i = 0; i < transformer.layers; ++i) {
    const std::string layer = top + "encoder.layer." + std::to_string(i) + ".";
    const std::string attention = layer + (is_mpnet ? "attention.attn." : "attention.self.");
    const auto square = [&](const std::string& part) { return take_linear(weights, part, width, width); };
    layers_.push_back(
        {.attention = {.heads = transformer.heads,
                       .query = square(attention + (is_mpnet ? "q" : "query")),
                       .key = square(attention + (is_mpnet ? "k" : "key")),
                       .value = square(attention + (is_mpnet ? "v" : "value")),
                       .output = square(is_mpnet ? attention + "o" : layer + "attention.output.dense")},
         .attention_norm = take_norm(
             weights, layer + (is_mpnet ? "attention.LayerNorm" : "attention.output.LayerNorm"), transformer),
         .mlp_norm = take_norm(weights, layer + "output.LayerNorm", transformer),
         .expand = take_linear(weights, layer + "intermediate.dense", width, transformer.mlp_width),
         .contract = take_linear(weights, layer + "output.dense", transformer.mlp_width, width),
         .activation = transformer.activation});
  }
}

void BertTower::to(const Computation& computation) {
  const torch::Device device = computation.device;
  for (torch::Tensor* tensor : {&token_embedding_, &position_embedding_, &distance_embedding_})
    move_to(device, *tensor);
  move_to(device, input_norm_);
  for (BertLayer& layer : layers_) {
    move_to(computation, layer.attention);
    for (LayerNorm* norm : {&layer.attention_norm, &layer.mlp_norm}) move_to(device, *norm);
    for (Linear* linear : {&layer.expand, &layer.contract}) move_to(computation, *linear);
  }
}

/// (heads, T, T): what is added to the scores of a token for another; undefined for BERT.
torch::Tensor BertTower::distance_bias(std::int64_t length) const {
  if (!distance_embedding_.defined()) return {};
  const torch::Tensor buckets = torch::empty({length, length}, torch::kInt64);
  for (std::int64_t i = 0; i < length; ++i)
    for (std::int64_t j = 0; j < length; ++j)
      buckets.data_ptr<std::int64_t>()[i * length + j] = distance_bucket(j - i, config_.relative_buckets);
  return at::embedding(distance_embedding_, buckets.to(distance_embedding_.device()))
      .permute({2, 0, 1})
      .contiguous();
}

torch::Tensor BertTower::operator()(const torch::Tensor& ids) const {
  const std::int64_t texts = ids.size(0), length = ids.size(1);
  const torch::Tensor bias = distance_bias(length);
  const torch::Tensor tokens =
      at::embedding(token_embedding_, ids) + position_embedding_.narrow(0, 0, length);
  torch::Tensor x = input_norm_(tokens.reshape({texts * length, -1}));
  for (const BertLayer& layer : layers_) x = layer(x, texts, bias);
  return x.reshape({texts, length, -1});
}

}  // namespace ilk
