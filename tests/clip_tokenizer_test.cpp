// What is expected was made by tests/data/tokenizer/make.py, which also says how its texts are made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "awkward_texts.h"
#include "encoders/clip_tokenizer.h"
#include "error_of.h"
#include "io/files.h"
#include "temporary_directory.h"

namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::int64_t unlimited = 1 << 24;

const fs::path& model() {
  static const fs::path path = fs::path(ILK_TEST_DATA) / "tiny_clip";
  return path;
}

const json& reference() {
  static const json value = json::parse(ilk::read_file(fs::path(ILK_TEST_DATA) / "tokenizer/reference.json"));
  return value;
}

const ilk::ClipTokenizer& tokenizer() {
  static const ilk::ClipTokenizer value(model());
  return value;
}

std::vector<std::string> awkward_texts(std::int64_t count) {
  return ::awkward_texts(reference()["pieces"].get<std::vector<std::string>>(), count);
}

TEST(ClipTokenizer, TheGeneratorIsTheScripts) {
  const auto texts = awkward_texts(10000);
  EXPECT_EQ(digest(texts), reference()["texts_digest"]);
  for (std::size_t i = 0; i < reference()["first"].size(); ++i)
    EXPECT_EQ(texts[i], reference()["first"][i][0]);
}

TEST(ClipTokenizer, AwkwardTextsHaveTheReferencesIds) {
  std::size_t differing = 0;
  for (const json& pair : reference()["first"]) {
    const auto text = pair[0].get<std::string>();
    const auto expected = pair[1].get<std::vector<std::int32_t>>();
    if (tokenizer().encode(text, unlimited) == expected) continue;
    if (++differing <= 5) {
      EXPECT_EQ(tokenizer().encode(text, unlimited), expected) << pair[0];
    }
  }
  EXPECT_EQ(differing, 0u);
  EXPECT_EQ(digest(encode_all(tokenizer(), awkward_texts(10000), unlimited)), reference()["ids_digest"]);
}

TEST(ClipTokenizer, EveryNounOfWordNetInEveryTemplateHasTheReferencesIds) {
  std::ifstream index("/usr/share/wordnet/index.noun");
  if (!index) GTEST_SKIP() << "WordNet is not installed";
  std::vector<std::string> prompts;
  for (std::string line; std::getline(index, line);) {
    if (line.starts_with(' ')) continue;
    std::string noun = line.substr(0, line.find(' '));
    std::replace(noun.begin(), noun.end(), '_', ' ');
    for (const json& entry : reference()["templates"]) {
      auto prompt = entry.get<std::string>();
      prompts.push_back(prompt.replace(prompt.find("{}"), 2, noun));
    }
  }
  if (prompts.size() != reference()["wordnet_prompts"]) GTEST_SKIP() << "not WordNet 3.0";
  EXPECT_EQ(digest(encode_all(tokenizer(), prompts, 20)), reference()["wordnet_digest"]);
}

TEST(ClipTokenizer, BytesThatAreNotUtf8BecomeReplacementCharacters) {
  for (const json& pair : reference()["broken"]) {
    const auto digits = pair[0].get<std::string>();
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2)
      bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
    EXPECT_EQ(tokenizer().encode(bytes, unlimited), pair[1].get<std::vector<std::int32_t>>()) << digits;
  }
}

TEST(ClipTokenizer, ALongTextIsCutAndStillEnds) {
  const auto whole = tokenizer().encode("one two three four five six seven", unlimited);
  ASSERT_GT(whole.size(), 8u);
  for (std::size_t length = 2; length <= whole.size() + 1; ++length) {
    std::vector<std::int32_t> expected(whole.begin(), whole.begin() + std::min(length, whole.size()));
    expected.back() = tokenizer().end_token();
    EXPECT_EQ(tokenizer().encode("one two three four five six seven", static_cast<std::int64_t>(length)),
              expected);
  }
  EXPECT_EQ(tokenizer().encode(std::string(1 << 20, 'a'), 20).size(), 20u);
  EXPECT_EQ(tokenizer().encode("", 20), (std::vector{tokenizer().start_token(), tokenizer().end_token()}));
  EXPECT_THROW(tokenizer().encode("a", 1), ilk::Error);
}

