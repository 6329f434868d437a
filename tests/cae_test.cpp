#include <gtest/gtest.h>
#include <ilk/cae.h>
#include <ilk/error.h>
#include <ilk/parallel.h>
#include <ilk/random.h>

#include "../src/cluster/blocks.h"

namespace {

constexpr std::int64_t images = 900, classes = 6, width = 24, words = 240;

torch::Tensor normal_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  auto rows = torch::empty({n, d});
  for (std::int64_t i = 0; i < n * d; ++i) rows.data_ptr<float>()[i] = static_cast<float>(random.normal());
  return rows;
}

/// Images of six classes under a strong nuisance (a style, in coordinates of its own) that text knows nothing
/// of, and nouns and captions near the classes or near nothing.
struct Scene {
  torch::Tensor x, nouns, captions, truth;

  explicit Scene(std::uint64_t seed) {
    ilk::RandomStream random(seed, "scene");
    auto meanings = normal_rows(classes, width, seed);
    meanings.slice(1, width / 2).zero_();
    auto styles = normal_rows(4, width, seed + 1) * 1.8;
    styles.slice(1, 0, width / 2).zero_();
    truth = torch::empty({images}, torch::kInt64);
    auto rows = 0.7 * normal_rows(images, width, seed + 2);
    for (std::int64_t i = 0; i < images; ++i) {
      truth[i] = i % classes;
      rows[i] += meanings[i % classes] + styles[random.below(4)];
    }
    x = ilk::normalise_rows(rows, "test", "images");
    nouns = text(meanings, seed + 3), captions = text(meanings, seed + 4);
  }

  static torch::Tensor text(const torch::Tensor& meanings, std::uint64_t seed) {
    auto rows = 0.5 * normal_rows(words, width, seed);
    rows.slice(1, width / 2).mul_(0.3);
    for (std::int64_t j = 0; j < words / 2; ++j) rows[j] += meanings[j % classes];
    return ilk::normalise_rows(rows, "test", "words");
  }
};

/// Share of pairs of images on which both labellings agree whether they belong together.
double pair_agreement(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a.unsqueeze(0) == a.unsqueeze(1)) == (b.unsqueeze(0) == b.unsqueeze(1)))
      .to(torch::kFloat64)
      .mean()
      .item<double>();
}

ilk::CaeOptions options_for_scene() {
  ilk::CaeOptions options;
  options.kmeans.n_clusters = classes;
  options.kmeans.n_init = 5;
  return options;
}

ilk::CaeResult run(const Scene& scene, const ilk::CaeOptions& options) {
  const auto centres = ilk::semantic_centres(scene.x, options);
  return ilk::cae(scene.x,
                  {ilk::align_words(scene.x, centres, scene.nouns, options),
                   ilk::align_words(scene.x, centres, scene.captions, options)},
                  options);
}

TEST(Cae, SeesThroughANuisanceThatTextKnowsNothingOf) {
  const Scene scene(5);
  const auto options = options_for_scene();
  const double alone = pair_agreement(ilk::kmeans(scene.x, options.kmeans).labels, scene.truth);
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
    EXPECT_TRUE(result.assignment.labels.equal(result.kmeans.labels));
    EXPECT_EQ(result.fusion.features.size(1), fusion == ilk::FusionKind::sum ? width : 3 * width);
    EXPECT_EQ(result.fusion.model.means.size(), 3u);
    EXPECT_EQ(result.kmeans.labels.bincount().size(0), classes);
    EXPECT_TRUE((result.assignment.scores >= result.assignment.second_scores).all().item<bool>());
    EXPECT_NEAR(result.assignment.scores.to(torch::kFloat64).mean().item<double>(), result.kmeans.objective,
                1e-6);
  }
}

TEST(Cae, NewImagesLandWhereOldOnesOfTheirKindAre) {
  const Scene scene(9);
  const auto options = options_for_scene();
  const auto centres = ilk::semantic_centres(scene.x, options);
  const auto space = ilk::align_words(scene.x, centres, scene.nouns, options);
  const auto result = ilk::cae(scene.x, {space}, options);
  const auto some = scene.x.slice(0, 40, 90);
  const auto features = ilk::fuse_new({some, ilk::counterparts(some, space.features, space.plan)},
                                      options.fusion, result.fusion.model);
  EXPECT_TRUE(ilk::assign_to_nearest(features, result.kmeans.centroids)
                  .labels.equal(result.kmeans.labels.slice(0, 40, 90)));
}

