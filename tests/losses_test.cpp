#include <gtest/gtest.h>
#include <ilk/parallel.h>
#include <ilk/random.h>

#include <algorithm>
#include <cmath>

#include "../src/cluster/blocks.h"
#include "../src/methods/contrast.h"
#include "../src/methods/losses.h"

namespace {

using ilk::internal::BatchLoss;
using ilk::internal::OwnRow;
using ilk::internal::Pair;
torch::Tensor room;

BatchLoss sac_loss(const Pair& p, const ilk::SacLossOptions& options) {
  return ilk::internal::sac_loss(p, options, room);
}
BatchLoss tac_loss(const Pair& p, const ilk::TacLossOptions& options) {
  return ilk::internal::tac_loss(p, options, room);
}

using Row = std::vector<double>;
using Table = std::vector<Row>;    // rows of one view
using Views = std::vector<Table>;  // of one head
using Loops = std::function<double(const Views& image, const Views& text)>;

// The same formulas as docs/methods/sac.md and tac.md, one number at a time.

double dot(const Row& a, const Row& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

double slow_loss_of_row(const Table& rows, std::size_t i, std::size_t partner, double temperature, bool own) {
  double sum = 0;
  for (std::size_t j = 0; j < rows.size(); ++j)
    if (own || j != i) sum += std::exp(dot(rows[i], rows[j]) / temperature);
  return -std::log(std::exp(dot(rows[i], rows[partner]) / temperature) / sum);
}

double slow_contrast(const Table& a, const Table& b, const Row& weights, double temperature,
                     bool own = true) {
  Table rows = a;
  rows.insert(rows.end(), b.begin(), b.end());
  const std::size_t m = a.size();
  double loss = 0, total = 0;
  for (std::size_t i = 0; i < m; ++i) {
    loss += weights[i] / 2 *
            (slow_loss_of_row(rows, i, m + i, temperature, own) +
             slow_loss_of_row(rows, m + i, i, temperature, own));
    total += weights[i];
  }
  return loss / total;
}

double slow_agreement(const Table& a, const Table& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum -= std::log(dot(a[i], b[i]));
  return sum / static_cast<double>(a.size());
}

double slow_entropy(const Table& p) {
  double entropy = 0;
  for (std::size_t k = 0; k < p[0].size(); ++k) {
    double mean = 0;
    for (const Row& row : p) mean += row[k] / static_cast<double>(p.size());
    entropy -= mean * std::log(mean);
  }
  return entropy;
}

struct SlowSac {
  ilk::SacLossOptions options;

  Row omega(const Table& anchor_a, const Table& anchor_b, const Table& other_a, const Table& other_b) const {
    Row weights;
    for (std::size_t i = 0; i < anchor_a.size(); ++i) {
      const auto r = [&](const Row& a, const Row& b) {
        return 1 / (1 + std::exp(-options.agreement_scale * dot(a, b) / options.tau));
      };
      weights.push_back(options.alpha * r(anchor_a[i], anchor_b[i]) +
                        (1 - options.alpha) * r(other_a[i], other_b[i]));
    }
    return weights;
  }

  Row facts(const Views& image, const Views& text) const {
    const Table &pv = image[0], &pv_v = image[1], &pv_t = image[2];
    const Table &pt = text[0], &pt_t = text[1], &pt_v = text[2];
    const Row intra = omega(pv, pv_t, pt, pt_v), to_text = omega(pv, pt_t, pt, pv_v),
              to_image = omega(pv, pt_t, pt, pv_v);
    const auto used = [&](const Row& weights) {
      return options.adaptive_weights ? weights : Row(weights.size(), 1.0);
    };
    double columns = 0;
    for (std::size_t k = 0; k < pv[0].size(); ++k) {
      double logit = 0;
      for (std::size_t i = 0; i < pv.size(); ++i) logit += pt[i][k] * pv[i][k];
      columns += std::log(1 + std::exp(-logit)) / static_cast<double>(pv[0].size());
    }
    const auto mean = [](const Row& row) {
      double sum = 0;
      for (const double x : row) sum += x;
      return sum / static_cast<double>(row.size());
    };
    return {slow_contrast(pv, pv_t, used(intra), options.tau),
            slow_contrast(pv, pt_t, used(to_text), options.tau),
            slow_contrast(pt, pv_v, used(to_image), options.tau),
            options.beta * slow_agreement(pt, pv) + (1 - options.beta) * columns,
            slow_entropy(pv) + slow_entropy(pt),
            mean(intra),
            mean(to_text),
            mean(to_image)};
  }

  double operator()(const Views& image, const Views& text) const {
    const Row f = facts(image, text);
    return f[0] + f[1] + f[2] + options.alignment_weight * f[3] - options.balance_weight * f[4];
  }
};

struct SlowTac {
  double temperature, balance_weight;

  static Table unit_columns(const Table& p) {
    Table columns(p[0].size(), Row(p.size()));
    for (std::size_t k = 0; k < p[0].size(); ++k) {
      double square = 0;
      for (const Row& row : p) square += row[k] * row[k];
      for (std::size_t i = 0; i < p.size(); ++i) columns[k][i] = p[i][k] / std::sqrt(square);
    }
    return columns;
  }

  Row facts(const Views& image, const Views& text) const {
    const Row even(image[0][0].size(), 1.0);
    return {slow_contrast(unit_columns(image[0]), unit_columns(text[1]), even, temperature, false),
            slow_contrast(unit_columns(text[0]), unit_columns(image[1]), even, temperature, false),
            slow_agreement(image[0], text[0]), slow_entropy(image[0]) + slow_entropy(text[0])};
  }

  double operator()(const Views& image, const Views& text) const {
    const Row f = facts(image, text);
    return f[0] + f[1] + f[2] - balance_weight * f[3];
  }
};

Views views_of(const torch::Tensor& p) {
  const auto memory = p.to(torch::kFloat64).contiguous();
  const auto at = memory.accessor<double, 3>();
  Views views;
  for (std::int64_t v = 0; v < at.size(0); ++v) {
    views.emplace_back();
    for (std::int64_t i = 0; i < at.size(1); ++i)
      views.back().emplace_back(at[v][i].data(), at[v][i].data() + at.size(2));
  }
  return views;
}

torch::Tensor probabilities(std::int64_t views, std::int64_t batch, std::int64_t k, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  auto logits = torch::empty({views, batch, k}, torch::kFloat64);
  for (std::int64_t i = 0; i < logits.numel(); ++i) logits.data_ptr<double>()[i] = 1.5 * random.normal();
  return logits.softmax(2);
}

/// Central differences of the slow loss for every number of both heads against the gradients found.
void expect_gradients(const Loops& slow, const Pair& p, const BatchLoss& found) {
  std::vector<Views> heads = {views_of(p[0]), views_of(p[1])};
  for (std::size_t h = 0; h < 2; ++h) {
    const auto gradient = found.gradients[h].accessor<double, 3>();
    for (std::size_t v = 0; v < heads[h].size(); ++v)
      for (std::size_t i = 0; i < heads[h][v].size(); ++i)
        for (std::size_t k = 0; k < heads[h][v][i].size(); ++k) {
          constexpr double step = 1e-5;
          double& number = heads[h][v][i][k];
          const double before = number;
          number = before + step;
          const double above = slow(heads[0], heads[1]);
          number = before - step;
          const double below = slow(heads[0], heads[1]);
          number = before;
          const double expected = (above - below) / (2 * step);
          EXPECT_NEAR(gradient[static_cast<std::int64_t>(v)][static_cast<std::int64_t>(i)]
                              [static_cast<std::int64_t>(k)],
                      expected, 2e-8 * std::max(1.0, std::abs(expected)))
              << "head " << h << " view " << v << " row " << i << " cluster " << k;
        }
  }
}

void expect_facts(const Row& expected, const BatchLoss& found) {
  ASSERT_EQ(found.facts.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found.facts[i], expected[i], 1e-12) << i;
}

std::vector<ilk::SacLossOptions> sac_settings() {
  return {{},
          {.alignment_weight = 0, .balance_weight = 0},
          {.adaptive_weights = false, .alignment_weight = 0, .balance_weight = 0},
          {.tau = 0.3, .alpha = 0.4, .agreement_scale = 3, .alignment_weight = 0, .balance_weight = 0},
          {.alpha = 0, .balance_weight = 0},
          {.beta = 0, .alignment_weight = 10, .balance_weight = 0},
          {.beta = 1, .alignment_weight = 10, .balance_weight = 0},
          {.alignment_weight = 0, .balance_weight = 40}};
}

TEST(SacLoss, EachTermAndTheGradientEqualTheLoops) {
  const Pair p = {probabilities(3, 6, 4, 1), probabilities(3, 6, 4, 2)};
  for (const auto& options : sac_settings()) {
    const SlowSac slow{options};
    const BatchLoss found = sac_loss(p, options);
    expect_facts(slow.facts(views_of(p[0]), views_of(p[1])), found);
    EXPECT_NEAR(found.total, slow(views_of(p[0]), views_of(p[1])), 1e-12);
    expect_gradients(slow, p, found);
  }
}

TEST(TacLoss, EachTermAndTheGradientEqualTheLoops) {
  const Pair p = {probabilities(2, 7, 4, 3), probabilities(2, 7, 4, 4)};
  for (const double temperature : {0.5, 0.1, 3.0}) {
    const SlowTac slow{temperature, 5};
    const BatchLoss found = tac_loss(p, {.distillation_temperature = temperature});
    expect_facts(slow.facts(views_of(p[0]), views_of(p[1])), found);
    EXPECT_NEAR(found.total, slow(views_of(p[0]), views_of(p[1])), 1e-12);
    expect_gradients(slow, p, found);
  }
}

TEST(TacLoss, TheTemperatureLeftAtZeroGoesByTheNumberOfClusters) {
  for (const auto& [k, temperature] : {std::pair<std::int64_t, double>{100, 0.5}, {101, 5.0}}) {
    const Pair p = {probabilities(2, 8, k, 3), probabilities(2, 8, k, 4)};
    EXPECT_EQ(tac_loss(p, {}).total, tac_loss(p, {.distillation_temperature = temperature}).total);
  }
}

TEST(Losses, InSinglePrecisionTheyAreThoseOfDouble) {
  const Pair p = {probabilities(3, 300, 10, 1), probabilities(3, 300, 10, 2)};
  const Pair single = {p[0].to(torch::kFloat32), p[1].to(torch::kFloat32)};
  const auto near = [](const BatchLoss& a, const BatchLoss& b) {
    EXPECT_NEAR(a.total, b.total, 1e-5 * std::abs(b.total));
    for (std::size_t h = 0; h < 2; ++h)
      EXPECT_LT((a.gradients[h] - b.gradients[h]).abs().max().item<double>(),
                1e-5 * b.gradients[h].abs().max().item<double>());
  };
  near(sac_loss(single, {}), sac_loss(p, {}));
  near(tac_loss(single, {}), tac_loss(p, {}));
}

TEST(Losses, TheSameForAnyNumberOfThreads) {
  const Pair p = {probabilities(3, 300, 10, 1).to(torch::kFloat32),
                  probabilities(3, 300, 10, 2).to(torch::kFloat32)};
  ilk::set_threads(1);
  const BatchLoss one = sac_loss(p, {}), one_tac = tac_loss(p, {});
  ilk::set_threads(3);
  const BatchLoss three = sac_loss(p, {}), three_tac = tac_loss(p, {});
  ilk::set_threads(0);
  EXPECT_EQ(one.total, three.total);
  EXPECT_EQ(one_tac.total, three_tac.total);
  for (std::size_t h = 0; h < 2; ++h) {
    EXPECT_TRUE(one.gradients[h].equal(three.gradients[h]));
    EXPECT_TRUE(one_tac.gradients[h].equal(three_tac.gradients[h]));
  }
}

TEST(Losses, OneClusterHasNothingToLearn) {
  const Pair ones = {torch::ones({3, 5, 1}), torch::ones({3, 5, 1})};
  const BatchLoss sac = sac_loss(ones, {});
  EXPECT_NEAR(sac.facts[0], std::log(10), 1e-6) << "each of ten rows is as near as the partner";
  EXPECT_EQ(sac.facts[4], 0);
  const BatchLoss tac = tac_loss(ones, {});
  EXPECT_NEAR(tac.facts[0], 0, 1e-6);
  for (const auto& gradient : {sac.gradients[0], tac.gradients[1]})
    EXPECT_TRUE(gradient.isfinite().all().item<bool>());
}

TEST(Losses, CertainHeadsThatDisagreeGiveNumbersStill) {
  auto p = torch::zeros({3, 4, 2}), q = torch::zeros({3, 4, 2});
  p.select(2, 0).fill_(1), q.select(2, 1).fill_(1);
  for (const BatchLoss& loss : {sac_loss({p, q}, {}), tac_loss({p, q}, {})}) {
    EXPECT_TRUE(std::isfinite(loss.total));
    EXPECT_TRUE(loss.gradients[0].isfinite().all().item<bool>());
    EXPECT_TRUE(loss.gradients[1].isfinite().all().item<bool>());
  }
}

TEST(Contrast, ManyRowsAreStreamedWithTheSameResult) {
  // Enough rows that similarities are not kept; against the definition by plain operations and autograd.
  constexpr std::int64_t m = 2100;
  auto rows = probabilities(1, 2 * m, 3, 5)[0].set_requires_grad(true);
  auto weights = torch::rand({m}, torch::kFloat64);
  weights /= weights.sum();
  const auto partner = torch::arange(2 * m).roll(m);
  const auto logits = rows.matmul(rows.t()) / 0.7;
  const auto losses = logits.logsumexp(1) - logits.gather(1, partner.unsqueeze(1)).squeeze(1);
  const auto pairs = losses.view({2, m}).mean(0);
  (pairs * weights).sum().backward();
  const auto found = ilk::internal::contrast(rows.detach(), weights, 0.7, OwnRow::counted, room);
  EXPECT_TRUE(found.losses.allclose(pairs.detach(), 1e-10));
  EXPECT_TRUE(found.gradient.allclose(rows.grad(), 1e-8, 1e-14));
}

TEST(Contrast, TheColdestTemperatureDoesNotOverflow) {
  const auto rows = torch::eye(4).repeat({2, 1});
  const auto found = ilk::internal::contrast(rows, torch::full({4}, 0.25), ilk::internal::least_temperature,
                                             OwnRow::counted, room);
  // A row and its partner are both as near as can be: one half each.
  EXPECT_TRUE(found.losses.allclose(torch::full({4}, std::log(2.f)), 0, 1e-5)) << found.losses;
  EXPECT_TRUE(found.gradient.isfinite().all().item<bool>());
}

}  // namespace
