// B images, K clusters; pᵛ, pᵗ: probabilities of the image and the text head.
#include "methods/losses.h"

#include <algorithm>
#include <cmath>

#include "kernels/functions.h"
#include "kernels/kernels.h"
#include "methods/contrastive_loss.h"

namespace ilk::internal {
namespace {

// What stands for zero below a logarithm or a quotient.
constexpr double tiny = 1e-12;

using Rows = MatrixView<const float>;

/// One view of one head.
struct Place {
  HeadIndex head;
  View view;

  Rows in(const Pair& pair) const { return pair[head][view]; }
  MatrixView<float> in(Pair& pair) const { return pair[head][view]; }
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

/// to += from · factor, for matrices of one shape.
void add(MatrixView<float> to, Rows from, double factor = 1) {
  for (std::int64_t i = 0; i < to.rows(); ++i)
    kernels::kernels().add_scaled(to[i], from[i], static_cast<float>(factor), to.columns());
}

/// a_i · b_i of each row.
std::vector<double> row_dots(Rows a, Rows b) {
  std::vector<double> dots(static_cast<std::size_t>(a.rows()));
  for (std::int64_t i = 0; i < a.rows(); ++i)
    dots[static_cast<std::size_t>(i)] = kernels::kernels().dot_f64(a[i], b[i], a.columns());
  return dots;
}

/// What a loss makes of a_i · b_i: slopes_i · b_i to a's gradient, slopes_i · a_i to b's.
void send_to_rows(const Places& places, const std::vector<double>& slopes, const Pair& probabilities,
                  Pair& gradients) {
  const Rows a = places.a.in(probabilities), b = places.b.in(probabilities);
  const auto to_a = places.a.in(gradients), to_b = places.b.in(gradients);
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    const auto slope = static_cast<float>(slopes[static_cast<std::size_t>(i)]);
    kernels::kernels().add_scaled(to_a[i], b[i], slope, a.columns());
    kernels::kernels().add_scaled(to_b[i], a[i], slope, a.columns());
  }
}

/// Adds `weight` × the gradients of mean_i −log⟨a_i, b_i⟩, binary cross-entropy against 1; returns the mean.
double add_agreement(const Places& places, double weight, const Pair& probabilities, Pair& gradients) {
  auto dots = row_dots(places.a.in(probabilities), places.b.in(probabilities));
  const auto n = static_cast<double>(dots.size());
  double loss = 0;
  for (double& dot : dots) {
    dot = std::max(dot, tiny);
    loss -= kernels::log(dot);
    dot = -weight / (n * dot);
  }
  send_to_rows(places, dots, probabilities, gradients);
  return loss / n;
}

/// Adds `weight` × the gradients of mean_k −log sigmoid(Σ_i a_ik b_ik), binary cross-entropy with logits
/// against 1; returns the mean.
double add_column_agreement(const Places& places, double weight, const Pair& probabilities, Pair& gradients) {
  const Rows a = places.a.in(probabilities), b = places.b.in(probabilities);
  const auto to_a = places.a.in(gradients), to_b = places.b.in(gradients);
  const std::int64_t k = a.columns();
  std::vector<double> logits(static_cast<std::size_t>(k));
  double* logit = logits.data();
  for (std::int64_t i = 0; i < a.rows(); ++i)
    for (std::int64_t j = 0; j < k; ++j)
      logit[j] += static_cast<double>(a[i][j]) * static_cast<double>(b[i][j]);
  std::vector<float> slopes(static_cast<std::size_t>(k));
  double loss = 0;
  for (std::int64_t j = 0; j < k; ++j) {
    loss -= kernels::log(std::max(kernels::sigmoid(logit[j]), tiny));
    slopes[static_cast<std::size_t>(j)] =
        static_cast<float>(-weight * kernels::sigmoid(-logit[j]) / static_cast<double>(k));
  }
  const float* slope = slopes.data();
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    const float *from_a = a[i], *from_b = b[i];
    float *grown_a = to_a[i], *grown_b = to_b[i];
    for (std::int64_t j = 0; j < k; ++j) {
      grown_a[j] += slope[j] * from_b[j];
      grown_b[j] += slope[j] * from_a[j];
    }
  }
  return loss / static_cast<double>(k);
}

/// Adds `weight` × the gradient of the entropy (nats) of the mean prediction; returns the entropy.
double add_mean_entropy(const Place& place, double weight, const Pair& probabilities, Pair& gradients) {
  const Rows p = place.in(probabilities);
  const auto to = place.in(gradients);
  const std::int64_t k = p.columns();
  const auto n = static_cast<double>(p.rows());
  std::vector<double> mean(static_cast<std::size_t>(k));
  for (std::int64_t i = 0; i < p.rows(); ++i) kernels::kernels().add_row(mean.data(), p[i], 1, k);
  std::vector<float> slopes(static_cast<std::size_t>(k));
  double entropy = 0;
  for (std::size_t j = 0; j < mean.size(); ++j) {
    const double share = std::max(mean[j] / n, tiny), logarithm = kernels::log(share);
    entropy -= share * logarithm;
    slopes[j] = static_cast<float>(-weight * (logarithm + 1) / n);
  }
  for (std::int64_t i = 0; i < p.rows(); ++i) kernels::kernels().add_scaled(to[i], slopes.data(), 1, k);
  return entropy;
}

/// Adds `weight` × the entropies of both heads' mean predictions to the gradients; returns their sum.
double add_balance(const Pair& probabilities, double weight, Pair& gradients) {
  return add_mean_entropy(image, weight, probabilities, gradients) +
         add_mean_entropy(text, weight, probabilities, gradients);
}

Pair zeros_like(const Pair& pair) {
  const Views& p = pair[image_head];
  return {Views(p.views(), p.batch(), p.columns()), Views(p.views(), p.batch(), p.columns())};
}

/// The rows of a, then those of b.
Matrix<float> stacked(Rows a, Rows b) {
  auto rows = Matrix<float>::uninitialised(a.rows() + b.rows(), a.columns());
  for (std::int64_t i = 0; i < rows.rows(); ++i)
    std::copy_n(i < a.rows() ? a[i] : b[i - a.rows()], a.columns(), rows[i]);
  return rows;
}

/// r_i = sigmoid(s ⟨a_i, b_i⟩): how far two views of an image agree.
std::vector<double> agreements(const Pair& probabilities, const Places& places, double scale) {
  auto values = row_dots(places.a.in(probabilities), places.b.in(probabilities));
  for (double& value : values) value = kernels::sigmoid(scale * value);
  return values;
}

/// How the samples of one contrast are weighted.
struct SampleWeights {
  SampleWeights(const SacTerm& term, const Pair& probabilities, const SacLossOptions& options)
      : scale(options.agreement_scale / options.tau),
        anchor(agreements(probabilities, term.anchor, scale)),
        other(agreements(probabilities, term.other, scale)),
        weights(anchor.size()) {
    for (std::size_t i = 0; i < weights.size(); ++i)
      sum += weights[i] = options.alpha * anchor[i] + (1 - options.alpha) * other[i];
    const auto n = static_cast<double>(weights.size());
    for (double& weight : weights) weight = options.adaptive_weights ? weight / sum : 1 / n;
    mean = sum / n;
  }

