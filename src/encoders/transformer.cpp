#include "transformer.h"

#include <ilk/error.h>
#include <ilk/options.h>

#include <algorithm>
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

/// y = x A + b, or y += x A + b.
void Linear::multiply_on_cpu(const torch::Tensor& x, torch::Tensor& y, bool add) const {
  const torch::Tensor rows = x.contiguous();
  const std::int64_t m = rows.size(0), k = rows.size(1), n = y.size(1);
  const float* numbers = rows.data_ptr<float>();
  const float* b = bias.defined() ? bias.data_ptr<float>() : nullptr;
  if (packed_int16.columns() > 0)
    multiply(Int16Rows(numbers, k, m, k), packed_int16, b, y.data_ptr<float>(), n, add);
  else
    multiply(numbers, k, m, packed, b, y.data_ptr<float>(), n, add);
}

torch::Tensor Linear::operator()(const torch::Tensor& x) const {
  if (!x.device().is_cpu()) return at::linear(x, weight, bias);
  torch::Tensor y = torch::empty({x.size(0), std::max(packed.columns(), packed_int16.columns())});
  multiply_on_cpu(x, y, false);
  return y;
}

void Linear::add_to(torch::Tensor& x, const torch::Tensor& y) const {
  if (x.device().is_cpu())
    multiply_on_cpu(y, x, true);
  else
    x += at::linear(y, weight, bias);
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

void move_to(torch::Device device, LayerNorm& norm) {
  move_to(device, norm.weight);
  move_to(device, norm.bias);
}

void move_to(const Computation& computation, Linear& linear) {
  if (computation.device.is_cpu()) {
    const torch::Tensor weight = std::exchange(linear.weight, {}).contiguous();
    const std::int64_t from = weight.size(1), to = weight.size(0);
    if (computation.precision == Precision::int16)
      linear.packed_int16 = Int16Matrix(Int16Rows(weight.data_ptr<float>(), from, to, from));
    else
      linear.packed = PackedMatrix(weight);
  }
  move_to(computation.device, linear.weight);
  move_to(computation.device, linear.bias);
}

void move_to(const Computation& computation, Attention& attention) {
  for (Linear* linear : {&attention.query, &attention.key, &attention.value, &attention.output})
    move_to(computation, *linear);
}

Computation settle(torch::Device device, Precision precision, std::string_view function) {
  require(device.is_cpu() || precision != Precision::int16, function,
          "precision must be auto or fp32 on a GPU, got ", enum_name(precision), ".");
  if (precision == Precision::automatic) precision = device.is_cpu() ? Precision::int16 : Precision::fp32;
  return {device, precision};
}

}  // namespace ilk
