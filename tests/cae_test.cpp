#include <gtest/gtest.h>
#include <ilk/cae.h>
#include <ilk/error.h>
#include <ilk/threads.h>

#include <algorithm>

#include "core/random.h"
#include "matrices.h"
#include "targets.h"

namespace {

constexpr std::int64_t images = 900, classes = 6, width = 24, words = 240;

using Labels = std::vector<std::int64_t>;

/// row i of `to` += factor · row `from`[i] of `rows`, in some columns.
void add_rows(ilk::Matrix<float>& to, const ilk::Matrix<float>& rows, const Labels& from, float factor,
              std::int64_t begin, std::int64_t end) {
  for (std::size_t i = 0; i < from.size(); ++i)
    for (std::int64_t j = begin; j < end; ++j)
      to[static_cast<std::int64_t>(i)][j] += factor * rows[from[i]][j];
}

/// Images of six classes under a strong nuisance (a style, in coordinates of its own) that text knows nothing
/// of, and nouns and captions near the classes or near nothing.
struct Scene {
  ilk::Matrix<float> x, nouns, captions;
  Labels truth;

  explicit Scene(std::uint64_t seed) {
    ilk::RandomStream random(seed, "scene");
    const auto meanings = random_matrix(classes, width, seed), styles = random_matrix(4, width, seed + 1);
    Labels style;
    for (std::int64_t i = 0; i < images; ++i) truth.push_back(i % classes), style.push_back(random.below(4));
    auto rows = random_matrix(images, width, seed + 2);
    for (float& number : rows.flat()) number *= 0.7f;
    add_rows(rows, meanings, truth, 1, 0, width / 2);
    add_rows(rows, styles, style, 1.8f, width / 2, width);
    x = unit_rows(std::move(rows));
    nouns = text(meanings, seed + 3), captions = text(meanings, seed + 4);
  }

  static ilk::Matrix<float> text(const ilk::Matrix<float>& meanings, std::uint64_t seed) {
    auto rows = random_matrix(words, width, seed);
    for (std::int64_t j = 0; j < words; ++j)
      for (std::int64_t i = 0; i < width; ++i) rows[j][i] *= i < width / 2 ? 0.5f : 0.15f;
    Labels of_class;
    for (std::int64_t j = 0; j < words / 2; ++j) of_class.push_back(j % classes);
    add_rows(rows, meanings, of_class, 1, 0, width / 2);
    return unit_rows(std::move(rows));
  }
};

/// Share of pairs of images on which both labellings agree whether they belong together.
double pair_agreement(const Labels& a, const Labels& b) {
  double same = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < a.size(); ++j) same += (a[i] == a[j]) == (b[i] == b[j]) ? 1 : 0;
  return same / static_cast<double>(a.size() * a.size());
}

std::int64_t clusters_of(const Labels& labels) {
  return std::ranges::max(labels) + 1;
}

template <class... Spaces>
std::vector<ilk::SemanticSpace> spaces(Spaces&&... some) {
  std::vector<ilk::SemanticSpace> all;
  (all.push_back(std::move(some)), ...);
  return all;
}

ilk::CaeOptions options_for_scene() {
  ilk::CaeOptions options;
  options.n_clusters = classes;
  options.kmeans.n_init = 5;
  return options;
}

ilk::CaeResult run(const Scene& scene, const ilk::CaeOptions& options) {
  const auto centres = ilk::semantic_centres(scene.x, options);
  return ilk::cae(scene.x,
                  spaces(ilk::align_words(scene.x, centres, scene.nouns, options),
                         ilk::align_words(scene.x, centres, scene.captions, options)),
                  options);
}

TEST(Cae, SeesThroughANuisanceThatTextKnowsNothingOf) {
  const Scene scene(5);
  const auto options = options_for_scene();
  const double alone = pair_agreement(
      ilk::kmeans(scene.x, {.n_clusters = options.n_clusters, .seed = options.seed, .search = options.kmeans})
          .labels,
      scene.truth);
  const double together = pair_agreement(run(scene, options).kmeans.labels, scene.truth);
  EXPECT_GT(together, alone + 0.05) << "text must help where the images alone are misleading";
  EXPECT_GT(together, 0.9);
}

TEST(Cae, ResultsFitTogether) {
  const Scene scene(7);
  for (const auto fusion : {ilk::FusionKind::concat, ilk::FusionKind::sum, ilk::FusionKind::plain}) {
    auto options = options_for_scene();
    options.fusion.fusion = fusion;
    options.fusion.centre = true;
    const auto result = run(scene, options);
    EXPECT_EQ(result.assignment.labels, result.kmeans.labels);
    EXPECT_EQ(result.fusion.features.columns(), fusion == ilk::FusionKind::sum ? width : 3 * width);
    EXPECT_EQ(result.fusion.model.means.size(), 3u);
    EXPECT_EQ(clusters_of(result.kmeans.labels), classes);
    double sum = 0;
    for (std::size_t i = 0; i < images; ++i) {
      EXPECT_GE(result.assignment.scores[i], result.assignment.second_scores[i]);
      sum += static_cast<double>(result.assignment.scores[i]);
    }
    EXPECT_NEAR(sum / images, result.kmeans.objective, 1e-6);
  }
}

