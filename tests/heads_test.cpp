#include <gtest/gtest.h>
#include <ilk/kmeans.h>
#include <ilk/threads.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "core/random.h"
#include "matrices.h"
#include "methods/heads.h"
#include "npy_fixture.h"
#include "targets.h"

namespace {

using ilk::internal::FeaturePair;
using ilk::internal::Heads;
using ilk::internal::Pair;
using ilk::internal::RowPair;
using Numbers = std::vector<double>;

constexpr std::int64_t images = 40, width = 10, text_width = 6, clusters = 4, views = 3;

ilk::Matrix<std::int64_t> rows(std::int64_t batch, std::uint64_t seed) {
  ilk::RandomStream random(seed, "rows");
  ilk::Matrix<std::int64_t> drawn(views, batch);
  for (std::int64_t& row : drawn.flat()) row = random.below(images);
  return drawn;
}

ilk::internal::Views upstream(std::int64_t batch, std::uint64_t seed) {
  ilk::RandomStream random(seed, "upstream");
  ilk::internal::Views flow(views, batch, clusters);
  for (float& number : flow.rows().flat()) number = static_cast<float>(random.normal());
  return flow;
}

Numbers numbers_of(std::span<const float> values) {
  return {values.begin(), values.end()};
}

double largest_of(const Numbers& values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

/// Both within `share` of the largest number expected.
void expect_near(std::span<const float> found, const Numbers& expected, double share,
                 const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(found[i], expected[i], share * largest_of(expected)) << what << " " << i;
}

/// One head in float64, one image after another, as docs/methods/sac.md says.
struct SlowHead {
  std::int64_t d, k, features;  // widths: hidden, clusters, features
  Numbers map, weight1, norm_weight, norm_bias, weight2, bias2, running_mean, running_variance;

  explicit SlowHead(const ilk::HeadWeights& from)
      : d(from.weight1.rows()),
        k(from.weight2.rows()),
        features((from.map.empty() ? from.weight1 : from.map).columns()),
        map(numbers_of(from.map.flat())),
        weight1(numbers_of(from.weight1.flat())),
        norm_weight(numbers_of(from.norm_weight)),
        norm_bias(numbers_of(from.norm_bias)),
        weight2(numbers_of(from.weight2.flat())),
        bias2(numbers_of(from.bias2)),
        running_mean(numbers_of(from.running_mean)),
        running_variance(numbers_of(from.running_variance)) {}

  /// The parameters in the order of Heads::parameters.
  std::vector<Numbers*> learnt() {
    std::vector<Numbers*> all = {&weight1, &norm_weight, &norm_bias, &weight2, &bias2};
    if (!map.empty()) all.insert(all.begin(), &map);
    return all;
  }

  static Numbers times(const Numbers& weight, const Numbers& x) {
    Numbers y(weight.size() / x.size());
    for (std::size_t i = 0; i < y.size(); ++i)
      for (std::size_t j = 0; j < x.size(); ++j) y[i] += weight[i * x.size() + j] * x[j];
    return y;
  }

  /// What is normalised: (rows, D).
  std::vector<Numbers> hidden(const ilk::Matrix<float>& x) const {
    std::vector<Numbers> result;
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      const Numbers seen = numbers_of(x.row(i));
      result.push_back(times(weight1, map.empty() ? seen : times(map, seen)));
    }
    return result;
  }

  Numbers probabilities(const Numbers& hidden, const Numbers& mean, const Numbers& variance) const {
    Numbers active(hidden.size());
    for (std::size_t j = 0; j < active.size(); ++j) {
      const double normal = (hidden[j] - mean[j]) / std::sqrt(variance[j] + ilk::internal::norm_epsilon);
      active[j] = std::max(0.0, normal * norm_weight[j] + norm_bias[j]);
    }
    Numbers p = times(weight2, active);
    double sum = 0;
    for (std::size_t c = 0; c < p.size(); ++c) sum += p[c] = std::exp(p[c] + bias2[c]);
    for (double& share : p) share /= sum;
    return p;
  }

  /// Mean and variance of each column.
  static std::pair<Numbers, Numbers> statistics(const std::vector<Numbers>& rows) {
    Numbers mean(rows[0].size()), variance(rows[0].size());
    const auto n = static_cast<double>(rows.size());
    for (const Numbers& row : rows)
      for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += row[j] / n;
    for (const Numbers& row : rows)
      for (std::size_t j = 0; j < mean.size(); ++j)
        variance[j] += (row[j] - mean[j]) * (row[j] - mean[j]) / n;
    return {mean, variance};
  }

  /// Of one view while the head learns.
  std::vector<Numbers> forward(const ilk::Matrix<float>& x) const {
    const auto before = hidden(x);
    const auto [mean, variance] = statistics(before);
    std::vector<Numbers> p;
    for (const Numbers& row : before) p.push_back(probabilities(row, mean, variance));
    return p;
  }

  void follow(const ilk::Matrix<float>& x) {
    const auto [mean, variance] = statistics(hidden(x));
    const auto n = static_cast<double>(x.rows());
    constexpr double momentum = ilk::internal::norm_momentum;
    for (std::size_t j = 0; j < mean.size(); ++j) {
      running_mean[j] = (1 - momentum) * running_mean[j] + momentum * mean[j];
      running_variance[j] = (1 - momentum) * running_variance[j] + momentum * variance[j] * n / (n - 1);
    }
  }
};

TEST(Heads, PassesEqualTheSlowOnesViewByViewAndTheirDifferences) {
  for (const std::int64_t texts : {width, text_width}) {
    const auto of_images = random_unit_rows(images, width, 1), of_texts = random_unit_rows(images, texts, 2);
    const FeaturePair data = {of_images, of_texts};
    Heads heads(data, clusters, 7);
    // A second, shorter batch uses the same room.
    for (const std::int64_t batch : {images, std::int64_t{11}}) {
      SlowHead slow[] = {SlowHead(heads.weights(ilk::internal::image_head)),
                         SlowHead(heads.weights(ilk::internal::text_head))};
      const RowPair drawn = {rows(batch, 3), rows(batch, 4)};
      const Pair flow = {upstream(batch, 5), upstream(batch, 6)};
      const Pair& p = heads.forward(drawn);
      std::vector<std::vector<ilk::Matrix<float>>> seen(2);
      for (std::size_t h = 0; h < 2; ++h) {
        for (std::int64_t view = 0; view < views; ++view) {
          seen[h].push_back(rows_of(data[h], drawn[h].row(view)));
          const auto expected = slow[h].forward(seen[h].back());
          for (std::int64_t i = 0; i < batch; ++i)
            expect_near(p[h][view].row(i), expected[static_cast<std::size_t>(i)], 2e-6, "probabilities");
          slow[h].follow(seen[h].back());
        }
        const auto found = heads.weights(static_cast<ilk::internal::HeadIndex>(h));
        expect_near(found.running_mean, slow[h].running_mean, 2e-6, "running_mean");
        expect_near(found.running_variance, slow[h].running_variance, 2e-6, "running_variance");
      }
      heads.backward(flow);
      const auto learnt = heads.parameters();
      auto next = learnt.begin();
      for (std::size_t h = 0; h < 2; ++h) {
        const auto loss = [&] {
          double sum = 0;
          for (std::int64_t view = 0; view < views; ++view) {
            const auto q = slow[h].forward(seen[h][static_cast<std::size_t>(view)]);
            for (std::int64_t i = 0; i < batch; ++i)
              for (std::size_t c = 0; c < clusters; ++c)
                sum += flow[h][view].row(i)[c] * q[static_cast<std::size_t>(i)][c];
          }
          return sum;
        };
        for (Numbers* parameter : slow[h].learnt()) {
          Numbers expected;
          for (double& number : *parameter) {
            constexpr double step = 1e-6;
            const double before = number;
            number = before + step;
            const double above = loss();
            number = before - step;
            const double below = loss();
            number = before;
            expected.push_back((above - below) / (2 * step));
          }
          expect_near(next->parameter.gradient.flat(), expected, 1e-5, next->name);
          ++next;
        }
      }
      EXPECT_EQ(next, learnt.end());
    }
  }
}

TEST(Heads, AStepIsAdams) {
  const auto of_images = random_unit_rows(images, width, 1),
             of_texts = random_unit_rows(images, text_width, 2);
  Heads heads({of_images, of_texts}, clusters, 7);
  const ilk::TrainingOptions options{.learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.95};
  std::vector<Numbers> value, mean, square;
  for (const auto& [name, parameter] : heads.parameters()) {
    value.push_back(numbers_of(parameter.value.flat()));
    mean.emplace_back(value.back().size()), square.emplace_back(value.back().size());
  }
  for (int step = 1; step <= 3; ++step) {
    const auto seed = static_cast<std::uint64_t>(step);
    heads.forward({rows(20, seed), rows(20, seed + 9)});
    heads.backward({upstream(20, seed), upstream(20, seed + 9)});
    heads.step(options);
    const auto learnt = heads.parameters();
    for (std::size_t p = 0; p < learnt.size(); ++p) {
      const auto gradient = learnt[p].parameter.gradient.flat(), now = learnt[p].parameter.value.flat();
      for (std::size_t i = 0; i < value[p].size(); ++i) {
        const double g = gradient[i];
        mean[p][i] = options.beta1 * mean[p][i] + (1 - options.beta1) * g;
        square[p][i] = options.beta2 * square[p][i] + (1 - options.beta2) * g * g;
        const double m = mean[p][i] / (1 - std::pow(options.beta1, step));
        const double v = square[p][i] / (1 - std::pow(options.beta2, step));
        value[p][i] -= options.learning_rate * m / (std::sqrt(v) + 1e-8);
        ASSERT_NEAR(now[i], value[p][i], 2e-7 * std::max(1.0, std::abs(value[p][i])))
            << learnt[p].name << " " << i;
      }
    }
  }
}

TEST(Heads, WeightsAreDrawnFromACutNormalAndBySeed) {
  const auto features = random_unit_rows(images, 20 * width, 1);
  const FeaturePair data = {features, features};
  Heads heads(data, 50, 1);
  for (const auto& [name, parameter] : heads.parameters()) {
    if (name.find("weight1") == std::string::npos && name.find("weight2") == std::string::npos) continue;
    const Numbers weights = numbers_of(parameter.value.flat());
    EXPECT_LE(largest_of(weights), 0.04f) << name;
    const auto n = static_cast<double>(weights.size());
    double sum = 0, squares = 0;
    for (const double weight : weights) sum += weight, squares += weight * weight;
    EXPECT_NEAR(sum / n, 0, 0.001) << name;
    // A normal cut at two deviations has 0.8796 of its deviation left.
    EXPECT_NEAR(std::sqrt(squares / n - sum / n * sum / n), 0.02 * 0.8796, 0.0004) << name;
  }
  Heads same(data, 50, 1), other(data, 50, 2);
  EXPECT_TRUE(equal(same.parameters()[0].parameter.value, heads.parameters()[0].parameter.value));
  EXPECT_FALSE(equal(other.parameters()[0].parameter.value, heads.parameters()[0].parameter.value));
}

void learn(Heads& heads, int steps) {
  for (int step = 0; step < steps; ++step) {
    const auto seed = static_cast<std::uint64_t>(step);
    heads.forward({rows(500, seed), rows(500, seed + 9)});
    heads.backward({upstream(500, seed), upstream(500, seed + 9)});
    heads.step({});
  }
}

void expect_same(const Heads& a, const Heads& b) {
  const auto left = a.state(), right = b.state();
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto &one = left[i].second, &other = right[i].second;
    EXPECT_EQ(one.shape(), other.shape());
    EXPECT_TRUE(std::equal(one.bytes(), one.bytes() + one.size_bytes(), other.bytes())) << left[i].first;
  }
}

