// Nested clusters (`-k 2,4,8`) from outside: made, placed, judged, edited, made again, exported.
#include <gmock/gmock.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "photo_run.h"

namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

class LevelsProgramTest : public PhotoRunTest {
 protected:
  static constexpr const char* counts = "8,2,4";

  LevelsProgramTest() : PhotoRunTest(60) {
    const auto result = nested();
    EXPECT_EQ(result.status, 0) << result.err;
  }
  ProgramResult nested(const std::vector<std::string>& more = {}) const { return into("run", counts, more); }
  ProgramResult into(const std::string& name, const std::string& k,
                     const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"cluster", photos().string(),         "-k", k,
                                       "-o",      (folder() / name).string()};
    if (std::find(more.begin(), more.end(), "--method") == more.end())
      arguments.insert(arguments.end(), {"--method", "kmeans"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ilk(arguments);
  }
  std::string file(const std::string& name) const { return ilk::read_file(run() / name); }
  std::vector<std::vector<std::string>> table(const fs::path& path) const {
    return ilk::parse_csv(ilk::read_file(path));
  }
  Json levels() const { return Json::parse(file("levels.json")); }

  /// Every image's path by assignments.csv is the one that levels.json gives its cluster; clusters are
  /// counted right, and each is in one of the level above.
  void expect_consistent() const {
    const auto json = levels();
    std::map<std::pair<std::size_t, std::int64_t>, std::int64_t> sizes;
    const auto rows = table(run() / "assignments.csv");
    ASSERT_EQ(rows[0].size(), 11u);
    EXPECT_THAT(std::vector<std::string>(rows[0].begin() + 7, rows[0].end()),
                ElementsAre("cluster_2", "name_2", "cluster_4", "name_4"));
    const auto clusters = Json::parse(file("clusters.json"));
    for (std::size_t i = 1; i < rows.size(); ++i) {
      const auto finest = std::stoul(rows[i][1]);
      EXPECT_EQ(rows[i][2], clusters[finest]["name"]);
      const auto of_four = json["parents"][finest].get<std::int64_t>();
      const auto& second = json["levels"][1]["clusters"][static_cast<std::size_t>(of_four)];
      const auto of_two = second["parent"].get<std::int64_t>();
      const auto& first = json["levels"][0]["clusters"][static_cast<std::size_t>(of_two)];
      EXPECT_THAT(
          std::vector<std::string>(rows[i].begin() + 7, rows[i].end()),
          ElementsAre(std::to_string(of_two), first["name"], std::to_string(of_four), second["name"]));
      ++sizes[{0, of_two}], ++sizes[{1, of_four}];
    }
    for (std::size_t level = 0; level < 2; ++level) {
      std::set<std::string> names;
      for (const auto& cluster : json["levels"][level]["clusters"]) {
        const auto number = cluster["cluster"].get<std::int64_t>();
        EXPECT_EQ(cluster["size"], (sizes[{level, number}])) << level << " " << number;
        EXPECT_TRUE(names.insert(cluster["name"]).second) << "siblings differ: " << cluster["name"];
      }
    }
  }
};

TEST_F(LevelsProgramTest, TheFinestClustersAreThoseOfTheirNumberAlone) {
  ASSERT_EQ(into("alone", "8").status, 0);
  EXPECT_EQ(file("clusters.json"), ilk::read_file(folder() / "alone" / "clusters.json"));
  EXPECT_FALSE(fs::exists(folder() / "alone" / "levels.json"));
  const auto nested_rows = table(run() / "assignments.csv"),
             rows = table(folder() / "alone" / "assignments.csv");
  ASSERT_EQ(nested_rows.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT_EQ(std::vector<std::string>(nested_rows[i].begin(), nested_rows[i].begin() + 7), rows[i]);
  expect_consistent();
}

TEST_F(LevelsProgramTest, IsTheSameAgainAndForAnyNumberOfThreads) {
  ASSERT_EQ(into("one", counts, {"-j", "1"}).status, 0);
  ASSERT_EQ(into("three", counts, {"-j", "3"}).status, 0);
  for (const char* name : {"levels.json", "assignments.csv", "clusters.json"}) {
    EXPECT_EQ(ilk::read_file(folder() / "one" / name), file(name)) << name;
    EXPECT_EQ(ilk::read_file(folder() / "three" / name), file(name)) << name;
  }
  const std::string before = file("levels.json"), assignments_before = file("assignments.csv");
  nested();
  EXPECT_EQ(file("levels.json"), before);
  EXPECT_EQ(file("assignments.csv"), assignments_before);
  EXPECT_EQ(into("run", "8").status, 0);
  EXPECT_FALSE(fs::exists(run() / "levels.json")) << "the clusters are not nested any more";
}

TEST_F(LevelsProgramTest, OtherMethodsAndFeaturesFromFilesHaveLevelsToo) {
  ASSERT_EQ(into("auto", "2,5", {"--method", "auto"}).status, 0);
  const auto json = Json::parse(ilk::read_file(folder() / "auto" / "levels.json"));
  EXPECT_EQ(json["levels"].size(), 1u);
  EXPECT_EQ(json["levels"][0]["clusters"].size(), 2u);
  EXPECT_EQ(json["parents"].size(), 5u);
  ASSERT_EQ(ilk({"embed", photos().string(), "-o", (folder() / "X.npy").string()}).status, 0);
  const auto result = ilk({"cluster", "--features", (folder() / "X.npy").string(), "-k", "2,4,8", "-o",
                           (folder() / "features").string(), "--method", "kmeans"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(ilk::read_file(folder() / "features" / "levels.json"), HasSubstr("cluster 1"));
}

TEST_F(LevelsProgramTest, NewImagesGetTheirPath) {
  const auto rows = table(run() / "assignments.csv");
  for (int i = 101; i <= 104; ++i) add(i, "../new");
  const auto result = ilk({"assign", run().string(), photos().string(), (folder() / "new").string()});
  ASSERT_EQ(result.status, 0) << result.err;
  const auto placed = ilk::parse_csv(result.out);
  ASSERT_EQ(placed.size(), rows.size() + 4);
  const auto json = levels();
  std::map<std::string, std::vector<std::string>> of_run;
  for (const auto& row : rows) of_run[row[0]] = {row[7], row[8], row[9], row[10]};
  for (std::size_t i = 1; i < placed.size(); ++i) {
    const std::vector<std::string> path(placed[i].begin() + 6, placed[i].end());
    EXPECT_EQ(path[2], std::to_string(json["parents"][std::stoul(placed[i][1])].get<int>()));
    if (const auto own = of_run.find(placed[i][0]); own != of_run.end()) {
      EXPECT_EQ(path, own->second);
    }
  }
}

TEST_F(LevelsProgramTest, LabelsAreComparedWithEveryLevel) {
  const auto eval = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"eval", run().string(), "--labels",
                                       ILK_SOURCE_DIR "/examples/photos/labels.csv", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = ilk(arguments);
    EXPECT_EQ(result.status, 0) << result.err;
    return Json::parse(result.out);
  };
  const auto all = eval({});
  ASSERT_EQ(all["levels"].size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto one = eval({"--level", i == 0 ? "2" : "4"});
    EXPECT_EQ(one["accuracy"], all["levels"][i]["accuracy"]);
    EXPECT_EQ(one["normalised_mutual_information"], all["levels"][i]["normalised_mutual_information"]);
    EXPECT_EQ(one["clusters"], all["levels"][i]["clusters"]);
    EXPECT_FALSE(one.contains("levels"));
  }
  const auto wrong =
      ilk({"eval", run().string(), "--labels", ILK_SOURCE_DIR "/examples/photos/labels.csv", "--level", "3"});
  EXPECT_EQ(wrong.status, 3);
  EXPECT_THAT(wrong.err, HasSubstr("2, 4"));
}

TEST_F(LevelsProgramTest, EditsMoveWithinTheLevelsAndAreUndone) {
  const std::string before = file("levels.json"), rows_before = file("assignments.csv");
  const auto parents = levels()["parents"];
  const auto edited = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"edit", run().string()});
    const auto result = ilk(words);
    EXPECT_EQ(result.status, 0) << result.err;
    expect_consistent();
  };
  edited({"split", "0", "--name", "x", "--name", "y"});
  EXPECT_EQ(levels()["parents"][8], parents[0]) << "a part is below what the whole was below";
  std::size_t other = 1;
  while (parents[other] == parents[0]) ++other;
  edited({"merge", "0", std::to_string(other)});
  const auto rows = table(run() / "assignments.csv");
  edited({"move", "new", rows[1][0], "--name", "z"});
  EXPECT_EQ(levels()["parents"].size(), 10u);
  edited({"rename", "0", "w"});
  nested();  // the same run again does the edits again
  expect_consistent();
  for (int i = 0; i < 4; ++i) ilk({"edit", run().string(), "undo"});
  EXPECT_EQ(file("levels.json"), before);
  EXPECT_EQ(file("assignments.csv"), rows_before);
}

