// `ilk cluster --by` from outside.
#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "photo_run.h"

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

class CriteriaProgramTest : public PhotoRunTest {
 protected:
  CriteriaProgramTest() : PhotoRunTest(40) {}

  fs::path words() const { return folder() / "grounds.txt"; }
  void SetUp() override { ilk::write_file_atomically(words(), "sky\nwater\nmeadow\nwall\ntable\n"); }
  fs::path by(const std::string& name) const { return run() / "by" / name; }
  std::map<std::string, std::string> clusters_of(const fs::path& run) const {
    std::map<std::string, std::string> clusters;
    const auto table = ilk::parse_csv(ilk::read_file(run / "assignments.csv"));
    for (std::size_t i = 1; i < table.size(); ++i) clusters[table[i][0]] = table[i][1];
    return clusters;
  }
};

TEST_F(CriteriaProgramTest, EachCriterionIsARunDirectoryOfItsOwn) {
  const auto plain = cluster(4);
  ASSERT_EQ(plain.status, 0) << plain.err;
  const std::string before = ilk::read_file(run() / "assignments.csv");
  const auto result = cluster(4, {"--by", words().string() + "=3,colour"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(ilk::read_file(run() / "assignments.csv"), before) << "the run's own clusters stay as they are";
  EXPECT_THAT(result.out, HasSubstr("By grounds (the words of "));
  EXPECT_THAT(result.out, HasSubstr("0 encoded now"));
  EXPECT_EQ(clusters_of(by("grounds")).size(), 40u);
  EXPECT_EQ(Json::parse(ilk::read_file(by("grounds") / "clusters.json")).size(), 3u);
  EXPECT_EQ(Json::parse(ilk::read_file(by("colour") / "clusters.json")).size(), 4u);
  const std::set<std::string> of_criterion{"sky", "water", "meadow", "wall", "table"};
  for (const auto& cluster : Json::parse(ilk::read_file(by("grounds") / "clusters.json")))
    EXPECT_TRUE(!cluster["named"].get<bool>() || of_criterion.contains(cluster["name"])) << cluster["name"];
  const auto manifest = Json::parse(ilk::read_file(by("grounds") / "manifest.json"));
  EXPECT_EQ(manifest["status"], "complete");
  EXPECT_EQ(manifest["by"]["words"].size(), 5u);
  const std::string page = ilk::read_file(run() / "report.html");
  EXPECT_THAT(page, HasSubstr("href=\"by/grounds/report.html\""));
  EXPECT_THAT(page, HasSubstr("By <bdi>colour</bdi>"));
  EXPECT_THAT(ilk::read_file(by("grounds") / "report.html"), HasSubstr("id=\"map-canvas\""));
  EXPECT_NE(ilk::read_file(by("grounds") / "map.npy"), ilk::read_file(run() / "map.npy"))
      << "near by grounds";
}

TEST_F(CriteriaProgramTest, IsTheSameAgainAndForAnyNumberOfThreads) {
  ASSERT_EQ(cluster(4, {"--by", words().string(), "-j", "1"}).status, 0);
  const std::string before = ilk::read_file(by("grounds") / "assignments.csv");
  ASSERT_EQ(cluster(4, {"--by", words().string(), "-j", "3"}).status, 0);
  EXPECT_EQ(ilk::read_file(by("grounds") / "assignments.csv"), before);
  fs::remove_all(run());
  ASSERT_EQ(cluster(4, {"--by", words().string(), "-j", "2"}).status, 0);
  EXPECT_EQ(ilk::read_file(by("grounds") / "assignments.csv"), before);
}

TEST_F(CriteriaProgramTest, OtherCommandsTakeItAsARun) {
  ASSERT_EQ(cluster(4, {"--by", words().string()}).status, 0);
  for (int i = 101; i <= 103; ++i) add(i, "../new");
  const auto placed = ilk({"assign", by("grounds").string(), photos().string(), (folder() / "new").string()});
  ASSERT_EQ(placed.status, 0) << placed.err;
  const auto own = clusters_of(by("grounds"));
  const auto rows = ilk::parse_csv(placed.out);
  EXPECT_EQ(rows.size(), 44u);
  for (std::size_t i = 1; i < rows.size(); ++i)
    if (const auto known = own.find(rows[i][0]); known != own.end()) {
      EXPECT_EQ(rows[i][1], known->second);
    }
  EXPECT_EQ(ilk({"edit", by("grounds").string(), "rename", "0", "heath"}).status, 0);
  ASSERT_EQ(cluster(4, {"--by", words().string()}).status, 0);
  EXPECT_THAT(ilk::read_file(by("grounds") / "assignments.csv"), HasSubstr("heath"))
      << "edits are done again";
  EXPECT_EQ(
      ilk({"eval", by("grounds").string(), "--labels", ILK_SOURCE_DIR "/examples/photos/labels.csv"}).status,
      0);
}

TEST_F(CriteriaProgramTest, ExportsHaveAColumnAndKeywordsForEach) {
  ASSERT_EQ(cluster(4, {"--by", words().string()}).status, 0);
  ASSERT_EQ(ilk({"export", run().string(), "--to", "csv", "-o", (folder() / "run.csv").string()}).status, 0);
  const auto rows = ilk::parse_csv(ilk::read_file(folder() / "run.csv"));
  EXPECT_EQ(rows[0][8], "grounds");
  EXPECT_EQ(rows[0][9], "grounds_name");
  const auto own = ilk::parse_csv(ilk::read_file(by("grounds") / "assignments.csv"));
  ASSERT_EQ(rows.size(), own.size());
  for (std::size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i][8], own[i][1]);
    EXPECT_EQ(rows[i][9], own[i][2]);
  }
  ASSERT_EQ(ilk({"export", run().string(), "--to", "xmp", "-o", (folder() / "sidecars").string()}).status, 0);
  std::size_t checked = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder() / "sidecars"))
    if (entry.path().filename() == fs::path(own[1][0]).filename().string() + ".xmp") {
      const auto keyword = HasSubstr(">ilk|grounds|" + own[1][2] + "<");
      if (own[1][2] == "unnamed " + own[1][1])
        EXPECT_THAT(ilk::read_file(entry.path()), Not(keyword));
      else
        EXPECT_THAT(ilk::read_file(entry.path()), keyword);
      ++checked;
    }
  EXPECT_EQ(checked, 1u);
}

