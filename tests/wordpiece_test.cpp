// What is expected was made by tests/data/wordpiece/make.py with transformers' BertTokenizerFast.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "awkward_texts.h"
#include "encoders/wordpiece.h"
#include "error_of.h"
#include "io/files.h"
#include "temporary_directory.h"

namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::int64_t unlimited = 1 << 24;

const fs::path& data() {
  static const fs::path path = fs::path(ILK_TEST_DATA) / "wordpiece";
  return path;
}

const json& reference() {
  static const json value = json::parse(ilk::read_file(data() / "reference.json"));
  return value;
}

/// Without the characters that the reference's Unicode does not know.
const std::vector<std::string>& texts() {
  static const std::vector<std::string> value = [] {
    auto all = awkward_texts(reference()["pieces"].get<std::vector<std::string>>(), 10000);
    for (const char32_t newer : reference()["newer"].get<std::vector<std::uint32_t>>()) {
      const std::string bytes = utf8(newer);
      for (std::string& text : all)
        for (auto at = text.find(bytes); at != std::string::npos; at = text.find(bytes, at))
          text.erase(at, bytes.size());
    }
    return all;
  }();
  return value;
}

/// A tokenizer of these files, vocab.txt among them unless there is a tokenizer.json.
ilk::WordPieceTokenizer load(const std::map<std::string, json>& files) {
  const TemporaryDirectory directory;
  for (const auto& [name, contents] : files)
    ilk::write_file_atomically(directory.path() / name, contents.dump());
  if (!files.contains("tokenizer.json")) fs::copy_file(data() / "vocab.txt", directory.path() / "vocab.txt");
  return ilk::WordPieceTokenizer(directory.path());
}

/// tokenizer.json with the vocabulary of vocab.txt.
json tokenizer_json() {
  json tokens = json::object(), added = json::array();
  const std::string lines = ilk::read_file(data() / "vocab.txt");
  int id = 0;
  for (std::size_t begin = 0; begin < lines.size(); ++id) {
    const std::size_t end = lines.find('\n', begin);
    const std::string token = lines.substr(begin, end - begin);
    tokens[token] = id;
    if (std::set<std::string>{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}.contains(token))
      added.push_back({{"id", id}, {"content", token}, {"normalized", false}, {"lstrip", token == "[MASK]"}});
    begin = end + 1;
  }
  return {{"added_tokens", added},
          {"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", true},
            {"strip_accents", nullptr},
            {"lowercase", true}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", "[UNK]"},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100},
            {"vocab", tokens}}}};
}

TEST(WordPieceTokenizer, TheTextsAreTheScripts) {
  EXPECT_EQ(digest(texts()), reference()["texts_digest"]);
}

TEST(WordPieceTokenizer, AwkwardTextsHaveTheReferencesIds) {
  for (const json& wanted : reference()["cases"]) {
    const auto tokenizer = load({{"tokenizer_config.json", wanted["config"]}});
    std::size_t differing = 0;
    for (const json& pair : wanted["first"]) {
      const auto ids = tokenizer.encode(pair[0].get<std::string>(), unlimited);
      const auto expected = pair[1].get<std::vector<std::int32_t>>();
      if (ids == expected) continue;
      if (++differing <= 3) {
        EXPECT_EQ(ids, expected) << pair[0] << wanted["config"];
      }
    }
    EXPECT_EQ(differing, 0u) << wanted["config"];
    EXPECT_EQ(digest(encode_all(tokenizer, texts(), unlimited)), wanted["ids_digest"]) << wanted["config"];
    EXPECT_EQ(digest(encode_all(tokenizer, texts(), 16)), wanted["cut_digest"]) << wanted["config"];
  }
}

TEST(WordPieceTokenizer, TokenizerJsonSaysTheSame) {
  const json& cases = reference()["cases"];
  json file = tokenizer_json();
  EXPECT_EQ(digest(encode_all(load({{"tokenizer.json", file}}), texts(), unlimited)), cases[0]["ids_digest"]);
  // The configuration goes before the file. (The last case's tokens are no added ones in the file.)
  for (std::size_t i = 1; i + 1 < cases.size(); ++i)
    EXPECT_EQ(
        digest(encode_all(load({{"tokenizer.json", file}, {"tokenizer_config.json", cases[i]["config"]}}),
                          texts(), unlimited)),
        cases[i]["ids_digest"])
        << cases[i]["config"];
  file["normalizer"]["lowercase"] = false;
  EXPECT_EQ(cases[1]["config"], json({{"do_lower_case", false}}));
  EXPECT_EQ(digest(encode_all(load({{"tokenizer.json", file}}), texts(), unlimited)), cases[1]["ids_digest"]);
  EXPECT_EQ(digest(encode_all(load({{"tokenizer.json", file},
                                    {"special_tokens_map.json", {{"cls_token", {{"content", "[CLS]"}}}}},
                                    {"tokenizer_config.json", {{"do_lower_case", true}}}}),
                              texts(), unlimited)),
            cases[0]["ids_digest"]);
}

