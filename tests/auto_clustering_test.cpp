#include <gtest/gtest.h>
#include <ilk/metrics.h>

#include <cmath>
#include <vector>

#include "matrices.h"
#include "methods/auto_clustering.h"
#include "targets.h"

namespace {

/// N images of K classes whose vectors are a class's direction and noise; and words with a counterpart for
/// each image that is near its class's word, or some word whatever its class.
struct Scene {
  ilk::Matrix<float> images, words;
  std::vector<std::int64_t> classes;
};

Scene scene(double image_noise, double word_noise, std::uint64_t seed) {
  constexpr std::int64_t n = 240, k = 4, d = 24;
  const auto centres = random_unit_rows(k, d, seed), word_centres = random_unit_rows(k, d, seed + 1);
  const auto noise = random_matrix(n, d, seed + 2), word_noises = random_matrix(n, d, seed + 3);
  Scene scene{ilk::Matrix<float>(n, d), ilk::Matrix<float>(n, d), {}};
  for (std::int64_t i = 0; i < n; ++i) {
    scene.classes.push_back(i % k);
    for (std::int64_t j = 0; j < d; ++j) {
      scene.images[i][j] = static_cast<float>(centres[i % k][j] + image_noise * noise[i][j]);
      scene.words[i][j] = static_cast<float>(word_centres[i % k][j] + word_noise * word_noises[i][j]);
    }
  }
  scene.images = unit_rows(std::move(scene.images));
  scene.words = unit_rows(std::move(scene.words));
  return scene;
}

ilk::AutoClustering clustered(const Scene& scene, std::uint64_t seed = 0) {
  std::vector<ilk::SemanticSpace> spaces(1);
  spaces[0].placed.counterparts = scene.words.copy();
  ilk::CaeOptions options;
  options.n_clusters = 4;
  options.seed = seed;
  return ilk::cluster_automatically(scene.images, spaces, options);
}

/// What the header says, slowly.
double explained(const ilk::Matrix<float>& rows, const std::vector<std::int64_t>& labels, std::int64_t k) {
  double total = 0;
  std::vector<double> all(static_cast<std::size_t>(rows.columns()));
  for (std::int64_t c = 0; c < k; ++c) {
    double square = 0;
    for (std::int64_t j = 0; j < rows.columns(); ++j) {
      double sum = 0;
      for (std::int64_t i = 0; i < rows.rows(); ++i)
        if (labels[static_cast<std::size_t>(i)] == c) sum += rows[i][j];
      square += sum * sum;
      all[static_cast<std::size_t>(j)] += sum;
    }
    total += std::sqrt(square);
  }
  double square = 0;
  for (const double sum : all) square += sum * sum;
  return (total - std::sqrt(square)) / static_cast<double>(rows.rows());
}

TEST(AutoClustering, EvidenceIsWhatTheCentresExplain) {
  const Scene made = scene(0.3, 0.3, 1);
  const ilk::AutoClustering result = clustered(made);
  const auto& evidence = result.evidence[static_cast<std::size_t>(result.chosen)];
  EXPECT_NEAR(evidence.of_images, explained(made.images, result.kmeans.labels, 4), 1e-9);
  EXPECT_NEAR(evidence.of_words, explained(made.words, result.kmeans.labels, 4), 1e-9);
  for (const auto& one : result.evidence) {
    EXPECT_NEAR(one.score, one.of_images * std::pow(one.of_words, 0.25), 1e-9);
    EXPECT_LE(one.score, evidence.score);
  }
}

TEST(AutoClustering, WordsAreUsedWhereTheyHelpAndCostNothingWhereTheyMislead) {
  // The images alone tell little, the words nearly all.
  const Scene helped = scene(0.7, 0.15, 2);
  const auto with_words = clustered(helped);
  EXPECT_NE(with_words.chosen, ilk::ClusteredBy::images);
  ilk::KMeansOptions alone;
  alone.n_clusters = 4;
  const auto images_alone = ilk::kmeans(helped.images, alone);
  EXPECT_GT(ilk::agreement(helped.classes, with_words.kmeans.labels).normalised_mutual_information,
            ilk::agreement(helped.classes, images_alone.labels).normalised_mutual_information + 0.05);
  // Clear images, words of noise.
  const Scene misled = scene(0.15, 3, 3);
  EXPECT_EQ(ilk::agreement(misled.classes, clustered(misled).kmeans.labels).accuracy, 1);
}

TEST(AutoClustering, FeaturesAreThereOnlyWhereWordsWereChosen) {
  for (const auto& [image_noise, word_noise] : {std::pair(0.7, 0.15), {0.15, 3.0}, {0.3, 0.3}}) {
    const Scene made = scene(image_noise, word_noise, 4);
    const auto result = clustered(made);
    const bool fused = result.chosen == ilk::ClusteredBy::words;
    EXPECT_EQ(result.fusion.features.empty(), !fused);
    EXPECT_EQ(result.kmeans.centroids.columns(), fused ? 2 * made.images.columns() : made.images.columns());
    EXPECT_EQ(result.assignment.labels, result.kmeans.labels);
  }
}

TEST(AutoClustering, IsTheSameOnEveryProcessor) {
  const Scene made = scene(0.5, 0.4, 5);
  const auto expected = clustered(made);
  for_each_target([&] {
    const auto result = clustered(made);
    EXPECT_EQ(result.kmeans.labels, expected.kmeans.labels);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(result.evidence[i].score, expected.evidence[i].score);
  });
}

TEST(AutoClustering, SmallCollectionsGetMoreRestarts) {
  EXPECT_EQ(ilk::restarts_for(500, 20), 100);
  EXPECT_EQ(ilk::restarts_for(4000, 20), 50);
  EXPECT_EQ(ilk::restarts_for(1'000'000, 20), 20);
  EXPECT_EQ(ilk::restarts_for(500, 200), 200);
}

TEST(AutoClustering, NeedsOneOrTwoKindsOfWords) {
  const Scene made = scene(0.3, 0.3, 6);
  EXPECT_NE(error_of([&] { ilk::cluster_automatically(made.images, {}, {}); }), "");
}

}  // namespace
