// What is expected was made by tests/data/clip/make.py with transformers' CLIPModel; it also says how the
// models' numbers are made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "encoders/clip.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "made_models.h"
#include "targets.h"
#include "temporary_directory.h"

namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

const fs::path& tiny_directory() {
  static const fs::path path = fs::path(ILK_TEST_DATA) / "tiny_clip";
  return path;
}

const ilk::Clip& tiny() {
  static const ilk::Clip clip(tiny_directory());
  return clip;
}

const ilk::Clip& tiny_in_fp32() {
  static const ilk::Clip clip(tiny_directory(), ilk::Precision::fp32);
  return clip;
}

const json& reference() {
  static const json value = json::parse(ilk::read_file(fs::path(ILK_TEST_DATA) / "clip/reference.json"));
  return value;
}

std::vector<std::string> reference_texts() {
  return reference()["texts"].get<std::vector<std::string>>();
}

ilk::Array made_weight(const std::string& name, const std::vector<std::int64_t>& shape,
                       const std::string& type) {
  std::int64_t count = 1;
  for (const std::int64_t length : shape) count *= length;
  const bool of_norm = name.find("norm") != std::string::npos && name.ends_with(".weight");
  const bool embedding =
      name.find("_embedding.") != std::string::npos && name.find("patch_") == std::string::npos;
  const double scale = of_norm             ? 0.2
                       : shape.size() <= 1 ? 0.1
                       : embedding         ? 0.5
                                           : std::sqrt(3.0 / static_cast<double>(count / shape[0]));
  const Numbers numbers(name);
  return made_array(type, shape, [&](std::uint64_t i) { return (of_norm ? 1 : 0) + scale * numbers(i); });
}

/// `count` images beginning with number `first`, (count, 3 · size · size).
ilk::Matrix<float> made_images(std::int64_t first, std::int64_t count, std::int64_t size) {
  auto images = ilk::Matrix<float>::uninitialised(count, 3 * size * size);
  for (std::int64_t n = 0; n < count; ++n) {
    const Numbers numbers("image " + std::to_string(first + n));
    for (std::int64_t i = 0; i < images.columns(); ++i)
      images[n][i] = static_cast<float>(2 * numbers(static_cast<std::uint64_t>(i)));
  }
  return images;
}

/// A model directory made of numbers, to be damaged before it is loaded.
class MadeModel {
 public:
  explicit MadeModel(const json& model) : config(model["config"]) {
    for (const auto& [name, shape] : model["shapes"].items())
      weights.emplace_back(name, made_weight(name, shape, model["type"]));
    // Files hold more than the towers need.
    weights.emplace_back("text_model.embeddings.position_ids", ilk::Array(ilk::ElementType::i64, {1, 16}));
    std::ranges::fill(weights.back().second.values<std::int64_t>(), 0);
    const std::int64_t size = config["vision_config"].value("image_size", 224);
    preprocessor = {{"size", size}, {"crop_size", size}, {"resample", 3}};
    for (const char* name : {"vocab.json", "merges.txt"})
      fs::copy_file(tiny_directory() / name, path() / name);
    write_configuration();
  }

  const fs::path& path() const { return directory_.path(); }
  void write_configuration() const {
    ilk::write_file_atomically(path() / "config.json", config.dump());
    ilk::write_file_atomically(path() / "preprocessor_config.json", preprocessor.dump());
  }
  void write_weights() const { ilk::write_safetensors(path() / "model.safetensors", views_of(weights)); }
  std::int64_t image_size() const { return preprocessor["size"]; }

  json config, preprocessor;
  ilk::NamedArrays weights;

 private:
  TemporaryDirectory directory_;
};

const json& small_model() {
  return reference()["models"][0];
}

