#include "transformer.h"

#include <utility>

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
  if (!x.device().is_cpu()) return at::linear(x, weight, bias);
  const torch::Tensor rows = x.contiguous(), y = torch::empty({rows.size(0), packed.columns()});
  multiply(rows.data_ptr<float>(), rows.size(1), rows.size(0), packed,
           bias.defined() ? bias.data_ptr<float>() : nullptr, y.data_ptr<float>(), y.size(1));
  return y;
}

void Linear::add_to(torch::Tensor& x, const torch::Tensor& y) const {
  if (!x.device().is_cpu()) {
    x += at::linear(y, weight, bias);
    return;
  }
  const torch::Tensor rows = y.contiguous();
  multiply(rows.data_ptr<float>(), rows.size(1), rows.size(0), packed,
           bias.defined() ? bias.data_ptr<float>() : nullptr, x.data_ptr<float>(), x.size(1), true);
}

torch::Tensor LayerNorm::operator()(const torch::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, epsilon);
}

torch::Tensor activate(torch::Tensor x, Activation activation) {
  if (activation == Activation::gelu) return at::gelu_(x);
  if (!x.device().is_cpu()) return x.mul_(at::sigmoid(1.702 * x));
  quick_gelu(x.data_ptr<float>(), x.numel());
  return x;
}

Linear take_linear(ModelWeights& weights, const std::string& name, std::int64_t from, std::int64_t to) {
  return {.weight = weights.take(name + ".weight", {to, from}), .bias = weights.take(name + ".bias", {to})};
}

Linear take_matrix(ModelWeights& weights, const std::string& name, const std::vector<std::int64_t>& shape) {
  const torch::Tensor weight = weights.take(name, shape);
  return {.weight = weight.defined() ? weight.flatten(1) : weight};
}

LayerNorm take_norm(ModelWeights& weights, const std::string& name, const TransformerConfig& config) {
  return {weights.take(name + ".weight", {config.width}), weights.take(name + ".bias", {config.width}),
          config.layer_norm_epsilon};
}

void move_to(torch::Device device, torch::Tensor& tensor) {
  if (tensor.defined()) tensor = tensor.to(device);
}

void move_to(torch::Device device, Linear& linear) {
  if (device.is_cpu()) linear.packed = PackedMatrix(std::exchange(linear.weight, {}));
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