TEST_F(LevelsProgramTest, FiveNewPhotographsLeaveTheLevelsAlone) {
  const auto before = table(run() / "assignments.csv");
  for (int i = 101; i <= 105; ++i) add(i);
  ASSERT_EQ(nested().status, 0);
  expect_consistent();
  std::map<std::string, std::vector<std::string>> after;
  for (const auto& row : table(run() / "assignments.csv")) after[row[0]] = row;
  std::size_t stayed = 0;
  for (const auto& row : before) stayed += row[7] == after.at(row[0])[7] ? 1 : 0;
  EXPECT_GT(10 * stayed, 7 * before.size());
}

TEST_F(LevelsProgramTest, ExportsAreNested) {
  const auto exported = [&](const std::string& to, const fs::path& output) {
    const auto result = ilk({"export", run().string(), "--to", to, "-o", output.string()});
    EXPECT_EQ(result.status, 0) << result.err;
  };
  exported("folders", folder() / "sorted");
  std::size_t pictures = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder() / "sorted"))
    if (entry.path().extension() == ".jpg") {
      ++pictures;
      const auto below = entry.path().lexically_relative(folder() / "sorted");
      EXPECT_EQ(std::distance(below.begin(), below.end()), 4) << below;
    }
  EXPECT_EQ(pictures, 60u);
  exported("csv", folder() / "run.csv");
  const auto rows = table(folder() / "run.csv"), own = table(run() / "assignments.csv");
  EXPECT_EQ(std::vector<std::string>(rows[0].end() - 4, rows[0].end()),
            std::vector<std::string>(own[0].end() - 4, own[0].end()));
  for (std::size_t i = 1; i < rows.size(); ++i)
    EXPECT_EQ(std::vector<std::string>(rows[i].end() - 4, rows[i].end()),
              std::vector<std::string>(own[i].end() - 4, own[i].end()));
  exported("parquet", folder() / "run.parquet");
  EXPECT_THAT(ilk::read_file(folder() / "run.parquet"), HasSubstr("name_4"));
  exported("xmp", folder() / "sidecars");
  std::size_t checked = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder() / "sidecars")) {
    if (entry.path().filename() != "001.jpg.xmp") continue;
    const std::string text = ilk::read_file(entry.path());
    std::vector<std::string> names{own[1][8], own[1][10], own[1][2]};
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::string bars = "ilk", slashes = "ilk";
    for (const auto& name : names) bars += "|" + name, slashes += "/" + name;
    EXPECT_THAT(text, HasSubstr(">" + bars + "<"));
    EXPECT_THAT(text, HasSubstr(">" + slashes + "<"));
    ++checked;
  }
  EXPECT_EQ(checked, 1u);
}

TEST_F(LevelsProgramTest, TheReportHasATreeThatNeedsNoScript) {
  const std::string page = file("report.html");
  const auto begin = page.find("<section aria-labelledby=\"tree\">"), end = page.find("</section>", begin);
  ASSERT_NE(begin, std::string::npos);
  const std::string tree = page.substr(begin, end - begin);
  EXPECT_THAT(tree, HasSubstr("<details"));
  EXPECT_THAT(tree, HasSubstr("<summary>"));
  for (int c = 0; c < 8; ++c) EXPECT_THAT(tree, HasSubstr("href=\"#cluster-" + std::to_string(c) + "\""));
  ASSERT_EQ(into("alone", "8").status, 0);
  EXPECT_THAT(ilk::read_file(folder() / "alone" / "report.html"), Not(HasSubstr("id=\"tree\"")));
}

}  // namespace