/// tokenizer.json with the same vocabulary as tiny_clip's two files.
json tokenizer_json() {
  json merges = json::array();
  std::ifstream file(model() / "merges.txt");
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) merges.push_back(line);
  const json tokens = json::parse(ilk::read_file(model() / "vocab.json"));
  const auto added = [&](const char* content, bool normalized) {
    return json{{"id", tokens[content]}, {"content", content}, {"single_word", false},
                {"lstrip", false},       {"rstrip", false},    {"normalized", normalized},
                {"special", true}};
  };
  return {{"added_tokens", {added("<|startoftext|>", true), added("<|endoftext|>", false)}},
          {"model",
           {{"type", "BPE"},
            {"unk_token", "<|endoftext|>"},
            {"continuing_subword_prefix", ""},
            {"end_of_word_suffix", "</w>"},
            {"vocab", tokens},
            {"merges", merges}}}};
}

TEST(ClipTokenizer, ReadsTokenizerJsonWithMergesAsStringsOrPairs) {
  const TemporaryDirectory directory;
  json file = tokenizer_json();
  ilk::write_file_atomically(directory.path() / "tokenizer.json", file.dump());
  const auto texts = awkward_texts(10000);
  EXPECT_EQ(digest(encode_all(ilk::ClipTokenizer(directory.path()), texts, unlimited)),
            reference()["json_digest"]);

  for (json& merge : file["model"]["merges"]) {
    const auto text = merge.get<std::string>();
    merge = {text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1)};
  }
  ilk::write_file_atomically(directory.path() / "tokenizer.json", file.dump());
  EXPECT_EQ(digest(encode_all(ilk::ClipTokenizer(directory.path()), texts, unlimited)),
            reference()["json_digest"]);
}

TEST(ClipTokenizer, ABadFileIsAnErrorThatNamesTheRule) {
  const auto error_of = [](const std::map<std::string, std::string>& files) {
    const TemporaryDirectory directory;
    for (const auto& [name, contents] : files) ilk::write_file_atomically(directory.path() / name, contents);
    return ::error_of([&] { const ilk::ClipTokenizer loaded(directory.path()); });
  };
  const std::string ends = R"("<|startoftext|>":2,"<|endoftext|>":3)";
  EXPECT_THAT(error_of({}), HasSubstr("must hold tokenizer.json, or vocab.json and merges.txt"));
  EXPECT_THAT(error_of({{"vocab.json", "{}"}}), HasSubstr("must hold tokenizer.json"));
  EXPECT_THAT(error_of({{"vocab.json", "{"}, {"merges.txt", ""}}), HasSubstr("not JSON"));
  EXPECT_THAT(error_of({{"vocab.json", "[]"}, {"merges.txt", ""}}), HasSubstr("must map tokens to ids"));
  EXPECT_THAT(error_of({{"vocab.json", R"({"a":-1})"}, {"merges.txt", ""}}), HasSubstr("the id of 'a'"));
  EXPECT_THAT(error_of({{"vocab.json", R"({"a":4294967296})"}, {"merges.txt", ""}}),
              HasSubstr("the id of 'a'"));
  EXPECT_THAT(error_of({{"vocab.json", R"({"a":0})"}, {"merges.txt", ""}}),
              HasSubstr("lacks the token <|startoftext|>"));
  EXPECT_THAT(error_of({{"vocab.json", R"({"a":0,)" + ends + "}"}, {"merges.txt", "#version: 0.2\na b\n"}}),
              HasSubstr("needs the token 'b'"));
  EXPECT_THAT(error_of({{"vocab.json", R"({"a":0,"b":1,)" + ends + "}"}, {"merges.txt", "a b"}}),
              HasSubstr("needs the token 'ab'"));
  EXPECT_THAT(error_of({{"vocab.json", R"({"a":0,)" + ends + "}"}, {"merges.txt", "a b c"}}),
              HasSubstr("a merge is two tokens"));
  EXPECT_THAT(error_of({{"tokenizer.json", "{}"}}), HasSubstr("must hold a model"));
  json file = tokenizer_json();
  file["model"]["type"] = "WordPiece";
  EXPECT_THAT(error_of({{"tokenizer.json", file.dump()}}),
              HasSubstr("must be of the type BPE, got 'WordPiece'"));
  file = tokenizer_json();
  file["model"].erase("end_of_word_suffix");
  EXPECT_THAT(error_of({{"tokenizer.json", file.dump()}}), HasSubstr("not CLIP's tokenizer"));
  file = tokenizer_json();
  file["added_tokens"][0]["lstrip"] = true;
  EXPECT_THAT(error_of({{"tokenizer.json", file.dump()}}), HasSubstr("asks for lstrip"));
  file = tokenizer_json();
  file["model"]["merges"][0] = 7;
  EXPECT_THAT(error_of({{"tokenizer.json", file.dump()}}), HasSubstr("a merge must be"));
}

}  // namespace
