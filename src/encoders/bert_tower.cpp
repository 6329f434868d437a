#include "encoders/bert_tower.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "encoders/attention.h"
#include "kernels/functions.h"
#include "kernels/kernels.h"

namespace ilk {
namespace {}  // namespace

BertConfig read_bert_config(const std::filesystem::path& path) {
  const nlohmann::json file = read_json_object(path, "SentenceBert");
  const ConfigReader reader(file, "", path, "SentenceBert");
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
  const auto farthest_steps = static_cast<float>(kernels::log(128.0 / static_cast<double>(near)));
  const auto ratio = static_cast<float>(size) / static_cast<float>(near);
  const float steps = static_cast<float>(kernels::log(static_cast<double>(ratio))) / farthest_steps *
                      static_cast<float>(half - near);
  return side + std::min(half - 1, near + static_cast<std::int64_t>(steps));
}

Matrix<float> BertLayer::operator()(Matrix<float> x, std::int64_t texts, MatrixView<const float> bias) const {
  const auto& [heads, query, key, value, output] = attention;
  {
    Matrix<float> mixed = query(x);
    attend(mixed, key(x), value(x), texts, heads, bias);
    output.add_to(x, mixed);
  }
  attention_norm.in_place(x);
  Matrix<float> inner = expand(x);
  activate(inner, activation);
  contract.add_to(x, inner);
  mlp_norm.in_place(x);
  return x;
}

BertTower::BertTower(const BertConfig& config, ModelWeights& weights, Precision precision,
                     const std::string& above)
    : config_(config) {
  const bool is_mpnet = config.kind == BertKind::mpnet;
  const TransformerConfig& transformer = config.transformer;
  const std::int64_t width = transformer.width;
  // A whole model with its head has its encoder below a name.
  const std::string name = is_mpnet ? "mpnet." : "bert.";
  const std::string top = weights.contains(name + "embeddings.word_embeddings.weight") ? name : above;
  const std::string embeddings = top + "embeddings.";
  token_embedding_ = weights.take(embeddings + "word_embeddings.weight", {config.vocabulary_size, width});
  position_embedding_ = weights.take(embeddings + "position_embeddings.weight", {config.positions, width});
  input_norm_ = take_norm(weights, embeddings + "LayerNorm", transformer);
  if (is_mpnet) {
    distance_embedding_ = weights.take(top + "encoder.relative_attention_bias.weight",
                                       {config.relative_buckets, transformer.heads});
  } else {
    // A sentence by itself is of the first type throughout.
    const Matrix<float> types =
        weights.take(embeddings + "token_type_embeddings.weight", {config.token_types, width});
    for (std::int64_t i = 0; i < position_embedding_.rows() && !types.empty(); ++i)
      kernels::kernels().add(position_embedding_[i], types[0], width);
  }
  if (!position_embedding_.empty() && config.first_position() > 0)
    position_embedding_ = Matrix<float>(
        std::as_const(position_embedding_).rows_between(config.first_position(), config.positions));
  for (std::int64_t i = 0; i < transformer.layers; ++i) {
    const std::string layer = top + "encoder.layer." + std::to_string(i) + ".";
    const std::string attention = layer + (is_mpnet ? "attention.attn." : "attention.self.");
    const auto linear = [&](const std::string& part, std::int64_t from, std::int64_t to) {
      return take_linear(weights, part, from, to, precision);
    };
    const auto square = [&](const std::string& part) { return linear(part, width, width); };
    layers_.push_back(
        {.attention = {.heads = transformer.heads,
                       .query = square(attention + (is_mpnet ? "q" : "query")),
                       .key = square(attention + (is_mpnet ? "k" : "key")),
                       .value = square(attention + (is_mpnet ? "v" : "value")),
                       .output = square(is_mpnet ? attention + "o" : layer + "attention.output.dense")},
         .attention_norm = take_norm(
             weights, layer + (is_mpnet ? "attention.LayerNorm" : "attention.output.LayerNorm"), transformer),
         .mlp_norm = take_norm(weights, layer + "output.LayerNorm", transformer),
         .expand = linear(layer + "intermediate.dense", width, transformer.mlp_width),
         .contract = linear(layer + "output.dense", transformer.mlp_width, width),
         .activation = transformer.activation});
  }
}

/// (heads · T, T): what is added to the scores of a token for another; empty for BERT.
Matrix<float> BertTower::distance_bias(std::int64_t length) const {
  if (distance_embedding_.empty()) return {};
  auto bias = Matrix<float>::uninitialised(config_.transformer.heads * length, length);
  for (std::int64_t distance = 1 - length; distance < length; ++distance) {
    const float* of_head = distance_embedding_[distance_bucket(distance, config_.relative_buckets)];
    for (std::int64_t i = std::max<std::int64_t>(0, -distance); i < std::min(length, length - distance); ++i)
      for (std::int64_t head = 0; head < config_.transformer.heads; ++head)
        bias[head * length + i][i + distance] = of_head[head];
  }
  return bias;
}

Matrix<float> BertTower::operator()(MatrixView<const std::int32_t> ids) const {
  const std::int64_t texts = ids.rows(), length = ids.columns();
  const Matrix<float> bias = distance_bias(length);
  Matrix<float> x = rows_of(token_embedding_, ids.flat());
  for (std::int64_t text = 0; text < texts; ++text)
    kernels::kernels().add(x[text * length], position_embedding_.data(), length * x.columns());
  input_norm_.in_place(x);
  for (const BertLayer& layer : layers_) x = layer(std::move(x), texts, bias);
  return x;
}

}  // namespace ilk
