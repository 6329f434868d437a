#include <gtest/gtest.h>
#include <ilk/kmeans.h>
#include <ilk/parallel.h>
#include <ilk/random.h>

#include <cmath>

#include "../src/methods/heads.h"
#include "npy_fixture.h"

namespace {

using ilk::internal::Heads;
using ilk::internal::Pair;

constexpr std::int64_t images = 40, width = 10, text_width = 6, clusters = 4, views = 3;

torch::Tensor features(std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  auto rows = torch::empty({images, d});
  for (std::int64_t i = 0; i < rows.numel(); ++i)
    rows.data_ptr<float>()[i] = static_cast<float>(random.normal());
  return ilk::normalise_rows(rows, "test", "rows").to(torch::kFloat64);
}

torch::Tensor rows(std::int64_t batch, std::uint64_t seed) {
  ilk::RandomStream random(seed, "rows");
  auto drawn = torch::empty({views, batch}, torch::kInt64);
  for (std::int64_t i = 0; i < drawn.numel(); ++i) drawn.data_ptr<std::int64_t>()[i] = random.below(images);
  return drawn;
}

torch::Tensor upstream(std::int64_t batch, std::uint64_t seed) {
  ilk::RandomStream random(seed, "upstream");
  auto flow = torch::empty({views, batch, clusters}, torch::kFloat64);
  for (std::int64_t i = 0; i < flow.numel(); ++i) flow.data_ptr<double>()[i] = random.normal();
  return flow;
}

/// One head by libtorch's own layers and autograd, a view at a time.
struct PlainHead {
  torch::Tensor map, weight1, norm_weight, norm_bias, weight2, bias2, running_mean, running_variance;

  explicit PlainHead(const ilk::HeadWeights& from) {
    const auto learnt = [](const torch::Tensor& value) {
      return value.defined() ? value.clone().set_requires_grad(true) : value;
    };
    map = learnt(from.map), weight1 = learnt(from.weight1), weight2 = learnt(from.weight2);
    norm_weight = learnt(from.norm_weight), norm_bias = learnt(from.norm_bias), bias2 = learnt(from.bias2);
    running_mean = from.running_mean.clone(), running_variance = from.running_variance.clone();
  }

  torch::Tensor operator()(const torch::Tensor& x) {
    const auto hidden = (map.defined() ? x.matmul(map.t()) : x).matmul(weight1.t());
    const auto normal = at::batch_norm(hidden, norm_weight, norm_bias, running_mean, running_variance, true,
                                       ilk::internal::norm_momentum, ilk::internal::norm_epsilon, false);
    return (normal.relu().matmul(weight2.t()) + bias2).softmax(1);
  }

