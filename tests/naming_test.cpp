// K clusters, M nouns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/naming.h>
#include <ilk/parallel.h>
#include <ilk/random.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "../src/naming/concepts.h"
#include "best_total.h"
#include "matrices.h"

namespace {

using ilk::name_clusters;
using testing::ElementsAre;
using Rows = std::vector<std::vector<double>>;
using Words = std::vector<std::string>;

ilk::Matrix<double> mass_of(const Rows& rows) {
  const auto width = rows.empty() ? 0 : static_cast<std::int64_t>(rows[0].size());
  ilk::Matrix<double> mass(static_cast<std::int64_t>(rows.size()), width);
  double* to = mass.data();
  for (const auto& row : rows) to = std::copy(row.begin(), row.end(), to);
  return mass;
}

Words names_of(const std::vector<ilk::ClusterName>& names) {
  Words words;
  for (const auto& name : names) words.push_back(name.name);
  return words;
}

Words names_of(const Rows& mass, const Words& nouns, const ilk::WordNet* wordnet = nullptr) {
  return names_of(name_clusters(mass_of(mass), nouns, wordnet));
}

const ilk::WordNet& tiny() {
  static const ilk::WordNet wordnet(std::filesystem::path(ILK_TEST_DATA) / "wordnet" / "tiny");
  return wordnet;
}

Rows random_mass(ilk::RandomStream& random, std::int64_t k, std::int64_t m) {
  Rows rows(static_cast<std::size_t>(k), std::vector<double>(static_cast<std::size_t>(m)));
  for (auto& row : rows)
    for (double& value : row) value = std::pow(random.uniform(), 4) * 10;
  return rows;
}

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

TEST(Naming, TheDistinctiveNounWinsOverTheGenericOne) {
  // "thing" has most mass everywhere, and names no cluster.
  const Rows mass = {{60, 40, 0, 0}, {60, 0, 40, 0}, {60, 0, 0, 40}};
  EXPECT_THAT(names_of(mass, {"thing", "dog", "car", "tree"}), ElementsAre("dog", "car", "tree"));
}

TEST(Naming, ALargeClusterDoesNotOwnEveryNoun) {
  // By mass alone "bird" is the large cluster's; by share it is the small one's.
  EXPECT_THAT(names_of({{900, 90, 10}, {0, 9, 1}}, {"dog", "bird", "lamp"}), ElementsAre("dog", "bird"));
}

TEST(Naming, TwoClustersWithTheSameBestNounGetDifferentNames) {
  const auto names = name_clusters(mass_of({{50, 20, 0, 0}, {50, 0, 10, 0}, {0, 0, 0, 70}}),
                                   {"dog", "poodle", "wolf", "car"}, nullptr);
  EXPECT_THAT(names_of(names), ElementsAre("poodle", "dog", "car"));
  EXPECT_EQ(names[0].runner_up, "dog");
  EXPECT_EQ(names[1].runner_up, "wolf");
  EXPECT_EQ(names[2].runner_up, "");
  EXPECT_EQ(names[2].runner_up_score, 0);
}

TEST(Naming, AClusterWithoutMassIsAGroup) {
  const auto names = name_clusters(mass_of({{5, 0}, {0, 0}, {0, 5}}), {"dog", "car"}, nullptr);
  EXPECT_THAT(names_of(names), ElementsAre("dog", "group 1", "car"));
  EXPECT_EQ(names[1].score, 0);
  EXPECT_TRUE(names[1].words.empty());
  // An empty cluster does not make the others' nouns any more distinctive.
  EXPECT_EQ(names[0].score, name_clusters(mass_of({{5, 0}, {0, 5}}), {"dog", "car"}, nullptr)[0].score);
  EXPECT_THAT(names_of({{1}, {1}}, {"dog"}), ElementsAre("dog", "group 1"));
  EXPECT_TRUE(name_clusters(ilk::Matrix<double>(0, 2), {"dog", "car"}, nullptr).empty());
  EXPECT_THAT(names_of(name_clusters(ilk::Matrix<double>(1, 0), {}, nullptr)), ElementsAre("group 0"));
}

TEST(Naming, ScoresOfASmallCaseByHand) {
  // Shares: dog 0.8 and 0.2, car 0.2 and 0.8. An even part is 1/2, so d = (0.8 − 0.5) / 0.5.
  const auto names = name_clusters(mass_of({{8, 2}, {20, 80}}), {"dog", "car"}, nullptr);
  EXPECT_NEAR(names[0].score, std::sqrt(0.8 * 0.6), 1e-12);
  EXPECT_NEAR(names[0].words[0].share, 0.8, 1e-12);
  EXPECT_EQ(name_clusters(mass_of({{1, 3}}), {"dog", "car"}, nullptr)[0].name, "car");
  EXPECT_NEAR(name_clusters(mass_of({{1, 3}}), {"dog", "car"}, nullptr)[0].score, std::sqrt(0.75), 1e-12);
}

TEST(Naming, SpellingsAndSynonymsAddUp) {
  // Each alone loses against "lamp"; together they win, and the heaviest stands for them.
  const Words nouns = {"lamp", "car", "auto", "automobile", "cars", "dog"};
  const Rows mass = {{30, 16, 22, 17, 15, 0}, {0, 0, 0, 0, 0, 100}};
  const auto names = name_clusters(mass_of(mass), nouns, &tiny());
  EXPECT_EQ(names[0].name, "auto");
  EXPECT_NEAR(names[0].words[0].share, 0.7, 1e-12);
  EXPECT_EQ(names[0].runner_up, "lamp");
  EXPECT_EQ(names_of(mass, nouns)[0], "car");  // without WordNet only "cars" joins
  // Two clusters may not share them either.
  const auto both = names_of({{6, 4, 1}, {4, 6, 1}}, {"car", "automobile", "lamp"}, &tiny());
  EXPECT_EQ(std::set<std::string>(both.begin(), both.end()).count("lamp"), 1u);
}

TEST(Naming, HypernymsBreakTies) {
  const Rows mass = {{30, 30, 10, 10, 0}, {0, 0, 0, 0, 80}};
  // "poodle" and "lamp" have the same mass; only the poodle's relatives have some too.
  EXPECT_EQ(names_of(mass, {"lamp", "poodle", "terrier", "hound", "truck"})[0], "lamp");
  EXPECT_EQ(names_of(mass, {"lamp", "poodle", "terrier", "cat", "truck"}, &tiny())[0], "poodle");
  // Among dogs "hound" is the general word.
  EXPECT_EQ(names_of({{30, 30, 30, 5, 0}, {0, 0, 0, 0, 80}}, {"lamp", "poodle", "terrier", "hound", "truck"},
                     &tiny())[0],
            "hound");
  // What every cluster has is no name, however general.
  const auto animals = names_of({{10, 30, 0, 0}, {10, 0, 30, 0}, {10, 0, 0, 30}},
                                {"animal", "poodle", "cat", "turkey"}, &tiny());
  EXPECT_THAT(animals, ElementsAre("poodle", "cat", "turkey"));
}

TEST(Naming, ThingsBeforeAbstractionsAndNumbersLast) {
  EXPECT_EQ(names_of({{31, 30, 0}, {0, 0, 9}}, {"truth", "lamp", "dog"}, &tiny())[0], "lamp");
  EXPECT_EQ(names_of({{31, 30, 0}, {0, 0, 9}}, {"truth", "lamp", "dog"})[0], "truth");
  EXPECT_EQ(names_of({{90, 80, 1, 0}, {0, 0, 0, 9}}, {"42", "é", "lamp", "dog"})[0], "lamp");
  EXPECT_EQ(names_of({{90, 0}, {0, 9}}, {"42", "dog"})[0], "42");
}

TEST(Naming, PermutedClustersHavePermutedNames) {
  ilk::RandomStream random(3, "naming_test");
  const Words nouns = {"dog", "poodle", "terrier", "cat", "car", "truck", "lamp", "city", "truth", "turkey"};
  const auto mass = mass_of(random_mass(random, 6, 10));
  const auto names = names_of(name_clusters(mass, nouns, &tiny()));
  const std::vector<std::int64_t> order = {4, 2, 0, 5, 1, 3};
  const auto permuted = names_of(name_clusters(ilk::rows_of(mass, order), nouns, &tiny()));
  for (std::size_t i = 0; i < order.size(); ++i)
    EXPECT_EQ(permuted[i], names[static_cast<std::size_t>(order[i])]);
}

TEST(Naming, ScoresAreInRangeWordsBestFirstNamesUnique) {
  ilk::RandomStream random(4, "naming_test");
  const Words& all = tiny().nouns();
  for (int trial = 0; trial < 20; ++trial) {
    const auto mass = random_mass(random, 8, static_cast<std::int64_t>(all.size()));
    const auto names = name_clusters(mass_of(mass), all, &tiny());
    std::set<std::string> seen;
    for (const auto& name : names) {
      EXPECT_TRUE(seen.insert(name.name).second);
      EXPECT_LE(name.words.size(), 10u);
      EXPECT_NE(name.runner_up, name.name);
      for (std::size_t i = 0; i < name.words.size(); ++i) {
        EXPECT_GT(name.words[i].score, 0);
        EXPECT_LE(name.words[i].score, 1);
        EXPECT_GE(name.words[i].share, 0);
        EXPECT_LE(name.words[i].share, 1);
        if (i > 0) {
          EXPECT_LE(name.words[i].score, name.words[i - 1].score);
        }
      }
    }
  }
}

TEST(Naming, TheSameForAnyNumberOfThreads) {
  ilk::RandomStream random(5, "naming_test");
  const auto mass = mass_of(random_mass(random, 9, static_cast<std::int64_t>(tiny().nouns().size())));
  const int before = ilk::threads();
  ilk::set_threads(1);
  const auto one = name_clusters(mass, tiny().nouns(), &tiny());
  ilk::set_threads(3);
  const auto three = name_clusters(mass, tiny().nouns(), &tiny());
  ilk::set_threads(before);
  for (std::size_t k = 0; k < one.size(); ++k) {
    EXPECT_EQ(one[k].name, three[k].name);
    EXPECT_EQ(one[k].score, three[k].score);
  }
}

TEST(Naming, BadInputIsNamed) {
  const auto error_with = [](const Rows& mass) {
    return error_of([&] { name_clusters(mass_of(mass), {"dog", "car"}, nullptr); });
  };
  EXPECT_EQ(error_with({{1, 2, 3}}), "[name_clusters] mass must be of shape (clusters, 2), got (1, 3).");
  EXPECT_EQ(error_with({{1, 1}, {2, -1}}),
            "[name_clusters] mass must be finite and at least 0, got -1 for cluster 1 and word 1.");
  EXPECT_THAT(error_with({{1, std::nan("")}}), testing::HasSubstr("got nan"));
  EXPECT_THROW(ilk::caption_clusters(mass_of({{1, 2}}), {"a", "b"}, -1), ilk::Error);
}

// The weights of name_clusters again, the slow way: every pair of nouns, evidence from WordNet's paths. For
// nouns that are each a concept of their own.
Rows slow_scores(const Rows& mass, const Words& nouns, const ilk::WordNet& wordnet) {
  const std::size_t n_clusters = mass.size(), m = nouns.size();
  const auto sense = [&](std::size_t j) { return wordnet.senses(nouns[j]).at(0); };
  const auto factors = [&](std::size_t j) {
    std::map<std::int32_t, double> found = {{sense(j), 1.0}};
    for (const auto& [synset, steps] : wordnet.ancestors(sense(j)))
      if (steps <= 4) found[synset] = std::pow(0.7, steps);
    return found;
  };
  Rows p = mass;
  for (auto& row : p) {
    const double size = std::accumulate(row.begin(), row.end(), 0.0);
    for (double& value : row) value /= size;
  }
  const auto evidence = [&](std::size_t k, std::int32_t synset) {
    double sum = 0;
    for (std::size_t j = 0; j < m; ++j) {
      const auto up = factors(j);
      if (up.contains(synset)) sum += up.at(synset) * p[k][j];
    }
    return sum;
  };
  const auto distinctive = [&](std::size_t k, std::int32_t synset) {
    double all = 0;
    for (std::size_t l = 0; l < n_clusters; ++l) all += evidence(l, synset);
    const double even = 1.0 / static_cast<double>(n_clusters);
    return all > 0 ? std::max(0.0, (evidence(k, synset) / all - even) / (1 - even)) : 0.0;
  };
  Rows scores(n_clusters, std::vector<double>(m));
  const auto physical = wordnet.senses("physical entity").at(0);
  for (std::size_t k = 0; k < n_clusters; ++k) {
    for (std::size_t j = 0; j < m; ++j) {
      const double own = std::min(1.0, evidence(k, sense(j)) * distinctive(k, sense(j)));
      double above = 0;
      const auto up = factors(j);
      for (const auto& [synset, factor] : up) {
        if (synset != sense(j))
          above +=
              0.5 * factor * std::max(0.0, evidence(k, synset) - factor * p[k][j]) * distinctive(k, synset);
      }
      double weight = own + (1 - own) * above / (1 + above);
      const auto path = wordnet.ancestors(sense(j));
      const bool is_physical =
          sense(j) == physical ||
          std::any_of(path.begin(), path.end(), [&](const auto& at) { return at.first == physical; });
      if (!is_physical) weight *= 0.8;
      scores[k][j] = std::sqrt(std::max(weight, 1e-6 * p[k][j]));
    }
  }
  return scores;
}

TEST(Naming, AgreesWithTheSlowVersion) {
  ilk::RandomStream random(6, "naming_test");
  const Words nouns = {"lamp", "dog", "poodle", "Fido", "cat", "animal", "truck", "city", "truth", "vehicle"};
  for (int trial = 0; trial < 10; ++trial) {
    const auto mass = random_mass(random, 4, 10);
    const auto scores = slow_scores(mass, nouns, tiny());
    const auto names = name_clusters(mass_of(mass), nouns, &tiny());
    double total = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      std::map<std::string, double> expected;
      for (std::size_t j = 0; j < nouns.size(); ++j) expected[nouns[j]] = scores[k][j];
      ASSERT_EQ(names[k].words.size(), 10u);
      for (const auto& word : names[k].words)
        EXPECT_NEAR(word.score, expected.at(word.word), 1e-12) << word.word;
      total += names[k].score;
    }
    std::set<std::size_t> used;
    EXPECT_NEAR(total, best_total(scores, 0, used), 1e-12);
  }
}

