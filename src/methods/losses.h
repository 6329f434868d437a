#pragma once
// What SAC and TAC* minimise, with gradients. B images in a batch, K clusters; probabilities (V, B, K), rows
// that sum to 1: of each head, for V views of every image of the batch.
#include <ilk/sac.h>
#include <ilk/tac.h>
#include <torch/types.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace ilk::internal {

/// The views that a head is asked about, in this order. Same: a neighbour in the head's own modality;
/// crossed: a neighbour in the other one.
enum View : std::int64_t { own_view, same_view, crossed_view };

/// One tensor for each head.
enum HeadIndex : std::size_t { image_head, text_head };
using Pair = std::array<torch::Tensor, 2>;

struct BatchLoss {
  double total = 0;
  std::vector<double> facts;  ///< each term, then mean weights
  Pair gradients;             ///< dL / d probabilities
};
using LossFunction = std::function<BatchLoss(const Pair& probabilities)>;

/// L of docs/methods/sac.md; `room` as contrast takes it. Three views of each head.
BatchLoss sac_loss(const Pair& probabilities, const SacLossOptions& options, torch::Tensor& room);
inline const std::vector<std::string> sac_facts = {
    "intra",   "image_to_text", "text_to_image",        "alignment",
    "balance", "intra_weight",  "image_to_text_weight", "text_to_image_weight"};

/// L of docs/methods/sac.md for TAC*; two views of each head.
BatchLoss tac_loss(const Pair& probabilities, const TacLossOptions& options, torch::Tensor& room);
inline const std::vector<std::string> tac_facts = {"image_to_text", "text_to_image", "agreement", "balance"};

}  // namespace ilk::internal
