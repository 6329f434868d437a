// What is expected was made by tests/data/sentence_bert/make.py with transformers' BertModel and MPNetModel;
// it also says how the models' numbers are made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "encoders/bert_tower.h"
#include "encoders/clip.h"
#include "encoders/sentence_bert.h"
#include "encoders/text_features.h"
#include "error_of.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "made_models.h"
#include "targets.h"
#include "temporary_directory.h"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

const json& reference() {
  static const json value =
      json::parse(ilk::read_file(fs::path(ILK_TEST_DATA) / "sentence_bert/reference.json"));
  return value;
}

std::vector<std::string> reference_texts() {
  return reference()["texts"].get<std::vector<std::string>>();
}

ilk::Array made_weight(const std::string& name, const std::vector<std::int64_t>& shape,
                       const std::string& type) {
  std::int64_t count = 1;
  for (const std::int64_t length : shape) count *= length;
  const bool of_norm = name.find("LayerNorm") != std::string::npos && name.ends_with(".weight");
  const bool embedding = name.find("embeddings.") != std::string::npos ||
                         name.find("relative_attention_bias") != std::string::npos;
  const double scale = of_norm             ? 0.2
                       : shape.size() <= 1 ? 0.1
                       : embedding         ? 0.5
                                           : std::sqrt(3.0 / static_cast<double>(count / shape[0]));
  const Numbers numbers(name);
  return made_array(type, shape, [&](std::uint64_t i) { return (of_norm ? 1 : 0) + scale * numbers(i); });
}

/// A model directory made of numbers, to be damaged before it is loaded.
class MadeModel {
 public:
  explicit MadeModel(const json& model, const std::string& prefix = "") {
    for (const auto& [name, shape] : model["shapes"].items())
      weights.emplace_back(prefix + name, made_weight(name, shape, model["type"]));
    // Files hold more than is needed.
    weights.emplace_back(prefix + "pooler.dense.bias", zeros({48}));
    fs::copy_file(fs::path(ILK_TEST_DATA) / "wordpiece/vocab.txt", path() / "vocab.txt");
    write("config.json", model["config"]);
    write("sentence_bert_config.json", {{"max_seq_length", model["longest"]}, {"do_lower_case", false}});
    const std::string pooling = model["pooling"];
    pool({{"pooling_mode_mean_tokens", pooling == "mean"},
          {"pooling_mode_cls_token", pooling == "first"},
          {"pooling_mode_max_tokens", pooling == "maximum"}});
    write("modules.json", json::array({module("Transformer", ""), module("Pooling", "1_Pooling"),
                                       module("Normalize", "2_Normalize")}));
  }

  static json module(const std::string& type, const std::string& path) {
    return {{"type", "sentence_transformers.models." + type}, {"path", path}};
  }
  const fs::path& path() const { return directory_.path(); }
  void write(const std::string& name, const json& contents) const {
    ilk::write_file_atomically(path() / name, contents.dump());
  }
  void pool(const json& modes) const { write("1_Pooling/config.json", modes); }
  const MadeModel& write_weights() const {
    ilk::write_safetensors(path() / "model.safetensors", views_of(weights));
    return *this;
  }

  ilk::NamedArrays weights;

 private:
  TemporaryDirectory directory_;
};

const json& model(std::size_t i) {
  return reference()["models"][i];
}

std::string load_error(const fs::path& directory) {
  return ::error_of([&] { const ilk::SentenceBert encoder(directory); });
}

TEST(SentenceBert, MadeModelsEmbedAsTheReference) {
  for (const json& wanted : reference()["models"]) {
    MadeModel made(wanted);
    const ilk::SentenceBert encoder(made.write_weights().path(), ilk::Precision::fp32);
    EXPECT_EQ(encoder.width(), 48);
    EXPECT_EQ(encoder.longest(), wanted["longest"]);
    const ilk::Matrix<float> embeddings = encoder.encode_texts(reference_texts());
    expect_unit_rows(embeddings);
    EXPECT_LT(largest_difference(embeddings, rows_of(wanted["embeddings"])), 1e-5) << wanted["config"];
    const ilk::SentenceBert in_int16(made.path());
    EXPECT_EQ(in_int16.precision(), ilk::Precision::int16);
    EXPECT_GT(lowest_cosine(in_int16.encode_texts(reference_texts()), embeddings), 0.99999)
        << wanted["config"];
    for_each_target(
        [&] { EXPECT_TRUE(equal(encoder.encode_texts(reference_texts()), embeddings)) << wanted["config"]; });
  }
}

TEST(SentenceBert, MpnetsDistancesFallIntoTheReferencesBuckets) {
  for (std::int64_t distance = -300; distance <= 300; ++distance)
    EXPECT_EQ(ilk::distance_bucket(distance, 32),
              reference()["buckets"][static_cast<std::size_t>(distance + 300)])
        << distance;
}

