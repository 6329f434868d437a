// The program from outside, on real pictures with the embedded model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "bad_files.h"
#include "io/csv.h"
#include "io/files.h"
#include "io/safetensors.h"
#include "matrices.h"
#include "program_fixture.h"

namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

TEST_F(ProgramTest, AGpuIsUsedWhereItIsAskedForAndNeedsItsPlugin) {
  setenv("ILK_GPU_PLUGIN", "/nowhere/ilk_gpu.so", 1);
  const ProgramResult result = run(cluster(pictures, output(), {"--device", "cuda"}));
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, HasSubstr("cuda needs ilk's GPU plugin, and there is no /nowhere/ilk_gpu.so"));
  EXPECT_FALSE(fs::exists(output()));
  unsetenv("ILK_GPU_PLUGIN");
}

TEST_F(ProgramTest, LeavesARunDirectoryWithEverythingInIt) {
  const auto images = some_pictures(8);
  const auto result =
      run(cluster(images, output(), {"--labels", ILK_SOURCE_DIR "/examples/clipart/labels.csv"}));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("(matched by path)")) << "labels follow the pictures into another folder";

  const auto labelled = run(cluster(
      pictures, output(), {"--labels", ILK_SOURCE_DIR "/examples/clipart/labels.csv", "--n-init", "3"}));
  ASSERT_EQ(labelled.status, 0) << labelled.err;
  EXPECT_THAT(labelled.err, HasSubstr("ilk-lite on the CPU"));
  EXPECT_THAT(labelled.out, HasSubstr("Against the labels: ACC"));
  EXPECT_THAT(labelled.out, HasSubstr("report.html"));

  const auto rows = ilk::parse_csv(assignments(output()));
  const auto facts = manifest(output());
  EXPECT_EQ(facts["status"], "complete");
  EXPECT_EQ(rows.size() - 1, facts["summary"]["images"].get<std::size_t>());
  EXPECT_EQ(rows[0], (std::vector<std::string>{"path", "cluster", "name", "score", "second_cluster", "margin",
                                               "top_nouns"}));
  const auto clusters = nlohmann::json::parse(ilk::read_file(fs::path(output()) / "clusters.json"));
  ASSERT_EQ(clusters.size(), 6u);
  std::set<std::string> names;
  std::size_t total = 0;
  for (const auto& entry : clusters) {
    names.insert(entry["name"]);
    total += entry["size"].get<std::size_t>();
  }
  EXPECT_EQ(names.size(), 6u);
  EXPECT_EQ(total, rows.size() - 1);

  const ilk::SafetensorsFile features(fs::path(output()) / "features.safetensors");
  const auto n = static_cast<std::int64_t>(rows.size()) - 1;
  EXPECT_EQ(features.get("embeddings").shape()[0], n);
  // Every label is the nearest of the stored centroids: what a later assignment rests on.
  const auto nearest =
      nearest_rows(features.get("features").to_matrix(), features.get("centroids").to_matrix());
  EXPECT_EQ(nearest, features.get("labels").to_integers());
  for (std::size_t i = 0; i < nearest.size(); ++i) EXPECT_EQ(std::to_string(nearest[i]), rows[i + 1][1]);
  // Every noun that a row names is a noun of the list.
  const std::string list = "\n" + ilk::read_file(nouns());
  const std::string first = rows[1][6].substr(0, rows[1][6].find(';'));
  EXPECT_NE(list.find("\n" + first + "\n"), std::string::npos) << first;

  const std::string report = ilk::read_file(fs::path(output()) / "report.html");
  for (const auto& name : names) EXPECT_THAT(report, HasSubstr(name));
  EXPECT_THAT(report, HasSubstr("data:image/jpeg;base64,"));
}

TEST_F(ProgramTest, SameCommandGivesTheSameBytesWhateverTheThreads) {
  const auto images = some_pictures(3);
  ASSERT_EQ(run(cluster(images, output("a"), {"--threads", "1", "--cache", output("cache-a")})).status, 0);
  ASSERT_EQ(run(cluster(images, output("b"), {"--threads", "2", "--cache", output("cache-b")})).status, 0);
  ASSERT_EQ(run(cluster(images, output("c"), {"--threads", "3", "--cache", "none"})).status, 0);
  ASSERT_EQ(run(cluster(images, output("a"), {"--threads", "2", "--cache", output("cache-a")})).status, 0);
  EXPECT_EQ(manifest(output("a"))["summary"]["encoded"], 0) << "the second time everything is known";
  EXPECT_EQ(assignments(output("b")), assignments(output("a")));
  EXPECT_EQ(assignments(output("c")), assignments(output("a")));
}