std::string load_error(const fs::path& directory) {
  try {
    const ilk::Clip clip(directory);
  } catch (const ilk::Error& error) {
    return error.what();
  }
  return "";
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

/// Whether the rows are the same to the bit.
bool equal_rows(std::span<const float> a, std::span<const float> b) {
  return std::ranges::equal(a, b);
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

TEST(Clip, ShardsAreAsGoodAsOneFile) {
  MadeModel made(small_model());
  made.write_weights();
  const ilk::Clip whole(made.path());
  const ilk::Matrix<float> images = made_images(0, 2, made.image_size());
  const ilk::Matrix<float> expected = whole.encode_images(images);
  const std::string fingerprint = whole.fingerprint();

  fs::remove(made.path() / "model.safetensors");
  const ilk::NamedArrayViews views = views_of(made.weights);
  const auto middle = views.begin() + static_cast<std::ptrdiff_t>(views.size() / 2);
  ilk::write_safetensors(made.path() / "model-00001-of-00002.safetensors", {views.begin(), middle});
  ilk::write_safetensors(made.path() / "model-00002-of-00002.safetensors", {middle, views.end()});
  json index{{"weight_map", json::object()}};
  for (auto it = views.begin(); it != views.end(); ++it)
    index["weight_map"][it->first] =
        it < middle ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors";
  const auto index_path = made.path() / "model.safetensors.index.json";
  ilk::write_file_atomically(index_path, index.dump());
  const ilk::Clip sharded(made.path());
  EXPECT_TRUE(equal(sharded.encode_images(images), expected));
  EXPECT_NE(sharded.fingerprint(), fingerprint);

  index["weight_map"]["logit_scale"] = "../model.safetensors";
  ilk::write_file_atomically(index_path, index.dump());
  EXPECT_THAT(load_error(made.path()),
              HasSubstr("the shard of logit_scale must be the name of a safetensors file"));
  ilk::write_file_atomically(index_path, "{}");
  EXPECT_THAT(load_error(made.path()), HasSubstr("must hold a weight_map"));
}

TEST(Clip, OneErrorNamesEveryWeightThatIsMissingOrWrong) {
  MadeModel made(small_model());
  std::erase_if(made.weights, [](const auto& entry) { return entry.first == "visual_projection.weight"; });
  for (auto& [name, array] : made.weights) {
    if (name == "text_model.final_layer_norm.bias") array = zeros({47});
    if (name == "vision_model.pre_layrnorm.weight")
      array = ilk::Array({ilk::ElementType::i32, {64}, zeros({64}).bytes()});
  }
  made.write_weights();
  const std::string error = load_error(made.path());
  EXPECT_THAT(error, HasSubstr("visual_projection.weight is missing"));
  EXPECT_THAT(error, HasSubstr("text_model.final_layer_norm.bias must be of shape [48], got [47]"));
  EXPECT_THAT(error, HasSubstr("vision_model.pre_layrnorm.weight must hold floating-point numbers"));
}

TEST(Clip, AWeightThatIsNoNumberIsTheModelsFault) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    MadeModel made(small_model());
    for (auto& [name, array] : made.weights) {
      if (name != "visual_projection.weight" && name != "text_model.final_layer_norm.bias") continue;
      std::vector<float> values = array.to_floats();
      values[5] = bad;
      array = ilk::Array(ilk::ArrayView(ilk::ElementType::f32, array.shape(), values.data()));
    }
    made.write_weights();
    const char* what = std::isnan(bad) ? " holds NaN (number 5 of " : " holds infinity (number 5 of ";
    EXPECT_THAT(load_error(made.path()),
                testing::AllOf(HasSubstr("the model's weights cannot be used"),
                               HasSubstr(std::string("visual_projection.weight") + what),
                               HasSubstr(std::string("text_model.final_layer_norm.bias") + what)));
  }
}

TEST(Clip, WhatStandsInThePlaceOfAFileIsSaid) {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 12\n";
  for (const char* name :
       {"model.safetensors", "config.json", "preprocessor_config.json", "vocab.json", "merges.txt"}) {
    MadeModel made(small_model());
    made.write_weights();
    ilk::write_file_atomically(made.path() / name, pointer);
    EXPECT_THAT(load_error(made.path()),
                testing::AllOf(HasSubstr("it is a Git LFS pointer"), HasSubstr(name)));
    ilk::write_file_atomically(made.path() / name, "<!DOCTYPE html>\n<html>Sign in</html>");
    EXPECT_THAT(load_error(made.path()), testing::AllOf(HasSubstr("it is a web page"), HasSubstr(name)));
  }
}

TEST(Clip, TheProcessorsOfTransformers5AreRead) {
  MadeModel made(small_model());
  made.write_weights();
  const ilk::Clip older(made.path());
  const std::int64_t size = made.image_size();
  const json edge = {{"height", size}, {"width", size}};
  const json processors = {{"image_processor",
                            {{"crop_size", edge},
                             {"do_center_crop", true},
                             {"image_processor_type", "CLIPImageProcessor"},
                             {"resample", 3},
                             {"size", {{"shortest_edge", size}}}}},
                           {"processor_class", "CLIPProcessor"}};
  fs::remove(made.path() / "preprocessor_config.json");
  EXPECT_THAT(load_error(made.path()), HasSubstr("processor_config.json"));
  ilk::write_file_atomically(made.path() / "processor_config.json",
                             R"({"processor_class": "CLIPProcessor"})");
  EXPECT_THAT(load_error(made.path()), HasSubstr("with an image_processor")) << "it says nothing of images";
  ilk::write_file_atomically(made.path() / "processor_config.json", processors.dump());
  // Where both are there, the newer form counts, as in transformers.
  ilk::write_file_atomically(made.path() / "preprocessor_config.json", R"({"size": {"shortest_edge": 7}})");
  const ilk::Clip newer(made.path());
  EXPECT_EQ(newer.preprocessor().shortest_edge, older.preprocessor().shortest_edge);
  EXPECT_EQ(newer.preprocessor().crop_height, older.preprocessor().crop_height);
  EXPECT_EQ(newer.preprocessor().mean, older.preprocessor().mean);
  const auto images = made_images(0, 2, size);
  EXPECT_TRUE(equal_rows(newer.encode_images(images).flat(), older.encode_images(images).flat()));
}

