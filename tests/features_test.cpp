// Runs on embeddings from files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/run.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "core/random.h"
#include "error_of.h"
#include "io/csv.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "matrices.h"
#include "npy_files.h"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;
using Rows = ilk::Matrix<float>;

constexpr std::int64_t n_images = 120, n_nouns = 30, n_captions = 24, width = 16, n_groups = 4;

/// `count` rows around `n_groups` directions, row i around direction i mod n_groups; not of unit length.
Rows grouped_rows(std::int64_t count, std::uint64_t seed, double spread, double along) {
  ilk::RandomStream directions(1, "directions"), random(seed, "rows");
  Rows centres(n_groups, width), rows(count, width);
  for (float& value : centres.flat()) value = static_cast<float>(directions.normal());
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t j = 0; j < width; ++j)
      rows[i][j] = 3.5f * static_cast<float>(centres[i % n_groups][j] + spread * random.normal() + along);
  }
  return rows;
}

class FeaturesTest : public testing::Test {
 protected:
  FeaturesTest() : images_(grouped_rows(n_images, 2, 0.3, 0)) {
    write_npy(path("X.npy"), images_);
    write_npy(path("U.npy"), grouped_rows(n_nouns, 3, 0.2, 0.1));
    write_npy(path("V.npy"), grouped_rows(n_captions, 4, 0.2, -0.1));
    std::string nouns, captions, labels;
    for (int i = 0; i < n_nouns; ++i)
      nouns += "thing" + std::string(1, static_cast<char>('a' + i % 26)) + (i < 26 ? "" : "x") + "\n";
    for (int i = 0; i < n_captions; ++i) captions += "a sentence about number " + std::to_string(i) + "\n";
    for (int i = 0; i < n_images; ++i) labels += "group" + std::to_string(i % n_groups) + "\n";
    write("nouns.txt", nouns);
    write("captions.txt", captions);
    write("labels.txt", labels);
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    ilk::write_file_atomically(path(name), text);
  }
  ilk::RunOptions bare(const std::string& features = "X.npy", const std::string& output = "run") const {
    ilk::RunOptions options{.output = path(output), .features = path(features), .method = "kmeans"};
    options.n_clusters = n_groups;
    return options;
  }
  ilk::RunOptions with_words(const std::string& features = "X.npy", const std::string& output = "run") const {
    ilk::RunOptions options = bare(features, output);
    options.method = "cae";
    options.nouns = path("nouns.txt"), options.noun_features = path("U.npy");
    options.captions_corpus = path("captions.txt"), options.caption_features = path("V.npy");
    return options;
  }
  static ilk::RunSummary run(const ilk::RunOptions& options) { return ilk::run({}, options, "test"); }
  std::string assignments(const std::string& output = "run") const {
    return ilk::read_file(fs::path(path(output)) / "assignments.csv");
  }
  std::vector<Strings> rows(const std::string& output = "run") const {
    return ilk::parse_csv(assignments(output));
  }
  nlohmann::json manifest(const std::string& output = "run") const {
    return nlohmann::json::parse(ilk::read_file(fs::path(path(output)) / "manifest.json"));
  }
  static std::string error_of(const ilk::RunOptions& options, const ilk::RunInputs& inputs = {}) {
    return ::error_of([&] { ilk::run(inputs, options, "test"); });
  }
  /// What is said of the default run with one option changed.
  template <class Change>
  std::string error_with(Change change) const {
    ilk::RunOptions options = bare();
    change(options);
    return error_of(options);
  }

  Rows images_;
  TemporaryDirectory folder_;
};

