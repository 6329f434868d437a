#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/random.h>
#include <ilk/tac.h>

#include <cmath>

namespace {

ilk::SemanticSpace retrieve(const torch::Tensor& images, const torch::Tensor& nouns,
                            const ilk::TacOptions& options) {
  return ilk::retrieve_words(images, ilk::semantic_centres(images, {.kmeans = options.kmeans}), nouns,
                             options);
}

torch::Tensor unit_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  auto rows = torch::empty({n, d});
  for (std::int64_t i = 0; i < n * d; ++i) rows.data_ptr<float>()[i] = static_cast<float>(random.normal());
  return ilk::normalise_rows(rows, "test", "rows");
}

TEST(Tac, CounterpartsAreSoftmaxRetrievalOneImageAtATime) {
  const auto images = unit_rows(120, 8, 1), nouns = unit_rows(60, 8, 2);
  const ilk::TacOptions options{.kmeans = {.n_clusters = 4}, .temperature = 0.05};
  const auto space = retrieve(images, nouns, options);
  EXPECT_FALSE(space.transport.has_value());
  const auto found = ilk::counterparts(images, space.features, space.plan).to(torch::kFloat64);
  for (std::int64_t i = 0; i < images.size(0); ++i) {
    auto sum = torch::zeros({8}, torch::kFloat64);
    for (std::int64_t j = 0; j < space.features.size(0); ++j) {
      const auto u = space.features[j].to(torch::kFloat64);
      sum += u * std::exp(images[i].to(torch::kFloat64).dot(u).item<double>() / options.temperature);
    }
    EXPECT_TRUE(found[i].allclose(sum / sum.norm(), 0, 1e-4)) << i;
  }
}

TEST(Tac, SelectsExclusivelyFromAsManyCentresAsTheRuleSays) {
  const auto images = unit_rows(400, 8, 1), nouns = unit_rows(200, 8, 2);
  const ilk::TacOptions options{.kmeans = {.n_clusters = 5}};
  const auto space = retrieve(images, nouns, options);
  const auto centres = ilk::semantic_centres(images, {.kmeans = options.kmeans});
  ASSERT_EQ(centres.size(0), 15);
  EXPECT_TRUE(space.selected.equal(
      ilk::select_words(centres, nouns, {.selection = ilk::SelectionRule::exclusive, .top = 5})));
}

TEST(Tac, ClustersTheImagesBesideTheirCounterparts) {
  const auto images = unit_rows(300, 8, 1), nouns = unit_rows(80, 8, 2);
  const ilk::TacOptions options{.kmeans = {.n_clusters = 4, .seed = 3, .n_init = 5}};
  const auto space = retrieve(images, nouns, options);
  const auto result = ilk::tac(images, space, options);
  const auto joint =
      torch::cat({images, ilk::counterparts(images, space.features, space.plan)}, 1) / std::sqrt(2.0);
  EXPECT_TRUE(result.fusion.features.allclose(joint, 0, 1e-6));
  EXPECT_TRUE(result.kmeans.labels.equal(ilk::kmeans(result.fusion.features, options.kmeans).labels));
  EXPECT_TRUE(result.assignment.labels.equal(result.kmeans.labels));
}

TEST(Tac, BadInputNamesTheRuleAndTheValue) {
  const auto images = unit_rows(10, 8, 1);
  const auto error_of = [&](const ilk::TacOptions& options) -> std::string {
    try {
      retrieve(images, unit_rows(20, 8, 2), options);
    } catch (const ilk::Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(error_of({.kmeans = {.n_clusters = 11}}),
            "[cae] n_clusters must be at most the number of images (10), got 11.");
  EXPECT_EQ(error_of({.temperature = 0}), "[tac] temperature must be above 0, got 0.");
}

}  // namespace