TEST_F(CriteriaProgramTest, FeaturesFromFilesNeedTheWordsFeatures) {
  ASSERT_EQ(ilk({"embed", photos().string(), "-o", (folder() / "X.npy").string()}).status, 0);
  const auto nouns = folder() / "nouns.txt", offered = folder() / "U.safetensors";
  ilk::write_file_atomically(nouns, "dog\nsky\nwater\nmeadow\nfish\nhammer\ntower\n");
  ASSERT_EQ(ilk({"vocab", "build", "--nouns", nouns.string(), "-o", offered.string()}).status, 0);
  const auto features = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"cluster", "--features", (folder() / "X.npy").string(),    "-k",
                                       "3",       "-o",         (folder() / "features").string(), "--method",
                                       "kmeans"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ilk(arguments);
  };
  const auto without = features({"--by", words().string()});
  EXPECT_EQ(without.status, 3);
  EXPECT_THAT(without.err, HasSubstr("needs features of its words"));
  const auto with = features({"--by", words().string(), "--nouns", nouns.string(), "--noun-features",
                              offered.string() + ":features"});
  ASSERT_EQ(with.status, 0) << with.err;
  const auto by_grounds = folder() / "features" / "by" / "grounds";
  EXPECT_EQ(Json::parse(ilk::read_file(by_grounds / "manifest.json"))["by"]["words"],
            (Json{"sky", "water", "meadow"}));
}

TEST_F(CriteriaProgramTest, SaysWhatIsWrongBeforeAnythingIsRead) {
  const auto result = cluster(4, {"--by", "colour.n.99"});
  EXPECT_EQ(result.status, 3);
  EXPECT_FALSE(fs::exists(run() / "manifest.json"));
  EXPECT_THAT(result.err, Not(HasSubstr("Encoding")));
  EXPECT_EQ(cluster(4, {"--by", words().string() + "=41"}).status, 3);
}

/// Squares and stripes in three colours, as bitmaps: what a picture shows, and in which colour.
TEST_F(CriteriaProgramTest, ColourIsFoundBesideWhatIsShown) {
  const auto pictures = folder() / "shapes";
  std::string labels = "path,label\n";
  const int colours[3][3] = {{220, 30, 30}, {40, 160, 60}, {40, 80, 210}};
  for (int shape = 0; shape < 3; ++shape)
    for (int colour = 0; colour < 3; ++colour)
      for (int i = 0; i < 8; ++i) {
        std::string ppm = "P6\n96 96\n255\n";
        for (int y = 0; y < 96; ++y)
          for (int x = 0; x < 96; ++x) {
            const int dx = x - 40 - 2 * i, dy = y - 48 + i, radius = 22 + i;
            const bool inside = shape == 0   ? std::max(std::abs(dx), std::abs(dy)) < radius
                                : shape == 1 ? dx * dx + dy * dy < radius * radius
                                             : (x + 2 * i) / 12 % 2 == 0;
            for (int c = 0; c < 3; ++c) ppm += static_cast<char>(inside ? colours[colour][c] : 240);
          }
        const std::string name = std::to_string(shape) + std::to_string(colour) + std::to_string(i) + ".ppm";
        ilk::write_file_atomically(pictures / name, ppm);
        labels += "shapes/" + name + "," + std::to_string(colour) + "\n";
      }
  ilk::write_file_atomically(folder() / "labels.csv", labels);
  ilk::write_file_atomically(folder() / "colours.txt", "red\ngreen\nblue\n");
  const auto result = ilk({"cluster", pictures.string(), "-k", "3", "-o", run().string(), "--by",
                           (folder() / "colours.txt").string(), "--method", "kmeans"});
  ASSERT_EQ(result.status, 0) << result.err;
  const auto accuracy = [&](const fs::path& of) {
    const auto evaluated =
        ilk({"eval", of.string(), "--labels", (folder() / "labels.csv").string(), "--json"});
    EXPECT_EQ(evaluated.status, 0) << evaluated.err;
    return Json::parse(evaluated.out)["accuracy"].get<double>();
  };
  EXPECT_LT(accuracy(run()), 0.5);
  EXPECT_GT(accuracy(by("colours")), 0.75);
}

}  // namespace
