#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "naming/concepts.h"
#include "tiny_wordnet.h"

namespace {

using testing::ElementsAre;

TEST(NormalForm, JoinsSpellingsAndPlurals) {
  for (const auto& [a, b] : std::vector<std::pair<std::string, std::string>>{{"Dog", "dogs"},
                                                                             {"ice cream", "ice-creams"},
                                                                             {"e-mail", "Email"},
                                                                             {"U.S.", "us"},
                                                                             {"cherries", "cherry"},
                                                                             {"boxes", "box"},
                                                                             {"churches", "church"},
                                                                             {"wolves", "wolf"},
                                                                             {"women", "woman"},
                                                                             {"field mice", "field mouse"}}) {
    EXPECT_EQ(ilk::normal_form(a), ilk::normal_form(b)) << a << " " << b;
  }
  for (const auto& [a, b] : std::vector<std::pair<std::string, std::string>>{{"bus", "bu"},
                                                                             {"class", "clas"},
                                                                             {"gas", "ga"},
                                                                             {"basis", "basi"},
                                                                             {"cat", "car"},
                                                                             {"café", "caf"}}) {
    EXPECT_NE(ilk::normal_form(a), ilk::normal_form(b)) << a << " " << b;
  }
}

TEST(Concepts, JoinSynonymsAndPluralsAndKnowWhatTheyAreKindsOf) {
  const auto concepts =
      ilk::make_concepts({"automobile", "dogs", "car", "animal", "poodle", "truth"}, {}, &tiny());
  ASSERT_EQ(concepts.size(), 5u);
  EXPECT_THAT(concepts[0].nouns, ElementsAre(0, 2));
  EXPECT_EQ(concepts[0].word, "car");  // the one that occurs in tagged texts
  EXPECT_TRUE(concepts[0].familiar);
  EXPECT_FALSE(concepts[3].familiar);                    // poodle
  EXPECT_THAT(concepts[3].kinds_of, ElementsAre(2, 3));  // animal and itself; "dogs" is no word of WordNet
  EXPECT_TRUE(ilk::are_related(concepts, 2, 3));
  EXPECT_FALSE(ilk::are_related(concepts, 0, 3));
  EXPECT_FALSE(concepts[4].physical);
}

TEST(Concepts, HypernymsAreAddedOnce) {
  const auto concepts = ilk::make_concepts({"poodle", "terrier"}, {}, &tiny(), true);
  std::map<std::string, int> count;
  for (const auto& its : concepts) ++count[its.word];
  EXPECT_EQ(count["dog"], 1);
  EXPECT_EQ(count["animal"], 1);
  EXPECT_EQ(count["poodle"], 1);
  EXPECT_EQ(concepts[0].word, "poodle");
  EXPECT_EQ(ilk::make_concepts({"poodle", "terrier"}, {}, nullptr, true).size(), 2u);
}

TEST(Concepts, ADefinitionSaysWhichSenseIsMeant) {
  const auto senses = tiny().senses("turkey");
  ASSERT_EQ(senses.size(), 2u);
  const auto& second = tiny().synsets()[static_cast<std::size_t>(senses[1])];
  EXPECT_EQ(ilk::make_concepts({"turkey"}, {std::string(second.definition)}, &tiny())[0].synset, senses[1]);
  EXPECT_EQ(ilk::make_concepts({"turkey"}, {"something else"}, &tiny())[0].synset, senses[0]);
  EXPECT_EQ(ilk::make_concepts({"turkey"}, {}, &tiny())[0].synset, senses[0]);
}

}  // namespace