TEST(Heads, TheSameForAnyNumberOfThreadsEveryProcessorAndFromAState) {
  const auto of_images = random_unit_rows(images, 300, 1), of_texts = random_unit_rows(images, 170, 2);
  const FeaturePair data = {of_images, of_texts};
  ilk::set_threads(1);
  Heads one(data, clusters, 7);
  learn(one, 2);
  ilk::set_threads(3);
  for_each_target([&] {
    Heads three(data, clusters, 7);
    learn(three, 2);
    expect_same(one, three);
  });
  Heads again(data, clusters, 8);
  const auto state = one.state();
  again.restore([&](const std::string& name) -> const ilk::Array& {
    return std::ranges::find(state, name, [](const auto& named) { return named.first; })->second;
  });
  learn(one, 3), learn(again, 3);
  ilk::set_threads(0);
  expect_same(one, again);
}

TEST(TrainedHead, IsTheLayersWithRunningStatistics) {
  const auto of_images = random_unit_rows(images, width, 1),
             of_texts = random_unit_rows(images, text_width, 2);
  const FeaturePair data = {of_images, of_texts};
  Heads heads(data, clusters, 7);
  heads.forward({rows(20, 1), rows(20, 2)});
  for (const auto h : {ilk::internal::image_head, ilk::internal::text_head}) {
    const auto weights = heads.weights(h);
    const SlowHead slow(weights);
    const auto found = ilk::internal::TrainedHead(weights).probabilities(data[h]);
    const auto hidden = slow.hidden(ilk::Matrix<float>(data[h]));
    for (std::int64_t i = 0; i < images; ++i)
      expect_near(
          found.row(i),
          slow.probabilities(hidden[static_cast<std::size_t>(i)], slow.running_mean, slow.running_variance),
          2e-6, "probabilities");
  }
}

