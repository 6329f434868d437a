// The method of docs/contributing/method.md, whose text the build takes from that page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/assign.h>
#include <ilk/error.h>

#include <nlohmann/json.hpp>

#include "farthest_first.cpp"
#include "io/files.h"
#include "matrices.h"
#include "npy_files.h"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;

constexpr std::int64_t images = 60, groups = 4, width = 10;

/// Images around four directions that are at right angles, row i around direction i mod 4.
ilk::Matrix<float> grouped_rows(std::uint64_t seed) {
  auto rows = random_matrix(images, width, seed);
  for (float& value : rows.flat()) value *= 0.1F;
  for (std::int64_t i = 0; i < images; ++i) rows[i][i % groups] += 1;
  return unit_rows(std::move(rows));
}

class MethodExample : public testing::Test {
 protected:
  static void SetUpTestSuite() { ilk::add_method(ilk::farthest_first_method); }

  MethodExample() {
    write_npy(path("X.npy"), grouped_rows(3));
    options.output = path("run");
    options.features = path("X.npy");
    options.n_clusters = groups;
    options.method = "farthest-first";
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  ilk::RunOptions options;

 private:
  TemporaryDirectory folder_;
};

TEST_F(MethodExample, RunsAndPlacesNewImages) {
  const auto summary = ilk::run({}, options, "test");
  EXPECT_EQ(summary.clusters.size(), static_cast<std::size_t>(groups));
  const auto manifest = nlohmann::json::parse(ilk::read_file(path("run/manifest.json")));
  EXPECT_EQ(manifest["status"], "complete");
  EXPECT_EQ(manifest["options"]["method"], "farthest-first");

  const auto own = ilk::assign(path("run"), {}, {.features = path("X.npy")}).assignment.labels;
  for (std::int64_t i = 0; i < images; ++i)
    for (std::int64_t j = 0; j < i; ++j)
      EXPECT_EQ(own[static_cast<std::size_t>(i)] == own[static_cast<std::size_t>(j)],
                i % groups == j % groups);
  write_npy(path("new.npy"), grouped_rows(4));
  EXPECT_EQ(ilk::assign(path("run"), {}, {.features = path("new.npy")}).assignment.labels, own);
}

TEST_F(MethodExample, IsAMethodAsAnyOther) {
  EXPECT_EQ(ilk::method_names().back(), "farthest-first");
  EXPECT_THAT(ilk::method_help(), HasSubstr("farthest-first: images far from each other"));
  EXPECT_THROW(ilk::add_method(ilk::farthest_first_method), ilk::Error) << "its name is taken";
  options.memory = "1KiB";
  try {
    ilk::run({}, options, "test");
    FAIL() << "no error";
  } catch (const ilk::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("with method farthest-first"));
  }
  options.method = "nearest-first";
  try {
    ilk::run({}, options, "test");
    FAIL() << "no error";
  } catch (const ilk::Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("method must be auto, cae, kmeans, tac, tac-trained, sac or farthest-first, got "
                          "'nearest-first'"));
  }
}

}  // namespace
