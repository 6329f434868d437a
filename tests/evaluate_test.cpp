#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/evaluate.h>
#include <ilk/kmeans.h>
#include <ilk/run.h>

#include <nlohmann/json.hpp>

#include "io/files.h"
#include "io/safetensors.h"
#include "matrices.h"
#include "temporary_directory.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// A run directory of eight images in three clusters, as `ilk cluster` leaves it.
class Evaluate : public testing::Test {
 protected:
  Evaluate() {
    std::string text = "path,cluster,name,score,second_cluster,margin,top_nouns\n";
    for (std::size_t i = 0; i < clusters.size(); ++i)
      text += "train/" + std::to_string(i) + "," + std::to_string(clusters[i]) + ",\"name, " +
              std::to_string(clusters[i]) + "\",0.9,,,\n";
    ilk::write_file_atomically(run() / "assignments.csv", text);
    ilk::write_safetensors(run() / "features.safetensors", {{"features", features}});
  }
  fs::path run() const { return folder_.path() / "run"; }
  std::string put(const std::string& name, const std::string& text) const {
    ilk::write_file_atomically(folder_.path() / name, text);
    return (folder_.path() / name).string();
  }

  const std::vector<std::int64_t> clusters{0, 0, 0, 1, 1, 1, 2, 2};
  const ilk::Matrix<float> features = random_unit_rows(8, 5, 2);
  TemporaryDirectory folder_;
};

TEST_F(Evaluate, ScoresWithLabels) {
  const auto labels =
      put("labels.csv",
          "path,label\ntrain/0,cat\ntrain/1,cat\ntrain/2,owl\ntrain/3,owl\ntrain/4,owl\ntrain/5,owl\n"
          "train/6,cat\n");
  const auto found = ilk::evaluate(run(), {.labels = labels});
  EXPECT_EQ(found.n_images, 8);
  EXPECT_EQ(found.unlabelled, 1);
  EXPECT_THAT(found.classes, ElementsAre("cat", "owl"));
  ASSERT_TRUE(found.agreement && found.matched);
  EXPECT_NEAR(found.agreement->accuracy, 5.0 / 7, 1e-12);
  EXPECT_THAT(found.matched->recall, ElementsAre(testing::DoubleEq(2.0 / 3), testing::DoubleEq(0.75)));
  EXPECT_THAT(found.matched->table.clusters, ElementsAre(0, 1, 2));
  EXPECT_EQ(found.cluster_names[2], "name, 2");

  const auto json = nlohmann::json::parse(ilk::to_json(found));
  EXPECT_EQ(json["classes"][1]["class"], "owl");
  EXPECT_EQ(json["confusion"]["counts"][0], (std::vector<int>{2, 0, 1}));
  EXPECT_DOUBLE_EQ(json["accuracy"].get<double>(), 5.0 / 7);
  const auto picture = ilk::confusion_picture(found);
  EXPECT_THAT(picture, HasSubstr("owl"));
  EXPECT_THAT(picture, HasSubstr(">0 name, 0<"));
}

TEST_F(Evaluate, ScoresWithoutLabels) {
  const auto found = ilk::evaluate(run());
  EXPECT_FALSE(found.agreement || found.matched);
  EXPECT_EQ(found.unlabelled, 8);
  ASSERT_TRUE(found.separation);
  const auto expected = ilk::separation(features, clusters);
  EXPECT_EQ(*found.separation->silhouette, *expected.silhouette);
  const auto json = nlohmann::json::parse(ilk::to_json(found));
  EXPECT_DOUBLE_EQ(json["davies_bouldin"].get<double>(), *expected.davies_bouldin);
  EXPECT_FALSE(json.contains("accuracy"));
  EXPECT_THROW(ilk::confusion_picture(found), ilk::Error);
  fs::remove(run() / "features.safetensors");
  EXPECT_FALSE(ilk::evaluate(run()).separation);
}

TEST_F(Evaluate, TakesLabelsFromADataSetByName) {
  // Images "train/0" … of the fixture have the labels 0, 7, 4, 1, 8; the run's others are not in it.
  const auto found = ilk::evaluate(run(), {.dataset = ILK_TEST_DATA "/datasets/cifar10-binary"});
  EXPECT_EQ(found.unlabelled, 3);
  EXPECT_THAT(found.classes, ElementsAre("airplane", "automobile", "deer", "horse", "ship"));
  EXPECT_THROW(ilk::evaluate(run(), {.dataset = ILK_TEST_DATA "/datasets/webdataset"}), ilk::Error);
  EXPECT_THROW(ilk::evaluate(run(), {.labels = "x", .dataset = "y"}), ilk::Error);
  EXPECT_THROW(ilk::evaluate(run(), {.part = {.split = "train"}}), ilk::Error);
}

TEST_F(Evaluate, TakesLabelsByRow) {
  const auto lines = put("labels.txt", "a\na\na\nb\nb\nb\nc\nc\n");
  EXPECT_EQ(ilk::evaluate(run(), {.labels = lines}).agreement->accuracy, 1);
  std::string text = "path,cluster,name\n";
  for (int i = 0; i < 8; ++i) text += std::to_string(i) + ",0,all\n";
  ilk::write_file_atomically(run() / "assignments.csv", text);
  const auto found = ilk::evaluate(run(), {.dataset = ILK_TEST_DATA "/datasets/idx"});
  EXPECT_EQ(found.unlabelled, 0);
  EXPECT_FALSE(found.separation->silhouette) << "one cluster";
  EXPECT_TRUE(nlohmann::json::parse(ilk::to_json(found))["silhouette"].is_null());
}

