#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/models.h>

#include <nlohmann/json.hpp>
#include <set>

#include "git_id.h"
#include "http_server.h"
#include "io/files.h"
#include "io/sha256.h"
#include "models_fixture.h"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Models, GitsNamesAreThoseOfGit) {
  EXPECT_EQ(git_id("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST_F(ModelsTest, TheKnownOnesAreWellFormed) {
  std::set<std::string> names;
  for (const ilk::KnownModel& model : ilk::known_models()) {
    EXPECT_TRUE(names.insert(model.name).second);
    EXPECT_EQ(std::count(model.repository.begin(), model.repository.end(), '/'), 1);
    EXPECT_FALSE(model.revision.empty());
    EXPECT_THAT(model.description,
                AllOf(HasSubstr("B, "), testing::AnyOf(HasSubstr("MIT"), HasSubstr("Apache-2.0")),
                      Not(HasSubstr("\n"))));
  }
  EXPECT_TRUE(names.contains("clip-vit-b-32"));
  EXPECT_EQ(ilk::models_directory(), directory_.path() / "ilk" / "models");
}

TEST_F(ModelsTest, TheEmbeddedOneIsFoundByName) {
  const auto lite = std::filesystem::path(ILK_SOURCE_DIR) / "models" / "ilk-lite";
  EXPECT_EQ(ilk::embedded_model(), lite);
  EXPECT_EQ(ilk::find_model("ilk-lite"), lite);
  EXPECT_EQ(ilk::find_model(tiny.string()), tiny);
  // Where $ILK_MODELS does not hold it, the next place does.
  const Variable elsewhere("ILK_MODELS", directory_.path().string());
  EXPECT_EQ(ilk::embedded_model(), lite);
}

TEST_F(ModelsTest, ModelsThatAreNotThereAreExplained) {
  const auto error = [](const std::string& name) { return error_of([&] { ilk::find_model(name); }); };
  EXPECT_EQ(
      error("clip-vit-b-32"),
      "[find_model] the model 'clip-vit-b-32' is not here yet; `ilk models get clip-vit-b-32` fetches it.");
  EXPECT_THAT(error("openai/clip-vit-base-patch32"),
              HasSubstr("`ilk models get openai/clip-vit-base-patch32`"));
  EXPECT_THAT(error("CLIP-ViT-Base-Patch32"), HasSubstr("`ilk models get CLIP-ViT-Base-Patch32`"));
  EXPECT_THAT(error("clip-vit-b32"), HasSubstr("did you mean 'clip-vit-b-32'?"));
  EXPECT_THAT(error("ilk-lit"), HasSubstr("did you mean 'ilk-lite'?"));
  EXPECT_THAT(error("clip-vit-base-patch23"), HasSubstr("did you mean 'clip-vit-base-patch32'?"));
  EXPECT_THAT(error("zzzzzzzz"), AllOf(HasSubstr("ilk-lite, clip-vit-b-32"), Not(HasSubstr("did you mean"))));
  EXPECT_THAT(error("someone/mini"), HasSubstr("`ilk models get someone/mini`"));
  EXPECT_THAT(error(directory_.path().string()), HasSubstr("holds no config.json"));
  EXPECT_THAT(error("/no/such/folder"), HasSubstr("no directory"));
  EXPECT_THAT(error("../mini"), HasSubstr("../mini"));
  EXPECT_NE(error(""), "");
}

TEST_F(ModelsTest, AModelIsFetchedAndFound) {
  serve({});
  Recorder progress;
  EXPECT_EQ(ilk::get_model("someone/mini", options_, progress), place_);
  expect_fetched(place_);
  EXPECT_EQ(ilk::find_model("someone/mini"), place_);
  EXPECT_EQ(progress.stages, std::vector<std::string>{"fetching someone/mini"});
  EXPECT_EQ(progress.finished, 1);
  EXPECT_EQ(progress.advanced, progress.total);
  EXPECT_GT(progress.total, 900'000);
  EXPECT_TRUE(server_.requests("/someone/mini/resolve/main/reference.json").empty());
  // Again: nothing is asked.
  const auto asked = server_.requests().size();
  EXPECT_EQ(ilk::get_model("someone/mini", options_), place_);
  EXPECT_EQ(server_.requests().size(), asked);
}

TEST_F(ModelsTest, AKnownNameStandsForItsRepository) {
  const ilk::KnownModel& known = ilk::known_models().front();
  serve({.name = known.repository, .revision = known.revision});
  for (const std::string& name : {known.name, known.repository})
    EXPECT_EQ(ilk::get_model(name, options_), ilk::models_directory() / known.name);
  expect_fetched(ilk::models_directory() / known.name);
  EXPECT_EQ(ilk::find_model(known.name), ilk::models_directory() / known.name);
  EXPECT_EQ(ilk::find_model("clip-vit-base-patch32"), ilk::models_directory() / known.name);
}

TEST_F(ModelsTest, ARevisionMayBeNamed) {
  serve({});
  serve({.revision = "refs%2Fpr%2F7"});
  ilk::get_model("someone/mini", options_);
  ilk::get_model("someone/mini@refs/pr/7", options_);
  expect_fetched(place_);
  EXPECT_EQ(json::parse(ilk::read_file(place_ / "ilk-model.json")).at("revision"), "refs/pr/7");
  // What is right already is not fetched again.
  EXPECT_TRUE(server_.requests("/someone/mini/resolve/refs%2Fpr%2F7/model.safetensors").empty());
}

TEST_F(ModelsTest, ACutIsGoneOnFrom) {
  serve({.replies = {{"model.safetensors", {{.cut_after = 300'000}, {.cut_after = 100'000}, {}}},
                     {"vocab.json", {{.cut_after = 1000}, {.body = "sorry", .status = 500}, {}}}}});
  Recorder progress;
  ilk::get_model("someone/mini", options_, progress);
  expect_fetched(place_);
  EXPECT_EQ(progress.advanced, progress.total);
  const auto requests = server_.requests("/someone/mini/resolve/main/model.safetensors");
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[1].header("range"), "bytes=300000-");
  EXPECT_EQ(requests[2].header("range"), "bytes=400000-");
}

TEST_F(ModelsTest, AStopIsGoneOnFromByTheNextRun) {
  serve({.replies = {{"model.safetensors", {{.piece = 10'000, .pause_seconds = 0.005}, {}}}}});
  Recorder progress;
  progress.stop_at = 400'000;
  EXPECT_THROW(ilk::get_model("someone/mini", options_, progress), ilk::Stopped);
  EXPECT_EQ(progress.finished, 1);
  EXPECT_FALSE(std::filesystem::exists(place_));
  EXPECT_THROW(ilk::find_model("someone/mini"), ilk::Error);
  Recorder second;
  ilk::get_model("someone/mini", options_, second);
  expect_fetched(place_);
  EXPECT_EQ(second.advanced, second.total);
  const auto requests = server_.requests("/someone/mini/resolve/main/model.safetensors");
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[1].header("range"), testing::StartsWith("bytes="));
  EXPECT_EQ(server_.requests("/someone/mini/resolve/main/vocab.json").size(), 1u);
}

TEST_F(ModelsTest, WrongBytesAreNotTaken) {
  std::string wrong = ilk::read_file(tiny / "vocab.json");
  wrong[100] ^= 1;
  serve({.replies = {{"vocab.json", {{.body = wrong}}}}});
  EXPECT_THAT(error_of([&] { ilk::get_model("someone/mini", options_); }),
              AllOf(HasSubstr("vocab.json: expected git id " + git_id(ilk::read_file(tiny / "vocab.json")))));
  EXPECT_FALSE(std::filesystem::exists(place_));
  wrong = ilk::read_file(tiny / "model.safetensors");
  wrong[100'000] ^= 1;
  serve({.replies = {{"model.safetensors", {{.body = wrong}}}}});
  EXPECT_THAT(error_of([&] { ilk::get_model("someone/mini", options_); }),
              AllOf(HasSubstr("model.safetensors: expected sha256"), HasSubstr(ilk::sha256_hex(wrong))));
  EXPECT_FALSE(std::filesystem::exists(place_));
  serve({});
  ilk::get_model("someone/mini", options_);
  expect_fetched(place_);
}

TEST_F(ModelsTest, ADamagedModelIsMended) {
  serve({});
  ilk::get_model("someone/mini", options_);
  std::string bytes = ilk::read_file(place_ / "merges.txt");
  bytes[5000] ^= 1;
  ilk::write_file_atomically(place_ / "merges.txt", bytes);
  std::filesystem::remove(place_ / "vocab.json");
  ilk::get_model("someone/mini", options_);
  expect_fetched(place_);
  EXPECT_EQ(server_.requests("/someone/mini/resolve/main/merges.txt").size(), 2u);
  EXPECT_EQ(server_.requests("/someone/mini/resolve/main/vocab.json").size(), 2u);
  EXPECT_EQ(server_.requests("/someone/mini/resolve/main/model.safetensors").size(), 1u);
}

TEST_F(ModelsTest, AFolderThatIlkDidNotFetchIsLeftAlone) {
  serve({});
  ilk::write_file_atomically(place_ / "config.json", "mine");
  EXPECT_THAT(error_of([&] { ilk::get_model("someone/mini", options_); }), HasSubstr("move it away"));
  EXPECT_EQ(ilk::read_file(place_ / "config.json"), "mine");
  EXPECT_EQ(ilk::find_model("someone/mini"), place_);
}

TEST_F(ModelsTest, ARepositoryWithoutSafetensorsIsExplained) {
  serve({.left_out = {"model.safetensors"}, .replaced = {{"pytorch_model.bin", "pickle"}}});
  EXPECT_THAT(error_of([&] { ilk::get_model("someone/mini", options_); }),
              AllOf(HasSubstr("someone/mini at main has no model.safetensors"),
                    HasSubstr("pytorch_model.bin"), HasSubstr("someone/mini@refs/pr/")));
  EXPECT_FALSE(std::filesystem::exists(place_));
}

TEST_F(ModelsTest, TheHubsConversionIsTakenWhereMainHasNoSafetensors) {
  serve({.left_out = {"model.safetensors"}, .replaced = {{"pytorch_model.bin", "pickle"}}});
  serve({.revision = "refs%2Fpr%2F15"});
  const auto discussion = [](int number, const std::string& author, const std::string& status, bool pull) {
    return json{{"num", number},
                {"author", {{"name", author}}},
                {"title", "Adding `safetensors` variant of this model"},
                {"status", status},
                {"isPullRequest", pull}};
  };
  const json discussions = {{"discussions",
                             {{{"num", 3}, {"title", "Hello"}, {"status", "open"}, {"isPullRequest", false}},
                              discussion(9, "somebody", "open", true),
                              discussion(10, "SFconvertbot", "closed", true),
                              discussion(11, "SFconvertbot", "open", false),
                              discussion(15, "SFconvertbot", "open", true)}},
                            {"count", 5},
                            {"start", 0}};
  server_.serve("/api/models/someone/mini/discussions?p=0", {{.body = discussions.dump()}});
  Recorder progress;
  ilk::get_model("someone/mini", options_, progress);
  expect_fetched(place_);
  EXPECT_THAT(progress.said, HasSubstr("refs/pr/15"));
  const json record = json::parse(ilk::read_file(place_ / "ilk-model.json"));
  EXPECT_EQ(record.at("revision"), "main");
  EXPECT_EQ(record.at("taken_from"), "refs/pr/15");
}

TEST_F(ModelsTest, ShardsAreFetchedAsTheIndexNamesThem) {
  const std::string index = R"({"weight_map": {"a": "model-00001-of-00002.safetensors",
      "b": "model-00002-of-00002.safetensors", "c": "model-00001-of-00002.safetensors"}})";
  Repository repository{.left_out = {"model.safetensors"},
                        .replaced = {{"model.safetensors.index.json", index},
                                     {"model-00001-of-00002.safetensors", "one"},
                                     {"model-00002-of-00002.safetensors", "two"},
                                     {"open_clip_model.safetensors", "three"}}};
  serve(repository);
  ilk::get_model("someone/mini", options_);
  EXPECT_EQ(ilk::read_file(place_ / "model-00002-of-00002.safetensors"), "two");
  EXPECT_TRUE(server_.requests("/someone/mini/resolve/main/open_clip_model.safetensors").empty());
  // An index that leads elsewhere.
  for (const std::string shard : {"../../evil.safetensors", "absent.safetensors", "config.json"}) {
    std::filesystem::remove_all(place_);
    repository.replaced["model.safetensors.index.json"] = json{{"weight_map", {{"a", shard}}}}.dump();
    serve(repository);
    EXPECT_THAT(error_of([&] { ilk::get_model("someone/mini", options_); }),
                HasSubstr("names '" + shard + "'"));
  }
}

TEST_F(ModelsTest, AnotherKindOfModelIsRefusedBeforeItsWeightsAreFetched) {
  serve({.replaced = {{"config.json", R"({"model_type": "roberta"})"}}});
  EXPECT_THAT(error_of([&] { ilk::get_model("someone/mini", options_); }), HasSubstr("type 'roberta'"));
  EXPECT_TRUE(server_.requests("/someone/mini/resolve/main/model.safetensors").empty());
}

TEST_F(ModelsTest, ASentenceEncoderComesWithItsPooling) {
  const std::string modules = R"([{"type": "sentence_transformers.models.Transformer", "path": ""},
      {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}])";
  const std::string pooling = R"({"pooling_mode_cls_token": true})";
  Repository repository{
      .replaced = {{"config.json", R"({"model_type": "bert"})"}, {"modules.json", modules}}};
  const auto serve_pooling = [&](const std::string& path) {
    server_.serve("/someone/mini/resolve/main/1_Pooling/config.json", {{.body = pooling}});
    const json listing =
        json::array({{{"type", "file"}, {"path", path}, {"size", pooling.size()}, {"oid", git_id(pooling)}}});
    server_.serve("/api/models/someone/mini/tree/main/1_Pooling?recursive=false", {{.body = listing.dump()}});
  };
  serve(repository);
  serve_pooling("1_Pooling/other.json");
  EXPECT_THAT(error_of([&] { ilk::get_model("someone/mini", options_); }),
              HasSubstr("has no 1_Pooling/config.json"));
  serve_pooling("1_Pooling/config.json");
  ilk::get_model("someone/mini", options_);
  EXPECT_EQ(ilk::read_file(place_ / "1_Pooling" / "config.json"), pooling);
  EXPECT_EQ(ilk::read_file(place_ / "modules.json"), modules);
  const auto asked = server_.requests().size();
  ilk::get_model("someone/mini", options_);
  EXPECT_EQ(server_.requests().size(), asked) << "it is there and right";
  const ilk::ModelCheck check = ilk::verify_model(place_);
  EXPECT_TRUE(check.recorded);
  for (const auto& file : check.files) EXPECT_EQ(file.problem, "") << file.name;
  EXPECT_FALSE(check.loads) << "its weights are a CLIP's";
  // The folder's name is the hub's word.
  std::filesystem::remove_all(place_);
  repository.replaced["modules.json"] = R"([{"type": "x.Pooling", "path": "../.."}])";
  serve(repository);
  EXPECT_THAT(error_of([&] { ilk::get_model("someone/mini", options_); }), HasSubstr("got '../..'"));
}

TEST_F(ModelsTest, WhatTheHubSaysIsChecked) {
  const std::string tree = "/api/models/someone/mini/tree/main?recursive=false";
  const auto error = [&] { return error_of([&] { ilk::get_model("someone/mini", options_); }); };
  EXPECT_THAT(error(), AllOf(HasSubstr(server_.url(tree)), HasSubstr("404")));
  server_.serve(tree, {{.body = "unauthorized", .status = 401}});
  EXPECT_THAT(error(), HasSubstr("401"));
  for (const std::string answer :
       {"<html>", "{}", "[1]", R"([{"type": "file"}])", R"([{"type": "file", "size": -1}])",
        R"([{"type": "file", "path": "model.safetensors", "size": 1, "lfs": {"oid": "x", "size": 1}}])"}) {
    server_.serve(tree, {{.body = answer}});
    EXPECT_THAT(error(), AllOf(HasSubstr("[get_model]"), HasSubstr(tree))) << answer;
  }
  server_.serve(tree, {{.body = "<html>log in</html>"}});
  EXPECT_THAT(error(), HasSubstr("not a list of files, but a web page"));
  EXPECT_FALSE(std::filesystem::exists(place_));
  for (const std::string name : {"", "nonsense", "../..", "a/b/c", "a/..", "someone/mini@"})
    EXPECT_NE(error_of([&] { ilk::get_model(name, options_); }), "") << name;
}

TEST_F(ModelsTest, TheTokenIsSentToTheEndpointAlone) {
  HttpServer elsewhere;
  elsewhere.serve("/weights", {{.body = ilk::read_file(tiny / "model.safetensors")}});
  serve({.replies = {{"model.safetensors",
                      {{.body = "", .status = 302, .headers = {{"Location", elsewhere.url("/weights")}}}}}}});
  options_.token = "hf_secret";
  options_.endpoint += "/";
  ilk::get_model("someone/mini", options_);
  expect_fetched(place_);
  for (const auto& request : server_.requests())
    EXPECT_EQ(request.header("authorization"), "Bearer hf_secret");
  EXPECT_EQ(elsewhere.requests().at(0).header("authorization"), "");
  EXPECT_THAT(ilk::read_file(place_ / "ilk-model.json"), Not(HasSubstr("hf_secret")));
}

}  // namespace