TEST_F(FeaturesTest, LeaveTheSameRunDirectoryAsImages) {
  auto options = with_words();
  options.labels = path("labels.txt");
  const auto summary = run(options);
  EXPECT_EQ(summary.agreement->accuracy, 1);
  EXPECT_TRUE(summary.labels_by_row);
  EXPECT_THAT(summary.features, HasSubstr("X.npy (120 × 16, float32)"));
  EXPECT_EQ(summary.model, "");

  const auto table = rows();
  ASSERT_EQ(table.size(), n_images + 1u);
  EXPECT_EQ(table[0], (Strings{"path", "cluster", "name", "score", "second_cluster", "margin", "top_nouns"}));
  EXPECT_EQ(table[1][0], "0");
  EXPECT_EQ(table[120][0], "119");
  for (const auto& row : table) EXPECT_EQ(row.size(), 7u);
  EXPECT_THAT(table[1][6], HasSubstr("thing"));
  const auto facts = manifest();
  EXPECT_EQ(facts["status"], "complete");
  EXPECT_EQ(facts["summary"]["images"], n_images);
  EXPECT_TRUE(facts["summary"]["model"].is_null());
  EXPECT_THAT(facts["summary"]["features"].get<std::string>(), HasSubstr("X.npy"));
  EXPECT_EQ(facts["summary"]["scores"]["labels_matched"], "by row");
  EXPECT_EQ(facts["vocabulary"]["nouns"]["offered"], n_nouns);
  EXPECT_TRUE(facts["kmeans"]["converged"].get<bool>());
  const auto clusters = nlohmann::json::parse(ilk::read_file(fs::path(path("run")) / "clusters.json"));
  ASSERT_EQ(clusters.size(), static_cast<std::size_t>(n_groups));
  for (const auto& cluster : clusters) {
    EXPECT_EQ(cluster["size"], n_images / n_groups);
    EXPECT_THAT(cluster["name"].get<std::string>(), HasSubstr("thing"));
    EXPECT_THAT(cluster["captions"][0]["caption"].get<std::string>(), HasSubstr("a sentence"));
  }
  // The features kept are the given ones at unit length.
  const ilk::SafetensorsFile kept(fs::path(path("run")) / "features.safetensors");
  const Rows embeddings = kept.get("embeddings").to_matrix();
  ASSERT_EQ(embeddings.rows(), n_images);
  for (std::int64_t i = 0; i < n_images; ++i) {
    double squares = 0;
    for (const float value : images_.row(i)) squares += static_cast<double>(value) * value;
    for (std::int64_t j = 0; j < width; ++j)
      EXPECT_NEAR(embeddings[i][j], images_[i][j] / std::sqrt(squares),
                  1e-7 + 1e-6 * std::fabs(embeddings[i][j]));
  }
  EXPECT_EQ(nearest_rows(kept.get("features").to_matrix(), kept.get("centroids").to_matrix()),
            kept.get("labels").to_integers());
  const std::string report = ilk::read_file(fs::path(path("run")) / "report.html");
  EXPECT_THAT(report, HasSubstr("X.npy"));
  EXPECT_THAT(report, Not(HasSubstr("src=\"data:image/jpeg")));
  EXPECT_THAT(report, HasSubstr("Most typical"));
}

TEST_F(FeaturesTest, EveryFormatGivesTheSameClusters) {
  run(with_words());
  const auto half = converted<ilk::Float16>(images_);
  auto doubles = ilk::Matrix<double>::uninitialised(n_images, width);
  std::transform(half.flat().begin(), half.flat().end(), doubles.data(),
                 [](ilk::Float16 value) { return ilk::to_float(value); });
  write_npy(path("half.npy"), half);
  write_npy(path("half_as_double.npy"), doubles);
  write_npy(path("double.npy"), converted<double>(images_));
  write_npy(path("fortran.npy"), images_, /*columns_first=*/true);
  ilk::write_safetensors(path("X.safetensors"), {{"other", std::vector<float>{1, 1}}, {"image", images_}});
  for (const std::string place : {"double.npy", "fortran.npy", "X.safetensors:image"}) {
    run(with_words(place, "other"));
    EXPECT_EQ(assignments("other"), assignments()) << place;
  }
  run(with_words("half.npy", "half"));
  run(with_words("half_as_double.npy", "other"));
  EXPECT_EQ(assignments("other"), assignments("half"));
  // What a run keeps can be clustered again.
  EXPECT_EQ(error_of(bare("run/features.safetensors:embeddings", "other")), "");
}