TEST(SentenceBert, FilesMayLieAsOtherProgramsWriteThem) {
  const ilk::Matrix<float> expected = rows_of(model(0)["embeddings"]);
  const auto embed = [](const MadeModel& made) {
    return ilk::load_text_encoder(made.path(), ilk::Precision::fp32)->encode_texts(reference_texts());
  };
  {  // below the name of a whole model; without sentence-transformers' files, the mean of all the model takes
    MadeModel made(model(0), "bert.");
    made.write_weights();
    fs::remove(made.path() / "modules.json");
    fs::remove(made.path() / "sentence_bert_config.json");
    EXPECT_LT(largest_difference(embed(made), expected), 1e-5);
    made.write("tokenizer_config.json", {{"model_max_length", 1e30}});
    EXPECT_LT(largest_difference(embed(made), expected), 1e-5);
    made.write("tokenizer_config.json", {{"model_max_length", 20}});
    EXPECT_EQ(ilk::SentenceBert(made.path()).longest(), 20);
  }
  {  // the transformer in a folder of its own, and pooling that only another length tells from the mean
    MadeModel made(model(0));
    made.write_weights();
    fs::create_directory(made.path() / "0_BERT");
    for (const char* name : {"config.json", "model.safetensors", "vocab.txt", "sentence_bert_config.json"})
      fs::rename(made.path() / name, made.path() / "0_BERT" / name);
    made.write("modules.json", json::array({MadeModel::module("Transformer", "0_BERT"),
                                            MadeModel::module("Pooling", "1_Pooling")}));
    made.pool({{"pooling_mode_mean_sqrt_len_tokens", true}});
    EXPECT_LT(largest_difference(embed(made), expected), 1e-5);
  }
}

TEST(SentenceBert, ATextsEmbeddingIsItsOwnWhateverItsCompanionsAndThreads) {
  MadeModel made(model(3));
  const ilk::SentenceBert encoder(made.write_weights().path());
  std::vector<std::string> texts;
  for (const char* noun : {"dog", "tree", "red apple", "supercalifragilistic", "犬", "", "house boat"})
    for (const char* prompt : {"itap of a ", "art of the ", "", "a bad photo of the very large "})
      for (int times = 1; times <= 60; times += 59) {
        std::string text;
        for (int i = 0; i < times; ++i) text += std::string(prompt) + noun + " ";
        texts.push_back(text);
      }
  const ilk::Matrix<float> together = encoder.encode_texts(texts);
  for (std::size_t i = 0; i < texts.size(); i += 5)
    EXPECT_TRUE(std::ranges::equal(encoder.encode_texts({texts[i]}).row(0),
                                   together.row(static_cast<std::int64_t>(i))))
        << texts[i];
  EXPECT_EQ(encoder.encode_texts({}).rows(), 0);
  EXPECT_EQ(encoder.encode_texts({}).columns(), 48);
  for_each_way_of_threading([&] { EXPECT_TRUE(equal(encoder.encode_texts(texts), together)); });
}

TEST(SentenceBert, TheCacheOfTextFeaturesServesItToo) {
  MadeModel made(model(0));
  const std::unique_ptr<ilk::TextEncoder> encoder = ilk::load_text_encoder(made.write_weights().path());
  const std::unique_ptr<ilk::TextEncoder> clip =
      ilk::load_text_encoder(fs::path(ILK_TEST_DATA) / "tiny_clip");
  EXPECT_NE(dynamic_cast<const ilk::Clip*>(clip.get()), nullptr);
  const TemporaryDirectory cache;
  const ilk::Corpus corpus = ilk::make_corpus("few", {"a dog", "a tree", "a house"});
  const ilk::Matrix<float> fresh = ilk::embed_corpus(*encoder, corpus, {}, cache.path(), "captions").features;
  EXPECT_LT(largest_difference(fresh, encoder->encode_texts(corpus.texts)), 1e-6);
  EXPECT_FALSE(ilk::embed_corpus(*clip, corpus, {}, cache.path(), "captions").from_cache) << "another model";
  const ilk::TextFeatures kept = ilk::embed_corpus(*encoder, corpus, {}, cache.path(), "captions");
  EXPECT_TRUE(kept.from_cache);
  EXPECT_TRUE(equal(kept.features, fresh));
}

