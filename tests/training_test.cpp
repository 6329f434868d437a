#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/metrics.h>
#include <ilk/neighbours.h>
#include <ilk/sac.h>
#include <ilk/tac.h>
#include <ilk/threads.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "matrices.h"
#include "methods/losses.h"
#include "methods/trained_head.h"
#include "short_training.h"
#include "targets.h"
#include "two_modalities.h"

namespace {

using Labels = std::vector<std::int64_t>;

double accuracy(const Labels& truth, const Labels& labels) {
  return ilk::agreement(truth, labels).accuracy;
}

std::vector<std::int64_t> sizes_of(const Labels& labels, std::int64_t k) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(k));
  for (const std::int64_t label : labels) ++sizes[static_cast<std::size_t>(label)];
  return sizes;
}

bool all_finite(const std::vector<float>& numbers) {
  return std::ranges::all_of(numbers, [](float x) { return std::isfinite(x); });
}

TEST(Sac, BeatsKMeansWhereEachModalityIsNoisy) {
  const Scene scene(600, 6, 2.2, 5);
  const auto trained =
      ilk::train_sac(scene.images, scene.texts,
                     {.n_clusters = 6, .seed = 1, .training = {.epochs = 150, .batch_size = 100}});
  const double alone =
      accuracy(scene.truth, ilk::kmeans(scene.images, {.n_clusters = 6, .search = {.n_init = 5}}).labels);
  const double found = accuracy(scene.truth, trained.assignment.labels);
  RecordProperty("kmeans", std::to_string(alone));
  RecordProperty("sac", std::to_string(found));
  EXPECT_GT(found, alone + 0.05) << "k-means " << alone << ", SAC " << found;
}

TEST(Sac, ResultsFitTogether) {
  const Scene scene(300, 4, 1.0, 5);
  const auto trained = ilk::train_sac(scene.images, scene.texts, quick(4));
  const auto& assignment = trained.assignment;
  EXPECT_EQ(trained.epochs.size(), 3u);
  EXPECT_EQ(trained.resumed_from, 0);
  EXPECT_EQ(trained.epochs[0].changed_labels, 300) << "every image gets its first label";
  for (std::size_t e = 0; e < 3; ++e) {
    const auto& facts = trained.epochs[e];
    EXPECT_EQ(facts.epoch, static_cast<std::int64_t>(e) + 1);
    ASSERT_EQ(facts.means.size(), 9u);
    const auto& m = facts.means;
    EXPECT_EQ(m[0].first, "loss");
    EXPECT_EQ(m[6].first, "intra_weight");
    EXPECT_NEAR(m[0].second, m[1].second + m[2].second + m[3].second + 0.6 * m[4].second - 4 * m[5].second,
                1e-6);
    EXPECT_LE(facts.usage_entropy, std::log(4.0) + 1e-12);
    EXPECT_GE(facts.used_clusters, 1);
  }
  EXPECT_LT(trained.epochs[2].means[0].second, trained.epochs[0].means[0].second);
  const auto sizes = sizes_of(assignment.labels, 4);
  EXPECT_TRUE(std::ranges::is_sorted(sizes, std::greater<>())) << "numbered by size";
  EXPECT_EQ(trained.used_clusters, 4 - std::ranges::count(sizes, 0));
  for (std::size_t i = 0; i < 300; ++i) {
    EXPECT_GE(assignment.scores[i], assignment.second_scores[i]);
    EXPECT_NE(assignment.labels[i], assignment.second_labels[i]);
  }
  const auto again = ilk::predict(trained.image, scene.images);
  EXPECT_EQ(again.labels, assignment.labels);
  // New images need no text; the text head says much the same of texts.
  EXPECT_EQ(ilk::predict(trained.text, scene.texts).labels.size(), 300u);
}

