// `ilk edit` from outside, and what of a run stays when it is made again.
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/file_lock.h"
#include "photo_run.h"

namespace {

using testing::HasSubstr;
using testing::Not;

class EditProgramTest : public PhotoRunTest {
 protected:
  EditProgramTest() { EXPECT_EQ(cluster(4).status, 0); }

  ProgramResult edit(const std::vector<std::string>& words) const {
    std::vector<std::string> arguments{"edit", run().string()};
    arguments.insert(arguments.end(), words.begin(), words.end());
    return ilk(arguments);
  }
  void edited(const std::vector<std::string>& words) const {
    const auto result = edit(words);
    EXPECT_EQ(result.status, 0) << result.err;
  }
  nlohmann::json clusters() const { return nlohmann::json::parse(ilk::read_file(run() / "clusters.json")); }
  std::string file(const std::string& name) const { return ilk::read_file(run() / name); }

  /// Paths of the images in a cluster.
  std::vector<std::string> members(const std::string& number) const {
    std::vector<std::string> paths;
    for (const auto& [path, row] : assignments())
      if (row.cluster == number) paths.push_back(path);
    return paths;
  }
};

TEST_F(EditProgramTest, EditsAreWrittenAndUndoneOneByOne) {
  const std::string before = file("assignments.csv"), clusters_before = file("clusters.json");
  const auto first = members("0"), third = members("2");
  edited({"rename", "0", "Tante Uta"});
  EXPECT_EQ(assignments().at(first.front()).name, "Tante Uta");
  edited({"merge", "Tante Uta", "2"});
  EXPECT_EQ(members("0").size(), first.size() + third.size());
  EXPECT_EQ(clusters()[2]["merged_into"], 0);
  EXPECT_EQ(clusters()[0]["size"], first.size() + third.size());
  edited({"split", "0", "--into", "3", "--name", "x", "--name", "y"});
  EXPECT_EQ(clusters().size(), 6u);
  EXPECT_EQ(clusters()[4]["name"], "y");
  EXPECT_EQ(clusters()[5]["name"], "x 3")
      << "the cluster is called x after the split, so are parts without a name";
  edited({"move", "new", first.front(), "--name", "harbour"});
  EXPECT_EQ(assignments().at(first.front()).name, "harbour");
  EXPECT_THAT(edit({"list"}).out,
              HasSubstr("cluster 2 went into cluster 0\ncluster 0 was split into 0, 4, 5\n"));
  for (int i = 0; i < 4; ++i) edited({"undo"});
  EXPECT_EQ(file("assignments.csv"), before);
  EXPECT_EQ(file("clusters.json"), clusters_before);
  EXPECT_FALSE(std::filesystem::exists(run() / "unedited"));
  EXPECT_EQ(edit({"undo"}).status, 3);
}

TEST_F(EditProgramTest, SaysWhatIsWrong) {
  const auto expect = [&](const std::vector<std::string>& words, const std::string& text) {
    const auto result = edit(words);
    EXPECT_EQ(result.status, 3);
    EXPECT_THAT(result.err, HasSubstr(text));
  };
  edited({"lock", "1"});
  expect({"rename", "1", "x"}, "is locked");
  expect({"merge", "0", "1"}, "is locked");
  expect({"move", "0", members("1").front()}, "is locked");
  expect({"unlock", "0"}, "is not locked");
  expect({"rename", "9", "x"}, "there is no cluster 9; the last is 3");
  expect({"rename", "no such", "x"}, "there is no cluster 'no such'");
  expect({"move", "0", "nowhere.jpg"}, "the run has no image 'nowhere.jpg'");
  expect({"split", "0", "--into", "99"}, "can be split into");
  edited({"merge", "0", "2"});
  expect({"rename", "2", "x"}, "cluster 2 went into cluster 0");
}

TEST_F(EditProgramTest, WaitsForNoRunAndForNoOtherEdit) {
  {
    ilk::FileLock lock(run() / ".lock");
    ASSERT_TRUE(lock.try_lock(ilk::FileLock::Kind::exclusive));
    const auto result = edit({"rename", "0", "x"});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("another run is at work in"));
    EXPECT_FALSE(std::filesystem::exists(run() / "edits.jsonl"));
  }
  edited({"rename", "0", "x"});
  EXPECT_FALSE(std::filesystem::exists(run() / ".lock"));
}

