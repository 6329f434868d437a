#include <gtest/gtest.h>
#include <ilk/threads.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/random.h"
#include "matrices.h"
#include "methods/losses.h"
#include "slow_contrast.h"
#include "targets.h"

namespace {

using ilk::internal::BatchLoss;
using ilk::internal::Pair;

ilk::Matrix<float> room;

using Head = std::vector<Table>;  // views of one head
using Loops = std::function<double(const Head& image, const Head& text)>;

// The same formulas as docs/methods/sac.md, one number at a time.

BatchLoss sac_loss(const Pair& p, const ilk::SacLossOptions& options) {
  return ilk::internal::sac_loss(p, options, room);
}
BatchLoss tac_loss(const Pair& p, const ilk::TacLossOptions& options) {
  return ilk::internal::tac_loss(p, options, room);
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

  Row facts(const Head& image, const Head& text) const {
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

  double operator()(const Head& image, const Head& text) const {
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

  Row facts(const Head& image, const Head& text) const {
    const Row even(image[0][0].size(), 1.0);
    return {slow_contrast(unit_columns(image[0]), unit_columns(text[1]), even, temperature, false),
            slow_contrast(unit_columns(text[0]), unit_columns(image[1]), even, temperature, false),
            slow_agreement(image[0], text[0]), slow_entropy(image[0]) + slow_entropy(text[0])};
  }

  double operator()(const Head& image, const Head& text) const {
    const Row f = facts(image, text);
    return f[0] + f[1] + f[2] - balance_weight * f[3];
  }
};

Head head_of(const ilk::internal::Views& p) {
  Head head;
  for (std::int64_t v = 0; v < p.views(); ++v) head.push_back(table_of(p[v]));
  return head;
}

double size_of(const Pair& gradients) {
  double largest = 0;
  for (const auto& views : gradients)
    for (const float number : views.rows().flat())
      largest = std::max(largest, std::abs(static_cast<double>(number)));
  return largest;
}

/// Central differences of the slow loss for every number of both heads against the gradients found.
void expect_gradients(const Loops& slow, const Pair& p, const BatchLoss& found) {
  std::vector<Head> heads = {head_of(p[0]), head_of(p[1])};
  const double tolerance = 2e-6 * std::max(1.0, size_of(found.gradients));
  for (std::size_t h = 0; h < 2; ++h) {
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
          const auto view = found.gradients[h][static_cast<std::int64_t>(v)];
          EXPECT_NEAR(view.row(static_cast<std::int64_t>(i))[k], (above - below) / (2 * step), tolerance)
              << "head " << h << " view " << v << " row " << i << " cluster " << k;
        }
  }
}

/// The same along a few random directions, for losses that take long.
void expect_slopes(const Loops& slow, const Pair& p, const BatchLoss& found) {
  ilk::RandomStream random(1, "directions");
  for (int direction = 0; direction < 6; ++direction) {
    std::vector<Head> above = {head_of(p[0]), head_of(p[1])}, below = above;
    double expected = 0, length = 0;
    constexpr double step = 1e-5;
    for (std::size_t h = 0; h < 2; ++h)
      for (std::size_t v = 0; v < above[h].size(); ++v)
        for (std::size_t i = 0; i < above[h][v].size(); ++i)
          for (std::size_t k = 0; k < above[h][v][i].size(); ++k) {
            // The first direction is that of the gradient.
            const double slope =
                found.gradients[h][static_cast<std::int64_t>(v)].row(static_cast<std::int64_t>(i))[k];
            const double d = direction == 0 ? slope / size_of(found.gradients) : random.normal();
            above[h][v][i][k] += step * d, below[h][v][i][k] -= step * d;
            expected += d * slope, length += d * d;
          }
    const double measured = (slow(above[0], above[1]) - slow(below[0], below[1])) / (2 * step);
    EXPECT_NEAR(expected, measured, 1e-5 * size_of(found.gradients) * std::sqrt(length)) << direction;
  }
}

void expect_facts(const Row& expected, const BatchLoss& found) {
  ASSERT_EQ(found.facts.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(found.facts[i], expected[i], fact_tolerance * std::max(1.0, std::abs(expected[i]))) << i;
}

void expect_total(double expected, const BatchLoss& found) {
  EXPECT_NEAR(found.total, expected, fact_tolerance * std::max(1.0, std::abs(expected)));
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
    expect_facts(slow.facts(head_of(p[0]), head_of(p[1])), found);
    expect_total(slow(head_of(p[0]), head_of(p[1])), found);
    expect_gradients(slow, p, found);
  }
}

TEST(TacLoss, EachTermAndTheGradientEqualTheLoops) {
  const Pair p = {probabilities(2, 7, 4, 3), probabilities(2, 7, 4, 4)};
  for (const double temperature : {0.5, 0.1, 3.0}) {
    const SlowTac slow{temperature, 5};
    const BatchLoss found = tac_loss(p, {.distillation_temperature = temperature});
    expect_facts(slow.facts(head_of(p[0]), head_of(p[1])), found);
    expect_total(slow(head_of(p[0]), head_of(p[1])), found);
    expect_gradients(slow, p, found);
  }
}

TEST(TacLoss, TheTemperatureLeftAtZeroGoesByTheNumberOfClusters) {
  for (const auto& [k, temperature] : {std::pair<std::int64_t, double>{100, 0.5}, {101, 5.0}}) {
    const Pair p = {probabilities(2, 8, k, 3), probabilities(2, 8, k, 4)};
    EXPECT_EQ(tac_loss(p, {}).total, tac_loss(p, {.distillation_temperature = temperature}).total);
  }
}

TEST(SacLoss, WeightsAreThoseOfTheLoopsAndEvenWhereTheyDoNotAdapt) {
  const Pair p = {probabilities(3, 6, 4, 1), probabilities(3, 6, 4, 2)};
  const Head image = head_of(p[0]), text = head_of(p[1]);
  ilk::SacLossOptions options;
  const SlowSac slow{options};
  const Row intra = slow.omega(image[0], image[2], text[0], text[2]);
  const Row crossed = slow.omega(image[0], text[1], text[0], image[1]);
  const auto weights = ilk::internal::sac_weights(p, options);
  for (std::int64_t term = 0; term < 3; ++term) {
    const Row& expected = term == 0 ? intra : crossed;
    double sum = 0;
    for (const double weight : expected) sum += weight;
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(weights.row(term)[i], expected[i] / sum, 1e-7) << term << " " << i;
  }
  options.adaptive_weights = false;
  const auto even = ilk::internal::sac_weights(p, options);
  for (const double weight : even.flat()) EXPECT_EQ(weight, 1.0 / 6);
}

TEST(Losses, OfALargeBatchEqualTheLoops) {
  const Pair p = {probabilities(3, 300, 10, 1), probabilities(3, 300, 10, 2)};
  const SlowSac sac{{}};
  const SlowTac tac{0.5, 5};
  const BatchLoss found_sac = sac_loss(p, {}), found_tac = tac_loss(p, {});
  expect_facts(sac.facts(head_of(p[0]), head_of(p[1])), found_sac);
  expect_facts(tac.facts(head_of(p[0]), head_of(p[1])), found_tac);
  expect_total(sac(head_of(p[0]), head_of(p[1])), found_sac);
  expect_total(tac(head_of(p[0]), head_of(p[1])), found_tac);
  expect_slopes(sac, p, found_sac);
  expect_slopes(tac, p, found_tac);
}

TEST(Losses, TheSameForAnyNumberOfThreadsAndEveryProcessor) {
  const Pair p = {probabilities(3, 300, 10, 1), probabilities(3, 300, 10, 2)};
  ilk::set_threads(1);
  const BatchLoss one = sac_loss(p, {}), one_tac = tac_loss(p, {});
  ilk::set_threads(3);
  for_each_target([&] {
    const BatchLoss three = sac_loss(p, {}), three_tac = tac_loss(p, {});
    EXPECT_EQ(one.total, three.total);
    EXPECT_EQ(one_tac.total, three_tac.total);
    for (std::size_t h = 0; h < 2; ++h) {
      EXPECT_TRUE(equal(one.gradients[h].rows(), three.gradients[h].rows()));
      EXPECT_TRUE(equal(one_tac.gradients[h].rows(), three_tac.gradients[h].rows()));
    }
  });
  ilk::set_threads(0);
}

TEST(Losses, OneClusterHasNothingToLearn) {
  Pair ones = {ilk::internal::Views(3, 5, 1), ilk::internal::Views(3, 5, 1)};
  for (auto& views : ones) std::ranges::fill(views.rows().flat(), 1.0f);
  const BatchLoss sac = sac_loss(ones, {});
  EXPECT_NEAR(sac.facts[0], std::log(10), 1e-6) << "each of ten rows is as near as the partner";
  EXPECT_EQ(sac.facts[4], 0);
  const BatchLoss tac = tac_loss(ones, {});
  EXPECT_NEAR(tac.facts[0], 0, 1e-6);
  EXPECT_TRUE(is_finite(sac.gradients[0].rows()));
  EXPECT_TRUE(is_finite(tac.gradients[1].rows()));
}

TEST(Losses, CertainHeadsThatDisagreeGiveNumbersStill) {
  Pair p = {ilk::internal::Views(3, 4, 2), ilk::internal::Views(3, 4, 2)};
  for (std::size_t h = 0; h < 2; ++h)
    for (std::int64_t i = 0; i < p[h].rows().rows(); ++i) p[h].rows().row(i)[h] = 1;
  const BatchLoss sac = sac_loss(p, {}), tac = tac_loss(p, {});
  for (const BatchLoss* loss : {&sac, &tac}) {
    EXPECT_TRUE(std::isfinite(loss->total));
    EXPECT_TRUE(is_finite(loss->gradients[0].rows()));
    EXPECT_TRUE(is_finite(loss->gradients[1].rows()));
  }
}

}  // namespace
