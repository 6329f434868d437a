#pragma once
// N images, D dimensions of images, D′ of texts, K clusters; a batch has V views of B images, R = V B rows.
#include <ilk/array.h>
#include <ilk/training.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "kernels/matrix_product.h"
#include "methods/losses.h"
#include "methods/trained_head.h"

namespace ilk::internal {

/// Numbers that are learnt, their gradient, and what Adam keeps of it. A vector is one row.
struct Parameter {
  Matrix<float> value, gradient, first_moment, second_moment;
  bool is_vector = false;
};

/// The features of each head, and rows (V, B) of them.
using FeaturePair = std::array<MatrixView<const float>, 2>;
using RowPair = std::array<Matrix<std::int64_t>, 2>;

/// The image and the text head while they learn. Forward and backward passes are written out, so that all
/// views of both heads go through few matrix products, cut into fixed tasks that run side by side: a task is
/// some rows or some hidden columns of one head. BatchNorm's statistics are those of one view (B rows), as if
/// each view had been given to the head by itself; running ones take the views in order.
class Heads {
 public:
  /// `features`: images (N, D) and texts (N, D′), which must stay as they are. Weights are drawn from a
  /// normal of deviation 0.02 that is cut at two deviations; biases are zero.
  Heads(const FeaturePair& features, std::int64_t n_clusters, std::uint64_t seed);

  /// Probabilities (V, B, K) of the rows (V, B) of each head's features. B must be at least 2.
  const Pair& forward(const RowPair& rows);
  /// Sets all gradients from dL / d probabilities of the last forward pass.
  void backward(const Pair& gradients);
  /// One step of Adam (Kingma and Ba 2015).
  void step(const TrainingOptions& options);

  /// A copy of the weights.
  HeadWeights weights(HeadIndex head) const;
  /// All that learning goes on from; names start with "image." or "text.".
  NamedArrays state() const;
  /// Throws Error where what `find` gives is of another shape.
  void restore(const std::function<const Array&(const std::string&)>& find);

  struct Learnt {
    std::string name;
    Parameter& parameter;
  };
  std::vector<Learnt> parameters();

 private:
  // Hidden numbers lie column after column, (D, R), so that BatchNorm's sums run along memory and products
  // with all rows of a batch are products of weights with the packed batch.
  struct Head {
    MatrixView<const float> features;
    Parameter map, weight1, norm_weight, norm_bias, weight2, bias2;
    std::vector<float> running_mean, running_variance;
    // Of the last pass.
    Matrix<float> input, mapped;       // (R, D′), (R, D); mapped is empty where there is no map
    Matrix<float> normalised, active;  // (D, R); on the way back, `active` becomes the flow into BatchNorm
    Matrix<float> logits;              // (K, R)
    Matrix<float> flow_of_logits;      // (R, K)
    Matrix<float> inverse_deviation;   // (V, D)
    Matrix<float> turned_weights;  // of the second layer (D, K); then of the first (D, D), if there is a map
    PackedMatrix packed_map;
    std::vector<PackedMatrix> packed, packed_flow, packed_flow_columns;  // of each block of rows

    bool has_map() const { return !map.value.empty(); }
    /// What the first layer sees.
    MatrixView<const float> seen() const { return has_map() ? mapped : input; }
  };
  struct Block {
    std::int64_t begin, end;
    std::size_t index;
  };

  template <class Body>
  void each_rows(const Body& body);
  template <class Body>
  void each_columns(const Body& body);
  std::vector<Block> blocks() const;
  void make_room();
  void normalise(Head& head, std::int64_t begin, std::int64_t end);
  void find_probabilities(Head& head, const Block& block, MatrixView<float> probabilities);
  void send_through_norm(Head& head, std::int64_t begin, std::int64_t end);
  void find_map_gradient();

  std::array<Head, 2> heads_;
  Pair probabilities_;
  std::int64_t width_, n_clusters_;
  std::int64_t views_ = 0, batch_ = 0, room_ = 0, steps_ = 0;
};

}  // namespace ilk::internal