TEST_F(FeaturesTest, SameBytesWhateverTheThreads) {
  for (const int threads : {1, 3}) {
    auto options = with_words("X.npy", std::to_string(threads));
    options.threads = threads;
    run(options);
  }
  EXPECT_EQ(assignments("1"), assignments("3"));
}

TEST_F(FeaturesTest, KmeansNeedsNoWords) {
  auto options = bare();
  options.labels = path("labels.txt");
  EXPECT_EQ(run(options).agreement->accuracy, 1);
  EXPECT_THAT(rows()[1][2], HasSubstr("cluster "));
  EXPECT_EQ(rows()[1][6], "");
  EXPECT_TRUE(manifest()["vocabulary"]["nouns"].is_null());
}

TEST_F(FeaturesTest, EitherKindOfWordsWillDo) {
  for (const bool nouns : {false, true}) {
    for (const auto alignment : {ilk::Alignment::transport, ilk::Alignment::softmax}) {
      auto options = bare();
      options.method = "cae";
      options.alignment = alignment;
      (nouns ? options.noun_features : options.caption_features) = path(nouns ? "U.npy" : "V.npy");
      EXPECT_EQ(error_of(options), "");
      EXPECT_THAT(rows()[1][2], HasSubstr(nouns ? "noun " : "cluster "))
          << "nouns without a list go by their row";
    }
  }
  auto options = with_words();
  options.method = "kmeans";
  run(options);
  EXPECT_THAT(rows()[1][2], HasSubstr("thing")) << "words that are given name the clusters of any method";
}

TEST_F(FeaturesTest, NamesFindLabelsAndPictures) {
  Strings pictures;
  for (const auto& entry : fs::directory_iterator(ILK_SOURCE_DIR "/examples/clipart/images"))
    pictures.push_back(entry.path().string());
  std::string names, labels = "path,label\n";
  for (int i = 0; i < n_images; ++i) {
    const std::string name = i % 2 ? pictures[static_cast<std::size_t>(i)] : "item " + std::to_string(i);
    names += name + "\n";
    if (i != 5) labels += name + ",g" + std::to_string(i % n_groups) + "\n";
  }
  write("names.txt", names);
  write("labels.csv", labels);
  auto options = with_words();
  options.names = path("names.txt"), options.labels = path("labels.csv");
  const auto summary = run(options);
  EXPECT_EQ(summary.agreement->accuracy, 1);
  EXPECT_EQ(summary.unlabelled, 1);
  EXPECT_FALSE(summary.labels_by_row);
  EXPECT_EQ(rows()[1][0], "item 0");
  EXPECT_EQ(rows()[2][0], pictures[1]);
  EXPECT_THAT(ilk::read_file(fs::path(path("run")) / "report.html"), HasSubstr("data:image/jpeg"));
}

TEST_F(FeaturesTest, LabelsMayBeAnArray) {
  std::vector<std::int32_t> labels;
  for (int i = 0; i < n_images; ++i) labels.push_back(i == 3 ? -1 : i % static_cast<int>(n_groups) * 10);
  write_npy(path("labels.npy"), labels);
  auto options = bare();
  options.labels = path("labels.npy");
  const auto summary = run(options);
  EXPECT_EQ(summary.agreement->accuracy, 1);
  EXPECT_EQ(summary.unlabelled, 1);
  EXPECT_TRUE(summary.labels_by_row);
}

