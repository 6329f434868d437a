// Trainings that are stopped, and gone on with from what was saved.
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/sac.h>

#include "matrices.h"
#include "short_training.h"
#include "two_modalities.h"

namespace {

TEST(Sac, AResumedTrainingEndsAsOneThatWasNotStopped) {
  const Scene scene(200, 4, 1.0, 6, 20);
  std::vector<ilk::TrainingState> states;
  const auto whole =
      ilk::train_sac(scene.images, scene.texts, quick(4, 5),
                     {.save = [&](const ilk::TrainingState& state) { states.push_back(copy_of(state)); }});
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

TEST(Sac, AStateOfOtherImagesOrOptionsIsNotUsed) {
  const Scene scene(100, 4, 1.0, 6), other(100, 4, 1.0, 7);
  ilk::TrainingState state;
  const ilk::TrainingHooks keep{.save = [&](const ilk::TrainingState& now) { state = copy_of(now); }};
  const auto whole = ilk::train_sac(scene.images, scene.texts, quick(4), keep);
  auto options = quick(4);
  options.loss.alpha = 0.8;
  for (const auto& [images, changed] : {std::pair{&scene.images, options}, {&other.images, quick(4)}}) {
    Listener listener;
    EXPECT_EQ(ilk::train_sac(*images, scene.texts, changed, {.resume = &state}, listener).resumed_from, 0);
    EXPECT_NE(listener.heard.find("other images or options"), std::string::npos);
  }
}

TEST(Sac, ABrokenStateIsAnErrorThatNamesWhatIsWrong) {
  const Scene scene(60, 3, 1.0, 6);
  ilk::TrainingState state;
  ilk::train_sac(scene.images, scene.texts, quick(3),
                 {.save = [&](const auto& now) { state = copy_of(now); }});
  auto missing = copy_of(state);
  std::erase_if(missing.arrays, [](const auto& named) { return named.first == "text.weight2"; });
  EXPECT_EQ(error_of([&] { ilk::train_sac(scene.images, scene.texts, quick(3), {.resume = &missing}); }),
            "[train_sac] the state must hold text.weight2, which is missing.");
  auto shorter = copy_of(state);
  for (auto& [name, array] : shorter.arrays)
    if (name == "labels") array = ilk::Array(ilk::ElementType::i64, {5});
  EXPECT_NE(error_of([&] {
              ilk::train_sac(scene.images, scene.texts, quick(3), {.resume = &shorter});
            }).find("labels and history must fit"),
            std::string::npos);
  auto narrower = copy_of(state);
  for (auto& [name, array] : narrower.arrays)
    if (name == "image.weight1") array = ilk::Array(ilk::ElementType::f32, {32, 31});
  EXPECT_EQ(error_of([&] { ilk::train_sac(scene.images, scene.texts, quick(3), {.resume = &narrower}); }),
            "[training] the state's image.weight1 must be float32 of shape [32, 32], got float32 of shape "
            "[32, 31].");
}

TEST(Sac, StopsBetweenBatchesAndTellsHowFarItIs) {
  const Scene scene(200, 4, 1.0, 6);
  Listener listener;
  listener.stop_after = 5;
  ilk::TrainingState state;
  EXPECT_THROW(ilk::train_sac(scene.images, scene.texts, quick(4),
                              {.save = [&](const auto& now) { state = copy_of(now); }}, listener),
               ilk::Stopped);
  EXPECT_EQ(listener.total, 3 * 4) << "200 images in batches of 64";
  EXPECT_EQ(state.epoch, 1);
}

}  // namespace
