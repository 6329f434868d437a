// N images, P nouns, K clusters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/naming.h>
#include <ilk/threads.h>
#include <ilk/transport.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/random.h"
#include "matrices.h"
#include "tiny_wordnet.h"

namespace {

using ilk::ClusterName;
using ilk::name_clusters;
using testing::ElementsAre;
using Rows = std::vector<std::vector<double>>;
using Words = std::vector<std::string>;

constexpr std::int64_t width = 48;

ilk::Matrix<double> mass_of(const Rows& rows) {
  const auto columns = rows.empty() ? 0 : static_cast<std::int64_t>(rows[0].size());
  ilk::Matrix<double> mass(static_cast<std::int64_t>(rows.size()), columns);
  double* to = mass.data();
  for (const auto& row : rows) to = std::copy(row.begin(), row.end(), to);
  return mass;
}

Rows random_mass(ilk::RandomStream& random, std::int64_t k, std::int64_t m) {
  Rows rows(static_cast<std::size_t>(k), std::vector<double>(static_cast<std::size_t>(m)));
  for (auto& row : rows)
    for (double& value : row) value = std::pow(random.uniform(), 4) * 10;
  return rows;
}

/// Images made of nouns: noun j is axis j, an image its noun with a little of everything.
struct Scene {
  Words nouns;
  ilk::Matrix<float> features;
  ilk::Matrix<float> embeddings;
  std::vector<std::int64_t> labels;
  std::int64_t n_clusters = 0;

  std::vector<ClusterName> names(const ilk::WordNet* wordnet, bool with_hypernyms = false,
                                 Words definitions = {}) const {
    return name_clusters(embeddings, labels, n_clusters,
                         {nouns, features, std::move(definitions), wordnet, with_hypernyms});
  }
};

void scale_to_unit(std::span<float> row) {
  double square = 0;
  for (const float value : row) square += static_cast<double>(value) * static_cast<double>(value);
  for (float& value : row) value = static_cast<float>(static_cast<double>(value) / std::sqrt(square));
}

/// `clusters`: for each the nouns that its images show, in turn.
Scene scene_of(const Words& nouns, const std::vector<Words>& clusters, std::int64_t images_each = 24) {
  ilk::RandomStream random(7, "naming_test");
  Scene scene{.nouns = nouns,
              .features = ilk::Matrix<float>(static_cast<std::int64_t>(nouns.size()), width),
              .embeddings = ilk::Matrix<float>(std::ssize(clusters) * images_each, width),
              .n_clusters = std::ssize(clusters)};
  for (std::int64_t j = 0; j < scene.features.rows(); ++j) scene.features[j][j] = 1;
  std::int64_t row = 0;
  for (std::size_t k = 0; k < clusters.size(); ++k) {
    for (std::int64_t i = 0; i < images_each; ++i, ++row) {
      for (float& value : scene.embeddings.row(row)) value = static_cast<float>(0.08 * random.normal());
      const std::string& shown = clusters[k][static_cast<std::size_t>(i) % clusters[k].size()];
      const auto noun = std::find(nouns.begin(), nouns.end(), shown) - nouns.begin();
      scene.embeddings[row][noun] += 1;
      scale_to_unit(scene.embeddings.row(row));
      scene.labels.push_back(static_cast<std::int64_t>(k));
    }
  }
  return scene;
}

Words names_of(const std::vector<ClusterName>& names) {
  Words words;
  for (const auto& name : names) words.push_back(name.name);
  return words;
}

TEST(Naming, ClustersOfOneKindAreCalledByIt) {
  const auto scene = scene_of({"lamp", "dog", "truck", "city"}, {{"dog"}, {"lamp"}, {"truck"}});
  const auto names = scene.names(nullptr);
  EXPECT_THAT(names_of(names), ElementsAre("dog", "lamp", "truck"));
  for (const auto& name : names) {
    EXPECT_TRUE(name.is_named);
    EXPECT_GT(name.score, 0.95);
    EXPECT_EQ(name.words.front().word, name.name);
  }
}

TEST(Naming, ClustersOfSeveralKindsAreCalledByWhatTheyShare) {
  const Words nouns = {"poodle", "terrier", "cat", "animal", "truck", "car", "vehicle", "lamp", "city"};
  const auto scene = scene_of(nouns, {{"poodle", "terrier", "cat"}, {"truck", "car"}, {"lamp"}, {"city"}});
  EXPECT_THAT(names_of(scene.names(&tiny())), ElementsAre("animal", "vehicle", "lamp", "city"));
}

TEST(Naming, AHypernymThatIsNotOnTheListNamesOnlyWhereItMay) {
  const auto scene = scene_of({"poodle", "terrier", "truck", "lamp", "city"},
                              {{"poodle", "terrier"}, {"truck"}, {"lamp"}, {"city"}});
  EXPECT_EQ(scene.names(&tiny(), true)[0].name, "dog");
  const std::string listed = scene.names(&tiny())[0].name;
  EXPECT_TRUE(listed == "poodle" || listed == "terrier") << listed;
}

TEST(Naming, ShuffledImagesGetNoName) {
  auto scene = scene_of({"lamp", "dog", "truck", "city", "cat", "car"},
                        {{"dog", "lamp", "truck"}, {"dog", "lamp", "truck"}, {"dog", "lamp", "truck"}}, 60);
  const auto names = scene.names(&tiny());
  EXPECT_THAT(names_of(names), ElementsAre("unnamed 0", "unnamed 1", "unnamed 2"));
  for (const auto& name : names) {
    EXPECT_FALSE(name.is_named);
    EXPECT_EQ(name.score, 0);
  }
}

TEST(Naming, TwoClustersOfTheSameKindGetDifferentNames) {
  const Words nouns = {"dog", "cat", "truck", "lamp"};
  auto scene = scene_of(nouns, {{"dog"}, {"dog"}, {"truck"}, {"lamp"}});
  const auto names = names_of(scene.names(&tiny()));
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 4u);
  EXPECT_EQ(std::count(names.begin(), names.end(), "dog"), 1);
}