TEST_F(FeaturesTest, ExtremeCollectionsAreClustered) {
  const auto clusters = [&](const ilk::ArrayView& images, const ilk::ArrayView& nouns, std::int64_t k,
                            std::int64_t different = 1000) {
    write_npy(path("E.npy"), images);
    write_npy(path("W.npy"), nouns);
    for (const auto method : {"kmeans", "cae"}) {
      auto options = bare("E.npy", "extreme");
      options.method = method;
      options.noun_features = path("W.npy");
      options.n_clusters = k;
      EXPECT_EQ(error_of(options), "");
      std::set<std::string> used;
      const auto table = rows("extreme");
      EXPECT_EQ(table.size(), static_cast<std::size_t>(images.shape[0]) + 1);
      for (std::size_t i = 1; i < table.size(); ++i) used.insert(table[i][1]);
      EXPECT_EQ(static_cast<std::int64_t>(used.size()), std::min(k, different))
          << "no cluster may be empty where enough images differ";
    }
  };
  Rows some = grouped_rows(9, 8, 0.3, 0);
  const Rows words = grouped_rows(5, 9, 0.3, 0);
  clusters(some, words, 9);                          // K = N
  clusters(some, words, 1);                          // K = 1
  clusters(some, grouped_rows(1, 9, 0.3, 0), 3);     // M = 1
  clusters(some.rows_between(0, 1), words, 1);       // N = 1
  clusters(Rows::filled(7, width, 1), words, 3, 1);  // all points equal
  clusters(Rows::filled(7, width, 1), Rows::filled(1, width, 1), 2, 1);
  clusters(matrix_of({{1}, {-2}, {3}, {-4}}), matrix_of({{5}, {-1}}), 2);  // D = 1
  auto long_words = converted<double>(words);
  for (double& value : long_words.flat()) value *= 1e200;
  for (float& value : some.flat()) value *= 1e-30f;
  clusters(some, long_words, 3);  // lengths far from 1
}

TEST_F(FeaturesTest, NumbersThatAreNoDirectionsAreRefusedByRow) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const auto refused = [&](double value, std::int64_t row, const std::string& text) {
    Rows bad = images_.copy();
    if (value == 0)
      std::fill_n(bad[row], width, 0.0f);
    else
      bad[row][width - 1] = static_cast<float>(value);
    bad[row + 20][0] = nan;  // a later one is not the one that is named
    const auto expect = [&](const ilk::ArrayView& array) {
      write_npy(path("bad.npy"), array);
      EXPECT_THAT(error_of(bare("bad.npy")), HasSubstr("features must be finite and not zero; " + text));
    };
    expect(bad);
    expect(converted<ilk::Float16>(bad));
    expect(converted<double>(bad));
  };
  refused(nan, 17, "row 17 (from 0) of");
  refused(infinity, 3, "row 3 (from 0) of");
  refused(-infinity, 0, "row 0 (from 0) of");
  refused(0, 99, "row 99 (from 0) of");
  auto nouns = grouped_rows(n_nouns, 3, 0.2, 0);
  nouns[29][3] = nan;
  write_npy(path("U.npy"), nouns);
  EXPECT_THAT(error_of(with_words()),
              HasSubstr("noun_features must be finite and not zero; row 29 (from 0)"));
}

