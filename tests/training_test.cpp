#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/metrics.h>
#include <ilk/parallel.h>
#include <ilk/random.h>
#include <ilk/sac.h>
#include <ilk/tac.h>

#include <cmath>
#include <limits>

#include "../src/cluster/blocks.h"

namespace {

torch::Tensor normal_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  ilk::RandomStream random(seed, "test");
  auto rows = torch::empty({n, d});
  for (std::int64_t i = 0; i < n * d; ++i) rows.data_ptr<float>()[i] = static_cast<float>(random.normal());
  return rows;
}

/// Images and texts of the same classes, each with noise of its own; texts may be narrower.
struct Scene {
  torch::Tensor images, texts, truth;

  Scene(std::int64_t n, std::int64_t classes, double noise, std::uint64_t seed,
        std::int64_t text_width = 32) {
    truth = torch::arange(n).remainder(classes);
    const auto rows = [&](std::int64_t width, std::uint64_t stream) {
      const auto means = normal_rows(classes, width, seed + stream).index_select(0, truth);
      return ilk::normalise_rows(means + noise * normal_rows(n, width, seed + stream + 1), "test", "rows");
    };
    images = rows(32, 100), texts = rows(text_width, 200);
  }

  /// Gives a share of the images the text of any other.
  void shuffle_texts(double share, std::uint64_t seed) {
    ilk::RandomStream random(seed, "shuffle");
    auto rows = torch::arange(texts.size(0));
    for (const std::int64_t i :
         random.sample(texts.size(0), static_cast<std::int64_t>(share * static_cast<double>(texts.size(0)))))
      rows[i] = random.below(texts.size(0));
    texts = texts.index_select(0, rows);
  }
};

ilk::SacOptions quick(std::int64_t k, std::int64_t epochs = 3) {
  return {.n_clusters = k, .seed = 1, .training = {.epochs = epochs, .batch_size = 64, .neighbours = 8}};
}

double accuracy(const torch::Tensor& truth, const torch::Tensor& labels) {
  return ilk::agreement(truth, labels).accuracy;
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

void expect_same(const ilk::TrainedHeads& a, const ilk::TrainedHeads& b) {
  const auto left = a.image.named("image."), right = b.image.named("image.");
  for (std::size_t i = 0; i < left.size(); ++i)
    EXPECT_TRUE(left[i].second.equal(right[i].second)) << left[i].first;
  EXPECT_TRUE(a.text.weight1.equal(b.text.weight1));
  EXPECT_TRUE(a.assignment.labels.equal(b.assignment.labels));
  EXPECT_TRUE(a.assignment.scores.equal(b.assignment.scores));
  ASSERT_EQ(a.epochs.size(), b.epochs.size());
  for (std::size_t e = 0; e < a.epochs.size(); ++e) {
    EXPECT_EQ(a.epochs[e].means, b.epochs[e].means);
    EXPECT_EQ(a.epochs[e].changed_labels, b.epochs[e].changed_labels);
    EXPECT_EQ(a.epochs[e].usage_entropy, b.epochs[e].usage_entropy);
  }
}

TEST(Sac, BeatsKMeansWhereEachModalityIsNoisy) {
  const Scene scene(600, 6, 2.2, 3);
  const auto trained =
      ilk::train_sac(scene.images, scene.texts,
                     {.n_clusters = 6, .seed = 1, .training = {.epochs = 150, .batch_size = 100}});
  const double alone =
      accuracy(scene.truth, ilk::kmeans(scene.images, {.n_clusters = 6, .n_init = 5}).labels);
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
  const auto sizes = assignment.labels.bincount({}, 4);
  EXPECT_TRUE((sizes.slice(0, 0, 3) >= sizes.slice(0, 1)).all().item<bool>()) << "numbered by size";
  EXPECT_EQ(trained.used_clusters, sizes.count_nonzero().item<std::int64_t>());
  EXPECT_TRUE((assignment.scores >= assignment.second_scores).all().item<bool>());
  EXPECT_TRUE((assignment.labels != assignment.second_labels).all().item<bool>());
  const auto again = ilk::predict(trained.image, scene.images);
  EXPECT_TRUE(again.labels.equal(assignment.labels));
  // New images need no text; the text head says much the same of texts.
  EXPECT_EQ(ilk::predict(trained.text, scene.texts).labels.size(0), 300);
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

TEST(Sac, AResumedTrainingEndsAsOneThatWasNotStopped) {
  const Scene scene(200, 4, 1.0, 6, 20);
  std::vector<ilk::TrainingState> states;
  const auto whole =
      ilk::train_sac(scene.images, scene.texts, quick(4, 5),
                     {.save = [&](const ilk::TrainingState& state) { states.push_back(state); }});
  ASSERT_EQ(states.size(), 5u);
  for (const std::size_t at : {std::size_t{0}, std::size_t{2}, std::size_t{4}}) {
    EXPECT_EQ(states[at].epoch, static_cast<std::int64_t>(at) + 1);
    std::int64_t saved = 0;
    const auto resumed =
        ilk::train_sac(scene.images, scene.texts, quick(4, 5),
                       {.resume = &states[at], .save = [&](const ilk::TrainingState&) { ++saved; }});
    EXPECT_EQ(resumed.resumed_from, states[at].epoch);
    EXPECT_EQ(saved, 5 - states[at].epoch);
    expect_same(whole, resumed);
  }
}

struct Listener : ilk::Progress {
  std::string heard;
  std::int64_t total = 0, done = 0, stop_after = -1;
  void start(std::string_view stage, std::int64_t count, std::string_view) override {
    if (stage == "Training") total = count, done = 0;
  }
  void advance(std::int64_t count) override { done += count; }
  void say(std::string_view sentence) override { heard += sentence; }
  bool stop_requested() const override { return total > 0 && stop_after >= 0 && done >= stop_after; }
};

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
                                      {.save = [&](const auto& now) { state = now; }}, listener);
  ASSERT_TRUE(trained.neighbour_recall);
  EXPECT_GT(*trained.neighbour_recall, 0.9);
  EXPECT_LE(*trained.neighbour_recall, 1);
  EXPECT_NE(listener.heard.find("% of the true ones were found"), std::string::npos);
  // Other neighbours are another training.
  options.training.neighbour_search = ilk::NeighbourSearch::exact;
  EXPECT_EQ(ilk::train_sac(scene.images, scene.texts, options, {.resume = &state}).resumed_from, 0);
}

