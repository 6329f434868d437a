#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/tac.h>

#include <cmath>

#include "matrices.h"

namespace {

ilk::SemanticSpace retrieve(const ilk::Matrix<float>& images, const ilk::Matrix<float>& nouns,
                            const ilk::TacOptions& options) {
  return ilk::retrieve_words(
      images,
      ilk::semantic_centres(
          images, {.n_clusters = options.n_clusters, .seed = options.seed, .kmeans = options.kmeans}),
      nouns, options);
}

TEST(Tac, CounterpartsAreSoftmaxRetrievalOneImageAtATime) {
  const auto images = random_unit_rows(120, 8, 1), nouns = random_unit_rows(60, 8, 2);
  const ilk::TacOptions options{.n_clusters = 4, .temperature = 0.05};
  const auto space = retrieve(images, nouns, options);
  EXPECT_FALSE(space.transport.has_value());
  const auto found = ilk::counterparts(images, space.features, space.plan);
  for (std::int64_t i = 0; i < images.rows(); ++i) {
    double sum[8] = {}, square = 0;
    for (std::int64_t j = 0; j < space.features.rows(); ++j) {
      const float* u = space.features[j];
      double cosine = 0;
      for (std::int64_t k = 0; k < 8; ++k)
        cosine += static_cast<double>(images[i][k]) * static_cast<double>(u[k]);
      for (std::int64_t k = 0; k < 8; ++k) sum[k] += u[k] * std::exp(cosine / options.temperature);
    }
    for (const double number : sum) square += number * number;
    for (std::int64_t k = 0; k < 8; ++k) EXPECT_NEAR(found[i][k], sum[k] / std::sqrt(square), 1e-4) << i;
  }
}

TEST(Tac, SelectsExclusivelyFromAsManyCentresAsTheRuleSays) {
  const auto images = random_unit_rows(400, 8, 1), nouns = random_unit_rows(200, 8, 2);
  const ilk::TacOptions options{.n_clusters = 5};
  const auto space = retrieve(images, nouns, options);
  const auto centres = ilk::semantic_centres(
      images, {.n_clusters = options.n_clusters, .seed = options.seed, .kmeans = options.kmeans});
  ASSERT_EQ(centres.rows(), 15);
  EXPECT_EQ(space.selected,
            ilk::select_words(centres, nouns, {.selection = ilk::SelectionRule::exclusive, .top = 5}));
}

TEST(Tac, ClustersTheImagesBesideTheirCounterparts) {
  const auto images = random_unit_rows(300, 8, 1), nouns = random_unit_rows(80, 8, 2);
  const ilk::TacOptions options{.n_clusters = 4, .seed = 3, .kmeans = {.n_init = 5}};
  const auto space = retrieve(images, nouns, options);
  const auto result = ilk::tac(images, space, options);
  const auto texts = ilk::counterparts(images, space.features, space.plan);
  ilk::Matrix<float> joint(300, 16);
  for (std::int64_t i = 0; i < 300; ++i)
    for (std::int64_t j = 0; j < 16; ++j)
      joint[i][j] = (j < 8 ? images[i][j] : texts[i][j - 8]) / std::sqrt(2.0f);
  EXPECT_LT(largest_difference(result.fusion.features, joint), 1e-6);
  EXPECT_EQ(result.kmeans.labels,
            ilk::kmeans(result.fusion.features,
                        {.n_clusters = options.n_clusters, .seed = options.seed, .search = options.kmeans})
                .labels);
  EXPECT_EQ(result.assignment.labels, result.kmeans.labels);
}

TEST(Tac, BadInputNamesTheRuleAndTheValue) {
  const auto images = random_unit_rows(10, 8, 1);
  const auto nouns = random_unit_rows(20, 8, 2);
  const auto error = [&](const ilk::TacOptions& options) {
    return error_of([&] { retrieve(images, nouns, options); });
  };
  EXPECT_EQ(error({.n_clusters = 11}), "[cae] n_clusters must be at most the number of images (10), got 11.");
  EXPECT_EQ(error({.temperature = 0}), "[tac] temperature must be above 0, got 0.");
}

}  // namespace