TEST(Cae, NewImagesLandWhereOldOnesOfTheirKindAre) {
  const Scene scene(9);
  const auto options = options_for_scene();
  const auto centres = ilk::semantic_centres(scene.x, options);
  auto space = ilk::align_words(scene.x, centres, scene.nouns, options);
  const auto some = scene.x.rows_between(40, 90);
  const auto texts = ilk::counterparts(some, space.features, space.plan);
  const auto result = ilk::cae(scene.x, spaces(std::move(space)), options);
  const auto features = ilk::fuse_new({some, texts}, options.fusion, result.fusion.model);
  const auto& labels = result.kmeans.labels;
  EXPECT_EQ(ilk::assign_to_nearest(features, result.kmeans.centroids).labels,
            Labels(labels.begin() + 40, labels.begin() + 90));
}

TEST(Cae, TheSameForAnyNumberOfThreadsAndEveryProcessor) {
  const Scene scene(3);
  const auto options = options_for_scene();
  ilk::set_threads(1);
  const auto one = run(scene, options);
  ilk::set_threads(3);
  for_each_target([&] {
    const auto three = run(scene, options);
    EXPECT_EQ(three.kmeans.labels, one.kmeans.labels);
    EXPECT_TRUE(equal(three.kmeans.centroids, one.kmeans.centroids));
    EXPECT_TRUE(equal(three.fusion.features, one.fusion.features));
  });
  ilk::set_threads(0);
}

TEST(AlignWords, SelectsAndSolvesAndSoftmaxIsThePlanWithoutPotentials) {
  const Scene scene(2);
  auto options = options_for_scene();
  const auto centres = ilk::semantic_centres(scene.x, options);
  EXPECT_EQ(centres.rows(), 3 * classes);
  const auto space = ilk::align_words(scene.x, centres, scene.nouns, options);
  EXPECT_EQ(space.selected, ilk::select_words(centres, scene.nouns, options.selection));
  EXPECT_TRUE(equal(space.features, rows_of(scene.nouns, space.selected)));
  ASSERT_TRUE(space.transport.has_value());
  EXPECT_TRUE(space.transport->converged);
  EXPECT_EQ(space.plan.column_potentials, space.transport->column_potentials);
  options.alignment = ilk::Alignment::softmax;
  const auto softmax = ilk::align_words(scene.x, centres, scene.nouns, options);
  EXPECT_FALSE(softmax.transport.has_value());
  EXPECT_EQ(softmax.plan.epsilon, options.temperature);
  EXPECT_EQ(softmax.plan.column_potentials, std::vector<double>(softmax.selected.size()));
}

struct Listener : ilk::Progress {
  std::string heard;
  void say(std::string_view sentence) override { heard += sentence; }
};

TEST(AlignWords, SaysWhereTheTransportDidNotConverge) {
  const Scene scene(2);
  auto options = options_for_scene();
  options.transport.max_iterations = 1;
  Listener listener;
  const auto space =
      ilk::align_words(scene.x, scene.x.rows_between(0, 5), scene.nouns, options, {}, listener);
  EXPECT_FALSE(space.transport->converged);
  EXPECT_NE(listener.heard.find("had not converged after 1 iterations"), std::string::npos) << listener.heard;
}

TEST(Cae, CopiesOfOneImageShareACluster) {
  const Scene scene(4);
  const auto copies = rows_of(scene.x, Labels(12));
  auto options = options_for_scene();
  options.n_clusters = 3;
  auto space = ilk::align_words(copies, ilk::semantic_centres(copies, options), scene.nouns, options);
  const auto result = ilk::cae(copies, spaces(std::move(space)), options);
  EXPECT_EQ(clusters_of(result.kmeans.labels), 1);
  EXPECT_EQ(result.assignment.labels, result.kmeans.labels);
  for (std::size_t i = 0; i < 12; ++i)
    EXPECT_NE(result.assignment.labels[i], result.assignment.second_labels[i]);
}

TEST(Cae, BadInputNamesTheRuleAndTheValue) {
  const Scene scene(4);
  auto options = options_for_scene();
  EXPECT_EQ(error_of([&] { ilk::cae(scene.x, {}, options); }),
            "[cae] spaces must be one or two (nouns, captions), got 0.");
  EXPECT_EQ(error_of([&] { ilk::semantic_centres(scene.x.rows_between(0, 5), options); }),
            "[cae] n_clusters must be at most the number of images (5), got 6.");
  options.temperature = 0;
  EXPECT_EQ(error_of([&] { ilk::semantic_centres(scene.x, options); }),
            "[cae] temperature must be above 0, got 0.");
}

}  // namespace
