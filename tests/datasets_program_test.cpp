// Data sets, scores and the number of clusters, from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/csv.h"
#include "io/files.h"
#include "matrices.h"
#include "npy_files.h"
#include "program.h"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;
const std::string data = ILK_TEST_DATA "/datasets/";

class DatasetsProgram : public testing::Test {
 protected:
  std::string output() const { return (folder_.path() / "run").string(); }
  ProgramResult run(const std::vector<std::string>& arguments) const {
    return run_program(folder_.path(), arguments);
  }
  TemporaryDirectory folder_;
};

TEST_F(DatasetsProgram, ListsAndLooksInto) {
  const auto list = run({"datasets", "list"});
  EXPECT_EQ(list.status, 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr("fashion-mnist"));
  const auto info = run({"datasets", "info", data + "cifar10-python", "--split", "test"});
  EXPECT_EQ(info.status, 0) << info.err;
  EXPECT_THAT(info.out, HasSubstr("cifar10, 2 images, 10 classes"));
  EXPECT_THAT(info.out, HasSubstr("1  dog"));
  EXPECT_EQ(run({"datasets", "info", "nowhere"}).status, 3);
  EXPECT_EQ(run({"datasets", "get", "cifar11", "-q"}).status, 3);
}

TEST_F(DatasetsProgram, ClustersAPackedDataSetAndScoresIt) {
  for (const std::string place : {"cifar10-binary", "webdataset", "idx"}) {
    fs::remove_all(output());
    const auto clustered =
        run({"cluster", data + place, "-k", "2", "-o", output(), "--method", "kmeans", "--n-init", "2"});
    ASSERT_EQ(clustered.status, 0) << place << clustered.err;
    EXPECT_THAT(clustered.out, HasSubstr("Against the labels: ACC")) << "the data set brings its own";
    const auto manifest = nlohmann::json::parse(ilk::read_file(fs::path(output()) / "manifest.json"));
    EXPECT_GE(manifest["summary"]["images"].get<int>(), 6);
    // Pixels from inside the file are in the report too.
    const std::string report = ilk::read_file(fs::path(output()) / "report.html");
    EXPECT_THAT(report, HasSubstr("data:image/jpeg;base64,"));
    EXPECT_THAT(report, HasSubstr("data-inside")) << "there is no file to link to";

    const auto scored = run({"eval", output(), "--dataset", data + place, "--json"});
    ASSERT_EQ(scored.status, 0) << scored.err;
    const auto json = nlohmann::json::parse(scored.out);
    EXPECT_DOUBLE_EQ(json["accuracy"].get<double>(), manifest["summary"]["scores"]["accuracy"].get<double>());
    EXPECT_THAT(ilk::read_file(fs::path(output()) / "confusion.svg"), HasSubstr("</svg>"));
    const auto text = run({"eval", output(), "--dataset", data + place});
    EXPECT_THAT(text.out, HasSubstr("recall"));
    EXPECT_THAT(text.out, HasSubstr("Without labels: silhouette"));
  }
  const auto part = run({"cluster", data + "cifar10-binary", "-k", "2", "-o", output(), "--method", "kmeans",
                         "--split", "test"});
  ASSERT_EQ(part.status, 0) << part.err;
  EXPECT_THAT(ilk::read_file(fs::path(output()) / "assignments.csv"), HasSubstr("test/1,"));
  EXPECT_EQ(run({"cluster", data + "idx", data + "stl10", "-k", "2", "-o", output()}).status, 3);
  EXPECT_EQ(run({"eval", folder_.path().string()}).status, 3);
}

