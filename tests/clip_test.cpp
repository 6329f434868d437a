#include <gtest/gtest.h>
#include <ilk/error.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "encoders/clip.h"
#include "made_clip.h"
#include "made_models.h"
#include "targets.h"

namespace {

using nlohmann::json;

const ilk::Clip& tiny() {
  static const ilk::Clip clip(tiny_directory());
  return clip;
}

const ilk::Clip& tiny_in_fp32() {
  static const ilk::Clip clip(tiny_directory(), ilk::Precision::fp32);
  return clip;
}

std::vector<std::string> reference_texts() {
  return reference()["texts"].get<std::vector<std::string>>();
}

/// Images 0, 1 and 2, and then the texts.
void expect_embeddings(const ilk::Clip& clip, std::int64_t size, const json& reference) {
  const ilk::Matrix<float> expected = rows_of(reference);
  const ilk::Matrix<float> images = clip.encode_images(made_images(0, 3, size)),
                           texts = clip.encode_texts(reference_texts());
  expect_unit_rows(images);
  expect_unit_rows(texts);
  EXPECT_LT(largest_difference(images, expected.rows_between(0, 3)), 1e-5);
  EXPECT_LT(largest_difference(texts, expected.rows_between(3, 3 + texts.rows())), 1e-5);
}

TEST(Clip, MadeModelsEmbedAsTheReference) {
  for (const json& model : reference()["models"]) {
    SCOPED_TRACE(model["config"].dump());
    MadeModel made(model);
    made.write_weights();
    const ilk::Clip clip(made.path(), ilk::Precision::fp32);
    expect_embeddings(clip, made.image_size(), model["embeddings"]);
  }
}

TEST(Clip, TheTinyModelEmbedsAsTheReference) {
  expect_embeddings(tiny_in_fp32(), 64, reference()["tiny_clip"]);
}

TEST(Clip, InInt16EmbedsNearlyAsTheReference) {
  const auto expect_near = [](const ilk::Clip& clip, std::int64_t size, const ilk::Matrix<float>& expected) {
    EXPECT_EQ(clip.precision(), ilk::Precision::int16);
    const ilk::Matrix<float> images = clip.encode_images(made_images(0, 3, size)),
                             texts = clip.encode_texts(reference_texts());
    const auto expected_images = expected.rows_between(0, 3),
               expected_texts = expected.rows_between(3, 3 + texts.rows());
    expect_unit_rows(images);
    expect_unit_rows(texts);
    EXPECT_GT(lowest_cosine(images, expected_images), 0.99999);
    EXPECT_GT(lowest_cosine(texts, expected_texts), 0.99999);
    // It is another way.
    EXPECT_GT(
        std::max(largest_difference(images, expected_images), largest_difference(texts, expected_texts)),
        1e-6);
  };
  expect_near(tiny(), 64, rows_of(reference()["tiny_clip"]));
  for (const json& model : reference()["models"]) {
    MadeModel made(model);
    made.write_weights();
    expect_near(ilk::Clip(made.path()), made.image_size(), rows_of(model["embeddings"]));
  }
}

TEST(Clip, ThePrecisionIsInt16UnlessAskedFor) {
  EXPECT_EQ(tiny().precision(), ilk::Precision::int16);
  EXPECT_EQ(tiny_in_fp32().precision(), ilk::Precision::fp32);
  EXPECT_EQ(tiny().fingerprint(), tiny_in_fp32().fingerprint());
}

void expect_rows_independent_of_companions(const ilk::Clip& clip, std::int64_t size,
                                           const std::vector<std::int64_t>& batches) {
  const ilk::Matrix<float> images = made_images(0, 10, size);
  const ilk::Matrix<float> alone = clip.encode_images(images.rows_between(0, 1));
  for (const std::int64_t batch : batches) {
    for (std::int64_t place = 0; place < batch; ++place) {
      ilk::Matrix<float> companions(images.rows_between(10 - batch, 10));
      std::ranges::copy(images.row(0), companions[place]);
      ASSERT_TRUE(equal_rows(clip.encode_images(companions).row(place), alone.row(0)))
          << "place " << place << " of " << batch;
    }
  }
}

TEST(Clip, AnImagesEmbeddingIsTheSameWhateverItsCompanionsAndPlace) {
  expect_rows_independent_of_companions(tiny(), 64, {1, 2, 8, 9});
  expect_rows_independent_of_companions(tiny_in_fp32(), 64, {9});
  for (const std::size_t index : {std::size_t{0}, std::size_t{4}}) {
    MadeModel made(reference()["models"][index]);
    made.write_weights();
    for (const ilk::Precision precision : {ilk::Precision::fp32, ilk::Precision::int16})
      expect_rows_independent_of_companions(ilk::Clip(made.path(), precision), made.image_size(), {3});
  }
}

TEST(Clip, ATextsEmbeddingIsItsOwnWhateverItsCompanionsAndPlace) {
  std::vector<std::string> texts;
  for (const char* noun : {"dog", "tree", "red apple", "supercalifragilistic", "犬", "", "house boat"})
    for (const char* prompt : {"itap of a ", "art of the ", "", "a bad photo of the very large "})
      for (const char* end : {".", "!", " in a video game."})
        texts.push_back(std::string(prompt) + noun + end);
  const std::vector<std::string> reversed(texts.rbegin(), texts.rend());
  for (const ilk::Clip* clip : {&tiny(), &tiny_in_fp32()}) {
    const ilk::Matrix<float> together = clip->encode_texts(texts), backwards = clip->encode_texts(reversed);
    for (std::int64_t i = 0; i < together.rows(); ++i)
      EXPECT_TRUE(equal_rows(backwards.row(together.rows() - 1 - i), together.row(i)));
    for (std::size_t i = 0; i < texts.size(); i += 5)
      EXPECT_TRUE(
          equal_rows(clip->encode_texts({texts[i]}).row(0), together.row(static_cast<std::int64_t>(i))))
          << texts[i];
  }
  EXPECT_EQ(tiny().encode_texts({}).rows(), 0);
  EXPECT_EQ(tiny().encode_texts({}).columns(), tiny().width());
}

TEST(Clip, EmbeddingsAreTheSameForAnyNumberOfThreadsAndInsideABlock) {
  const ilk::Matrix<float> images = made_images(0, 11, 64);
  std::vector<std::string> texts = reference_texts();
  for (int i = 0; i < 40; ++i) texts.push_back("a photo of the number " + std::to_string(i * i * i));
  const ilk::Matrix<float> embedded_images = tiny().encode_images(images),
                           embedded_texts = tiny().encode_texts(texts);
  for_each_way_of_threading([&] {
    EXPECT_TRUE(equal(tiny().encode_images(images), embedded_images));
    EXPECT_TRUE(equal(tiny().encode_texts(texts), embedded_texts));
  });
}

TEST(Clip, EmbeddingsAreTheSameForEveryTarget) {
  const ilk::Matrix<float> images = made_images(0, 2, 64);
  for (const ilk::Clip* clip : {&tiny(), &tiny_in_fp32()}) {
    const ilk::Matrix<float> embedded_images = clip->encode_images(images),
                             embedded_texts = clip->encode_texts(reference_texts());
    for_each_target([&] {
      EXPECT_TRUE(equal(clip->encode_images(images), embedded_images));
      EXPECT_TRUE(equal(clip->encode_texts(reference_texts()), embedded_texts));
    });
  }
}

TEST(Clip, TheImageTowerIsLoadedAgainAfterItsRelease) {
  ilk::Clip clip(tiny_directory());
  const ilk::Matrix<float> images = made_images(0, 2, 64);
  clip.release_images();
  EXPECT_TRUE(equal(clip.encode_texts(reference_texts()), tiny().encode_texts(reference_texts())));
  EXPECT_TRUE(equal(clip.encode_images(images), tiny().encode_images(images)));
  clip.release_images();
  EXPECT_TRUE(equal(clip.encode_images(images), tiny().encode_images(images)));
}

TEST(Clip, PixelsOfTheWrongShapeAreAnError) {
  EXPECT_THROW(tiny().encode_images(ilk::Matrix<float>(0, 3 * 64 * 64)), ilk::Error);
  EXPECT_THROW(tiny().encode_images(ilk::Matrix<float>(3, 64 * 64)), ilk::Error);
  EXPECT_THROW(tiny().encode_images(ilk::Matrix<float>(1, 3 * 64 * 65)), ilk::Error);
}

}  // namespace