TEST(Clip, ADirectoryThatDoesNotFitTogetherIsAnError) {
  MadeModel made(small_model());
  EXPECT_THAT(load_error(made.path()), HasSubstr("must hold model.safetensors"));
  ilk::write_file_atomically(made.path() / "pytorch_model.bin", "");
  EXPECT_THAT(load_error(made.path()), HasSubstr("pytorch_model.bin is not read"));
  made.write_weights();
  EXPECT_EQ(load_error(made.path()), "");

  const json config = made.config, preprocessor = made.preprocessor;
  const auto error_with = [&](const json& patch) {
    made.config = config;
    made.config.merge_patch(patch);
    made.write_configuration();
    return load_error(made.path());
  };
  EXPECT_THAT(error_with({{"model_type", "siglip"}}),
              HasSubstr("model_type must be \"clip\", got \"siglip\""));
  EXPECT_THAT(error_with({{"vision_config", {{"hidden_act", "relu"}}}}),
              HasSubstr("vision_config.hidden_act must be quick_gelu or gelu, got \"relu\""));
  EXPECT_THAT(error_with({{"text_config", {{"num_attention_heads", 5}}}}),
              HasSubstr("text_config.num_attention_heads must divide hidden_size (48), got 5"));
  EXPECT_THAT(error_with({{"text_config", {{"hidden_size", "48"}}}}),
              HasSubstr("text_config.hidden_size must be a whole number"));
  EXPECT_THAT(error_with({{"text_config", {{"hidden_size", -1}}}}), HasSubstr("got -1"));
  EXPECT_THAT(error_with({{"text_config", {{"hidden_size", 1e300}}}}), HasSubstr("must be a whole number"));
  EXPECT_THAT(error_with({{"text_config", {{"layer_norm_eps", 0}}}}),
              HasSubstr("text_config.layer_norm_eps must be between 0 and 1"));
  EXPECT_THAT(error_with({{"vision_config", {{"patch_size", 31}}}}),
              HasSubstr("vision_config.patch_size must be at most image_size (30), got 31"));
  EXPECT_THAT(error_with({{"vision_config", {{"num_channels", 4}}}}),
              HasSubstr("num_channels must be 3, got 4"));
  EXPECT_THAT(error_with({{"vision_config", 3}}), HasSubstr("vision_config must be an object"));
  EXPECT_THAT(error_with({{"text_config", {{"vocab_size", 8000}}}}),
              HasSubstr("must be of shape [8000, 48], got [8706, 48]"));
  EXPECT_THAT(error_with({{"vision_config", {{"num_hidden_layers", 4}}}}),
              HasSubstr("vision_model.encoder.layers.3.layer_norm1.weight is missing"));
  EXPECT_THAT(error_with({{"text_config", {{"eos_token_id", 7}}}}),
              HasSubstr("text_config.eos_token_id is 7, but the tokenizer ends texts with 8705"));
  EXPECT_EQ(error_with({{"text_config", {{"eos_token_id", nullptr}}}}), "");
  made.config = config;
  made.preprocessor["crop_size"] = 32;
  made.write_configuration();
  EXPECT_THAT(load_error(made.path()),
              HasSubstr("makes images of 32 × 32 pixels, but the model takes 30 × 30"));
  made.preprocessor = preprocessor;
  made.write_configuration();
  EXPECT_EQ(load_error(made.path()), "");
  ilk::write_file_atomically(made.path() / "config.json", "{");
  EXPECT_THAT(load_error(made.path()), HasSubstr("is not JSON"));
}

TEST(Clip, PixelsOfTheWrongShapeAreAnError) {
  EXPECT_THROW(tiny().encode_images(ilk::Matrix<float>(0, 3 * 64 * 64)), ilk::Error);
  EXPECT_THROW(tiny().encode_images(ilk::Matrix<float>(3, 64 * 64)), ilk::Error);
  EXPECT_THROW(tiny().encode_images(ilk::Matrix<float>(1, 3 * 64 * 65)), ilk::Error);
}

TEST(Clip, TheFingerprintFollowsWhatAnEmbeddingDependsOn) {
  MadeModel made(small_model());
  made.write_weights();
  const std::string before = ilk::Clip(made.path()).fingerprint();
  EXPECT_EQ(before.size(), 64u);
  EXPECT_EQ(ilk::Clip(made.path()).fingerprint(), before);
  made.preprocessor["resample"] = 2;
  made.write_configuration();
  EXPECT_NE(ilk::Clip(made.path()).fingerprint(), before);
}

}  // namespace