TEST_F(FeaturesTest, WhatDoesNotFitTogetherIsOneClearErrorBeforeAnythingIsWritten) {
  const std::vector<float> ones(24, 1.0f);
  write_npy(path("cube.npy"), {ilk::ElementType::f32, {2, 3, 4}, ones.data()});
  write_npy(path("vector.npy"), std::vector<float>(5, 1.0f));
  write_npy(path("whole.npy"), ilk::Matrix<std::int64_t>::filled(8, 4, 1));
  write_npy(path("none.npy"), Rows(0, 4));
  write_npy(path("flat.npy"), Rows(4, 0));
  write_npy(path("narrow.npy"), Rows::filled(n_nouns, width - 1, 1));
  write_npy(path("few.npy"), Rows::filled(n_nouns - 1, width, 1));
  write("short.txt", "one\ntwo\n");
  write("cut.npy", ilk::read_file(path("X.npy")).substr(0, 1000));
  write("text.npy", "these are no numbers");
  for (const auto& [file, rule] : std::vector<std::pair<std::string, std::string>>{
           {"cube.npy", "features must be a matrix"},
           {"vector.npy", "has 1 dimension."},
           {"whole.npy", "must be float16, bfloat16, float32 or float64"},
           {"none.npy", "at least one row and one column"},
           {"flat.npy", "at least one row and one column"},
           {"cut.npy", "need 7680 bytes, but there are"},
           {"text.npy", "does not begin as one"},
           {"absent.npy", "absent.npy"}})
    EXPECT_THAT(error_of(bare(file)), HasSubstr(rule));
  const auto expect = [](const std::string& found, const std::string& rule) {
    EXPECT_THAT(found, HasSubstr(rule));
    EXPECT_LT(found.size(), 500u) << found;
  };
  using Options = ilk::RunOptions&;
  expect(error_with([](Options o) { o.method = "cae"; }),
         "method cae needs noun_features or caption_features");
  expect(error_with([&](Options o) { o.nouns = path("nouns.txt"); }), "nouns must come with noun_features");
  expect(error_with([&](Options o) { o.captions_corpus = path("captions.txt"); }),
         "captions_corpus must come with caption_features");
  expect(error_with([&](Options o) {
           o.method = "cae";
           o.noun_features = path("U.npy"), o.levels = ilk::Levels::captions;
         }),
         "needs caption_features");
  expect(error_with([&](Options o) { o.noun_features = path("narrow.npy"); }),
         "must be as wide as features (16 columns)");
  expect(error_with([&](Options o) { o.noun_features = path("few.npy"), o.nouns = path("nouns.txt"); }),
         "(30; empty lines are not counted), but");
  expect(error_with([&](Options o) { o.names = path("short.txt"); }), "names must be one for each row");
  expect(error_with([](Options o) { o.model = "clip-vit-b-32"; }), "no model is loaded");
  expect(error_with([&](Options o) { o.templates = path("nouns.txt"); }), "no text is encoded");
  expect(error_with([](Options o) { o.device = ilk::Device::cuda; }),
         "device must not be cuda with features, since nothing is encoded");
  expect(error_with([](Options o) { o.precision = ilk::Precision::fp32; }), "nothing is encoded, got fp32");
  expect(error_with([](Options o) { o.n_clusters = 121; }), "-k must be at most the number of rows of");
  const std::string picture = ILK_SOURCE_DIR "/examples/clipart/images";
  expect(error_of(bare(), {.paths = {picture}}), "features must not be given together with images");
  expect(error_of(bare(), {.listed = {picture}}), "features must not be given together with images");
  auto options = bare();
  options.features.clear(), options.noun_features = path("U.npy");
  expect(error_of(options, {.paths = {picture}}), "noun_features must come with features");
  EXPECT_FALSE(fs::exists(path("run")));
}

TEST_F(FeaturesTest, LabelsThatDoNotFitAreRefused) {
  write("short.txt", "one\ntwo\n");
  write_npy(path("vector.npy"), std::vector<float>(n_images, 1.0f));
  EXPECT_THAT(error_with([&](auto& o) { o.labels = path("short.txt"); }),
              HasSubstr("labels must be one for each row"));
  EXPECT_THAT(error_with([&](auto& o) { o.labels = path("vector.npy"); }),
              HasSubstr("labels must be whole numbers"));
}

TEST_F(FeaturesTest, ANounThatComesTwiceCountsOnce) {
  const std::string nouns = ilk::read_file(path("nouns.txt"));
  write("twice.txt", "# comments are no nouns\n" + nouns.substr(0, 7) + "\n" + nouns);
  const auto features = grouped_rows(n_nouns, 3, 0.2, 0.1);
  std::vector<std::int64_t> rows{0};
  for (std::int64_t i = 0; i < n_nouns; ++i) rows.push_back(i);
  write_npy(path("twice.npy"), ilk::rows_of(features, rows));
  run(with_words("X.npy", "once"));
  auto options = with_words("X.npy", "twice");
  options.nouns = path("twice.txt"), options.noun_features = path("twice.npy");
  run(options);
  EXPECT_EQ(manifest("twice")["vocabulary"]["nouns"]["offered"], n_nouns);
  EXPECT_EQ(assignments("twice"), assignments("once"));
}

}  // namespace