TEST(Sac, AStateOfOtherImagesOrOptionsIsNotUsed) {
  const Scene scene(100, 4, 1.0, 6), other(100, 4, 1.0, 7);
  ilk::TrainingState state;
  const ilk::TrainingHooks keep{.save = [&](const ilk::TrainingState& now) { state = now; }};
  const auto whole = ilk::train_sac(scene.images, scene.texts, quick(4), keep);
  auto options = quick(4);
  options.loss.alpha = 0.8;
  for (const auto& [images, changed] : {std::pair{scene.images, options}, {other.images, quick(4)}}) {
    Listener listener;
    EXPECT_EQ(ilk::train_sac(images, scene.texts, changed, {.resume = &state}, listener).resumed_from, 0);
    EXPECT_NE(listener.heard.find("other images or options"), std::string::npos);
  }
}

TEST(Sac, ABrokenStateIsAnErrorThatNamesWhatIsWrong) {
  const Scene scene(60, 3, 1.0, 6);
  ilk::TrainingState state;
  ilk::train_sac(scene.images, scene.texts, quick(3), {.save = [&](const auto& now) { state = now; }});
  auto missing = state;
  std::erase_if(missing.tensors, [](const auto& named) { return named.first == "text.weight2"; });
  EXPECT_EQ(error_of([&] { ilk::train_sac(scene.images, scene.texts, quick(3), {.resume = &missing}); }),
            "[train_sac] the state must hold text.weight2, which is missing.");
  auto shorter = state;
  for (auto& [name, tensor] : shorter.tensors)
    if (name == "labels") tensor = tensor.slice(0, 0, 5);
  EXPECT_NE(error_of([&] {
              ilk::train_sac(scene.images, scene.texts, quick(3), {.resume = &shorter});
            }).find("labels and history must fit"),
            std::string::npos);
}

TEST(Sac, StopsBetweenBatchesAndTellsHowFarItIs) {
  const Scene scene(200, 4, 1.0, 6);
  Listener listener;
  listener.stop_after = 5;
  ilk::TrainingState state;
  EXPECT_THROW(ilk::train_sac(scene.images, scene.texts, quick(4),
                              {.save = [&](const auto& now) { state = now; }}, listener),
               ilk::Stopped);
  EXPECT_EQ(listener.total, 3 * 4) << "200 images in batches of 64";
  EXPECT_EQ(state.epoch, 1);
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
    EXPECT_EQ(trained.assignment.labels.size(0), n) << what;
    EXPECT_TRUE(trained.assignment.scores.isfinite().all().item<bool>()) << what;
    EXPECT_LT(trained.assignment.labels.max().item<std::int64_t>(), k) << what;
    EXPECT_EQ(trained.assignment.second_labels.max().item<std::int64_t>() == -1, k == 1) << what;
    EXPECT_EQ(ilk::train_tac(
                  scene.images, scene.texts,
                  {.n_clusters = k, .training = {.epochs = 2, .batch_size = batch, .neighbours = neighbours}})
                  .assignment.labels.size(0),
              n)
        << what;
  }
}

