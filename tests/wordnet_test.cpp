#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/wordnet.h>

#include <cstdlib>
#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>

#include "error_of.h"
#include "io/files.h"
#include "temporary_directory.h"
#include "text/gloss.h"

namespace {

using ilk::WordNet;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::filesystem::path data = std::filesystem::path(ILK_TEST_DATA) / "wordnet";

const ilk::Synset& at(const WordNet& wordnet, std::int32_t synset) {
  return wordnet.synsets().at(synset);
}

std::vector<std::string> strings(std::span<const std::string_view> texts) {
  return {texts.begin(), texts.end()};
}

std::string first_words(const WordNet& wordnet, std::span<const std::int32_t> synsets) {
  std::string words;
  for (const auto synset : synsets)
    words.append(words.empty() ? "" : ", ").append(at(wordnet, synset).lemmas.front());
  return words;
}

TEST(Gloss, ExamplesAreClausesOfTheirOwn) {
  const auto check = [](std::string_view text, std::string_view definition,
                        const std::vector<std::string>& examples) {
    std::deque<std::string> joined;
    const ilk::Gloss gloss = ilk::split_gloss(text, joined);
    EXPECT_EQ(gloss.definition, definition);
    EXPECT_EQ(strings(gloss.examples), examples);
  };
  check(" a plain one; of two parts  ", "a plain one; of two parts", {});
  check("a thing; \"it is one\"; \"so is this; and this\"  ", "a thing",
        {"it is one", "so is this; and this"});
  check("a range: \"from here\"", "a range", {"from here"});
  check("quick earnings, \"a buck\"", "quick earnings", {"a buck"});
  check("a feel; \"for animals\" or \"for it\";", "a feel", {"for animals", "for it"});
  check("in the phrase \"make strides\"; \"big strides\"", "in the phrase \"make strides\"", {"big strides"});
  check("a report (e.g., \"he said so\")", "a report (e.g., \"he said so\")", {});
  check("ends; \"on her ends\" means over", "ends; \"on her ends\" means over", {});
  check("a state; \"we rest; or not\"--A. Poet; \"we do\"- B", "a state", {"we rest; or not", "we do"});
  check("a rule; \"do unto you\" (Matthew 7:12)", "a rule", {"do unto you"});
  check("first; \"one\"; then more", "first; then more", {"one"});
  check("a face (as a smile); \":-( and :-) are\"", "a face (as a smile)", {":-( and :-) are"});
  check("\"only an example\"", "", {"only an example"});
  check("", "", {});
}

TEST(Gloss, MissingQuotationMarksDoLittleHarm) {
  const auto check = [](std::string_view text, std::string_view definition,
                        const std::vector<std::string>& examples) {
    std::deque<std::string> joined;
    const ilk::Gloss gloss = ilk::split_gloss(text, joined);
    EXPECT_EQ(gloss.definition, definition);
    EXPECT_EQ(strings(gloss.examples), examples);
  };
  check("bondage; \"in fear:; \"released\"; \"freed\"", "bondage", {"in fear", "released", "freed"});
  check("goods; \"into the car\"women carry it\"", "goods", {"into the car", "women carry it"});
  check("a notice; \"of sale", "a notice", {"of sale"});
  check("a branch\"", "a branch", {});
}

TEST(WordNet, ReadsTheTinyOne) {
  const WordNet wordnet(data / "tiny");
  EXPECT_EQ(wordnet.synsets().size(), 20u);
  EXPECT_THAT(
      wordnet.nouns(),
      ElementsAre("abstraction", "animal", "auto", "automobile", "beast", "canine", "car", "cat", "city",
                  "dog", "domestic animal", "entity", "Fido", "Greater New York", "hound", "lamp", "lorry",
                  "New York", "physical entity", "poodle", "terrier", "truck", "truth", "turkey", "vehicle"));
  const auto dog = wordnet.senses("dog").front();
  EXPECT_THAT(at(wordnet, dog).lemmas, ElementsAre("dog", "hound"));
  EXPECT_EQ(at(wordnet, dog).definition, "a friend that barks");
  EXPECT_THAT(at(wordnet, dog).examples, ElementsAre("the dog barked", "a dog's life"));
  EXPECT_EQ(first_words(wordnet, at(wordnet, dog).hypernyms), "canine, domestic animal");
  EXPECT_EQ(first_words(wordnet, wordnet.hypernym_path(wordnet.senses("Fido").front())),
            "dog, canine, animal, physical entity, entity");
  EXPECT_EQ(first_words(wordnet, wordnet.senses("TURKEY")), "turkey, Turkey");
  EXPECT_EQ(wordnet.senses("new_york").front(), wordnet.senses("Greater New York").front());
  EXPECT_THAT(wordnet.senses("unicorn"), IsEmpty());
  EXPECT_THAT(wordnet.senses(""), IsEmpty());
  EXPECT_THAT(wordnet.hypernym_path(wordnet.senses("entity").front()), IsEmpty());
  EXPECT_THROW(wordnet.hypernym_path(20), std::out_of_range);
}

TEST(WordNet, AncestorsByEveryPathWithTheLeastSteps) {
  const WordNet wordnet(data / "tiny");
  std::string found;
  for (const auto& [synset, steps] : wordnet.ancestors(wordnet.senses("poodle").front())) {
    found.append(at(wordnet, synset).lemmas.front()).append(" " + std::to_string(steps) + ", ");
  }
  EXPECT_EQ(found, "dog 1, canine 2, domestic animal 2, animal 3, physical entity 4, entity 5, ");
}

TEST(WordNet, SentencesAreDefinitionsAndExamplesInOrder) {
  const auto sentences = WordNet(data / "tiny").sentences();
  EXPECT_EQ(sentences.size(), 24u);
  EXPECT_EQ(sentences[0], "whatever there is");
  EXPECT_EQ(sentences[3], "truth is an abstraction");
}

TEST(WordNet, IsFoundWhereTheEnvironmentSays) {
  ASSERT_EQ(::setenv("WNSEARCHDIR", (data / "tiny").c_str(), 1), 0);
  EXPECT_EQ(WordNet::find(), data / "tiny");
  ASSERT_EQ(::unsetenv("WNSEARCHDIR"), 0);
  const TemporaryDirectory home;
  std::filesystem::create_directory(home.path() / "dict");
  ASSERT_EQ(::setenv("WNHOME", home.path().c_str(), 1), 0);
  EXPECT_NE(WordNet::find(), home.path() / "dict");
  std::filesystem::copy_file(data / "tiny" / "data.noun", home.path() / "dict" / "data.noun");
  EXPECT_EQ(WordNet::find(), home.path() / "dict");
  ASSERT_EQ(::unsetenv("WNHOME"), 0);
}

// What is said of the tiny WordNet with one place of one of its files changed.
std::string error_of_change(const std::string& file, const std::string& old_text,
                            const std::string& new_text) {
  const TemporaryDirectory directory;
  for (const std::string name : {"data.noun", "index.noun"}) {
    std::string contents = ilk::read_file(data / "tiny" / name);
    if (name == file) {
      const std::size_t place = contents.find(old_text);
      if (place == std::string::npos) return "nothing to change";
      contents.replace(place, old_text.size(), new_text);
    }
    std::ofstream(directory.path() / name) << contents;
  }
  try {
    WordNet wordnet(directory.path());
  } catch (const ilk::Error& error) {
    std::string text = error.what();
    const std::size_t place = text.find(directory.path().string());
    return place == std::string::npos ? text : text.replace(place, directory.path().string().size() + 1, "");
  }
  return "";
}

TEST(WordNet, WhatIsNotOfTheFormatIsNamedWithItsLine) {
  EXPECT_EQ(error_of_change("data.noun", "whatever", "whatever"), "");
  EXPECT_EQ(error_of_change("data.noun", "whatever", "what"),
            "[WordNet] data.noun, line 3: the synset's offset must be its place in the file (151), got 155.");
  EXPECT_EQ(error_of_change("data.noun", "| whatever", "  whatever"),
            "[WordNet] data.noun, line 2: the gloss must follow '|', got 'whatever'.");
  EXPECT_EQ(error_of_change("data.noun", "03 n 01 entity", "03 v 01 entity"),
            "[WordNet] data.noun, line 2: the type must be n (noun), got 'v'.");
  EXPECT_EQ(error_of_change("data.noun", "03 n 01 entity", "03 n 00 entity"),
            "[WordNet] data.noun, line 2: a synset must have at least one word.");
  EXPECT_EQ(error_of_change("data.noun", "03 n 01 entity", "03 n zz entity"),
            "[WordNet] data.noun, line 2: the count of words must be a number, got 'zz'.");
  EXPECT_EQ(error_of_change("data.noun", "@ 00000067", "@ 00000068"),
            "[WordNet] data.noun, line 3: there is no synset at the hypernym's offset 68.");
  EXPECT_EQ(error_of_change("data.noun", "~ 00000155", "@ 00000155"),
            "[WordNet] data.noun, line 2: the hypernyms go round in a circle.");
  EXPECT_EQ(error_of_change("data.noun", "a saying  \n", "a say"),
            "[WordNet] data.noun, line 21: the file ends in the middle of the line.");
  EXPECT_EQ(error_of_change("index.noun", "dog n 1", "dig n 1"),
            "[WordNet] index.noun, line 11: the synset at offset 823 does not hold 'dig'.");
  EXPECT_EQ(error_of_change("index.noun", "beast n 1 1 @ 1 0 00000461", "beast n 1 1 @ 1 0"),
            "[WordNet] index.noun, line 6: the line ends where a synset's offset should be.");
  EXPECT_EQ(error_of_change("index.noun", "00000461", "00000462"),
            "[WordNet] index.noun, line 3: data.noun has no synset at offset 462.");
  EXPECT_EQ(error_of_change("index.noun", "auto n 1", "car n 1"),
            "[WordNet] index.noun, line 8: 'car' was there before.");
  EXPECT_EQ(error_of_change("index.noun", "00001832 00001897", "00001832 00001832"),
            "[WordNet] index.noun, line 25: offset 1832 is there twice.");
  EXPECT_EQ(error_of_change("index.noun", "lamp n 1 1 @ 1 1 00001589  \n", ""),
            "[WordNet] data.noun, line 16: index.noun lacks 'lamp' with this synset.");
}

TEST(WordNet, EmptyAndMissingFilesAreNamed) {
  const TemporaryDirectory directory;
  const auto error_here = [&]() -> std::string {
    return error_of([&] { WordNet wordnet(directory.path()); });
  };
  EXPECT_THAT(error_here(), HasSubstr("data.noun"));
  std::ofstream(directory.path() / "data.noun");
  EXPECT_THAT(error_here(), HasSubstr("data.noun is empty."));
  std::ofstream(directory.path() / "data.noun") << "  1 only a licence  \n";
  EXPECT_THAT(error_here(), HasSubstr("line 1: the file holds no synset."));
}

class RealWordNet : public testing::Test {
 protected:
  void SetUp() override {
    const auto directory = WordNet::find();
    if (!directory) GTEST_SKIP() << "WordNet is not installed";
    static const WordNet read(*directory);
    wordnet = &read;
    if (wordnet->synsets().size() != 82115) GTEST_SKIP() << "another WordNet than 3.0 is installed";
  }
  const WordNet* wordnet = nullptr;
};

TEST_F(RealWordNet, HasTheCountsOfVersion3) {
  EXPECT_EQ(wordnet->nouns().size(), 117798u);
  std::size_t words = 0, without_hypernym = 0;
  for (const ilk::Synset& synset : wordnet->synsets()) {
    words += synset.lemmas.size();
    without_hypernym += synset.hypernyms.empty();
    EXPECT_FALSE(synset.definition.empty()) << synset.offset;
  }
  EXPECT_EQ(words, 146347u);
  EXPECT_EQ(without_hypernym, 1u);
  EXPECT_EQ(wordnet->sentences().size(), 92952u);
}

TEST_F(RealWordNet, KnowsWhatEveryoneKnows) {
  const auto dog = wordnet->senses("dog").front();
  EXPECT_EQ(first_words(*wordnet, at(*wordnet, dog).hypernyms), "canine, domestic animal");
  EXPECT_EQ(first_words(*wordnet, wordnet->hypernym_path(dog)),
            "canine, carnivore, placental, mammal, vertebrate, chordate, animal, organism, living thing, "
            "whole, object, "
            "physical entity, entity");
  const auto york = wordnet->senses("new york");
  EXPECT_THAT(at(*wordnet, york.front()).lemmas,
              ElementsAre("New York", "New York City", "Greater New York"));
  EXPECT_EQ(wordnet->nouns().at(0), "'hood");
  const auto nouns = wordnet->nouns();
  const auto has = [&](const std::string& noun) {
    return std::find(nouns.begin(), nouns.end(), noun) != nouns.end();
  };
  EXPECT_TRUE(has("New York"));
  EXPECT_TRUE(has("physical entity"));
  EXPECT_TRUE(has("turkey"));  // as its most frequent sense is spelled, though there is Turkey
  EXPECT_FALSE(has("Turkey"));
}

TEST_F(RealWordNet, AgreesWithNltk) {
  const auto sample = nlohmann::json::parse(ilk::read_file(data / "sample.json"));
  ASSERT_EQ(sample.size(), 200u);
  for (const auto& [noun, expected] : sample.items()) {
    SCOPED_TRACE(noun);
    std::vector<std::int64_t> offsets;
    for (const auto synset : wordnet->senses(noun)) offsets.push_back(at(*wordnet, synset).offset);
    EXPECT_EQ(offsets, expected["senses"].get<std::vector<std::int64_t>>());
    const auto first = wordnet->senses(noun).front();
    const ilk::Synset& synset = at(*wordnet, first);
    EXPECT_EQ(strings(synset.lemmas), expected["lemmas"].get<std::vector<std::string>>());
    EXPECT_EQ(synset.definition, expected["definition"].get<std::string>());
    EXPECT_EQ(strings(synset.examples), expected["examples"].get<std::vector<std::string>>());
    std::vector<std::int64_t> hypernyms;
    for (const auto hypernym : synset.hypernyms) hypernyms.push_back(at(*wordnet, hypernym).offset);
    std::sort(hypernyms.begin(), hypernyms.end());
    EXPECT_EQ(hypernyms, expected["hypernyms"].get<std::vector<std::int64_t>>());
    std::map<std::string, int> above;
    for (const auto& [ancestor, steps] : wordnet->ancestors(first)) {
      above[std::to_string(at(*wordnet, ancestor).offset)] = steps;
    }
    EXPECT_EQ(above, (expected["above"].get<std::map<std::string, int>>()));
  }
}

}  // namespace