TEST_F(ProgramTest, AnotherSeedIsAnotherStart) {
  const auto images = some_pictures(3);
  std::set<std::string> results;
  for (const char* seed : {"0", "1", "2", "3", "4", "0"}) {
    ASSERT_EQ(run(cluster(images, output(), {"--seed", seed, "--method", "kmeans", "--n-init", "1"})).status,
              0);
    results.insert(assignments(output()));
  }
  // From one start each, some of five end elsewhere; and the first seed once more where it did before.
  EXPECT_GE(results.size(), 2u);
  EXPECT_LE(results.size(), 5u);
}

TEST_F(ProgramTest, KilledRunsGoOnToTheSameResultAndEncodeNothingTwice) {
  const auto images = some_pictures(2);
  ASSERT_EQ(run(cluster(images, output("whole"), {"--cache", output("cache-whole")})).status, 0);
  const auto n = manifest(output("whole"))["summary"]["images"].get<std::int64_t>();
  const auto seconds = manifest(output("whole"))["summary"]["total_seconds"].get<double>();
  const auto arguments = cluster(images, output("killed"), {"--cache", output("cache-killed")});
  // Moments spread over the whole run, start-up included, at odd places.
  int killed = 0;
  for (const double share : {0.21, 0.38, 0.55, 0.74, 0.93}) {
    const Program program(folder(), arguments);
    std::this_thread::sleep_for(std::chrono::duration<double>(share * (seconds + 0.5)));
    program.signal(SIGKILL);
    killed += program.wait().status == -SIGKILL;
  }
  EXPECT_GE(killed, 1);
  const auto last = run(arguments);
  ASSERT_EQ(last.status, 0) << last.err;
  EXPECT_EQ(assignments(output("killed")), assignments(output("whole")));
  const auto summary = manifest(output("killed"))["summary"];
  EXPECT_EQ(summary["encoded"].get<std::int64_t>() + summary["from_cache"].get<std::int64_t>() +
                summary["repeated"].get<std::int64_t>(),
            n);
  EXPECT_LT(summary["encoded"].get<std::int64_t>(), n) << "what the killed runs encoded is known";
}

