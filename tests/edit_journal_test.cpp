// What edits do to clusters, without a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include "io/files.h"
#include "matrices.h"
#include "pipeline/edit_journal.h"
#include "temporary_directory.h"

namespace ilk {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = Edit::Kind;

/// Six images "a" … "f" in three clusters of two; their embeddings lie on a line within each.
class ReplayTest : public testing::Test {
 protected:
  EditedClusters apply(const std::vector<Edit>& edits) {
    notices.clear();
    return replay(start, edits, images, notices);
  }
  std::vector<std::int64_t> labels_after(const std::vector<Edit>& edits) { return apply(edits).labels; }

  Matrix<float> x = matrix_of({{1, 0}, {0, 1}, {1, 0}, {0, 1}, {1, 0}, {0, 1}});
  EditedClusters start{.labels = {0, 0, 1, 1, 2, 2},
                       .seconds = {1, 1, 2, 2, 0, 0},
                       .clusters = {{.name = "owl"}, {.name = "cat"}, {.name = "dog"}}};
  EditedImages images{.paths = {"a", "b", "c", "d", "e", "f"},
                      .embeddings = [this]() -> const Matrix<float>& { return x; }};
  std::vector<std::string> notices;
  const Edit split{.kind = Kind::split,
                   .cluster = 1,
                   .clusters = {1, 3},
                   .names = {"cat", "kitten"},
                   .centroids = {{1, 0}, {0, 1}}};
};

TEST_F(ReplayTest, RenameMergeSplitAndMoveDoWhatTheySay) {
  EXPECT_EQ(apply({{.kind = Kind::rename, .cluster = 2, .names = {"hound"}}}).clusters[2].name, "hound");
  const auto merged = apply({{.kind = Kind::merge, .cluster = 1, .clusters = {0}}});
  EXPECT_THAT(merged.labels, ElementsAre(1, 1, 1, 1, 2, 2));
  EXPECT_THAT(merged.seconds, ElementsAre(-1, -1, 2, 2, 1, 1))
      << "a runner-up that is the cluster itself is none";
  EXPECT_EQ(merged.clusters[0].merged_into, 1);
  const auto parts = apply({split});
  EXPECT_THAT(parts.labels, ElementsAre(0, 0, 1, 3, 2, 2));
  EXPECT_EQ(parts.clusters.at(3).name, "kitten");
  EXPECT_THAT(labels_after({{.kind = Kind::move, .cluster = 0, .images = {"c", "gone"}}}),
              ElementsAre(0, 0, 0, 1, 2, 2));
  EXPECT_THAT(labels_after({{.kind = Kind::move, .cluster = 3, .names = {"new"}, .images = {"a", "f"}}}),
              ElementsAre(3, 0, 1, 1, 2, 3));
  EXPECT_THAT(notices, IsEmpty());
}

TEST_F(ReplayTest, EditsBuildOnEachOther) {
  EXPECT_THAT(labels_after({split,
                            {.kind = Kind::merge, .cluster = 0, .clusters = {3}},
                            {.kind = Kind::merge, .cluster = 2, .clusters = {0}},
                            {.kind = Kind::move, .cluster = 1, .images = {"a"}}}),
              ElementsAre(1, 2, 1, 2, 2, 2));
}

TEST_F(ReplayTest, WhatCannotBeDoneAnyMoreIsSaid) {
  EXPECT_EQ(labels_after({{.kind = Kind::rename, .cluster = 7, .names = {"x"}}}), start.labels);
  EXPECT_THAT(notices, ElementsAre(HasSubstr("cluster 7 is called “x”")));
  labels_after({{.kind = Kind::merge, .cluster = 1, .clusters = {0}},
                {.kind = Kind::rename, .cluster = 0, .names = {"x"}}});
  EXPECT_THAT(notices, ElementsAre(HasSubstr("not there"))) << "cluster 0 went into another";
  Edit other_model = split;
  other_model.centroids = {{1, 0, 0}, {0, 1, 0}};
  EXPECT_EQ(labels_after({other_model}), start.labels);
  EXPECT_THAT(notices, ElementsAre(HasSubstr("another model")));
}

TEST_F(ReplayTest, ALockedClusterKeepsItsImagesAndTakesInNewOnes) {
  // Cluster 1 was locked with c and d. The method now puts a there, which was in 0 before, moves d to 2, and
  // f is new.
  start.labels = {1, 0, 1, 2, 2, 1};
  images.before = {{"a", 0}, {"b", 0}, {"c", 1}, {"d", 1}, {"e", 2}};
  const Edit lock{.kind = Kind::lock, .cluster = 1, .images = {"c", "d"}};
  const auto kept = apply({lock});
  EXPECT_THAT(kept.labels, ElementsAre(0, 0, 1, 1, 2, 1));
  EXPECT_TRUE(kept.clusters[1].locked);
  EXPECT_EQ(labels_after({lock, {.kind = Kind::unlock, .cluster = 1}}), start.labels);
  // Without the last run's rows the journal alone keeps the members.
  images.before.clear();
  EXPECT_THAT(labels_after({lock}), ElementsAre(1, 0, 1, 1, 2, 1));
}

TEST(EditsFileTest, ComesBackAsItWasWritten) {
  const TemporaryDirectory folder;
  EXPECT_THAT(read_edits(folder.path()), IsEmpty());
  const Edit split{.kind = Kind::split,
                   .cluster = 1,
                   .clusters = {1, 3},
                   .names = {"cat", "Kätzchen"},
                   .centroids = {{0.1f, 1e-20f}, {1.0f / 3, -1}}};
  const Edit move{.kind = Kind::move, .cluster = 3, .images = {"a \"b\".jpg", "Wälder/\xff.jpg"}};
  write_edits(folder.path(), {split, move});
  const auto read = read_edits(folder.path());
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].centroids, split.centroids) << "each bit";
  EXPECT_EQ(read[0].names, split.names);
  EXPECT_EQ(read[0].clusters, split.clusters);
  EXPECT_THAT(read[1].images, ElementsAre("a \"b\".jpg", path_key("Wälder/\xff.jpg")));
  write_edits(folder.path(), {});
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "edits.jsonl"));
  write_file_atomically(folder.path() / "edits.jsonl", "{\"edit\":\"rename\",\"cluster\":1}\n{\"edit\"");
  EXPECT_THROW(read_edits(folder.path()), Error);
}

}  // namespace
}  // namespace ilk