TEST_F(Evaluate, EscapesNamesInThePicture) {
  const auto labels = put("labels.csv", "path,label\ntrain/0,<script>\"&\x01\n");
  const auto picture = ilk::confusion_picture(ilk::evaluate(run(), {.labels = labels}));
  EXPECT_THAT(picture, HasSubstr("&lt;script&gt;&quot;&amp;<"));
  EXPECT_THAT(picture, testing::Not(HasSubstr("<script>")));
}

TEST_F(Evaluate, SaysWhatIsWrongWithADirectory) {
  const auto rejects = [&](const std::string& text, const std::string& because) {
    ilk::write_file_atomically(run() / "assignments.csv", text);
    try {
      ilk::evaluate(run());
      ADD_FAILURE() << text;
    } catch (const ilk::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(because));
    }
  };
  rejects("path,cluster,name\n", "at least one image");
  rejects("path,name\na,b\n", "cluster is missing");
  rejects("path,cluster,name\na,-1,b\n", "line 2");
  rejects("path,cluster,name\na,1x,b\n", "got '1x'");
  rejects("path,cluster,name\na,99999999999999999999,b\n", "a number");
  rejects("path,cluster,name\na,1\n", "as many fields");
  rejects("path,cluster,name\na,0,b\n", "a row for each image");
  fs::remove(run() / "assignments.csv");
  EXPECT_THROW(ilk::evaluate(run()), ilk::Error);
}

TEST(ClusterCountPicture, ShowsTheVerdict) {
  ilk::ClusterCountChoice count{.n_clusters = 3, .verdict = "3 clusters"};
  EXPECT_THROW(ilk::cluster_count_picture(count), ilk::Error);
  for (std::int64_t k = 2; k < 6; ++k)
    count.evidence.push_back({.n_clusters = k, .silhouette = -0.1, .score = 0.5});
  EXPECT_THAT(ilk::cluster_count_picture(count), HasSubstr("3 clusters"));
  EXPECT_THAT(ilk::cluster_count_table(count), HasSubstr("votes"));
}

/// A second run, over six of the images and one of its own: like the first there, but with other numbers.
TEST_F(Evaluate, RunsAreComparedByWhatTheyShare) {
  const fs::path other = folder_.path() / "other";
  std::string text = "path,cluster,name,score,second_cluster,margin,top_nouns\n";
  for (const auto& [image, cluster] :
       {std::pair(0, 1), std::pair(1, 1), std::pair(3, 0), std::pair(4, 0), std::pair(5, 0), std::pair(9, 0)})
    text += "train/" + std::to_string(image) + "," + std::to_string(cluster) + ",x,0.9,,,\n";
  ilk::write_file_atomically(other / "assignments.csv", text);
  ilk::write_file_atomically(other / "manifest.json", R"({"options": {"method": "tac"}})");
  const auto labels = put("labels.csv", "path,label\ntrain/0,cat\ntrain/1,owl\ntrain/3,owl\ntrain/4,owl\n");
  const auto found = ilk::compare({run().string(), other.string()}, {.labels = labels});
  EXPECT_EQ(found.n_images, 5);
  EXPECT_TRUE(equal(found.adjusted_rand_index, ilk::Matrix<double>::filled(2, 2, 1)));
  EXPECT_EQ(found.runs[0].n_images, 8);
  EXPECT_EQ(found.runs[0].method, "");
  EXPECT_EQ(found.runs[1].method, "tac");
  EXPECT_THAT(found.runs[1].sizes, ElementsAre(4, 2));
  EXPECT_NEAR(found.runs[1].agreement->accuracy, 0.75, 1e-12);
  const auto json = nlohmann::json::parse(ilk::to_json(found));
  EXPECT_EQ(json["adjusted_rand_index"][0][1], 1.0);
  EXPECT_EQ(json["runs"][1]["clusters"][0]["size"], 4);

  // Another grouping, against the index that scikit-learn gives these two: adjusted_rand_score([0,0,1,1,1],
  // [0,1,0,1,1]).
  ilk::write_file_atomically(
      other / "assignments.csv",
      "path,cluster,name\ntrain/0,0,x\ntrain/1,1,y\ntrain/3,0,x\ntrain/4,1,y\ntrain/5,1,y\n");
  EXPECT_NEAR(ilk::compare({run().string(), other.string()}).adjusted_rand_index[0][1], -0.25, 1e-12);
}

TEST_F(Evaluate, RunsThatCannotBeComparedAreNamed) {
  EXPECT_THROW(ilk::compare({run().string()}), ilk::Error);
  EXPECT_THROW(ilk::compare({run().string(), (folder_.path() / "none").string()}), ilk::Error);
  const fs::path other = folder_.path() / "other";
  ilk::write_file_atomically(other / "assignments.csv", "path,cluster,name\nelsewhere,0,x\n");
  EXPECT_THROW(ilk::compare({run().string(), other.string()}), ilk::Error);
}

}  // namespace