TEST_F(EditProgramTest, HostileFilesAreRefused) {
  const auto expect = [&](const std::string& name, const std::string& text, const std::string& reason) {
    SCOPED_TRACE(text);
    const std::string before = file(name);
    ilk::write_file_atomically(run() / name, text);
    const auto result = edit({"rename", "0", "y"});
    EXPECT_EQ(result.status, 3);
    EXPECT_THAT(result.err, HasSubstr(reason));
    ilk::write_file_atomically(run() / name, before);
  };
  edited({"rename", "0", "x"});
  expect("edits.jsonl", R"({"edit":"merge","cluster":0,"clusters":[0]})",
         "a cluster must go into another one");
  expect("edits.jsonl", R"({"edit":"move","cluster":-1,"names":["x"]})", "a number from 0 on");
  expect("edits.jsonl", R"({"edit":"move","cluster":9223372036854775807,"names":["x"]})",
         "a number from 0 on");
  expect("edits.jsonl", R"({"edit":"rename","cluster":0})", "must get one name");
  expect("edits.jsonl",
         R"({"edit":"split","cluster":0,"clusters":[0,4],"names":["x"],"centroids":[[1],[1,0]]})",
         "a number, a name and a centre for each part");
  expect("unedited/clusters.json", R"([{"cluster":7,"name":"x"}])", "cluster 0 must say that it is");
  expect("unedited/clusters.json", R"([{"cluster":0,"name":"x","method_cluster":5}])",
         "method_cluster must be a number");
  std::string rows = file("assignments.csv");
  rows.insert(rows.find(',', rows.find('\n')) + 1, "99999999");
  expect("assignments.csv", rows, "a cluster must be a number from 0 on");
}

TEST_F(EditProgramTest, TheSameRunAgainKeepsTheBytes) {
  const std::string before = file("assignments.csv"), clusters_before = file("clusters.json");
  const auto again = cluster(4);
  EXPECT_EQ(file("assignments.csv"), before);
  EXPECT_EQ(file("clusters.json"), clusters_before);
  EXPECT_THAT(again.err, Not(HasSubstr("Since the last run")));
  edited({"rename", "0", "x"});
  edited({"split", "1"});
  const std::string edited_before = file("assignments.csv"), edited_clusters = file("clusters.json");
  cluster(4);
  EXPECT_EQ(file("assignments.csv"), edited_before);
  EXPECT_EQ(file("clusters.json"), edited_clusters);
}

TEST_F(EditProgramTest, FiveNewPhotographsLeaveNumbersAndNamesAlone) {
  const auto before = assignments();
  for (int i = 101; i <= 105; ++i) add(i);
  const auto result = cluster(4);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("Since the last run: 5 new images, 0 gone"));
  const auto after = assignments();
  EXPECT_EQ(after.size(), before.size() + 5);
  std::size_t stayed = 0;
  for (const auto& [path, row] : before) stayed += after.at(path).cluster == row.cluster ? 1 : 0;
  EXPECT_GT(10 * stayed, 7 * before.size());
  // A cluster that is the same by more than half of either has its old name.
  for (int c = 0; c < 4; ++c) {
    std::size_t both = 0, either = 0;
    std::string old_name, new_name;
    for (const auto& [path, row] : before) {
      const bool was = row.cluster == std::to_string(c), is = after.at(path).cluster == std::to_string(c);
      both += was && is ? 1 : 0;
      either += was || is ? 1 : 0;
      if (was) old_name = row.name;
      if (is) new_name = after.at(path).name;
    }
    if (2 * both > either) {
      EXPECT_EQ(new_name, old_name) << c;
    }
  }
}

TEST_F(EditProgramTest, EditsAndLocksSurviveARunWithMoreImagesAndAssignKnowsThem) {
  edited({"rename", "0", "Tante Uta"});
  edited({"lock", "0"});
  edited({"merge", "1", "2"});
  const auto locked = members("0");
  for (int i = 101; i <= 105; ++i) add(i);
  const auto result = cluster(4);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Tante Uta"));
  const auto after = assignments();
  for (const auto& path : locked) EXPECT_EQ(after.at(path).name, "Tante Uta");
  for (const auto& [path, row] : after) {
    EXPECT_NE(row.cluster, "2");
    const bool is_new = std::find(locked.begin(), locked.end(), path) == locked.end() && row.cluster == "0";
    const std::string name = std::filesystem::path(path).filename().string();
    if (is_new) {
      EXPECT_TRUE(name >= "101.jpg" && name <= "105.jpg") << path << " was elsewhere before";
    }
  }
  EXPECT_THAT(file("report.html"), HasSubstr("Tante Uta"));
  // The run's own images go where the run has them, and new ones into no cluster that is not there any more.
  const auto own = ilk({"assign", run().string(), photos().string(), "-o", (folder() / "own.csv").string()});
  ASSERT_EQ(own.status, 0) << own.err;
  const auto table = ilk::parse_csv(ilk::read_file(folder() / "own.csv"));
  for (std::size_t i = 1; i < table.size(); ++i) {
    EXPECT_EQ(table[i][1], after.at(table[i][0]).cluster) << table[i][0];
    EXPECT_EQ(table[i][2], after.at(table[i][0]).name) << table[i][0];
  }
  const auto others =
      ilk({"assign", run().string(), std::string(examples) + "110.jpg", std::string(examples) + "060.jpg"});
  ASSERT_EQ(others.status, 0) << others.err;
  EXPECT_THAT(others.out, Not(HasSubstr("jpg,2,")));
}

}  // namespace