TEST(Sac, TheSameForAnyNumberOfThreads) {
  const Scene scene(301, 4, 1.0, 5, 20);
  ilk::set_threads(1);
  const auto one = ilk::train_sac(scene.images, scene.texts, quick(4));
  ilk::set_threads(2);
  const auto two = ilk::train_sac(scene.images, scene.texts, quick(4));
  ilk::set_threads(0);
  expect_same(one, two);
}

TEST(Sac, SaysWhatAnApproximateSearchFound) {
  if (!ilk::ApproximateNeighbours::built_in()) GTEST_SKIP() << "built without hnswlib";
  const Scene scene(400, 4, 1.0, 6);
  auto options = quick(4);
  EXPECT_FALSE(ilk::train_sac(scene.images, scene.texts, options).neighbour_recall)
      << "few are searched exactly";
  options.training.neighbour_search = ilk::NeighbourSearch::approximate;
  Listener listener;
  ilk::TrainingState state;
  const auto trained = ilk::train_sac(scene.images, scene.texts, options,
                                      {.save = [&](const auto& now) { state = copy_of(now); }}, listener);
  ASSERT_TRUE(trained.neighbour_recall);
  EXPECT_GT(*trained.neighbour_recall, 0.9);
  EXPECT_LE(*trained.neighbour_recall, 1);
  EXPECT_NE(listener.heard.find("% of the true ones were found"), std::string::npos);
  // Other neighbours are another training.
  options.training.neighbour_search = ilk::NeighbourSearch::exact;
  EXPECT_EQ(ilk::train_sac(scene.images, scene.texts, options, {.resume = &state}).resumed_from, 0);
}

TEST(Sac, NumbersOfImagesThatAreHardAllGiveLabels) {
  struct Case {
    std::int64_t n, k, batch, neighbours;
    const char* what;
  };
  for (const auto& [n, k, batch, neighbours, what] : {
           Case{2, 2, 512, 20, "two images"},
           Case{5, 5, 512, 20, "as many clusters as images, more neighbours than there are"},
           Case{65, 3, 64, 8, "a last batch of one image"},
           Case{66, 3, 64, 8, "a last batch of two"},
           Case{40, 1, 16, 8, "one cluster"},
       }) {
    const Scene scene(n, std::min<std::int64_t>(k, 3), 0.5, 8);
    const auto trained = ilk::train_sac(
        scene.images, scene.texts,
        {.n_clusters = k, .training = {.epochs = 2, .batch_size = batch, .neighbours = neighbours}});
    EXPECT_EQ(trained.assignment.labels.size(), static_cast<std::size_t>(n)) << what;
    EXPECT_TRUE(all_finite(trained.assignment.scores)) << what;
    EXPECT_LT(std::ranges::max(trained.assignment.labels), k) << what;
    EXPECT_EQ(std::ranges::max(trained.assignment.second_labels) == -1, k == 1) << what;
    EXPECT_EQ(ilk::train_tac(
                  scene.images, scene.texts,
                  {.n_clusters = k, .training = {.epochs = 2, .batch_size = batch, .neighbours = neighbours}})
                  .assignment.labels.size(),
              static_cast<std::size_t>(n))
        << what;
  }
}

TEST(Sac, EqualRowsAllGoToOneCluster) {
  const Scene scene(1, 1, 0.5, 8);
  const Labels first(30);
  const auto images = rows_of(scene.images, first), texts = rows_of(scene.texts, first);
  const auto trained = ilk::train_sac(images, texts, quick(3));
  EXPECT_EQ(trained.used_clusters, 1);
  EXPECT_EQ(std::ranges::max(trained.assignment.labels), 0);
  EXPECT_TRUE(all_finite(trained.assignment.scores));
}