TEST(Cae, TheSameForAnyNumberOfThreadsAndOnThePlainPath) {
  const Scene scene(3);
  const auto options = options_for_scene();
  ilk::set_threads(1);
  const auto one = run(scene, options);
  ilk::set_threads(3);
  const auto three = run(scene, options);
  ilk::set_threads(0);
  EXPECT_TRUE(three.kmeans.labels.equal(one.kmeans.labels));
  EXPECT_TRUE(three.kmeans.centroids.equal(one.kmeans.centroids));
  EXPECT_TRUE(three.fusion.features.equal(one.fusion.features));
  ilk::internal::plain_path() = true;
  const auto plain = run(scene, options);
  ilk::internal::plain_path() = false;
  EXPECT_GT(pair_agreement(plain.kmeans.labels, one.kmeans.labels), 0.99);
}

TEST(AlignWords, SelectsAndSolvesAndSoftmaxIsThePlanWithoutPotentials) {
  const Scene scene(2);
  auto options = options_for_scene();
  const auto centres = ilk::semantic_centres(scene.x, options);
  EXPECT_EQ(centres.size(0), 3 * classes);
  const auto space = ilk::align_words(scene.x, centres, scene.nouns, options);
  EXPECT_TRUE(space.selected.equal(ilk::select_words(centres, scene.nouns, options.selection)));
  EXPECT_TRUE(space.features.equal(scene.nouns.index_select(0, space.selected)));
  ASSERT_TRUE(space.transport.has_value());
  EXPECT_TRUE(space.transport->converged);
  EXPECT_TRUE(space.plan.column_potentials.equal(space.transport->column_potentials));
  options.alignment = ilk::Alignment::softmax;
  const auto softmax = ilk::align_words(scene.x, centres, scene.nouns, options);
  EXPECT_FALSE(softmax.transport.has_value());
  EXPECT_EQ(softmax.plan.epsilon, options.temperature);
  EXPECT_EQ(softmax.plan.column_potentials.abs().max().item<double>(), 0);
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
  const auto space = ilk::align_words(scene.x, scene.x.slice(0, 0, 5), scene.nouns, options, {}, listener);
  EXPECT_FALSE(space.transport->converged);
  EXPECT_NE(listener.heard.find("had not converged after 1 iterations"), std::string::npos) << listener.heard;
}

TEST(Cae, CopiesOfOneImageGiveAsManyClustersAsAsked) {
  const Scene scene(4);
  const auto copies = scene.x.slice(0, 0, 1).repeat({12, 1});
  auto options = options_for_scene();
  options.kmeans.n_clusters = 3;
  const auto space = ilk::align_words(copies, ilk::semantic_centres(copies, options), scene.nouns, options);
  const auto result = ilk::cae(copies, {space}, options);
  EXPECT_EQ(result.kmeans.labels.bincount().size(0), 3);
  EXPECT_TRUE(result.assignment.labels.equal(result.kmeans.labels));
  EXPECT_TRUE((result.assignment.labels != result.assignment.second_labels).all().item<bool>());
}

TEST(Cae, BadInputNamesTheRuleAndTheValue) {
  const Scene scene(4);
  const auto error_of = [](const std::function<void()>& call) -> std::string {
    try {
      call();
    } catch (const ilk::Error& error) {
      return error.what();
    }
    return "";
  };
  auto options = options_for_scene();
  EXPECT_EQ(error_of([&] { ilk::cae(scene.x, {}, options); }),
            "[cae] spaces must be one or two (nouns, captions), got 0.");
  EXPECT_EQ(error_of([&] { ilk::semantic_centres(scene.x.slice(0, 0, 5), options); }),
            "[cae] n_clusters must be at most the number of images (5), got 6.");
  options.temperature = 0;
  EXPECT_EQ(error_of([&] { ilk::semantic_centres(scene.x, options); }),
            "[cae] temperature must be above 0, got 0.");
}

}  // namespace