TEST(Naming, NoNameContainsAnotherWhereOneIsAsGood) {
  // By weight alone the first would be called animal, which contains the second's name.
  const Words nouns = {"poodle", "terrier", "cat", "animal", "dog", "truck", "lamp"};
  const auto scene =
      scene_of(nouns, {{"cat", "cat", "cat", "poodle"}, {"poodle", "terrier"}, {"truck"}, {"lamp"}});
  const auto names = names_of(scene.names(&tiny()));
  EXPECT_EQ(names[0], "cat");
  EXPECT_EQ(names[1], "dog");
}

TEST(Naming, AClusterWithoutImagesIsUnnamed) {
  auto scene = scene_of({"dog", "car"}, {{"dog"}, {"car"}});
  for (std::int64_t& label : scene.labels) label *= 2;
  scene.n_clusters = 3;
  const auto names = scene.names(nullptr);
  EXPECT_THAT(names_of(names), ElementsAre("dog", "unnamed 1", "car"));
  EXPECT_TRUE(names[1].words.empty());
  const auto one = scene_of({"dog", "car"}, {{"dog"}});
  EXPECT_THAT(names_of(one.names(nullptr)), ElementsAre("dog"));  // nothing to compare with
  EXPECT_TRUE(name_clusters(ilk::Matrix<float>(0, width), {}, 0, {}).empty());
  EXPECT_THAT(names_of(name_clusters(scene.embeddings, scene.labels, 3, {})),
              ElementsAre("unnamed 0", "unnamed 1", "unnamed 2"));
}

TEST(Naming, ThingsBeforeNumbers) {
  auto scene = scene_of({"42", "dog", "lamp"}, {{"42"}, {"lamp"}});
  EXPECT_EQ(scene.names(nullptr)[0].name, "42");
  for (std::int64_t i = 0; i < scene.embeddings.rows(); ++i) {
    if (scene.labels[static_cast<std::size_t>(i)] != 0) continue;
    scene.embeddings[i][1] += 0.9F;  // a dog with a number, the number the clearer
    scale_to_unit(scene.embeddings.row(i));
  }
  EXPECT_EQ(scene.names(nullptr)[0].name, "dog");
}

