// B images, K clusters; pᵛ, pᵗ: probabilities of the image and the text head.
#include "losses.h"

#include <optional>

#include "../cluster/blocks.h"
#include "contrast.h"

namespace ilk::internal {
namespace {

// What stands for zero below a logarithm or a quotient.
constexpr double tiny = 1e-12;

double number(const torch::Tensor& scalar) {
  return scalar.item<double>();
}

struct Valued {
  torch::Tensor value;  // one number
  torch::Tensor first, second;
};

/// mean_i −log⟨a_i, b_i⟩ with its gradients: binary cross-entropy against 1.
Valued agreement_loss(const torch::Tensor& a, const torch::Tensor& b) {
  const auto dots = (a * b).sum(1, /*keepdim=*/true).clamp_min_(tiny);
  const auto slopes = dots.reciprocal().mul_(-1.0 / static_cast<double>(a.size(0)));
  return {dots.log().mean().neg(), slopes * b, slopes * a};
}

/// mean_k −log sigmoid(Σ_i a_ik b_ik) with its gradients: binary cross-entropy with logits against 1.
Valued column_agreement_loss(const torch::Tensor& a, const torch::Tensor& b) {
  const auto logits = (a * b).sum(0, /*keepdim=*/true);
  const auto slopes = logits.neg().sigmoid_().mul_(-1.0 / static_cast<double>(a.size(1)));
  return {logits.sigmoid().clamp_min_(tiny).log_().mean().neg(), slopes * b, slopes * a};
}

/// The entropy (nats) of the mean prediction, and its gradient.
std::pair<torch::Tensor, torch::Tensor> mean_entropy(const torch::Tensor& p) {
  const auto mean = p.mean(0, /*keepdim=*/true).clamp_min_(tiny);
  const auto logarithms = mean.log();
  return {(mean * logarithms).sum().neg(),
          (logarithms + 1).mul_(-1.0 / static_cast<double>(p.size(0))).expand_as(p)};
}

Pair zeros_like(const Pair& tensors) {
  return {torch::zeros_like(tensors[image_head]), torch::zeros_like(tensors[text_head])};
}

/// Adds `weight` × the entropies of both heads' mean predictions to the gradients; returns their sum.
double add_balance(const Pair& probabilities, double weight, Pair& gradients) {
  double sum = 0;
  for (const std::size_t head : {image_head, text_head}) {
    const auto [entropy, gradient] = mean_entropy(probabilities[head][own_view]);
    gradients[head][own_view].add_(gradient, weight);
    sum += number(entropy);
  }
  return sum;
}

/// One view of one head.
struct Place {
  HeadIndex head;
  View view;

  torch::Tensor in(const Pair& tensors) const { return tensors[head][view]; }
};

struct Places {
  Place a, b;
};

// The table of sac.md. v, t: neighbours in an image's own modality; crossed: the text of an image-neighbour,
// the image of a text-neighbour.
constexpr Place image{image_head, own_view}, text{text_head, own_view};
constexpr Place image_neighbour{image_head, same_view}, text_neighbour{text_head, same_view};
constexpr Place crossed_image{image_head, crossed_view}, crossed_text{text_head, crossed_view};
struct SacTerm {
  Places contrasted, anchor, other;
};
constexpr SacTerm sac_terms[] = {
    {{image, crossed_image}, {image, crossed_image}, {text, crossed_text}},
    {{image, text_neighbour}, {image, text_neighbour}, {text, image_neighbour}},
    {{text, image_neighbour}, {image, text_neighbour}, {text, image_neighbour}},
};

/// r_i = sigmoid(s ⟨a_i, b_i⟩): how far two views of an image agree.
struct Agreement {
  Agreement(const Pair& probabilities, const Places& places, double scale)
      : places(places),
        a(places.a.in(probabilities)),
        b(places.b.in(probabilities)),
        scale(scale),
        values((a * b).sum(1).mul_(scale).sigmoid_()) {}

  /// Adds what dL/dr makes of the two views' gradients.
  void send_back(const torch::Tensor& slopes, const Pair& gradients) const {
    const auto flow = (slopes * values * (1 - values)).mul_(scale).unsqueeze_(1);
    places.a.in(gradients).addcmul_(flow, b);
    places.b.in(gradients).addcmul_(flow, a);
  }

