// N images, D dimensions: pictures of two kinds of things, shapes and colours, as vectors.
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/threads.h>

#include <cmath>
#include <map>

#include "cluster/criterion_space.h"
#include "core/random.h"

namespace {

using ilk::Matrix;
constexpr std::int64_t d = 24, n_shapes = 4, n_colours = 3, each = 20;

/// Axis `shape` is strong, axis 10 + colour is weak.
struct Scene {
  Matrix<float> images{n_shapes * n_colours * each, d}, colours{n_colours, d}, shapes{n_shapes, d};
  std::vector<std::int64_t> shape_of, colour_of;

  Scene() {
    ilk::RandomStream random(3, "criterion_space_test");
    std::int64_t row = 0;
    for (std::int64_t shape = 0; shape < n_shapes; ++shape)
      for (std::int64_t colour = 0; colour < n_colours; ++colour)
        for (std::int64_t i = 0; i < each; ++i, ++row) {
          for (float& value : images.row(row)) value = static_cast<float>(0.05 * random.normal());
          images[row][shape] += 1;
          images[row][10 + colour] += 0.35F;
          shape_of.push_back(shape), colour_of.push_back(colour);
        }
    for (std::int64_t c = 0; c < n_colours; ++c) colours[c][10 + c] = 1;
    for (std::int64_t s = 0; s < n_shapes; ++s) shapes[s][s] = 1;
    images = ilk::normalise_rows(images, "test", "images");
  }
};

/// Share of images whose cluster's most frequent class is theirs.
double purity(const std::vector<std::int64_t>& labels, const std::vector<std::int64_t>& classes) {
  std::map<std::int64_t, std::map<std::int64_t, int>> counts;
  for (std::size_t i = 0; i < labels.size(); ++i) ++counts[labels[i]][classes[i]];
  int right = 0;
  for (const auto& [label, of_class] : counts) {
    int most = 0;
    for (const auto& [one, count] : of_class) most = std::max(most, count);
    right += most;
  }
  return right / static_cast<double>(labels.size());
}

std::vector<std::int64_t> clusters_by(const Matrix<float>& images, const ilk::CriterionSpace& space,
                                      std::int64_t k) {
  const auto features = ilk::criterion_features(ilk::without_centres(images, space), space);
  return ilk::kmeans(features, {.n_clusters = k, .seed = 1, .search = {.n_init = 10}}).labels;
}

TEST(CriterionSpace, FindsColoursWhereTheClustersAreShapes) {
  const Scene scene;
  const auto plain = ilk::kmeans(scene.images, {.n_clusters = n_colours, .search = {.n_init = 10}}).labels;
  EXPECT_LT(purity(plain, scene.colour_of), 0.6);
  const auto space = ilk::criterion_space(scene.images, scene.shape_of, n_shapes, scene.colours);
  EXPECT_TRUE(space.within_clusters);
  EXPECT_LT(space.alignment, 0.5);
  EXPECT_EQ(space.centres.rows(), n_shapes);
  EXPECT_EQ(purity(clusters_by(scene.images, space, n_colours), scene.colour_of), 1);
}

TEST(CriterionSpace, KeepsShapesWhereTheCriterionIsShape) {
  const Scene scene;
  const auto space = ilk::criterion_space(scene.images, scene.shape_of, n_shapes, scene.shapes);
  EXPECT_FALSE(space.within_clusters);
  EXPECT_GT(space.alignment, 2);
  EXPECT_EQ(space.centres.rows(), 1);
  EXPECT_EQ(purity(clusters_by(scene.images, space, n_shapes), scene.shape_of), 1);
}

TEST(CriterionSpace, DirectionsSpanTheDifferencesOfTheWords) {
  const Scene scene;
  const auto space = ilk::criterion_space(scene.images, scene.shape_of, n_shapes, scene.colours);
  ASSERT_EQ(space.directions.rows(), n_colours - 1);
  const auto dot = [](const float* a, const float* b) {
    double sum = 0;
    for (std::int64_t j = 0; j < d; ++j) sum += static_cast<double>(a[j]) * static_cast<double>(b[j]);
    return sum;
  };
  for (std::int64_t a = 0; a < space.directions.rows(); ++a)
    for (std::int64_t b = 0; b < space.directions.rows(); ++b)
      EXPECT_NEAR(dot(space.directions[a], space.directions[b]), a == b ? 1 : 0, 1e-6);
  for (std::int64_t a = 0; a < n_colours; ++a)
    for (std::int64_t b = 0; b < a; ++b) {
      std::vector<float> difference(d);
      for (std::int64_t j = 0; j < d; ++j)
        difference[static_cast<std::size_t>(j)] = scene.colours[a][j] - scene.colours[b][j];
      double along = 0;
      for (std::int64_t r = 0; r < space.directions.rows(); ++r)
        along += std::pow(dot(difference.data(), space.directions[r]), 2);
      EXPECT_NEAR(along, 2, 1e-5) << "the whole of the difference";
    }
}

TEST(CriterionSpace, FeaturesAreUnitRowsAndTheSameForAnyNumberOfThreads) {
  const Scene scene;
  Matrix<float> one;
  for (const int threads : {1, 3}) {
    ilk::set_threads(threads);
    const auto space = ilk::criterion_space(scene.images, scene.shape_of, n_shapes, scene.colours);
    auto features = ilk::criterion_features(ilk::without_centres(scene.images, space), space);
    ASSERT_EQ(features.columns(), d + n_colours - 1);
    for (std::int64_t i = 0; i < features.rows(); ++i) {
      double square = 0;
      for (const float value : features.row(i))
        square += static_cast<double>(value) * static_cast<double>(value);
      EXPECT_NEAR(square, 1, 1e-5);
    }
    if (threads == 1)
      one = std::move(features);
    else
      EXPECT_TRUE(std::equal(features.data(), features.data() + features.size(), one.data()));
  }
  ilk::set_threads(0);
}

TEST(CriterionSpace, ImagesOnTheirCentreStayThemselves) {
  Matrix<float> images(4, 3);
  for (std::int64_t i = 0; i < 4; ++i) images[i][i / 2] = 1;
  Matrix<float> words(2, 3);
  words[0][2] = 1, words[1][0] = 1;
  const auto space = ilk::criterion_space(images, std::vector<std::int64_t>{0, 0, 1, 1}, 2, words);
  const auto rest = ilk::without_centres(images, space);
  for (std::int64_t i = 0; i < 4; ++i) {
    double square = 0;
    for (const float value : rest.row(i)) square += static_cast<double>(value) * static_cast<double>(value);
    EXPECT_NEAR(square, 1, 1e-6);
  }
  EXPECT_THROW(ilk::criterion_space(images, std::vector<std::int64_t>{0}, 2, words), ilk::Error);
}

}  // namespace
