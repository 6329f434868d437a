#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include "io/files.h"
#include "temporary_directory.h"
#include "text/criterion.h"
#include "tiny_wordnet.h"

namespace {

using ilk::needs_wordnet;
using ilk::read_criteria;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::string refusal(const std::string& text, const ilk::WordNet* wordnet = &tiny()) {
  try {
    read_criteria(text, wordnet);
  } catch (const ilk::Error& error) {
    return error.what();
  }
  return "taken";
}

TEST(Criteria, AreTheFamiliarWordsBelowANoun) {
  const auto criteria = read_criteria("animal=4, vehicle", &tiny());
  ASSERT_EQ(criteria.size(), 2u);
  EXPECT_EQ(criteria[0].name, "animal");
  EXPECT_EQ(criteria[0].n_clusters, 4);
  EXPECT_THAT(criteria[0].meaning, HasSubstr("animal"));
  // poodle is in no tagged text of this WordNet, Fido is no kind.
  for (const auto& word : criteria[0].words.texts) EXPECT_NE(word, "Fido");
  EXPECT_THAT(criteria[0].words.texts, testing::Contains("dog"));
  EXPECT_EQ(criteria[0].words.notes.size(), criteria[0].words.texts.size());
  EXPECT_FALSE(criteria[1].n_clusters);
  EXPECT_THAT(criteria[1].words.texts, UnorderedElementsAre("car", "truck"));
}

TEST(Criteria, NameASenseByItsNumberOrItsDefinition) {
  const auto words = [](const std::string& text) { return read_criteria(text, &tiny())[0].words.texts; };
  EXPECT_EQ(words("animal.n.1"), words("animal"));
  EXPECT_EQ(words("animal.1"), words("animal"));
  EXPECT_EQ(words("vehicle:carries people"), words("vehicle"));
  EXPECT_EQ(read_criteria("animal.n.1", &tiny())[0].name, "animal.n.1");
}

TEST(Criteria, SayWhatIsWrongWithThem) {
  EXPECT_THAT(refusal("lamp"), HasSubstr("its senses are lamp.n.1 (0 words below: what gives light)"));
  EXPECT_THAT(refusal("lamp.n.1"), HasSubstr("its senses are lamp.n.1"));
  EXPECT_THAT(refusal("animal.n.2"), HasSubstr("no sense 2"));
  EXPECT_THAT(refusal("animal:machine"), HasSubstr("its senses are"));
  EXPECT_THAT(refusal("gizmo"), HasSubstr("knows no noun 'gizmo'"));
  EXPECT_THAT(refusal("animal,animal"), HasSubstr("two criteria are called 'animal'"));
  EXPECT_THAT(refusal("animal=0"), HasSubstr("at least 1"));
  EXPECT_THAT(refusal("animal,"), HasSubstr("must be a noun or a file"));
  EXPECT_THAT(refusal("nowhere.txt"), HasSubstr("there is no file nowhere.txt"));
  EXPECT_THAT(refusal("animal", nullptr), HasSubstr("wordnet-base"));
  EXPECT_EQ(refusal("vehicle"), "taken");
}

TEST(Criteria, MayBeFilesOfWords) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "moods.txt";
  ilk::write_file_atomically(file, "gay\nsad\n# none\ncalm\n");
  EXPECT_FALSE(needs_wordnet(file.string()));
  EXPECT_TRUE(needs_wordnet(file.string() + ",animal"));
  const auto criteria = read_criteria(file.string() + "=2", nullptr);
  EXPECT_EQ(criteria[0].name, "moods");
  EXPECT_EQ(criteria[0].n_clusters, 2);
  EXPECT_THAT(criteria[0].words.texts, ElementsAre("gay", "sad", "calm"));
  ilk::write_file_atomically(file, "one\n");
  EXPECT_THAT(refusal(file.string()), HasSubstr("at least two words"));
}

// WordNet 3.0 of Debian's wordnet-base: what is directly below its chromatic and achromatic colours.
TEST(Criteria, ColourIsColoursAsPeopleNameThem) {
  const auto found = ilk::WordNet::find();
  if (!found) GTEST_SKIP() << "WordNet is not installed";
  const ilk::WordNet wordnet(*found);
  const auto colours = read_criteria("colour", &wordnet)[0].words.texts;
  for (const char* colour :
       {"red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "gray"})
    EXPECT_THAT(colours, testing::Contains(colour));
  EXPECT_LT(colours.size(), 20u);
  EXPECT_EQ(read_criteria("color", &wordnet)[0].words.texts, colours);
  const auto places = read_criteria("place", &wordnet)[0].words.texts;
  for (const char* place : {"mountain", "beach", "kitchen", "street", "house"})
    EXPECT_THAT(places, testing::Contains(place));
  EXPECT_THAT(refusal("color.n.4", &wordnet), HasSubstr("color.n.1"));
}

}  // namespace