TEST(Captions, EachServesOneCluster) {
  const Rows mass = {{50, 30, 15, 5, 0}, {50, 0, 10, 5, 35}};
  const auto captions =
      ilk::caption_clusters(mass_of(mass), {"any", "dogs play", "a dog", "thing", "a car"}, 2);
  ASSERT_EQ(captions.size(), 2u);
  ASSERT_EQ(captions[0].size(), 2u);
  EXPECT_EQ(captions[0][0].word, "dogs play");
  EXPECT_EQ(captions[0][1].word, "a dog");
  EXPECT_NEAR(captions[0][0].score, std::sqrt(0.3), 1e-12);
  EXPECT_NEAR(captions[0][0].share, 0.3, 1e-12);
  ASSERT_EQ(captions[1].size(), 1u);  // what serves both alike is of no use
  EXPECT_EQ(captions[1][0].word, "a car");
  EXPECT_TRUE(ilk::caption_clusters(mass_of(mass), {"a", "b", "c", "d", "e"}, 0)[0].empty());
}

TEST(Captions, NeverTwiceAndBestFirst) {
  ilk::RandomStream random(8, "naming_test");
  Words texts;
  for (int i = 0; i < 30; ++i) texts.push_back("text " + std::to_string(i));
  const auto captions = ilk::caption_clusters(mass_of(random_mass(random, 7, 30)), texts, 3);
  std::set<std::string> seen;
  for (const auto& row : captions) {
    EXPECT_EQ(row.size(), 3u);
    for (std::size_t i = 0; i < row.size(); ++i) {
      EXPECT_TRUE(seen.insert(row[i].word).second);
      if (i > 0) {
        EXPECT_LE(row[i].score, row[i - 1].score);
      }
    }
  }
}

}  // namespace
