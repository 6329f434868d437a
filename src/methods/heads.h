#pragma once
// N images, D dimensions of images, D′ of texts, K clusters; a batch has V views of B images, R = V B rows.
#include <ilk/training.h>

#include <array>

#include "losses.h"

namespace ilk::internal {

/// A tensor that is learnt, its gradient, and what Adam keeps of it.
struct Parameter {
  torch::Tensor value, gradient, first_moment, second_moment;
};

/// The image and the text head while they learn. Forward and backward passes are written out, so that all
/// views of both heads go through few matrix products, cut into fixed tasks that run side by side: a task is
/// some rows or some hidden columns of one head. BatchNorm's statistics are those of one view (B rows), as if
/// each view had been given to the head by itself; running ones take the views in order.
class Heads {
 public:
  /// `features`: images (N, D) and texts (N, D′), float32 (float64 for tests), which must stay as they are.
  /// Weights are drawn from a normal of deviation 0.02 that is cut at two deviations; biases are zero.
  Heads(Pair features, std::int64_t n_clusters, std::uint64_t seed);

  /// Probabilities (V, B, K) of the rows (V, B) int64 of each head's features. B must be at least 2.
  const Pair& forward(const Pair& rows);
  /// Sets all gradients from dL / d probabilities of the last forward pass.
  void backward(const Pair& gradients);
  /// One step of Adam (Kingma and Ba 2015).
  void step(const TrainingOptions& options);

  /// The weights themselves, not copies.
  HeadWeights weights(HeadIndex head) const;
  /// All that learning goes on from; names start with "image." or "text.".
  NamedTensors state() const;
  void restore(const std::function<torch::Tensor(const std::string&)>& find);

  struct Learnt {
    std::string name;
    Parameter& parameter;
  };
  std::vector<Learnt> parameters();

 private:
  struct Head {
    torch::Tensor features;
    Parameter map, weight1, norm_weight, norm_bias, weight2, bias2;
    torch::Tensor running_mean, running_variance;
    // Of the last forward pass; `normalised`, `active` and `flow` a tensor (R, columns) for each task.
    torch::Tensor input, mapped, inverse_deviation, logits, flow_of_mapped;
    std::vector<torch::Tensor> normalised, active, flow;
  };
  using RowBody = std::function<void(Head&, std::int64_t begin, std::int64_t end)>;
  using ColumnBody = std::function<void(Head&, std::size_t task, std::int64_t begin, std::int64_t end)>;

  void each_rows(const RowBody& body);
  void each_columns(const ColumnBody& body);
  void make_room(std::int64_t rows);
  void normalise(Head& head, std::size_t task, std::int64_t begin, std::int64_t end);
  void send_through_norm(Head& head, std::size_t task, std::int64_t begin, std::int64_t end);
  void find_map_gradient();
  torch::Tensor first_rows(const torch::Tensor& buffer) const { return buffer.narrow(0, 0, views_ * batch_); }

  std::array<Head, 2> heads_;
  Pair probabilities_;
  std::int64_t width_, n_clusters_, columns_per_task_;
  std::int64_t views_ = 0, batch_ = 0, room_ = 0, steps_ = 0;
};

/// Probabilities (rows, K) by a trained head: BatchNorm by its running statistics.
torch::Tensor trained_probabilities(const HeadWeights& head, const torch::Tensor& features);

/// BatchNorm's usual constants.
inline constexpr double norm_epsilon = 1e-5, norm_momentum = 0.1;

}  // namespace ilk::internal