  double scale;
  std::vector<double> anchor, other, weights;
  double sum = 0, mean = 0;  // of the weights before they were scaled to sum 1
};

/// One contrast whose samples count by how far their neighbourhoods agree; returns its loss and mean weight.
std::pair<double, double> add_sac_term(const SacTerm& term, const Pair& probabilities,
                                       const SacLossOptions& options, Pair& gradients, Matrix<float>& room) {
  const SampleWeights samples(term, probabilities, options);
  const auto rows = stacked(term.contrasted.a.in(probabilities), term.contrasted.b.in(probabilities));
  const std::int64_t n = rows.rows() / 2;
  const Contrast found = contrast(rows, samples.weights, options.tau, OwnRow::counted, room);
  double loss = 0;
  for (std::size_t i = 0; i < found.losses.size(); ++i) loss += samples.weights[i] * found.losses[i];
  add(term.contrasted.a.in(gradients), found.gradient.rows_between(0, n));
  add(term.contrasted.b.in(gradients), found.gradient.rows_between(n, 2 * n));
  if (options.adaptive_weights) {
    // dL / dω_i is (loss_i − loss) / Σ ω, and dr / d⟨a, b⟩ is s r (1 − r).
    std::vector<double> to_anchor(found.losses.size()), to_other(found.losses.size());
    for (std::size_t i = 0; i < found.losses.size(); ++i) {
      const double slope = samples.scale * (found.losses[i] - loss) / samples.sum;
      const double a = samples.anchor[i], b = samples.other[i];
      to_anchor[i] = options.alpha * slope * a * (1 - a);
      to_other[i] = (1 - options.alpha) * slope * b * (1 - b);
    }
    send_to_rows(term.anchor, to_anchor, probabilities, gradients);
    send_to_rows(term.other, to_other, probabilities, gradients);
  }
  return {loss, samples.mean};
}

/// The clusters as rows of unit length: what each head's column says of the images of a batch.
struct UnitColumns {
  explicit UnitColumns(Rows probabilities) : rows(transposed(probabilities)) {
    for (std::int64_t k = 0; k < rows.rows(); ++k) {
      const double square = kernels::kernels().sum_of_squares(rows[k], rows.columns());
      inverse_lengths.push_back(static_cast<float>(1 / std::max(std::sqrt(square), tiny)));
      for (float& value : rows.row(k)) value *= inverse_lengths.back();
    }
  }