TEST(Naming, TheSameForAnyNumberOfThreadsAndOrderOfClusters) {
  const auto scene =
      scene_of(tiny().nouns(), {{"dog", "cat"}, {"truck", "car"}, {"lamp", "city"}, {"poodle"}});
  const int before = ilk::threads();
  ilk::set_threads(1);
  const auto one = scene.names(&tiny());
  ilk::set_threads(3);
  const auto three = scene.names(&tiny());
  ilk::set_threads(before);
  auto turned = scene_of(tiny().nouns(), {{"dog", "cat"}, {"truck", "car"}, {"lamp", "city"}, {"poodle"}});
  for (std::int64_t& label : turned.labels) label = 3 - label;
  const auto other_way = turned.names(&tiny());
  for (std::size_t k = 0; k < one.size(); ++k) {
    EXPECT_EQ(one[k].name, three[k].name);
    EXPECT_EQ(one[k].score, three[k].score);
    EXPECT_EQ(one[k].name, other_way[3 - k].name);
  }
}

std::vector<std::vector<ClusterName>> level_names(const Scene& scene,
                                                  const std::vector<ilk::UpperClusters>& levels,
                                                  const std::vector<ClusterName>& names) {
  return ilk::name_levels(scene.embeddings, scene.labels, names, levels,
                          {scene.nouns, scene.features, {}, &tiny(), true});
}

TEST(LevelNames, NarrowFromAboveToBelow) {
  const auto scene =
      scene_of(tiny().nouns(), {{"poodle"}, {"terrier"}, {"cat"}, {"truck"}, {"car"}, {"lamp"}});
  const auto names = scene.names(&tiny(), true);
  EXPECT_THAT(names_of(names), ElementsAre("poodle", "terrier", "cat", "truck", "car", "lamp"));
  const auto levels = level_names(
      scene, {{.parents = {0, 0, 1, 2, 2, 3}, .n_clusters = 4}, {.parents = {0, 0, 1, 2}, .n_clusters = 3}},
      names);
  ASSERT_EQ(levels.size(), 2u);
  EXPECT_THAT(names_of(levels[0]), ElementsAre("dog", "cat", "vehicle", "lamp"));
  EXPECT_THAT(names_of(levels[1]),
              ElementsAre(testing::AnyOf("animal", "domestic animal"), "vehicle", "lamp"));
}

TEST(LevelNames, AreNeverNarrowerThanANameBelow) {
  const auto scene = scene_of(tiny().nouns(), {{"poodle"}, {"poodle", "dog"}, {"truck"}, {"lamp"}});
  auto names = scene.names(&tiny(), true);
  names[0].name = "animal", names[0].is_named = true;
  names[1].name = "dog", names[1].is_named = true;
  // Twice above, so that the rule holds for what is further below too.
  const auto levels = level_names(
      scene, {{.parents = {0, 0, 1, 2}, .n_clusters = 3}, {.parents = {0, 1, 1}, .n_clusters = 2}}, names);
  for (const auto& level : levels) {
    EXPECT_THAT(level[0].name, testing::Not(testing::AnyOf("poodle", "dog", "terrier", "cat", "canine")));
  }
}

TEST(LevelNames, KeepNamesUnlessTheyAreTooNarrow) {
  const auto scene = scene_of(tiny().nouns(), {{"poodle"}, {"terrier"}, {"truck"}, {"lamp"}});
  const auto names = scene.names(&tiny(), true);
  const auto kept = [&](std::vector<std::string> wanted) {
    return names_of(level_names(
        scene, {{.parents = {0, 0, 1, 2}, .n_clusters = 3, .kept = std::move(wanted)}}, names)[0]);
  };
  EXPECT_THAT(kept({"canine", "", "thing"}), ElementsAre("canine", "truck", "thing"));
  EXPECT_THAT(kept({"", "dog", ""}), ElementsAre(testing::Not("dog"), "dog", "lamp"));
  EXPECT_THROW(level_names(scene, {{.parents = {0, 0}, .n_clusters = 1}}, names), ilk::Error);
}