TEST_F(ProgramTest, InterruptEndsCleanlyAndSaysHowToGoOn) {
  const auto arguments = cluster(pictures, output());
  const Program program(folder(), arguments);
  // Once the run directory is there, work has begun.
  for (int i = 0; i < 600 && !fs::exists(fs::path(output()) / "manifest.json"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  program.signal(SIGINT);
  const auto result = program.wait();
  EXPECT_EQ(result.status, 130) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the same command goes on from there"));
  EXPECT_EQ(manifest(output())["status"], "running");
  EXPECT_EQ(run(arguments).status, 0);
}

TEST_F(ProgramTest, BadFilesAreListedAndTheGoodOnesClustered) {
  const fs::path mixed = folder() / "mixed";
  fs::create_directories(mixed);
  make_good_images(mixed, 100);
  const int bad = make_bad_files(mixed);
  ASSERT_GE(bad, 30);
  const auto result = run(cluster(mixed.string(), output()));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(ilk::parse_csv(assignments(output())).size(), 101u);
  const auto skipped = manifest(output())["skipped"];
  EXPECT_EQ(skipped.size(), static_cast<std::size_t>(bad));
  for (const auto& file : skipped) {
    EXPECT_NE(file["reason"], "") << file;
    EXPECT_NE(file["kind"], "") << file;
  }
  EXPECT_THAT(result.out, HasSubstr("Skipped " + std::to_string(bad) + " files"));
  EXPECT_THAT(result.err, Not(HasSubstr("VIPS-WARNING")));
}

TEST_F(ProgramTest, JsonQuietAndMethodsWork) {
  const auto images = some_pictures(10);
  const auto json = run(cluster(images, output(), {"--json", "--quiet"}));
  ASSERT_EQ(json.status, 0) << json.err;
  EXPECT_EQ(json.err, "");
  const auto summary = nlohmann::json::parse(json.out);
  EXPECT_EQ(summary["clusters"].size(), 6u);
  EXPECT_EQ(summary["skipped"], 0);
  EXPECT_EQ(run(cluster(images, output(), {"--quiet"})).out, "");

  // Each option changes what is clustered, and no two change it alike.
  std::map<std::string, std::string> seen;
  for (const std::string option :
       {"--seed=0", "--method=kmeans", "--alignment=softmax", "--fusion=sum", "--fusion=plain",
        "--selection=exclusive", "--levels=nouns", "--levels=captions", "--centre"}) {
    const bool is_method = option.starts_with("--method");
    const auto result =
        run(cluster(images, output("other"), {is_method ? "--seed=0" : "--method=cae", option, "--quiet"}));
    ASSERT_EQ(result.status, 0) << option << ": " << result.err;
    const ilk::SafetensorsFile file(fs::path(output("other")) / "features.safetensors");
    const auto features = file.get("features").to_matrix();
    const std::string bytes(reinterpret_cast<const char*>(features.data()),
                            static_cast<std::size_t>(features.size()) * sizeof(float));
    const auto [same, is_new] = seen.emplace(bytes, option);
    EXPECT_TRUE(is_new) << option << " gives the features of " << same->second;
  }
}

TEST_F(ProgramTest, ListsOfFilesComeFromAFileOrStandardInput) {
  const auto images = some_pictures(20);
  std::string listed;
  for (const auto& entry : fs::directory_iterator(images)) listed += entry.path().string() + '\0';
  ilk::write_file_atomically(folder() / "list", listed);
  const auto result = run({"cluster", "--files-from", (folder() / "list").string(), "-k", "3", "-o", output(),
                           "--nouns", nouns(), "--captions-corpus", captions(), "-q"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(manifest(output())["summary"]["images"].get<std::ptrdiff_t>(),
            std::distance(fs::directory_iterator(images), {}));
}

TEST_F(ProgramTest, MistakesGetOneClearSentence) {
  const auto images = some_pictures(20);
  const auto expect = [&](const std::vector<std::string>& arguments, int status, const std::string& text) {
    const auto result = run(arguments);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(text));
  };
  expect({"cluster", images, "-k", "3", "--epsilom", "1"}, 2,
         "There is no flag --epsilom. Did you mean --epsilon?");
  expect({"clutser", images}, 2, "Did you mean \"cluster\"?");
  expect({"cluster", images}, 2, "Say how many clusters to make: -k 12, or -k auto.");
  expect({"cluster", images, "-k", "three"}, 2, "three");
  expect({"cluster", images, "-k", "3", "--fusion", "sun"}, 2, "must be concat, sum or plain, got 'sun'");
  expect(cluster(images, output(), {"--epsilon", "-1"}), 3, "epsilon must be at least 0, got -1.");
  expect({"cluster", images, "-k", "9999", "-o", output()}, 3,
         "ilk: -k must be at most the number of usable images");
  expect({"cluster", "/nowhere", "-k", "3", "-o", output()}, 3, "/nowhere");
  expect({"cluster", "-k", "3", "-o", output()}, 3, "at least one folder or file");
  expect({"cluster", nouns(), "-k", "1", "-o", output()}, 3, "at least one usable image");
  expect({"cluster", images, "-k", "3", "-o", images}, 3, "holds other files");
  expect({"cluster", images, "-k", "3", "-o", output(), "--model", "clip-vit-b-33"}, 3, "clip-vit-b-32");
  expect({"bench", images, "--method", "cae"}, 2, "Did you mean --methods?");
  expect({"bench", images, "--methods", "cea"}, 2,
         "must be auto, cae, kmeans, tac, tac-trained or sac, got 'cea'");
  expect({"bench", images, "-o", output()}, 3, "--labels must be given");
  expect({"cluster", "--", "-x"}, 2, "--help");
}

TEST_F(ProgramTest, HelpAndVersionSayWhatThereIs) {
  const auto help = run({"cluster", "--help-all"});
  EXPECT_EQ(help.status, 0);
  for (const char* flag : {"--n-clusters", "--epsilon", "--gamma", "--centre", "--selection",
                           "--kmeans-tolerance", "--transport-tolerance"})
    EXPECT_THAT(help.out, HasSubstr(flag));
  const auto version = run({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.out, HasSubstr("libvips"));
  const auto path = run({"models", "path", "ilk-lite"});
  EXPECT_EQ(path.status, 0);
  EXPECT_THAT(path.out, HasSubstr("ilk-lite"));
  const auto verified = run({"models", "verify", "ilk-lite"});
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  EXPECT_EQ(run({"models", "list"}).status, 0);
  EXPECT_EQ(run({}).status, 2);
}

}  // namespace
