#include "encoders/transformer.h"

#include <algorithm>
#include <utility>

#include "core/fail.h"
#include "kernels/kernels.h"

namespace ilk {

Precision settled(Precision precision, Device device) {
  if (device != Device::cuda) return precision == Precision::automatic ? Precision::int16 : precision;
  require(precision != Precision::int16, "precision",
          "int16 is of the CPU; a GPU (device cuda) multiplies in fp32.");
  return Precision::fp32;
}

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

Linear::Linear(MatrixView<const float> weight, std::vector<float> bias, Precision precision)
    : bias_(std::move(bias)) {
  if (weight.empty()) return;
  if (precision == Precision::int16)
    packed_int16_ = Int16Matrix(Int16Rows(weight));
  else
    packed_ = PackedMatrix::of_transpose(weight);
}

void Linear::multiply_to(MatrixView<const float> x, MatrixView<float> y, bool add) const {
  const float* bias = bias_.empty() ? nullptr : bias_.data();
  if (packed_.empty())
    multiply(Int16Rows(x), packed_int16_, bias, y, add);
  else
    multiply(x, packed_, bias, y, add);
}

Matrix<float> Linear::operator()(MatrixView<const float> x) const {
  auto y = Matrix<float>::uninitialised(x.rows(), std::max(packed_.columns(), packed_int16_.columns()));
  multiply_to(x, y, false);
  return y;
}

void Linear::add_to(MatrixView<float> x, MatrixView<const float> y) const {
  multiply_to(y, x, true);
}

Matrix<float> LayerNorm::operator()(MatrixView<const float> x) const {
  auto y = Matrix<float>::uninitialised(x.rows(), x.columns());
  for (std::int64_t i = 0; i < x.rows(); ++i)
    kernels::kernels().layer_norm(x[i], x.columns(), weight.data(), bias.data(), epsilon, y[i]);
  return y;
}

void LayerNorm::in_place(MatrixView<float> x) const {
  for (std::int64_t i = 0; i < x.rows(); ++i)
    kernels::kernels().layer_norm(x[i], x.columns(), weight.data(), bias.data(), epsilon, x[i]);
}

void activate(Matrix<float>& x, Activation activation) {
  if (activation == Activation::gelu)
    kernels::kernels().gelu(x.data(), x.size());
  else
    kernels::kernels().quick_gelu(x.data(), x.size());
}

Linear take_linear(ModelWeights& weights, const std::string& name, std::int64_t from, std::int64_t to,
                   Precision precision) {
  const Matrix<float> weight = weights.take(name + ".weight", {to, from});
  return {weight, weights.take_vector(name + ".bias", to), precision};
}

Linear take_matrix(ModelWeights& weights, const std::string& name, const std::vector<std::int64_t>& shape,
                   Precision precision) {
  return {weights.take(name, shape).view(), {}, precision};
}

LayerNorm take_norm(ModelWeights& weights, const std::string& name, const TransformerConfig& config) {
  return {.weight = weights.take_vector(name + ".weight", config.width),
          .bias = weights.take_vector(name + ".bias", config.width),
          .epsilon = static_cast<float>(config.layer_norm_epsilon)};
}

}  // namespace ilk