  std::vector<torch::Tensor> gradients() const {
    std::vector<torch::Tensor> all;
    for (const auto& tensor : {map, weight1, norm_weight, norm_bias, weight2, bias2})
      if (tensor.defined()) all.push_back(tensor.grad());
    return all;
  }
};

TEST(Heads, PassesEqualAutogradViewByView) {
  for (const std::int64_t texts : {width, text_width}) {
    const Pair data = {features(width, 1), features(texts, 2)};
    Heads heads(data, clusters, 7);
    // A second, shorter batch uses the same room.
    for (const std::int64_t batch : {images, std::int64_t{11}}) {
      PlainHead plain[] = {PlainHead(heads.weights(ilk::internal::image_head)),
                           PlainHead(heads.weights(ilk::internal::text_head))};
      const Pair drawn = {rows(batch, 3), rows(batch, 4)}, flow = {upstream(batch, 5), upstream(batch, 6)};
      const Pair& p = heads.forward(drawn);
      std::vector<torch::Tensor> expected;
      for (std::size_t h = 0; h < 2; ++h) {
        for (std::int64_t view = 0; view < views; ++view) {
          const auto q = plain[h](data[h].index_select(0, drawn[h][view]));
          EXPECT_TRUE(p[h][view].allclose(q, 1e-10)) << "head " << h << " view " << view;
          q.backward(flow[h][view]);
        }
        for (const auto& gradient : plain[h].gradients()) expected.push_back(gradient);
        const auto found = heads.weights(static_cast<ilk::internal::HeadIndex>(h));
        EXPECT_TRUE(found.running_mean.allclose(plain[h].running_mean, 1e-10));
        EXPECT_TRUE(found.running_variance.allclose(plain[h].running_variance, 1e-10));
      }
      heads.backward(flow);
      const auto learnt = heads.parameters();
      ASSERT_EQ(learnt.size(), expected.size());
      for (std::size_t i = 0; i < learnt.size(); ++i)
        EXPECT_TRUE(learnt[i].parameter.gradient.allclose(expected[i], 1e-8, 1e-12)) << learnt[i].name;
    }
  }
}

TEST(Heads, AStepIsAdams) {
  Heads heads({features(width, 1), features(text_width, 2)}, clusters, 7);
  const ilk::TrainingOptions options{.learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.95};
  std::vector<std::vector<double>> value, mean, square;
  for (const auto& [name, parameter] : heads.parameters()) {
    const auto flat = parameter.value.flatten();
    value.emplace_back(flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel());
    mean.emplace_back(value.back().size()), square.emplace_back(value.back().size());
  }
  for (int step = 1; step <= 3; ++step) {
    const auto seed = static_cast<std::uint64_t>(step);
    heads.forward({rows(20, seed), rows(20, seed + 9)});
    heads.backward({upstream(20, seed), upstream(20, seed + 9)});
    heads.step(options);
    const auto learnt = heads.parameters();
    for (std::size_t p = 0; p < learnt.size(); ++p) {
      const auto gradient = learnt[p].parameter.gradient.flatten(), now = learnt[p].parameter.value.flatten();
      for (std::size_t i = 0; i < value[p].size(); ++i) {
        const double g = gradient.data_ptr<double>()[i];
        mean[p][i] = options.beta1 * mean[p][i] + (1 - options.beta1) * g;
        square[p][i] = options.beta2 * square[p][i] + (1 - options.beta2) * g * g;
        const double m = mean[p][i] / (1 - std::pow(options.beta1, step));
        const double v = square[p][i] / (1 - std::pow(options.beta2, step));
        value[p][i] -= options.learning_rate * m / (std::sqrt(v) + 1e-8);
        ASSERT_NEAR(now.data_ptr<double>()[i], value[p][i], 1e-12) << learnt[p].name << " " << i;
      }
    }
  }
}

TEST(Heads, WeightsAreDrawnFromACutNormalAndBySeed) {
  const Pair data = {features(width, 1).repeat({1, 20}), features(width, 2).repeat({1, 20})};
  Heads heads(data, 50, 1);
  for (const auto& [name, parameter] : heads.parameters()) {
    if (name.find("weight1") == std::string::npos && name.find("weight2") == std::string::npos) continue;
    EXPECT_LE(parameter.value.abs().max().item<double>(), 0.04);
    EXPECT_NEAR(parameter.value.mean().item<double>(), 0, 0.001) << name;
    // A normal cut at two deviations has 0.8796 of its deviation left.
    EXPECT_NEAR(parameter.value.std(false).item<double>(), 0.02 * 0.8796, 0.0004) << name;
  }
  Heads same(data, 50, 1), other(data, 50, 2);
  EXPECT_TRUE(same.parameters()[0].parameter.value.equal(heads.parameters()[0].parameter.value));
  EXPECT_FALSE(other.parameters()[0].parameter.value.equal(heads.parameters()[0].parameter.value));
}

TEST(Heads, TheSameForAnyNumberOfThreadsAndFromAState) {
  const Pair data = {features(width, 1).to(torch::kFloat32).repeat({20, 30}),
                     features(width, 2).to(torch::kFloat32).repeat({20, 30})};
  const auto learn = [&](Heads& heads, int steps) {
    for (int step = 0; step < steps; ++step) {
      const auto seed = static_cast<std::uint64_t>(step);
      heads.forward({rows(500, seed), rows(500, seed + 9)});
      heads.backward({upstream(500, seed).to(torch::kFloat32), upstream(500, seed + 9).to(torch::kFloat32)});
      heads.step({});
    }
  };
  const auto expect_same = [](const Heads& a, const Heads& b) {
    const auto left = a.state(), right = b.state();
    for (std::size_t i = 0; i < left.size(); ++i)
      EXPECT_TRUE(left[i].second.equal(right[i].second)) << left[i].first;
  };
  ilk::set_threads(1);
  Heads one(data, clusters, 7);
  learn(one, 2);
  ilk::set_threads(3);
  Heads three(data, clusters, 7);
  learn(three, 2);
  expect_same(one, three);
  Heads again(data, clusters, 8);
  again.restore([state = three.state()](const std::string& name) {
    for (const auto& [key, tensor] : state)
      if (key == name) return tensor;
    return torch::Tensor();
  });
  learn(three, 3), learn(again, 3);
  ilk::set_threads(0);
  expect_same(three, again);
}

TEST(TrainedProbabilities, AreLayersWithRunningStatistics) {
  const Pair data = {features(width, 1), features(text_width, 2)};
  Heads heads(data, clusters, 7);
  heads.forward({rows(20, 1), rows(20, 2)});
  for (const auto h : {ilk::internal::image_head, ilk::internal::text_head}) {
    const auto w = heads.weights(h);
    const auto mapped = w.map.defined() ? data[h].matmul(w.map.t()) : data[h];
    const auto hidden =
        at::batch_norm(mapped.matmul(w.weight1.t()), w.norm_weight, w.norm_bias, w.running_mean,
                       w.running_variance, false, 0, ilk::internal::norm_epsilon, false);
    const auto p = (hidden.relu().matmul(w.weight2.t()) + w.bias2).softmax(1);
    EXPECT_TRUE(ilk::internal::trained_probabilities(w, data[h]).allclose(p, 1e-10));
  }
}

// tests/data/training/make.py: two steps of SAC by PyTorch's modules, autograd and torch.optim.Adam.
TEST(Heads, TwoStepsOfSacAreThoseOfPyTorch) {
  const auto all = npy_fixture("training/two_steps.npy");
  std::int64_t place = 0;
  const auto next = [&](at::IntArrayRef shape) {
    const auto count = c10::multiply_integers(shape);
    place += count;
    return all.slice(0, place - count, place).view(shape);
  };
  constexpr std::int64_t n = 24, d = 8, e = 5, k = 3, batch = 10;
  torch::Tensor room;
  Heads heads({next({n, d}).clone(), next({n, e}).clone()}, k, 0);
  for (const auto& [name, parameter] : heads.parameters())
    parameter.value.copy_(next(parameter.value.sizes()));
  for (int step = 0; step < 2; ++step) {
    const Pair drawn = {next({3, batch}).to(torch::kInt64), next({3, batch}).to(torch::kInt64)};
    const auto loss = ilk::internal::sac_loss(heads.forward(drawn), {}, room);
    const auto facts = next({6});
    EXPECT_NEAR(loss.total, facts[0].item<double>(), 1e-10);
    for (std::int64_t i = 0; i < 5; ++i)
      EXPECT_NEAR(loss.facts[static_cast<std::size_t>(i)], facts[i + 1].item<double>(), 1e-10) << i;
    heads.backward(loss.gradients);
    heads.step({.learning_rate = 1e-2});
  }
  for (const auto& [name, parameter] : heads.parameters())
    EXPECT_TRUE(parameter.value.allclose(next(parameter.value.sizes()), 1e-7, 1e-9)) << name;
  for (const auto h : {ilk::internal::image_head, ilk::internal::text_head}) {
    EXPECT_TRUE(heads.weights(h).running_mean.allclose(next({d}), 1e-8, 1e-10));
    EXPECT_TRUE(heads.weights(h).running_variance.allclose(next({d}), 1e-8, 1e-10));
  }
  EXPECT_EQ(place, all.numel());
}

}  // namespace