  /// Adds to the probabilities' gradient what `slopes` of the rows make of it.
  void send_back(Rows slopes, MatrixView<float> gradient) const {
    for (std::int64_t k = 0; k < rows.rows(); ++k) {
      const float *row = rows[k], *slope = slopes[k];
      const auto along = static_cast<float>(kernels::kernels().dot_f64(row, slope, rows.columns()));
      const float scale = inverse_lengths[static_cast<std::size_t>(k)];
      for (std::int64_t i = 0; i < rows.columns(); ++i) gradient[i][k] += (slope[i] - row[i] * along) * scale;
    }
  }

  Matrix<float> rows;  // (K, B)
  std::vector<float> inverse_lengths;
};

/// Contrasts the clusters of two views: one cluster in both modalities is a pair. Returns the mean loss.
double add_distillation(const Places& places, const Pair& probabilities, double temperature, Pair& gradients,
                        Matrix<float>& room) {
  const std::int64_t k = probabilities[image_head].columns();
  const UnitColumns a(places.a.in(probabilities)), b(places.b.in(probabilities));
  const std::vector<double> weights(static_cast<std::size_t>(k), 1 / static_cast<double>(k));
  const Contrast found = contrast(stacked(a.rows, b.rows), weights, temperature, OwnRow::left_out, room);
  a.send_back(found.gradient.rows_between(0, k), places.a.in(gradients));
  b.send_back(found.gradient.rows_between(k, 2 * k), places.b.in(gradients));
  double loss = 0;
  for (const double one : found.losses) loss += one;
  return loss / static_cast<double>(k);
}

}  // namespace

Matrix<double> sac_weights(const Pair& probabilities, const SacLossOptions& options) {
  Matrix<double> weights(std::size(sac_terms), probabilities[image_head].batch());
  for (std::int64_t term = 0; term < weights.rows(); ++term) {
    const SampleWeights samples(sac_terms[term], probabilities, options);
    std::copy(samples.weights.begin(), samples.weights.end(), weights[term]);
  }
  return weights;
}

BatchLoss sac_loss(const Pair& probabilities, const SacLossOptions& options, Matrix<float>& room) {
  BatchLoss loss{.gradients = zeros_like(probabilities)};
  std::vector<double> weights;
  for (const SacTerm& term : sac_terms) {
    const auto [value, weight] = add_sac_term(term, probabilities, options, loss.gradients, room);
    loss.facts.push_back(value);
    weights.push_back(weight);
    loss.total += value;
  }
  const Places own{image, text};
  const double of_rows = options.beta, of_columns = 1 - options.beta, scale = options.alignment_weight;
  const double alignment =
      of_rows * add_agreement(own, scale * of_rows, probabilities, loss.gradients) +
      of_columns * add_column_agreement(own, scale * of_columns, probabilities, loss.gradients);
  const double balance = add_balance(probabilities, -options.balance_weight, loss.gradients);
  loss.facts.push_back(alignment);
  loss.facts.push_back(balance);
  loss.total += scale * alignment - options.balance_weight * balance;
  loss.facts.insert(loss.facts.end(), weights.begin(), weights.end());
  return loss;
}

BatchLoss tac_loss(const Pair& probabilities, const TacLossOptions& options, Matrix<float>& room) {
  BatchLoss loss{.gradients = zeros_like(probabilities)};
  const std::int64_t k = probabilities[image_head].columns();
  const double temperature = options.distillation_temperature.value_or(k > 100 ? 5.0 : 0.5);
  const double to_text =
      add_distillation({image, text_neighbour}, probabilities, temperature, loss.gradients, room);
  const double to_image =
      add_distillation({text, image_neighbour}, probabilities, temperature, loss.gradients, room);
  const double agreement = add_agreement({image, text}, 1, probabilities, loss.gradients);
  const double balance = add_balance(probabilities, -options.balance_weight, loss.gradients);
  loss.facts = {to_text, to_image, agreement, balance};
  loss.total = to_text + to_image + agreement - options.balance_weight * balance;
  return loss;
}

}  // namespace ilk::internal
