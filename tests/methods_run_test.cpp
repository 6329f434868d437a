// Runs by each method, on embeddings from files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/assign.h>
#include <ilk/error.h>
#include <ilk/kmeans.h>
#include <ilk/run.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/random.h"
#include "error_of.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "matrices.h"
#include "npy_files.h"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;

using Rows = ilk::Matrix<float>;

constexpr std::int64_t images = 150, nouns = 40, width = 12, groups = 3;

Rows grouped_rows(std::int64_t count, std::uint64_t seed) {
  ilk::RandomStream directions(1, "directions"), random(seed, "rows");
  Rows centres(groups, width), rows(count, width);
  for (float& value : centres.flat()) value = static_cast<float>(directions.normal());
  for (float& value : rows.flat()) value = static_cast<float>(0.3 * random.normal());
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t j = 0; j < width; ++j) rows[i][j] += centres[i % groups][j];
  return rows;
}

ilk::Array kept_in(const std::filesystem::path& run, const std::string& name) {
  return ilk::SafetensorsFile(run / "features.safetensors").get(name);
}

class MethodsRunTest : public testing::Test {
 protected:
  MethodsRunTest() {
    write_npy(path("X.npy"), grouped_rows(images, 2));
    write_npy(path("U.npy"), grouped_rows(nouns, 3));
    std::string labels;
    for (int i = 0; i < images; ++i) labels += std::to_string(i % groups) + "\n";
    ilk::write_file_atomically(path("labels.txt"), labels);
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  ilk::RunOptions options(const std::string& method, const std::string& output = "run") const {
    ilk::RunOptions options{.output = path(output),
                            .features = path("X.npy"),
                            .noun_features = path("U.npy"),
                            .method = method,
                            .labels = path("labels.txt")};
    options.n_clusters = groups;
    options.training = {.epochs = 25, .batch_size = 32, .neighbours = 8, .learning_rate = 3e-3};
    return options;
  }

  nlohmann::json manifest(const std::string& output = "run") const {
    return nlohmann::json::parse(ilk::read_file(folder_.path() / output / "manifest.json"));
  }
  std::string assignments(const std::string& output = "run") const {
    return ilk::read_file(folder_.path() / output / "assignments.csv");
  }

  TemporaryDirectory folder_;
};

TEST_F(MethodsRunTest, EachFindsTheGroupsAndWritesTheRunDirectory) {
  for (const auto method : {"auto", "cae", "kmeans", "tac", "tac-trained", "sac"}) {
    const std::string name = method;
    const auto summary = ilk::run({}, options(method, name), "test");
    EXPECT_GT(summary.agreement->accuracy, 0.95) << name;
    EXPECT_EQ(manifest(name)["status"], "complete") << name;
    EXPECT_EQ(manifest(name)["options"]["method"], name);
    const ilk::SafetensorsFile features(folder_.path() / name / "features.safetensors");
    const bool trained = name == "sac" || name == "tac-trained";
    EXPECT_EQ(features.contains("image_head.weight1"), trained) << name;
    EXPECT_EQ(features.contains("centroids"), !trained) << name;
    const std::string report = ilk::read_file(folder_.path() / name / "report.html");
    EXPECT_EQ(report.find("<polyline") != std::string::npos, trained) << name;
    if (!trained) continue;
    const auto facts = manifest(name);
    const auto& epochs = facts["training"]["epochs"];
    ASSERT_EQ(epochs.size(), 25u);
    EXPECT_EQ(epochs[24]["epoch"], 25);
    EXPECT_EQ(epochs[24]["used_clusters"], groups);
    EXPECT_LT(epochs[24]["loss"].get<double>(), epochs[0]["loss"].get<double>());
  }
}

/// Asks for a stop after so many batches.
struct Stopper : ilk::Progress {
  std::int64_t batches = 0, stop_after = 0;
  bool training = false;
  std::vector<std::string> said;
  void start(std::string_view stage, std::int64_t, std::string_view) override {
    training = stage == "Training";
  }
  void advance(std::int64_t count) override { batches += training ? count : 0; }
  void say(std::string_view sentence) override { said.emplace_back(sentence); }
  bool stop_requested() const override { return stop_after > 0 && batches >= stop_after; }
};

TEST_F(MethodsRunTest, ATrainingThatWasStoppedGoesOnWithTheSameResult) {
  ilk::run({}, options("sac", "whole"), "test");
  Stopper stopper;
  stopper.stop_after = 52;  // in the eleventh epoch
  EXPECT_THROW(ilk::run({}, options("sac"), "test", stopper), ilk::Stopped);
  EXPECT_EQ(manifest()["status"], "running");
  ilk::run({}, options("sac"), "test");
  EXPECT_EQ(manifest()["training"]["resumed_from"], 10);
  EXPECT_EQ(assignments(), assignments("whole"));
  const auto head = [&](const char* run) {
    return kept_in(folder_.path() / run, "image_head.weight1").to_matrix();
  };
  EXPECT_TRUE(equal(head("run"), head("whole")));
}

TEST_F(MethodsRunTest, AnotherSeedOrABrokenCheckpointStartsAnew) {
  auto short_run = options("sac");
  short_run.training.epochs = 2;
  ilk::run({}, short_run, "test");
  short_run.seed = 7;
  Stopper listener;
  ilk::run({}, short_run, "test", listener);
  EXPECT_EQ(manifest()["training"]["resumed_from"], 0);
  EXPECT_THAT(listener.said, testing::Contains(HasSubstr("other images or options")));
  const std::string checkpoint = path("run/training.safetensors");
  ilk::write_file_atomically(checkpoint, ilk::read_file(checkpoint).substr(0, 1000));
  Stopper again;
  ilk::run({}, short_run, "test", again);
  EXPECT_EQ(manifest()["training"]["resumed_from"], 0);
  EXPECT_THAT(again.said, testing::Contains(HasSubstr("starts anew")));
}

TEST_F(MethodsRunTest, SacLearnsFromTextsThatSomebodyElseEncoded) {
  // Of another width, not of unit length, and no nouns at all.
  const Rows left = grouped_rows(images, 5), right = grouped_rows(images, 6);
  Rows texts(images, 2 * width);
  for (std::int64_t i = 0; i < images; ++i)
    for (std::int64_t j = 0; j < width; ++j)
      texts[i][j] = 3 * left[i][j], texts[i][j + width] = 3 * right[i][j];
  write_npy(path("Z.npy"), texts);
  auto given = options("sac");
  given.noun_features.clear();
  given.text_features = path("Z.npy");
  EXPECT_GT(ilk::run({}, given, "test").agreement->accuracy, 0.95);
  EXPECT_EQ(kept_in(folder_.path() / "run", "text_head.map").shape(),
            (std::vector<std::int64_t>{width, 2 * width}));
  const auto error_of = [&](const ilk::RunOptions& changed) -> std::string {
    return ::error_of([&] { ilk::run({}, changed, "test"); });
  };
  auto other = given;
  other.method = "tac";
  EXPECT_EQ(error_of(other), "[run] text_features must come with method sac, got tac.");
  write_npy(path("Z.npy"), grouped_rows(images - 1, 5));
  EXPECT_THAT(error_of(given), HasSubstr("text_features must have a row for each of"));
}

std::vector<std::string> columns(const std::string& csv, int first, int last) {
  std::vector<std::string> found;
  std::istringstream rows(csv);
  for (std::string row; std::getline(rows, row);) {
    std::istringstream fields(row);
    std::string kept, field;
    for (int i = 0; std::getline(fields, field, ','); ++i)
      if (i >= first && i <= last) kept += field + ",";
    found.push_back(kept);
  }
  return found;
}

TEST_F(MethodsRunTest, ARunsOwnImagesAreAssignedToTheirOwnClusters) {
  for (const auto method : {"auto", "kmeans", "cae", "tac", "tac-trained", "sac"}) {
    const std::string name = method;
    ilk::run({}, options(method, name), "test");
    const auto all = ilk::assign(path(name), {}, {.features = path("X.npy")});
    EXPECT_EQ(columns(ilk::to_csv(all), 0, 2), columns(assignments(name), 0, 2)) << name;
    // Some alone go where they went among all.
    write_npy(path("some.npy"), grouped_rows(images, 2).rows_between(40, 47));
    const auto some = ilk::assign(path(name), {}, {.features = path("some.npy")});
    EXPECT_TRUE(std::equal(some.assignment.labels.begin(), some.assignment.labels.end(),
                           all.assignment.labels.begin() + 40))
        << name;
  }
}

TEST_F(MethodsRunTest, AssignRefusesWhatDoesNotFit) {
  ilk::run({}, options("kmeans"), "test");
  const auto error_of = [&](const std::string& run, const ilk::AssignOptions& options) -> std::string {
    return ::error_of([&] { ilk::assign(run, {}, options); });
  };
  EXPECT_THAT(error_of(path("nothing"), {}), HasSubstr("must be a finished run"));
  EXPECT_THAT(error_of(path("run"), {}),
              HasSubstr("features must be given for a run whose own features came from a file"));
  write_npy(path("wide.npy"), Rows::filled(3, width + 1, 1));
  EXPECT_THAT(error_of(path("run"), {.features = path("wide.npy")}),
              HasSubstr("features must be as wide as the run's (12)"));
  ilk::write_file_atomically(path("run/clusters.json"), "{");
  EXPECT_THAT(error_of(path("run"), {.features = path("X.npy")}), HasSubstr("cannot be read"));
}

TEST_F(MethodsRunTest, AFewImagesAreTooFewToChooseANumberOfClusters) {
  auto chosen = options("kmeans");
  chosen.labels.clear();
  chosen.n_clusters = ilk::ClusterCount::automatic();
  const auto error_of = [](const ilk::RunOptions& options) -> std::string {
    return ::error_of([&] { ilk::run({}, options, "test"); });
  };
  for (std::int64_t n = 1; n <= 6; ++n) {
    write_npy(path("X.npy"), grouped_rows(n, 2));
    EXPECT_THAT(error_of(chosen), HasSubstr("-k auto needs at least 7 rows of " + path("X.npy") + ", got " +
                                            std::to_string(n) + ". Say how many clusters to make"))
        << n;
    EXPECT_FALSE(std::filesystem::exists(path("run"))) << "nothing is begun";
    auto told = chosen;
    told.n_clusters = n;
    told.output = path("run" + std::to_string(n));
    EXPECT_EQ(error_of(told), "") << "each image may be a cluster of its own";
  }
  write_npy(path("X.npy"), grouped_rows(7, 2));
  chosen.n_clusters = ilk::ClusterCount::between(3, 9);
  EXPECT_THAT(error_of(chosen), HasSubstr("-k 3..9 needs at least 9 rows"));
  chosen.n_clusters = ilk::ClusterCount::between(1, 3);
  EXPECT_THAT(error_of(chosen), HasSubstr("a range for -k must begin at 2 or more, got 1..3"));
  chosen.n_clusters = ilk::ClusterCount::automatic();
  EXPECT_EQ(error_of(chosen), "");
  EXPECT_GE(manifest()["summary"]["cluster_count"]["n_clusters"], 2);
  EXPECT_EQ(manifest()["options"]["n_clusters"], "auto");
  chosen.n_clusters.reset();
  EXPECT_THAT(error_of(chosen), HasSubstr("Say how many clusters to make: -k 12, or -k auto."));
}

TEST_F(MethodsRunTest, MethodsThatRetrieveNounsNeedThem) {
  for (const auto method : {"tac", "tac-trained", "sac"}) {
    auto without = options(method);
    without.noun_features.clear();
    try {
      ilk::run({}, without, "test");
      FAIL() << "no error";
    } catch (const ilk::Error& error) {
      EXPECT_EQ(std::string(error.what()),
                "[run] method " + std::string(method) +
                    " needs noun_features with features; without words there is method kmeans.");
    }
  }
}

// Drawings that the embedded model hardly tells apart, with a sentence for each that says what it is.
class CaptionsRunTest : public testing::Test {
 protected:
  CaptionsRunTest() {
    const auto examples = std::filesystem::path(ILK_SOURCE_DIR) / "examples" / "clipart";
    std::istringstream rows(ilk::read_file(examples / "labels.csv"));
    std::map<std::string, int> taken;
    for (std::string row; std::getline(rows, row);) {
      const auto comma = row.find(',');
      const std::string label = row.substr(comma + 1);
      if ((label != "food" && label != "vehicles" && label != "animals") || taken[label]++ >= 14) continue;
      inputs.paths.push_back((examples / row.substr(0, comma)).string());
      labels += "\"" + inputs.paths.back() + "\"," + label + "\n";
      texts.push_back("a drawing of " + label);
    }
    ilk::write_file_atomically(path("labels.csv"), "path,label\n" + labels);
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  /// A line for each image but the first few.
  std::string captions(std::size_t without) const {
    std::string lines;
    for (std::size_t i = without; i < texts.size(); ++i)
      lines += nlohmann::json{{"path", inputs.paths[i]}, {"caption", texts[i]}}.dump() + "\n";
    ilk::write_file_atomically(path("captions.jsonl"), lines);
    return path("captions.jsonl");
  }

  ilk::RunOptions options() const {
    ilk::RunOptions options{.output = path("run"), .method = "sac", .labels = path("labels.csv")};
    options.cache = path("cache");
    options.nouns = path("nouns.txt");
    options.captions_corpus = path("nouns.txt");
    ilk::write_file_atomically(path("nouns.txt"), "food\nvehicle\nanimal\nlamp\n");
    options.n_clusters = 3;
    return options;
  }

  std::string error_of(const ilk::RunOptions& options) const {
    return ::error_of([&] { ilk::run(inputs, options, "test"); });
  }

  TemporaryDirectory folder_;
  ilk::RunInputs inputs;
  std::vector<std::string> texts;
  std::string labels;
};

TEST_F(CaptionsRunTest, SacLearnsFromTheImagesOwnTexts) {
  auto with_texts = options();
  with_texts.captions = captions(0);
  const double told = ilk::run(inputs, with_texts, "test").agreement->accuracy;
  EXPECT_GT(told, 0.9) << "what the texts say plainly is found";
  with_texts.text_encoder = "ilk-lite";
  EXPECT_EQ(ilk::run(inputs, with_texts, "test").agreement->accuracy, told) << "the same model by its name";
  // The image head needs no text.
  const auto placed = ilk::assign(path("run"), ilk::list_images(inputs.paths), {.cache = path("cache")});
  EXPECT_EQ(placed.assignment.labels, kept_in(folder_.path() / "run", "labels").to_integers());
}

TEST_F(CaptionsRunTest, EmbeddingsOfTwoPrecisionsAreNeverMixed) {
  auto of_images = options();
  of_images.method = "kmeans";
  of_images.captions.clear();
  const auto encoded = [&](ilk::Precision precision, const char* name) {
    of_images.precision = precision;
    of_images.output = path(name);
    const auto summary = ilk::run(inputs, of_images, "test");
    EXPECT_EQ(summary.precision, precision == ilk::Precision::fp32 ? "fp32" : "int16");
    return summary.encoded;
  };
  EXPECT_EQ(encoded(ilk::Precision::automatic, "run"), std::ssize(inputs.paths));
  EXPECT_EQ(encoded(ilk::Precision::fp32, "in_fp32"), std::ssize(inputs.paths));
  EXPECT_EQ(encoded(ilk::Precision::int16, "again"), 0);
  // What is placed later is of the run's precision.
  for (const char* name : {"run", "in_fp32"}) {
    const auto placed = ilk::assign(path(name), ilk::list_images(inputs.paths), {.cache = "none"});
    const ilk::SafetensorsFile features(folder_.path() / name / "features.safetensors");
    const auto expected =
        ilk::assign_to_nearest(features.get("embeddings").to_matrix(), features.get("centroids").to_matrix());
    EXPECT_EQ(placed.assignment.labels, features.get("labels").to_integers());
    EXPECT_EQ(placed.assignment.scores, expected.scores);
  }
}

TEST_F(CaptionsRunTest, AFewPicturesAreTooFewToChooseANumberOfClusters) {
  auto chosen = options();
  chosen.method = "auto";
  chosen.n_clusters = ilk::ClusterCount::automatic();
  inputs.paths.resize(3);
  EXPECT_THAT(error_of(chosen), HasSubstr("-k auto needs at least 7 usable images, got 3. Say how many"));
}

TEST_F(CaptionsRunTest, EachImageNeedsATextUnlessNounsMayStandIn) {
  auto some = options();
  some.captions = captions(5);
  EXPECT_THAT(error_of(some),
              HasSubstr("captions must have a text for each image; 5 of 42 have none, the first of them " +
                        inputs.paths.front()));
  some.missing_captions = ilk::MissingCaptions::retrieve;
  const auto summary = ilk::run(inputs, some, "test");
  EXPECT_THAT(summary.notices, testing::Contains(HasSubstr("5 images have no text and get retrieved nouns")));
  EXPECT_GT(summary.agreement->accuracy, 0.8);
  some.text_encoder = "ilk-lite";
  EXPECT_THAT(error_of(some), HasSubstr("missing_captions must be refuse with a text_encoder"));
  auto other = options();
  other.captions = some.captions;
  other.method = "cae";
  EXPECT_EQ(error_of(other), "[run] captions must come with method sac, got method cae.");
}

}  // namespace
