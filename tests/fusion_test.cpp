#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/fusion.h>
#include <ilk/kmeans.h>
#include <ilk/parallel.h>
#include <ilk/random.h>

#include <cmath>

#include "../src/cluster/blocks.h"

namespace {

torch::Tensor unit_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  auto rows = torch::empty({n, d});
  for (std::int64_t i = 0; i < n * d; ++i) rows.data_ptr<float>()[i] = static_cast<float>(random.normal());
  rows += 0.7;  // a mean worth subtracting
  return ilk::normalise_rows(rows, "test", "rows");
}

struct Slow {
  torch::Tensor features, weights;
};

constexpr std::int64_t every = 13;

/// Every thirteenth image, one at a time in float64, straight from the definition.
Slow slow_fusion(const std::vector<torch::Tensor>& parts, const ilk::FusionOptions& options) {
  std::vector<torch::Tensor> used;
  for (const auto& part : parts) {
    auto rows = part.to(torch::kFloat64);
    if (options.centre) {
      rows = rows - rows.mean(0);
      rows = rows / rows.norm(2, 1, true);
    }
    used.push_back(rows);
  }
  std::vector<torch::Tensor> features, weights;
  for (std::int64_t i = 0; i < parts[0].size(0); i += every) {
    auto prototype = torch::zeros({parts[0].size(1)}, torch::kFloat64);
    for (const auto& part : used) prototype += part[i] / static_cast<double>(parts.size());
    std::vector<double> weight;
    double total = 0;
    for (const auto& part : used) {
      const double cosine = (part[i].dot(prototype) / part[i].norm() / prototype.norm()).item<double>();
      weight.push_back(options.fusion == ilk::FusionKind::plain ? 1 : std::exp(cosine / options.gamma));
      total += weight.back();
    }
    std::vector<torch::Tensor> weighted;
    for (std::size_t m = 0; m < used.size(); ++m) weighted.push_back(used[m][i] * (weight[m] /= total));
    auto row = torch::cat(weighted);
    if (options.fusion == ilk::FusionKind::sum) row = torch::stack(weighted).sum(0);
    features.push_back(row / row.norm());
    weights.push_back(torch::tensor(weight, torch::kFloat64));
  }
  return {torch::stack(features), torch::stack(weights)};
}

template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const ilk::Error& error) {
    return error.what();
  }
  return "";
}

constexpr ilk::FusionKind kinds[] = {ilk::FusionKind::concat, ilk::FusionKind::sum, ilk::FusionKind::plain};

TEST(Fuse, EqualsTheSlowDefinition) {
  ilk::set_threads(1);  // quickest for the many tiny operations of the slow one
  const std::vector<torch::Tensor> all = {unit_rows(1030, 8, 1), unit_rows(1030, 8, 2),
                                          unit_rows(1030, 8, 3)};
  for (const bool plain : {false, true})
    for (const auto kind : kinds)
      for (const bool centre : {true, false})
        for (std::size_t count = 1; count <= 3; ++count) {
          const std::vector<torch::Tensor> parts(all.begin(),
                                                 all.begin() + static_cast<std::ptrdiff_t>(count));
          const ilk::FusionOptions options{.fusion = kind, .gamma = 0.2, .centre = centre};
          ilk::internal::plain_path() = plain;
          const auto found = ilk::fuse(parts, options);
          const auto again = ilk::fuse_new(parts, options, found.model);
          ilk::internal::plain_path() = false;
          const auto expected = slow_fusion(parts, options);
          ASSERT_EQ(found.features.size(0), parts[0].size(0));
          EXPECT_LT((found.features.slice(0, 0, 1030, every) - expected.features).abs().max().item<double>(),
                    2e-5);
          EXPECT_LT((found.weights.slice(0, 0, 1030, every) - expected.weights).abs().max().item<double>(),
                    2e-5);
          EXPECT_EQ(found.model.means.size(), centre ? count : 0);
          if (!centre || count == 3) {
            EXPECT_TRUE(again.equal(found.features)) << "old images given as new ones";
          }
        }
  ilk::set_threads(0);
}

TEST(Fuse, TheSameForAnyNumberOfThreads) {
  const std::vector<torch::Tensor> parts = {unit_rows(3000, 12, 1), unit_rows(3000, 12, 2)};
  ilk::set_threads(1);
  const auto one = ilk::fuse(parts, {});
  for (const int threads : {2, 3}) {
    ilk::set_threads(threads);
    EXPECT_TRUE(ilk::fuse(parts, {}).features.equal(one.features));
  }
  ilk::set_threads(0);
}

