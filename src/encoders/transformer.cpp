#include "transformer.h"

#include <cmath>

namespace ilk {

void read_transformer_config(const ConfigReader& reader, TransformerConfig& transformer) {
  reader.read("hidden_size", transformer.width);
  reader.read("intermediate_size", transformer.mlp_width);
  reader.read("num_hidden_layers", transformer.layers);
  reader.read("num_attention_heads", transformer.heads);
  if (const auto* activation = reader.find("hidden_act")) {
    reader.check(*activation == "quick_gelu" || *activation == "gelu", "hidden_act", *activation,
                 "must be quick_gelu or gelu");
    transformer.activation = *activation == "gelu" ? Activation::gelu : Activation::quick_gelu;
  }
  reader.read("layer_norm_eps", transformer.layer_norm_epsilon);
  reader.check(transformer.width % transformer.heads == 0, "num_attention_heads", transformer.heads,
               "must divide hidden_size (" + std::to_string(transformer.width) + ")");
}

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

torch::Tensor activate(const torch::Tensor& x, Activation activation) {
  return activation == Activation::gelu ? at::gelu(x) : x * at::sigmoid(1.702 * x);
}

torch::Tensor transposed(const torch::Tensor& weight) {
  return weight.defined() ? weight.flatten(1).t().contiguous() : weight;
}

Linear take_linear(ModelWeights& weights, const std::string& name, std::int64_t from, std::int64_t to) {
  return {transposed(weights.take(name + ".weight", {to, from})), weights.take(name + ".bias", {to})};
}

LayerNorm take_norm(ModelWeights& weights, const std::string& name, const TransformerConfig& config) {
  return {weights.take(name + ".weight", {config.width}), weights.take(name + ".bias", {config.width}),
          config.layer_norm_epsilon};
}

void move_to(torch::Device device, torch::Tensor& tensor) {
  if (tensor.defined()) tensor = tensor.to(device);
}

void move_to(torch::Device device, Linear& linear) {
  move_to(device, linear.weight);
  move_to(device, linear.bias);
}

void move_to(torch::Device device, LayerNorm& norm) {
  move_to(device, norm.weight);
  move_to(device, norm.bias);
}

void move_to(torch::Device device, Attention& attention) {
  for (Linear* linear : {&attention.query, &attention.key, &attention.value, &attention.output})
    move_to(device, *linear);
}

}  // namespace ilk