TEST(SentenceBert, TheFingerprintIsOfEverythingThatCounts) {
  MadeModel made(model(0));
  made.write_weights();
  const std::string before = ilk::SentenceBert(made.path()).fingerprint();
  EXPECT_EQ(ilk::SentenceBert(made.path()).fingerprint(), before);
  const std::vector<std::function<void()>> changes{
      [&] {
        made.write("tokenizer_config.json", {{"do_lower_case", false}});
      },
      [&] {
        made.pool({{"pooling_mode_cls_token", true}});
      },
      [&] {
        made.write("sentence_bert_config.json", {{"max_seq_length", 20}});
      },
      [&] {
        made.weights[3].second.bytes()[0] ^= std::byte{1};
        made.write_weights();
      }};
  std::string last = before;
  for (const auto& change : changes) {
    change();
    const std::string now = ilk::SentenceBert(made.path()).fingerprint();
    EXPECT_NE(now, last);
    last = now;
  }
}

TEST(SentenceBert, WhatWouldGiveOtherEmbeddingsIsAnError) {
  const auto error_of = [](const std::function<void(MadeModel&)>& damage) {
    MadeModel made(model(0));
    damage(made);
    made.write_weights();
    return load_error(made.path());
  };
  const auto with_config = [&](const char* key, const json& value) {
    return error_of([&](MadeModel& made) {
      json config = model(0)["config"];
      config[key] = value;
      made.write("config.json", config);
    });
  };
  EXPECT_EQ(error_of([](MadeModel&) {}), "");
  EXPECT_THAT(with_config("model_type", "roberta"),
              HasSubstr("model_type must be bert or mpnet, got \"roberta\""));
  EXPECT_THAT(with_config("hidden_act", "relu"), HasSubstr("hidden_act must be quick_gelu or gelu"));
  EXPECT_THAT(with_config("position_embedding_type", "relative_key"),
              HasSubstr("position_embedding_type must be \"absolute\""));
  EXPECT_THAT(with_config("num_attention_heads", 5), HasSubstr("must divide hidden_size (48)"));
  EXPECT_THAT(
      with_config("vocab_size", 3999),
      AllOf(HasSubstr("embeddings.word_embeddings.weight must be of shape [3999, 48], got [4000, 48]")));
  EXPECT_THAT(with_config("max_position_embeddings", 1), HasSubstr("max_position_embeddings must be"));
  EXPECT_THAT(error_of([](MadeModel& made) { made.weights.erase(made.weights.begin() + 5); }),
              HasSubstr("is missing"));
  EXPECT_THAT(error_of([](MadeModel& made) {
                made.write("modules.json", json::array({MadeModel::module("Transformer", ""),
                                                        MadeModel::module("Pooling", "1_Pooling"),
                                                        MadeModel::module("Dense", "2_Dense")}));
              }),
              HasSubstr("got 'sentence_transformers.models.Dense' in place 2"));
  EXPECT_THAT(error_of([](MadeModel& made) {
                made.write("modules.json", json::array({MadeModel::module("Transformer", "../other")}));
              }),
              HasSubstr("must be the name of a folder"));
  EXPECT_THAT(error_of([](MadeModel& made) { made.write("modules.json", json::object()); }),
              HasSubstr("must hold a list of modules"));
  EXPECT_THAT(error_of([](MadeModel& made) { made.pool(json::object()); }),
              HasSubstr("must ask for one mode of pooling, mean, cls or max, got 0"));
  EXPECT_THAT(error_of([](MadeModel& made) {
                made.pool({{"pooling_mode_cls_token", true}, {"pooling_mode_max_tokens", true}});
              }),
              HasSubstr("got 2"));
  EXPECT_THAT(error_of([](MadeModel& made) {
                made.pool({{"pooling_mode_lasttoken", true}});
              }),
              HasSubstr("pooling_mode_lasttoken must be false"));
  EXPECT_THAT(error_of([](MadeModel& made) {
                made.write("config_sentence_transformers.json", {{"default_prompt_name", "query"}});
              }),
              HasSubstr("default_prompt_name must be null"));
  EXPECT_THAT(error_of([](MadeModel& made) {
                made.write("sentence_bert_config.json", {{"do_lower_case", true}});
                made.write("tokenizer_config.json", {{"do_lower_case", false}});
              }),
              HasSubstr("asks for lower case, but the tokenizer keeps case"));
  EXPECT_THAT(error_of([](MadeModel& made) { fs::remove(made.path() / "vocab.txt"); }),
              HasSubstr("must hold tokenizer.json or vocab.txt"));
  const TemporaryDirectory empty;
  EXPECT_THAT(load_error(empty.path()), HasSubstr("must hold model.safetensors"));
  EXPECT_THROW(ilk::load_text_encoder(empty.path()), ilk::Error);
  ilk::write_file_atomically(empty.path() / "config.json", R"({"model_type":"t5"})");
  EXPECT_THROW(ilk::load_text_encoder(empty.path()), ilk::Error);
}

}  // namespace
