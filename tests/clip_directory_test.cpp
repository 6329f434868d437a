// The files of a CLIP model's directory, and what is said where they do not fit together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "encoders/clip.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "made_clip.h"
#include "made_models.h"

namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

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
  // Of a processor_config.json without images' part the older file says how they are prepared.
  for (const char* none : {R"({"image_processor": null})", R"({"image_processor": "CLIPImageProcessor"})"}) {
    ilk::write_file_atomically(made.path() / "processor_config.json", none);
    EXPECT_THAT(load_error(made.path()), HasSubstr("with an image_processor"));
    ilk::write_file_atomically(made.path() / "preprocessor_config.json",
                               processors["image_processor"].dump());
    EXPECT_EQ(ilk::Clip(made.path()).preprocessor().shortest_edge, older.preprocessor().shortest_edge);
    fs::remove(made.path() / "preprocessor_config.json");
  }
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