// What the header says, the slow way: every image with every noun, kinds by WordNet's paths.
TEST(Naming, ScoresAndSharesAgreeWithTheSlowVersion) {
  const Words nouns = {"poodle", "cat", "animal", "truck", "lamp", "city"};
  const auto scene = scene_of(nouns, {{"poodle", "cat", "lamp"}, {"truck", "lamp"}, {"city", "cat"}}, 30);
  const auto n = scene.embeddings.rows();
  const double temperature = 1.3 * ilk::similarity_spread(scene.embeddings, scene.features);
  const auto is_kind = [&](std::size_t j, std::size_t of) {
    const auto sense = tiny().senses(nouns[j]).front(), other = tiny().senses(nouns[of]).front();
    const auto above = tiny().ancestors(sense);
    return sense == other ||
           std::any_of(above.begin(), above.end(), [&](const auto& one) { return one.first == other; });
  };
  Rows evidence(static_cast<std::size_t>(n), std::vector<double>(nouns.size()));
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<double> p(nouns.size());
    double sum = 0;
    for (std::size_t j = 0; j < nouns.size(); ++j) {
      double cosine = 0;
      for (std::int64_t d = 0; d < width; ++d)
        cosine += static_cast<double>(scene.embeddings[i][d]) *
                  static_cast<double>(scene.features[static_cast<std::int64_t>(j)][d]);
      sum += p[j] = std::exp(cosine / temperature);
    }
    for (std::size_t of = 0; of < nouns.size(); ++of)
      for (std::size_t j = 0; j < nouns.size(); ++j)
        if (is_kind(j, of)) evidence[static_cast<std::size_t>(i)][of] += p[j] / sum;
  }
  const auto names = scene.names(&tiny());
  int compared = 0;
  for (std::size_t k = 0; k < names.size(); ++k) {
    for (const auto& word : names[k].words) {
      const auto c =
          static_cast<std::size_t>(std::find(nouns.begin(), nouns.end(), word.word) - nouns.begin());
      ASSERT_LT(c, nouns.size());
      // Mean of e and of √e, and variance of √e, of the cluster's images and of the others'.
      double sum[2] = {}, root[2] = {}, count[2] = {};
      for (std::size_t i = 0; i < evidence.size(); ++i) {
        const int side = scene.labels[i] == static_cast<std::int64_t>(k) ? 0 : 1;
        sum[side] += evidence[i][c];
        root[side] += std::sqrt(evidence[i][c]);
        ++count[side];
      }
      double variance = 0;
      for (int side = 0; side < 2; ++side) {
        sum[side] /= count[side];
        root[side] /= count[side];
        variance += sum[side] - root[side] * root[side];
      }
      const double normal = 0.5 * std::erfc(-(root[0] - root[1]) / std::sqrt(2 * variance));
      EXPECT_NEAR(word.share, sum[0], 1e-5) << word.word;
      EXPECT_NEAR(word.score, normal, 0.0105) << word.word;
      ++compared;
    }
  }
  EXPECT_GE(compared, 6);
}

TEST(Naming, BadInputIsNamed) {
  const auto scene = scene_of({"dog", "car"}, {{"dog"}, {"car"}});
  const auto error_with = [&](std::vector<std::int64_t> labels, const ilk::NamingWords& words) {
    return error_of([&] { name_clusters(scene.embeddings, labels, 2, words); });
  };
  const ilk::NamingWords words{scene.nouns, scene.features, {}, nullptr, false};
  EXPECT_THAT(error_with({0}, words),
              testing::HasSubstr("labels must be one for each of the 48 images, got 1"));
  auto labels = scene.labels;
  labels[3] = 2;
  EXPECT_THAT(error_with(labels, words), testing::HasSubstr("labels must be from 0 to 1, got 2"));
  EXPECT_THAT(error_with(scene.labels, {{"dog"}, scene.features, {}, nullptr, false}),
              testing::HasSubstr("features must be of shape (1, width), got (2, 48)"));
  EXPECT_THAT(error_with(scene.labels, {scene.nouns, scene.features, {"one"}, nullptr, false}),
              testing::HasSubstr("definitions must be one for each of the 2 nouns, got 1"));
  const ilk::Matrix<float> narrow(2, 3);
  EXPECT_THAT(error_with(scene.labels, {scene.nouns, narrow, {}, nullptr, false}),
              testing::HasSubstr("as wide as the images' (48), got 3"));
  EXPECT_THROW(ilk::caption_clusters(mass_of({{1, 2}}), {"a", "b"}, -1), ilk::Error);
  EXPECT_EQ(error_of([&] {
              ilk::caption_clusters(mass_of({{1, 1}, {2, -1}}), {"a", "b"}, 1);
            }),
            "[caption_clusters] mass must be finite and at least 0, got -1 for cluster 1 and word 1.");
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