TEST(Sac, BadInputNamesTheRuleAndTheValue) {
  const Scene scene(20, 4, 1.0, 9);
  const auto train = [&](ilk::MatrixView<const float> images, ilk::MatrixView<const float> texts,
                         const ilk::SacOptions& options) {
    return error_of([&] { ilk::train_sac(images, texts, options); });
  };
  EXPECT_EQ(train(scene.images.rows_between(0, 1), scene.texts.rows_between(0, 1), quick(1)),
            "[train_sac] images must be at least 2, got 1.");
  EXPECT_EQ(train(scene.images, scene.texts, quick(21)),
            "[train_sac] n_clusters must be at most the number of images (20), got 21.");
  EXPECT_EQ(train(scene.images, scene.texts, quick(0)), "[train_sac] n_clusters must be at least 1, got 0.");
  EXPECT_EQ(train(scene.images, scene.texts.rows_between(0, 19), quick(4)),
            "[train_sac] texts must be one for each image (20), got 19.");
  auto broken = scene.texts.copy();
  broken[7][3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(train(scene.images, broken, quick(4)),
            "[train_sac] texts must have finite rows of unit length, got row 7 of length nan.");
  auto longer = scene.images.copy();
  for (float& number : longer.flat()) number *= 2;
  EXPECT_EQ(train(longer, scene.texts, quick(4)),
            "[train_sac] images must have finite rows of unit length, got row 0 of length 2.");
  auto options = quick(4);
  options.training.batch_size = 1;
  EXPECT_EQ(train(scene.images, scene.texts, options), "[train_sac] batch_size must be at least 2, got 1.");
  options = quick(4);
  options.loss.tau = 0.01;
  EXPECT_EQ(train(scene.images, scene.texts, options),
            "[train_sac] tau must be between 0.02 and 1e+06, got 0.01.");
  EXPECT_EQ(error_of([&] {
              ilk::train_tac(scene.images, scene.texts, {.loss = {.distillation_temperature = 0.01}});
            }),
            "[train_tac] distillation_temperature must be between 0.02 and 1e+06, got 0.01.");
  EXPECT_EQ(error_of([&] {
              ilk::predict(ilk::train_sac(scene.images, scene.texts, quick(4)).image,
                           random_unit_rows(3, 3, 1));
            }),
            "[predict] features must be as wide as those of the training (32), got 3.");
}

TEST(Sac, ALossThatIsNoNumberIsNamedWithItsEpochAndBatch) {
  const Scene scene(200, 4, 1.0, 9);
  auto options = quick(4);
  options.training.learning_rate = 1e30;
  const auto error = error_of([&] { ilk::train_sac(scene.images, scene.texts, options); });
  EXPECT_NE(error.find("must stay"), std::string::npos) << error;
  EXPECT_NE(error.find("batch 2 of epoch 1; a smaller learning_rate may help."), std::string::npos) << error;
}

/// How much each image counts in the contrasts of its neighbourhood, by heads that were trained: mean weights
/// × N of images with wrong texts and with right ones.
struct MeanWeights {
  double wrong = 0, right = 0;
};
MeanWeights mean_weights(const Scene& scene, const ilk::TrainedHeads& trained,
                         const ilk::SacLossOptions& options) {
  // What training draws from all neighbours, here from the nearest.
  const auto near = [](const ilk::Matrix<float>& rows) {
    const auto found = ilk::nearest_neighbours(rows, rows, 2).indices;
    Labels nearest;
    for (std::int64_t i = 0; i < rows.rows(); ++i) nearest.push_back(found[i][found[i][0] == i ? 1 : 0]);
    return nearest;
  };
  const Labels near_image = near(scene.images), near_text = near(scene.texts);
  const std::int64_t n = scene.images.rows();
  const auto probabilities = [&](const ilk::HeadWeights& weights, const ilk::Matrix<float>& rows,
                                 const Labels& same, const Labels& crossed) {
    const auto p = ilk::internal::TrainedHead(weights).probabilities(rows);
    ilk::internal::Views views(3, n, p.columns());
    for (std::int64_t i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(i);
      std::ranges::copy(p.row(i), views[ilk::internal::own_view][i]);
      std::ranges::copy(p.row(same[at]), views[ilk::internal::same_view][i]);
      std::ranges::copy(p.row(crossed[at]), views[ilk::internal::crossed_view][i]);
    }
    return views;
  };
  const auto weights =
      ilk::internal::sac_weights({probabilities(trained.image, scene.images, near_image, near_text),
                                  probabilities(trained.text, scene.texts, near_text, near_image)},
                                 options);
  MeanWeights mean;
  const auto n_wrong = static_cast<double>(std::ranges::count(scene.wrong, true));
  for (std::int64_t term = 0; term < 3; ++term)
    for (std::size_t i = 0; i < scene.wrong.size(); ++i) {
      const double weight = weights.row(term)[i] * static_cast<double>(n) / 3;
      (scene.wrong[i] ? mean.wrong : mean.right) +=
          weight / (scene.wrong[i] ? n_wrong : static_cast<double>(n) - n_wrong);
    }
  return mean;
}

TEST(Sac, WrongTextsCountLessWithAdaptiveWeightsAndHurtNoMore) {
  double with = 0, without = 0;
  for (const std::uint64_t seed : {1, 2}) {
    Scene scene(600, 6, 1.8, 10 + seed);
    scene.shuffle_texts(0.4, seed);
    ilk::SacOptions options{.n_clusters = 6, .seed = seed, .training = {.epochs = 100, .batch_size = 100}};
    const auto adaptive = ilk::train_sac(scene.images, scene.texts, options);
    const auto weights = mean_weights(scene, adaptive, options.loss);
    EXPECT_LT(weights.wrong, weights.right - 0.01);
    options.loss.adaptive_weights = false;
    const auto even = ilk::train_sac(scene.images, scene.texts, options);
    const auto no_weights = mean_weights(scene, even, options.loss);
    EXPECT_NEAR(no_weights.wrong, 1, 1e-9);
    EXPECT_NEAR(no_weights.right, 1, 1e-9);
    EXPECT_FALSE(equal(adaptive.image.weight1, even.image.weight1)) << "the weights must reach the training";
    with += accuracy(scene.truth, adaptive.assignment.labels) / 2;
    without += accuracy(scene.truth, even.assignment.labels) / 2;
    RecordProperty("wrong_" + std::to_string(seed), std::to_string(weights.wrong));
    RecordProperty("right_" + std::to_string(seed), std::to_string(weights.right));
  }
  RecordProperty("adaptive", std::to_string(with));
  RecordProperty("even", std::to_string(without));
  EXPECT_GT(with, without - 0.02) << "adaptive " << with << ", even " << without;
}

TEST(TacTrained, BeatsKMeansWhereEachModalityIsNoisy) {
  const Scene scene(600, 6, 2.2, 5);
  const auto trained =
      ilk::train_tac(scene.images, scene.texts,
                     {.n_clusters = 6, .seed = 1, .training = {.epochs = 150, .batch_size = 100}});
  const double alone =
      accuracy(scene.truth, ilk::kmeans(scene.images, {.n_clusters = 6, .search = {.n_init = 5}}).labels);
  const double found = accuracy(scene.truth, trained.assignment.labels);
  RecordProperty("kmeans", std::to_string(alone));
  RecordProperty("tac", std::to_string(found));
  EXPECT_GT(found, alone + 0.05) << "k-means " << alone << ", TAC " << found;
  EXPECT_EQ(trained.epochs.front().means.size(), 5u);
}

TEST(TacTrained, TheSameForAnyNumberOfThreadsAndEveryProcessor) {
  const Scene scene(300, 4, 0.6, 5);
  const ilk::TacTrainedOptions options{.n_clusters = 4, .training = {.epochs = 2, .batch_size = 64}};
  ilk::set_threads(1);
  const auto one = ilk::train_tac(scene.images, scene.texts, options);
  ilk::set_threads(3);
  for_each_target([&] { expect_same(one, ilk::train_tac(scene.images, scene.texts, options)); });
  ilk::set_threads(0);
}

}  // namespace