TEST(Sac, EqualRowsAllGoToOneCluster) {
  const Scene scene(1, 1, 0.5, 8);
  const auto images = scene.images.repeat({30, 1}), texts = scene.texts.repeat({30, 1});
  const auto trained = ilk::train_sac(images, texts, quick(3));
  EXPECT_EQ(trained.used_clusters, 1);
  EXPECT_EQ(trained.assignment.labels.max().item<std::int64_t>(), 0);
  EXPECT_TRUE(trained.assignment.scores.isfinite().all().item<bool>());
}

TEST(Sac, BadInputNamesTheRuleAndTheValue) {
  const Scene scene(20, 4, 1.0, 9);
  const auto train = [&](const torch::Tensor& images, const torch::Tensor& texts,
                         const ilk::SacOptions& options) {
    return error_of([&] { ilk::train_sac(images, texts, options); });
  };
  EXPECT_EQ(train(scene.images.slice(0, 0, 1), scene.texts.slice(0, 0, 1), quick(1)),
            "[train_sac] images must be at least 2, got 1.");
  EXPECT_EQ(train(scene.images, scene.texts, quick(21)),
            "[train_sac] n_clusters must be at most the number of images (20), got 21.");
  EXPECT_EQ(train(scene.images, scene.texts, quick(0)), "[train_sac] n_clusters must be at least 1, got 0.");
  EXPECT_EQ(train(scene.images, scene.texts.slice(0, 0, 19), quick(4)),
            "[train_sac] texts must be one for each image (20), got 19.");
  auto broken = scene.texts.clone();
  broken[7][3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(train(scene.images, broken, quick(4)),
            "[train_sac] texts must have finite rows of unit length, got row 7 of length nan.");
  EXPECT_EQ(train(2 * scene.images, scene.texts, quick(4)),
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
            "[train_tac] distillation_temperature must be 0 or at least 0.02, got 0.01.");
  EXPECT_EQ(error_of([&] {
              ilk::predict(ilk::train_sac(scene.images, scene.texts, quick(4)).image, torch::eye(3));
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

TEST(Sac, WrongTextsHurtNoMoreWithAdaptiveWeights) {
  double with = 0, without = 0;
  for (const std::uint64_t seed : {1, 2}) {
    Scene scene(600, 6, 1.8, 10 + seed);
    scene.shuffle_texts(0.4, seed);
    ilk::SacOptions options{.n_clusters = 6, .seed = seed, .training = {.epochs = 100, .batch_size = 100}};
    with += accuracy(scene.truth, ilk::train_sac(scene.images, scene.texts, options).assignment.labels) / 2;
    options.loss.adaptive_weights = false;
    without +=
        accuracy(scene.truth, ilk::train_sac(scene.images, scene.texts, options).assignment.labels) / 2;
  }
  RecordProperty("adaptive", std::to_string(with));
  RecordProperty("even", std::to_string(without));
  EXPECT_GT(with, without - 0.02) << "adaptive " << with << ", even " << without;
}

TEST(TacTrained, BeatsKMeansWhereEachModalityIsNoisy) {
  const Scene scene(600, 6, 2.2, 3);
  const auto trained =
      ilk::train_tac(scene.images, scene.texts,
                     {.n_clusters = 6, .seed = 1, .training = {.epochs = 150, .batch_size = 100}});
  const double alone =
      accuracy(scene.truth, ilk::kmeans(scene.images, {.n_clusters = 6, .n_init = 5}).labels);
  const double found = accuracy(scene.truth, trained.assignment.labels);
  RecordProperty("kmeans", std::to_string(alone));
  RecordProperty("tac", std::to_string(found));
  EXPECT_GT(found, alone + 0.05) << "k-means " << alone << ", TAC " << found;
  EXPECT_EQ(trained.epochs.front().means.size(), 5u);
}

TEST(TacTrained, TheSameOnThePlainPathUpToRounding) {
  const Scene scene(300, 4, 0.6, 5);
  const ilk::TacTrainedOptions options{.n_clusters = 4, .training = {.epochs = 4, .batch_size = 64}};
  const auto blocks = ilk::train_tac(scene.images, scene.texts, options);
  ilk::internal::plain_path() = true;
  const auto plain = ilk::train_tac(scene.images, scene.texts, options);
  ilk::internal::plain_path() = false;
  EXPECT_GT(accuracy(blocks.assignment.labels, plain.assignment.labels), 0.95);
}

}  // namespace