TEST(WordPieceTokenizer, ATokenMayBeLookedForInCleanedText) {
  json file = tokenizer_json();
  for (json& token : file["added_tokens"])
    if (token["content"] == "[MASK]") token["normalized"] = true;
  const auto tokenizer = load({{"tokenizer.json", file}});
  const auto mask = file["model"]["vocab"]["[MASK]"].get<std::int32_t>();
  const auto ids = tokenizer.encode("a[MÁSK]b", unlimited);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), mask), 1);
}

TEST(WordPieceTokenizer, ALongTextIsCutAndStillEnds) {
  const auto tokenizer = load({});
  const auto whole = tokenizer.encode("one two three four five six seven", unlimited);
  ASSERT_GT(whole.size(), 8u);
  for (std::size_t length = 2; length <= whole.size() + 1; ++length) {
    std::vector<std::int32_t> expected(whole.begin(), whole.begin() + std::min(length, whole.size()));
    expected.back() = tokenizer.end_token();
    EXPECT_EQ(tokenizer.encode("one two three four five six seven", static_cast<std::int64_t>(length)),
              expected);
  }
  EXPECT_EQ(tokenizer.encode(std::string(1 << 20, 'a'), 20).size(), 3u) << "one word, and unknown";
  EXPECT_EQ(tokenizer.encode("", 20), (std::vector{tokenizer.start_token(), tokenizer.end_token()}));
  EXPECT_EQ(tokenizer.encode("one \xFF\xC0two", 20), tokenizer.encode("one two", 20));
  EXPECT_THROW(tokenizer.encode("a", 1), ilk::Error);
  EXPECT_EQ(tokenizer.vocabulary_size(), 4000);
}

TEST(WordPieceTokenizer, ABadFileIsAnErrorThatNamesTheRule) {
  const auto error_of = [](const std::map<std::string, std::string>& files) {
    const TemporaryDirectory directory;
    for (const auto& [name, contents] : files) ilk::write_file_atomically(directory.path() / name, contents);
    return ::error_of([&] { const ilk::WordPieceTokenizer loaded(directory.path()); });
  };
  EXPECT_THAT(error_of({}), HasSubstr("must hold tokenizer.json or vocab.txt"));
  EXPECT_THAT(error_of({{"vocab.txt", "a\nb\n"}}), HasSubstr("lacks the token [CLS]"));
  EXPECT_THAT(error_of({{"vocab.txt", "[CLS]\n[SEP]\n"}}), HasSubstr("lacks the token [UNK]"));
  EXPECT_EQ(error_of({{"vocab.txt", "<s>\r\n</s>\r\n[UNK]"}}), "");
  EXPECT_THAT(error_of({{"vocab.txt", "[CLS]\n[SEP]\n[UNK]\n"}, {"tokenizer_config.json", "[]"}}),
              HasSubstr("must hold an object"));
  EXPECT_THAT(
      error_of({{"vocab.txt", "[CLS]\n[SEP]\n[UNK]\n"}, {"tokenizer_config.json", R"({"cls_token":7})"}}),
      HasSubstr("cls_token must be a text, got 7"));
  EXPECT_THAT(error_of({{"vocab.txt", "[CLS]\n[SEP]\n[UNK]\n"},
                        {"tokenizer_config.json", R"({"do_lower_case":"no"})"}}),
              HasSubstr("do_lower_case must be true or false"));
  const auto error_of_json = [&](const std::function<void(json&)>& damage) {
    json file = tokenizer_json();
    damage(file);
    return error_of({{"tokenizer.json", file.dump()}});
  };
  EXPECT_EQ(error_of_json([](json&) {}), "");
  EXPECT_THAT(error_of({{"tokenizer.json", "{"}}), HasSubstr("not JSON"));
  EXPECT_THAT(error_of_json([](json& file) { file["model"]["type"] = "BPE"; }),
              HasSubstr("model.type must be \"WordPiece\", got \"BPE\""));
  EXPECT_THAT(error_of_json([](json& file) { file["normalizer"] = nullptr; }),
              HasSubstr("must be BertNormalizer"));
  EXPECT_THAT(error_of_json([](json& file) { file["normalizer"]["type"] = 7; }),
              HasSubstr("must be BertNormalizer"));
  EXPECT_THAT(error_of_json([](json& file) { file["pre_tokenizer"]["type"] = "Whitespace"; }),
              HasSubstr("must be BertPreTokenizer"));
  EXPECT_THAT(error_of_json([](json& file) { file["model"]["vocab"] = json::array(); }),
              HasSubstr("must map tokens to ids"));
  EXPECT_THAT(error_of_json([](json& file) { file["model"]["vocab"]["a"] = -1; }),
              HasSubstr("the id of 'a'"));
  EXPECT_THAT(error_of_json([](json& file) { file["added_tokens"][0]["single_word"] = true; }),
              HasSubstr("single_word must be false"));
  EXPECT_THAT(error_of_json([](json& file) { file["added_tokens"][0].erase("id"); }),
              HasSubstr("must have an id and its content"));
  EXPECT_THAT(error_of_json([](json& file) { file["added_tokens"][0]["normalized"] = "no"; }),
              HasSubstr("normalized must be true or false"));
  EXPECT_THAT(error_of_json([](json& file) { file["added_tokens"] = 3; }), HasSubstr("added_tokens"));
}

}  // namespace
