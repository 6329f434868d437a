#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/naming.h>

#include "naming/name_correctness.h"
#include "tiny_wordnet.h"

namespace {

using ilk::NameRelation;
using testing::ElementsAre;
using testing::IsEmpty;

std::int32_t sense(const char* noun) {
  return tiny().senses(noun).front();
}

TEST(SynsetsOfLabel, FindsWhatPeopleWrite) {
  for (const char* label : {"dog", "Dogs", "dogs", "animals/dogs", "a/b/Dog", "my dogs", "hound"})
    EXPECT_THAT(ilk::synsets_of_label(tiny(), label), ElementsAre(sense("dog"))) << label;
  for (const char* label : {"domestic animals", "domestic_animal"})
    EXPECT_THAT(ilk::synsets_of_label(tiny(), label), ElementsAre(sense("domestic animal"))) << label;
  for (const char* label : {"dogs and cats", "dog, cat", "dog & cats", "dogs|cats"})
    EXPECT_THAT(ilk::synsets_of_label(tiny(), label), ElementsAre(sense("dog"), sense("cat"))) << label;
  EXPECT_THAT(ilk::synsets_of_label(tiny(), "turkey"), testing::SizeIs(2));
  for (const char* label : {"", "class 7", "xyzzy", "n02084071"})
    EXPECT_THAT(ilk::synsets_of_label(tiny(), label), IsEmpty()) << label;
}

TEST(NameRelation, IsAsTheHeaderSays) {
  const auto dog = ilk::synsets_of_label(tiny(), "dog");
  const auto relation = [&](const char* name) { return ilk::name_relation(tiny(), name, dog); };
  EXPECT_EQ(relation("dog"), NameRelation::same);
  EXPECT_EQ(relation("hound"), NameRelation::same);
  EXPECT_EQ(relation("poodle"), NameRelation::kind);
  EXPECT_EQ(relation("Fido"), NameRelation::kind);
  EXPECT_EQ(relation("canine"), NameRelation::above);
  EXPECT_EQ(relation("physical entity"), NameRelation::none);  // further than two steps
  EXPECT_EQ(relation("cat"), NameRelation::none);
  EXPECT_EQ(relation("nothing known"), NameRelation::none);
}

TEST(NameCorrectness, CountsImages) {
  // Cluster 0, "dog": three dogs and a cat. 1 has no name: two cats. 2, "poodle": a dog, one without a label,
  // and one of a class that WordNet does not know.
  const std::vector<std::int64_t> clusters = {0, 0, 0, 0, 1, 1, 2, 2, 2};
  const std::vector<std::int64_t> classes = {0, 0, 0, 1, 1, 1, 0, -1, 2};
  const auto found = ilk::name_correctness(tiny(), clusters, {"dog", "unnamed 1", "poodle"}, classes,
                                           {"dogs", "cats", "zzz"});
  EXPECT_EQ(found.n_images, 7);
  EXPECT_DOUBLE_EQ(found.right, 4 / 7.0);
  EXPECT_DOUBLE_EQ(found.within_two_steps, 4 / 7.0);
  EXPECT_DOUBLE_EQ(found.unnamed, 2 / 7.0);
  EXPECT_THAT(found.unknown_classes, ElementsAre("zzz"));
  ASSERT_EQ(found.clusters.size(), 3u);
  EXPECT_EQ(found.clusters[0].class_number, 0);
  EXPECT_EQ(found.clusters[0].n_images, 4);
  EXPECT_DOUBLE_EQ(found.clusters[0].right, 0.75);
  EXPECT_EQ(found.clusters[0].relation, NameRelation::same);
  EXPECT_EQ(found.clusters[1].relation, NameRelation::unnamed);
  EXPECT_DOUBLE_EQ(found.clusters[1].right, 0);
  EXPECT_EQ(found.clusters[2].relation, NameRelation::kind);
  EXPECT_EQ(found.clusters[2].n_images, 1);
  EXPECT_THROW(ilk::name_correctness(tiny(), clusters, {"a"}, std::vector<std::int64_t>{0}, {"dogs"}),
               ilk::Error);
}

TEST(NameCorrectness, FarKindsCountOnce) {
  // Fido is more than two steps below animal.
  const auto found = ilk::name_correctness(tiny(), std::vector<std::int64_t>{0}, {"Fido"},
                                           std::vector<std::int64_t>{0}, {"animals"});
  EXPECT_DOUBLE_EQ(found.right, 1);
  EXPECT_DOUBLE_EQ(found.within_two_steps, 0);
}

TEST(Placeholder, IsOnlyThatOfItsCluster) {
  EXPECT_TRUE(ilk::is_placeholder("unnamed 3", 3));
  EXPECT_TRUE(ilk::is_placeholder("group 3", 3));
  EXPECT_TRUE(ilk::is_placeholder("", 3));
  EXPECT_FALSE(ilk::is_placeholder("unnamed 3", 4));
  EXPECT_FALSE(ilk::is_placeholder("dog", 3));
}

}  // namespace
