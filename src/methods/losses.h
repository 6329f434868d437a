#pragma once
// What SAC and TAC* minimise, with gradients. B images in a batch, K clusters; probabilities (V, B, K), rows
// that sum to 1: of each head, for V views of every image of the batch.
#include <ilk/matrix.h>
#include <ilk/sac.h>
#include <ilk/tac.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace ilk::internal {

/// The views that a head is asked about, in this order. Same: a neighbour in the head's own modality;
/// crossed: a neighbour in the other one.
enum View : std::int64_t { own_view, same_view, crossed_view };

/// Numbers (V, B, K): K for each image of a batch, view after view.
class Views {
 public:
  Views() = default;
  /// All numbers are 0.
  Views(std::int64_t views, std::int64_t batch, std::int64_t columns)
      : views_(views), batch_(batch), rows_(views * batch, columns) {}

  std::int64_t views() const { return views_; }
  std::int64_t batch() const { return batch_; }
  std::int64_t columns() const { return rows_.columns(); }
  /// (B, K)
  MatrixView<float> operator[](std::int64_t view) {
    return rows_.rows_between(view * batch_, (view + 1) * batch_);
  }
  MatrixView<const float> operator[](std::int64_t view) const {
    return rows_.rows_between(view * batch_, (view + 1) * batch_);
  }
  /// (V · B, K)
  Matrix<float>& rows() { return rows_; }
  const Matrix<float>& rows() const { return rows_; }

 private:
  std::int64_t views_ = 0, batch_ = 0;
  Matrix<float> rows_;
};

/// One for each head.
enum HeadIndex : std::size_t { image_head, text_head };
using Pair = std::array<Views, 2>;

struct BatchLoss {
  double total = 0;
  std::vector<double> facts;  ///< each term, then mean weights
  Pair gradients;             ///< dL / d probabilities
};
using LossFunction = std::function<BatchLoss(const Pair& probabilities)>;

/// L of docs/methods/sac.md; `room` as contrast takes it. Three views of each head.
BatchLoss sac_loss(const Pair& probabilities, const SacLossOptions& options, Matrix<float>& room);
inline const std::vector<std::string> sac_facts = {
    "intra",   "image_to_text", "text_to_image",        "alignment",
    "balance", "intra_weight",  "image_to_text_weight", "text_to_image_weight"};

/// How much each image of the batch counts in each of SAC's three contrasts, in the order of sac_facts: (3,
/// B), rows that sum to 1; all alike where options.adaptive_weights is off.
Matrix<double> sac_weights(const Pair& probabilities, const SacLossOptions& options);

/// L of docs/methods/sac.md for TAC*; two views of each head.
BatchLoss tac_loss(const Pair& probabilities, const TacLossOptions& options, Matrix<float>& room);
inline const std::vector<std::string> tac_facts = {"image_to_text", "text_to_image", "agreement", "balance"};

}  // namespace ilk::internal
