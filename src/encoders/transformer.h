#pragma once
// What the towers of CLIP and of BERT are made of, for inference. Tokens are rows of float32 matrices, W the
// tower's width. A row of a result is the same to the bit whatever the other rows are, as far as they do not
// attend to one another, and on every processor.
#include <ilk/encoder.h>
#include <ilk/matrix.h>

#include <cstdint>
#include <string>
#include <vector>

#include "encoders/config_reader.h"
#include "encoders/model_weights.h"
#include "kernels/int16_product.h"
#include "kernels/matrix_product.h"

namespace ilk {

enum class Activation { quick_gelu, gelu };

struct TransformerConfig {
  std::int64_t width, mlp_width, layers, heads;
  Activation activation = Activation::quick_gelu;
  double layer_norm_epsilon = 1e-5;
};

/// Reads hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, hidden_act, layer_norm_eps;
/// what is absent stays as it is.
void read_transformer_config(const ConfigReader& reader, TransformerConfig& transformer);

/// What automatic means. Throws Error for int16 on a GPU.
Precision settled(Precision precision, Device device = Device::cpu);

/// y = x A + b over rows, (R, from) to (R, to). Only linear maps are ever of int16: they are nearly all of
/// the work.
class Linear {
 public:
  Linear() = default;
  /// `weight` (to, from) as in files; an empty one makes no map. `bias` (to) or empty. `precision` is not
  /// automatic.
  Linear(MatrixView<const float> weight, std::vector<float> bias, Precision precision);

  Matrix<float> operator()(MatrixView<const float> x) const;
  /// x += y A + b.
  void add_to(MatrixView<float> x, MatrixView<const float> y) const;

 private:
  void multiply_to(MatrixView<const float> x, MatrixView<float> y, bool add) const;

  PackedMatrix packed_;  // or else
  Int16Matrix packed_int16_;
  std::vector<float> bias_;
};

struct LayerNorm {
  std::vector<float> weight, bias;
  float epsilon;
  Matrix<float> operator()(MatrixView<const float> x) const;
  void in_place(MatrixView<float> x) const;
};

/// Multi-head attention (Vaswani et al. 2017), but for the way that tokens see one another.
struct Attention {
  std::int64_t heads;
  Linear query, key, value, output;
};

/// In place.
void activate(Matrix<float>& x, Activation activation);

/// A matrix that stands for itself in a file, without a bias; (to, from, …) counts as (to, from · …).
Linear take_matrix(ModelWeights& weights, const std::string& name, const std::vector<std::int64_t>& shape,
                   Precision precision);
/// Takes <name>.weight and <name>.bias.
Linear take_linear(ModelWeights& weights, const std::string& name, std::int64_t from, std::int64_t to,
                   Precision precision);
LayerNorm take_norm(ModelWeights& weights, const std::string& name, const TransformerConfig& config);

}  // namespace ilk