TEST(Fuse, SmallGammaTrustsThePartNearestToThePrototype) {
  const auto x = torch::tensor({{1.f, 0.f}}), near = torch::tensor({{0.8f, 0.6f}}),
             far = torch::tensor({{0.f, 1.f}});
  const auto sharp = ilk::fuse({x, near, far}, {.gamma = 0.001, .centre = false}).weights;
  EXPECT_TRUE(sharp.allclose(torch::tensor({{0.f, 1.f, 0.f}}), 0, 1e-4)) << sharp;
  const auto flat = ilk::fuse({x, near, far}, {.gamma = 1e6, .centre = false}).weights;
  EXPECT_TRUE(flat.allclose(torch::full({1, 3}, 1 / 3.f), 0, 1e-4)) << flat;
}

TEST(Fuse, ImagesThatVanishStillHaveUnitRows) {
  // Equal images equal their mean; a lone image too. What is left is the parts as they are.
  const auto same = unit_rows(1, 6, 1).repeat({4, 1}), text = unit_rows(1, 6, 2).repeat({4, 1});
  for (const auto kind : kinds) {
    const auto found = ilk::fuse({same, text}, {.fusion = kind});
    EXPECT_TRUE(((found.features.norm(2, 1) - 1).abs() < 1e-5).all().item<bool>()) << ilk::enum_name(kind);
    EXPECT_TRUE(found.features.equal(ilk::fuse({same, text}, {.fusion = kind, .centre = false}).features));
    EXPECT_TRUE(found.weights.allclose(torch::full({4, 2}, 0.5f)));
  }
  // Parts that cancel: the image speaks for itself.
  const auto opposite = ilk::fuse({same, -same}, {.fusion = ilk::FusionKind::sum, .centre = false});
  EXPECT_TRUE(opposite.features.allclose(same));
}

TEST(Fuse, ARowEqualToTheMeanStaysZeroAndKeepsItsShareOfWeight) {
  // The first part's third row is the mean of the first part; the second part varies.
  const float half = std::sqrt(0.5f);
  const auto x = torch::tensor({{1.f, 0.f, 0.f}, {1.f, 0.f, 0.f}, {1.f, 0.f, 0.f}});
  const auto text = torch::tensor({{half, half, 0.f}, {half, -half, 0.f}, {half, 0.f, half}});
  const auto found = ilk::fuse({x, text}, {.gamma = 1, .centre = true});
  EXPECT_EQ(found.features.slice(1, 0, 3).abs().max().item<float>(), 0) << "no direction is left in x";
  // cos 0 against cos 1 with the prototype.
  EXPECT_TRUE(found.weights.select(1, 0).allclose(torch::full({3}, 1 / (1 + std::exp(1.f)))));
}

TEST(Fuse, NewImagesAreCentredByTheOldMeans) {
  const std::vector<torch::Tensor> parts = {unit_rows(900, 8, 1), unit_rows(900, 8, 2)};
  const ilk::FusionOptions options{.centre = true};
  const auto whole = ilk::fuse(parts, options);
  const auto few =
      ilk::fuse_new({parts[0].slice(0, 100, 103), parts[1].slice(0, 100, 103)}, options, whole.model);
  EXPECT_TRUE(few.allclose(whole.features.slice(0, 100, 103), 0, 1e-5));
}

TEST(Fuse, BadInputNamesTheRuleAndTheValue) {
  const auto x = unit_rows(5, 4, 1);
  EXPECT_EQ(error_of([&] { ilk::fuse({}, {}); }), "[fuse] parts must be one to three, got 0.");
  EXPECT_EQ(error_of([&] { ilk::fuse({x, x, x, x}, {}); }), "[fuse] parts must be one to three, got 4.");
  EXPECT_EQ(error_of([&] {
              ilk::fuse({x, unit_rows(5, 3, 1)}, {});
            }),
            "[fuse] parts must have the same shape (5 × 4), got 5 × 3.");
  EXPECT_EQ(error_of([&] { ilk::fuse({x}, {.gamma = 0}); }), "[fuse] gamma must be above 0, got 0.");
  EXPECT_EQ(error_of([&] { ilk::fuse_new({x}, {.centre = true}, {}); }),
            "[fuse_new] model must have 1 means, got 0.");
  EXPECT_EQ(error_of([&] { ilk::fuse_new({x}, {.centre = true}, {{torch::zeros({3})}}); }),
            "[fuse_new] means must be as wide as the parts (4), got 3.");
}

}  // namespace