  Places places;
  torch::Tensor a, b;
  double scale;
  torch::Tensor values;  // (B)
};

/// One contrast whose samples count by how far their neighbourhoods agree; returns its loss and mean weight.
std::pair<double, double> add_sac_term(const SacTerm& term, const Pair& probabilities,
                                       const SacLossOptions& options, Pair& gradients, torch::Tensor& room) {
  const double scale = options.agreement_scale / options.tau;
  const std::int64_t n = probabilities[image_head].size(1);
  torch::Tensor rows, omega, weights;
  std::optional<Agreement> anchor, other;
  on_one_thread([&] {
    rows = torch::cat({term.contrasted.a.in(probabilities), term.contrasted.b.in(probabilities)});
    anchor.emplace(probabilities, term.anchor, scale);
    other.emplace(probabilities, term.other, scale);
    omega = anchor->values * options.alpha + other->values * (1 - options.alpha);
    weights = options.adaptive_weights ? omega / omega.sum()
                                       : torch::full_like(omega, 1.0 / static_cast<double>(n));
  });
  const Contrast found = contrast(rows, weights, options.tau, OwnRow::counted, room);
  double loss = 0, mean_weight = 0;
  on_one_thread([&] {
    const auto mean = weights.dot(found.losses);
    loss = number(mean), mean_weight = number(omega.mean());
    term.contrasted.a.in(gradients).add_(found.gradient.slice(0, 0, n));
    term.contrasted.b.in(gradients).add_(found.gradient.slice(0, n));
    if (!options.adaptive_weights) return;
    const auto slopes = (found.losses - mean).div_(omega.sum());
    anchor->send_back(slopes * options.alpha, gradients);
    other->send_back(slopes * (1 - options.alpha), gradients);
  });
  return {loss, mean_weight};
}

/// The clusters as rows of unit length: what each head's column says of the images of a batch.
struct UnitColumns {
  explicit UnitColumns(const torch::Tensor& probabilities)
      : lengths(at::linalg_vector_norm(probabilities, 2, at::IntArrayRef{0}).clamp_min_(tiny).unsqueeze_(1)),
        rows(probabilities.t() / lengths) {}

  torch::Tensor send_back(const torch::Tensor& slopes) const {
    return (slopes - rows * (rows * slopes).sum(1, /*keepdim=*/true)).div_(lengths).t();
  }

  torch::Tensor lengths, rows;  // (K, 1), (K, B)
};

/// Contrasts the clusters of two views: one cluster in both modalities is a pair. Returns the mean loss.
double add_distillation(const Places& places, const Pair& probabilities, double temperature, Pair& gradients,
                        torch::Tensor& room) {
  const std::int64_t k = probabilities[image_head].size(2);
  std::optional<UnitColumns> a, b;
  torch::Tensor rows, weights;
  on_one_thread([&] {
    a.emplace(places.a.in(probabilities)), b.emplace(places.b.in(probabilities));
    rows = torch::cat({a->rows, b->rows});
    weights = torch::full({k}, 1.0 / static_cast<double>(k), rows.options());
  });
  const Contrast found = contrast(rows, weights, temperature, OwnRow::left_out, room);
  double loss = 0;
  on_one_thread([&] {
    loss = number(found.losses.mean());
    places.a.in(gradients).add_(a->send_back(found.gradient.slice(0, 0, k)));
    places.b.in(gradients).add_(b->send_back(found.gradient.slice(0, k)));
  });
  return loss;
}

}  // namespace

BatchLoss sac_loss(const Pair& probabilities, const SacLossOptions& options, torch::Tensor& room) {
  BatchLoss loss{.gradients = zeros_like(probabilities)};
  std::vector<double> weights;
  for (const SacTerm& term : sac_terms) {
    const auto [value, weight] = add_sac_term(term, probabilities, options, loss.gradients, room);
    loss.facts.push_back(value);
    weights.push_back(weight);
    loss.total += value;
  }
  on_one_thread([&] {
    const auto p = image.in(probabilities), q = text.in(probabilities);
    const Valued rows = agreement_loss(p, q), columns = column_agreement_loss(p, q);
    const double alignment = options.beta * number(rows.value) + (1 - options.beta) * number(columns.value);
    const double of_rows = options.alignment_weight * options.beta;
    const double of_columns = options.alignment_weight * (1 - options.beta);
    image.in(loss.gradients).add_(rows.first, of_rows).add_(columns.first, of_columns);
    text.in(loss.gradients).add_(rows.second, of_rows).add_(columns.second, of_columns);
    const double balance = add_balance(probabilities, -options.balance_weight, loss.gradients);
    loss.facts.push_back(alignment);
    loss.facts.push_back(balance);
    loss.total += options.alignment_weight * alignment - options.balance_weight * balance;
  });
  loss.facts.insert(loss.facts.end(), weights.begin(), weights.end());
  return loss;
}

BatchLoss tac_loss(const Pair& probabilities, const TacLossOptions& options, torch::Tensor& room) {
  BatchLoss loss{.gradients = zeros_like(probabilities)};
  const std::int64_t k = probabilities[image_head].size(2);
  const double temperature = options.distillation_temperature > 0 ? options.distillation_temperature
                             : k > 100                            ? 5.0
                                                                  : 0.5;
  const double to_text =
      add_distillation({image, text_neighbour}, probabilities, temperature, loss.gradients, room);
  const double to_image =
      add_distillation({text, image_neighbour}, probabilities, temperature, loss.gradients, room);
  on_one_thread([&] {
    const Valued rows = agreement_loss(image.in(probabilities), text.in(probabilities));
    image.in(loss.gradients).add_(rows.first);
    text.in(loss.gradients).add_(rows.second);
    const double agreement = number(rows.value);
    const double balance = add_balance(probabilities, -options.balance_weight, loss.gradients);
    loss.facts = {to_text, to_image, agreement, balance};
    loss.total = to_text + to_image + agreement - options.balance_weight * balance;
  });
  return loss;
}

}  // namespace ilk::internal