TEST(Softmax, IsNotANumberWhereOneIsNot) {
  for (const float broken : {NAN, INFINITY, -INFINITY}) {
    float numbers[] = {0.5f, broken, 1.5f};
    ilk::internal::softmax(numbers, 3);
    for (const float number : numbers) EXPECT_TRUE(std::isnan(number));
  }
}

// tests/data/training/make.py: two steps of SAC by PyTorch's modules, autograd and torch.optim.Adam, in
// float64.
TEST(Heads, TwoStepsOfSacAreThoseOfPyTorch) {
  const auto fixture = npy_fixture("training/two_steps.npy");
  const auto all = fixture.values<double>();
  std::size_t place = 0;
  const auto next = [&](std::int64_t count) {
    const auto values = all.subspan(place, static_cast<std::size_t>(count));
    place += values.size();
    return Numbers(values.begin(), values.end());
  };
  const auto next_matrix = [&](std::int64_t height, std::int64_t length) {
    ilk::Matrix<float> matrix(height, length);
    std::ranges::transform(next(height * length), matrix.data(),
                           [](double x) { return static_cast<float>(x); });
    return matrix;
  };
  constexpr std::int64_t n = 24, d = 8, e = 5, k = 3, batch = 10;
  ilk::Matrix<float> room;
  const auto of_images = next_matrix(n, d), of_texts = next_matrix(n, e);
  Heads heads({of_images, of_texts}, k, 0);
  for (const auto& [name, parameter] : heads.parameters())
    parameter.value = next_matrix(parameter.value.rows(), parameter.value.columns());
  for (int step = 0; step < 2; ++step) {
    RowPair drawn = {ilk::Matrix<std::int64_t>(3, batch), ilk::Matrix<std::int64_t>(3, batch)};
    for (auto& matrix : drawn)
      std::ranges::transform(next(3 * batch), matrix.data(),
                             [](double x) { return static_cast<std::int64_t>(x); });
    const auto loss = ilk::internal::sac_loss(heads.forward(drawn), {}, room);
    const auto facts = next(6);
    EXPECT_NEAR(loss.total, facts[0], 1e-5);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(loss.facts[i], facts[i + 1], 2e-6) << i;
    heads.backward(loss.gradients);
    heads.step({.learning_rate = 1e-2});
  }
  for (const auto& [name, parameter] : heads.parameters())
    expect_near(parameter.value.flat(), next(parameter.value.size()), 2e-5, name);
  for (const auto h : {ilk::internal::image_head, ilk::internal::text_head}) {
    const auto weights = heads.weights(h);
    expect_near(weights.running_mean, next(d), 1e-5, "running_mean");
    expect_near(weights.running_variance, next(d), 1e-5, "running_variance");
  }
  EXPECT_EQ(place, all.size());
}

}  // namespace