TEST_F(DatasetsProgram, BenchesADataSet) {
  const std::string words = (folder_.path() / "words.txt").string();  // few, so that they are soon encoded
  ilk::write_file_atomically(words, "one\ntwo\nthree\n");
  const auto benched = run({"bench", "--dataset", data + "idx", "--methods", "kmeans", "--seeds", "1",
                            "--n-init", "2", "--nouns", words, "--captions-corpus", words, "-o", output()});
  ASSERT_EQ(benched.status, 0) << benched.err;
  EXPECT_THAT(benched.out, HasSubstr("(idx): 8 images, 8 classes"));
  const auto table = nlohmann::json::parse(ilk::read_file(fs::path(output()) / "table.json"));
  EXPECT_EQ(table["runs"][0]["accuracy"], 1) << "each image is a class";
  EXPECT_EQ(table["runs"][0]["encoded"], 0) << "they were encoded before";
  // Another data set and somebody else's clusters: more rows of one table.
  const std::vector<std::string> more = {"bench",    "--methods", "kmeans",  "--seeds", "1",
                                         "--n-init", "2",         "--nouns", words,     "--captions-corpus",
                                         words,      "-o",        output()};
  auto two = more;
  two.insert(two.end(), {"--dataset", data + "idx", "--dataset", data + "cifar10-binary"});
  const auto both = run(two);
  ASSERT_EQ(both.status, 0) << both.err;
  EXPECT_THAT(both.out, HasSubstr("idx             kmeans  1 "));
  EXPECT_THAT(both.out, HasSubstr("cifar10-binary  kmeans  1 "));
  const std::string mine = (folder_.path() / "mine.txt").string();
  ilk::write_file_atomically(mine, "0\n0\n0\n0\n0\n0\n0\n1\n");
  auto told = more;
  told[2] = "none";
  told.insert(told.end(), {"--dataset", data + "idx", "--predictions", "mine=" + mine});
  const auto scored = run(told);
  ASSERT_EQ(scored.status, 0) << scored.err;
  EXPECT_THAT(ilk::read_file(fs::path(output()) / "table.csv"), HasSubstr("\nidx,mine,,1,0.25,"));
  EXPECT_THAT(ilk::read_file(fs::path(output()) / "table.csv"), HasSubstr("\ncifar10-binary,kmeans,,1,"));
  told.back() = mine;
  EXPECT_EQ(run(told).status, 2) << "NAME=FILE";
  EXPECT_THAT(run({"bench", "--dataset", data + "stl10", "-o", output(), "--split", "none"}).err,
              HasSubstr("none"));
}

TEST_F(DatasetsProgram, ChoosesHowManyClusters) {
  auto points = random_matrix(200, 12, 1);
  for (std::int64_t i = 0; i < 200; ++i)
    for (std::int64_t j = 0; j < 12; ++j) points[i][j] = points[i][j] * 0.6f + (j == i / 40 ? 8.0f : 0.0f);
  const auto features = (folder_.path() / "X.npy").string();
  write_npy(features, points);
  const auto chosen =
      run({"cluster", "--features", features, "--method", "kmeans", "-k", "2..12", "-o", output()});
  ASSERT_EQ(chosen.status, 0) << chosen.err;
  EXPECT_THAT(chosen.out, HasSubstr("How many clusters: 5 clusters"));
  const auto manifest = nlohmann::json::parse(ilk::read_file(fs::path(output()) / "manifest.json"));
  EXPECT_EQ(manifest["summary"]["cluster_count"]["n_clusters"], 5);
  EXPECT_EQ(manifest["summary"]["clusters"].size(), 5u);
  EXPECT_EQ(manifest["options"]["n_clusters"], "2..12");
  EXPECT_THAT(ilk::read_file(fs::path(output()) / "cluster_count.svg"), HasSubstr("5 clusters"));
  EXPECT_THAT(ilk::read_file(fs::path(output()) / "report.html"), HasSubstr("How many clusters"));
  EXPECT_EQ(
      run({"cluster", "--features", features, "--method", "kmeans", "-k", "many", "-o", output()}).status, 2);
  EXPECT_EQ(
      run({"cluster", "--features", features, "--method", "kmeans", "-k", "9..3", "-o", output()}).status, 2);
}

}  // namespace
