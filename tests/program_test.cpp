// The program from outside, on real pictures with the embedded model.
#include "program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "bad_files.h"
#include "io/csv.h"
#include "io/safetensors.h"
#include "matrices.h"
#include "npy_files.h"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

const std::string pictures = ILK_SOURCE_DIR "/examples/clipart/images";

/// A few words, so that a test does not encode thousands; the lists are thinned.
class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    thin(ILK_SOURCE_DIR "/models/ilk-lite/nouns.txt", nouns(), 12);
    thin(ILK_TEST_DATA "/captions.txt", captions(), 12);
  }

  fs::path folder() const { return folder_.path(); }
  std::string nouns() const { return (folder() / "nouns.txt").string(); }
  std::string captions() const { return (folder() / "captions.txt").string(); }
  std::string output(const std::string& name = "run") const { return (folder() / name).string(); }

  std::vector<std::string> cluster(const std::string& images, const std::string& run,
                                   std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{
        "cluster", images, "-k", "6", "-o", run, "--nouns", nouns(), "--captions-corpus", captions()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  ProgramResult run(const std::vector<std::string>& arguments) const {
    return run_program(folder(), arguments);
  }

  std::string assignments(const std::string& run) const {
    return ilk::read_file(fs::path(run) / "assignments.csv");
  }
  nlohmann::json manifest(const std::string& run) const {
    return nlohmann::json::parse(ilk::read_file(fs::path(run) / "manifest.json"));
  }

  /// A folder with links to every n-th example picture.
  std::string some_pictures(int every) const {
    const fs::path some = folder() / "some";
    fs::create_directories(some);
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(pictures)) all.push_back(entry.path());
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < all.size(); i += static_cast<std::size_t>(every))
      fs::copy_file(all[i], some / all[i].filename());
    return some.string();
  }

 private:
  static void thin(const std::string& from, const std::string& to, int every) {
    const std::string text = ilk::read_file(from);
    std::string kept;
    std::size_t begin = 0;
    for (int line = 0; begin < text.size(); ++line) {
      const std::size_t end = text.find('\n', begin);
      // Without glosses, as lists of users are.
      const std::string whole = text.substr(begin, end - begin);
      if (line % every == 0) kept += whole.substr(0, whole.find('\t')) + "\n";
      begin = end == std::string::npos ? text.size() : end + 1;
    }
    ilk::write_file_atomically(to, kept);
  }

  TemporaryDirectory folder_;
};

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

TEST_F(ProgramTest, FeaturesFromFilesAreClusteredWithoutAModel) {
  // A run's own features go in again.
  ASSERT_EQ(run(cluster(some_pictures(10), output())).status, 0);
  const std::string kept = output() + "/features.safetensors", again = output("again");
  const auto result = run({"cluster", "--features", kept + ":embeddings", "--noun-features",
                           kept + ":noun_features", "-k", "6", "-o", again, "--model", "ilk-lite"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("ilk-lite"))) << "no model may be loaded";
  EXPECT_THAT(result.out, HasSubstr(" rows of " + kept + ":embeddings ("));
  EXPECT_EQ(ilk::parse_csv(assignments(again)).size(), ilk::parse_csv(assignments(output())).size());
  const auto wrong = run({"cluster", pictures, "--features", kept, "-k", "6", "-o", again});
  EXPECT_EQ(wrong.status, 3);
  EXPECT_THAT(wrong.err, HasSubstr("say which as"));
}

TEST_F(ProgramTest, MemoryThatIsNotEnoughIsSaidAtOnceAndWhatIsSaidToBeEnoughIs) {
  const auto rows = [&](const std::string& name, std::int64_t n, std::uint64_t seed) {
    constexpr std::int64_t width = 256;
    const auto path = folder() / (name + std::to_string(n) + ".npy");
    if (fs::exists(path)) return path.string();
    write_npy(path, random_matrix(n, width, seed));
    return path.string();
  };
  const auto arguments = [&](std::int64_t n, const std::string& run,
                             const std::vector<std::string>& more = {}) {
    std::vector<std::string> all{"cluster",
                                 "--features",
                                 rows("X", n, 1),
                                 "--noun-features",
                                 rows("U", 2000, 2),
                                 "--caption-features",
                                 rows("V", 2000, 3),
                                 "-k",
                                 "4",
                                 "--n-init",
                                 "2",
                                 "-o",
                                 run,
                                 "--threads",
                                 "2",
                                 "-q"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  constexpr std::int64_t many = 24000;  // 23 MiB; six times that is needed while parts are fused
  const auto refused = run(arguments(many, output(), {"--memory", "64MiB"}));
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.err, HasSubstr("memory must be at least"));
  EXPECT_THAT(refused.err, HasSubstr("for 24000 × 256 features with method auto"));
  EXPECT_FALSE(fs::exists(output()));
  const auto wrong = run(arguments(10, output(), {"--memory", "lots"}));
  EXPECT_EQ(wrong.status, 3);
  EXPECT_THAT(wrong.err, HasSubstr("memory must be a size such as 6GiB or 800MB, got 'lots'"));

  const std::string before = "takes ";
  const auto place = refused.err.find(before);
  ASSERT_NE(place, std::string::npos) << refused.err;
  const std::uint64_t need = std::stoull(refused.err.substr(place + before.size())) << 20;
  // What libraries map without using it is the same for a few rows.
  const Program few(folder(), arguments(10, output("few")));
  const std::uint64_t base = few.peak_address_space();
  ASSERT_EQ(few.wait().status, 0);
  ASSERT_EQ(run(arguments(many, output("free"))).status, 0);
  const auto limited = Program(folder(), arguments(many, output("limited")), base + need).wait();
  ASSERT_EQ(limited.status, 0) << limited.err;
  EXPECT_EQ(assignments(output("limited")), assignments(output("free")));
  // Wherever it runs out, the run ends, and with one line.
  for (const std::uint64_t eighths : {0, 1, 2}) {
    const auto starved =
        Program(folder(), arguments(many, output("starved")), base + need * eighths / 8).wait();
    EXPECT_EQ(starved.status, 1) << starved.err;
    EXPECT_THAT(starved.err, HasSubstr("ilk failed: memory ran out."));
    EXPECT_EQ(std::count(starved.err.begin(), starved.err.end(), '\n'), 1) << starved.err;
  }
}

TEST_F(ProgramTest, NewImagesAreAssignedAndRunsCompared) {
  const auto images = some_pictures(12);
  ASSERT_EQ(run(cluster(images, output(), {"--quiet"})).status, 0);
  ASSERT_EQ(run(cluster(images, output("other"), {"--quiet", "--method", "kmeans"})).status, 0);
  const auto own = ilk::parse_csv(assignments(output()));

  const auto assigned = run({"assign", output(), images, "--quiet"});
  ASSERT_EQ(assigned.status, 0) << assigned.err;
  const auto rows = ilk::parse_csv(assigned.out);
  ASSERT_EQ(rows.size(), own.size());
  for (std::size_t i = 1; i < rows.size(); ++i)
    for (std::size_t column = 0; column < 3; ++column)
      EXPECT_EQ(rows[i][column], own[i][column]) << rows[i][0];

  const std::string one = own[5][0];
  ilk::write_file_atomically(folder() / "some" / "broken.png", "no picture");
  const auto alone = run({"assign", output(), one, images + "/broken.png", "-o", output("new.csv")});
  ASSERT_EQ(alone.status, 0) << alone.err;
  EXPECT_THAT(alone.err, HasSubstr("broken.png"));
  const auto row = ilk::parse_csv(ilk::read_file(output("new.csv")));
  ASSERT_EQ(row.size(), 2u);
  EXPECT_EQ(row[1][1], own[5][1]);

  const auto compared = run({"compare", output(), output("other"), "--json"});
  ASSERT_EQ(compared.status, 0) << compared.err;
  const auto json = nlohmann::json::parse(compared.out);
  EXPECT_EQ(json["images"].get<std::size_t>(), own.size() - 1);
  EXPECT_EQ(json["runs"][1]["method"], "kmeans");
  EXPECT_THAT(run({"compare", output(), output()}).out, HasSubstr("100.0"));

  EXPECT_EQ(run({"assign", images, images}).status, 3);
  EXPECT_EQ(run({"compare", output()}).status, 3);
}

TEST_F(ProgramTest, MethodsAreBenchedAndAKilledBenchGoesOn) {
  ASSERT_EQ(run(cluster(some_pictures(8), output(), {"--quiet"})).status, 0);
  const std::string kept = output() + "/features.safetensors";
  const auto rows = ilk::parse_csv(assignments(output()));
  std::string labels;
  for (std::size_t i = 1; i < rows.size(); ++i) labels += "class " + std::to_string(i % 4) + "\n";
  ilk::write_file_atomically(folder() / "labels.txt", labels);
  const std::vector<std::string> arguments{"bench",
                                           "--features",
                                           kept + ":embeddings",
                                           "--noun-features",
                                           kept + ":noun_features",
                                           "--labels",
                                           (folder() / "labels.txt").string(),
                                           "--methods",
                                           "kmeans,tac",
                                           "--seeds",
                                           "2",
                                           "-o",
                                           output("bench")};
  const fs::path first = fs::path(output("bench")) / "runs" / "kmeans-0.json";
  {
    const Program program(folder(), arguments);
    // Scores are added to a run that is done.
    const auto scored = [&] {
      return fs::exists(first) && ilk::read_file(first).find("scores") != std::string::npos;
    };
    for (int i = 0; i < 1000 && !scored(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    program.signal(SIGKILL);
    EXPECT_EQ(program.wait().status, -SIGKILL);
  }
  const std::string before = ilk::read_file(first);
  const auto result = run(arguments);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(ilk::read_file(first), before) << "what was finished is not done again";
  EXPECT_THAT(result.out, HasSubstr("K = 4, the number of classes"));
  const auto table = nlohmann::json::parse(ilk::read_file(fs::path(output("bench")) / "table.json"));
  ASSERT_EQ(table["runs"].size(), 4u);
  for (const auto& one : table["runs"]) {
    EXPECT_GT(one["seconds"], 0);
    EXPECT_GT(one["peak_memory_mebibytes"], 10);
  }
  const auto scored = run(
      {"eval", output("bench") + "/runs/tac-1", "--labels", (folder() / "labels.txt").string(), "--json"});
  EXPECT_EQ(nlohmann::json::parse(scored.out)["accuracy"], table["runs"][3]["accuracy"]);
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

TEST_F(ProgramTest, NounsThatWereEncodedOnceServeOtherRuns) {
  const std::string file = (folder() / "made.safetensors").string();
  const auto made = run({"vocab", "build", "--nouns", nouns(), "-o", file, "--cache", "none"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("model ilk-lite"));
  const std::string images = some_pictures(8);
  const auto clustered = [&](const std::string& words, const std::string& name) {
    return run({"cluster", images, "-k", "6", "-o", output(name), "--captions-corpus", captions(), "--nouns",
                words, "--cache", output("cache-" + name)});
  };
  const auto encoded_lists = [&](const std::string& name) {
    std::ptrdiff_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(output("cache-" + name)))
      count += entry.path().extension() == ".safetensors";
    return count;
  };
  ASSERT_EQ(clustered(nouns(), "listed").status, 0);
  const auto taken = clustered(file, "taken");
  ASSERT_EQ(taken.status, 0) << taken.err;
  EXPECT_EQ(encoded_lists("listed"), 2) << "nouns and captions";
  EXPECT_EQ(encoded_lists("taken"), 1) << "captions alone";
  EXPECT_EQ(assignments(output("taken")), assignments(output("listed")));
  EXPECT_EQ(manifest(output("taken"))["vocabulary"]["nouns"]["sha256"],
            manifest(output("listed"))["vocabulary"]["nouns"]["sha256"]);

  // What does not belong together is an error before anything is encoded.
  const ilk::SafetensorsFile whole(file);
  auto metadata = whole.metadata();
  metadata["model_fingerprint"] = std::string(64, '0');
  const ilk::Array features = whole.get("features"), words = whole.get("nouns");
  ilk::write_safetensors(file, {{"features", features.view()}, {"nouns", words.view()}}, metadata);
  const auto another = clustered(file, "another");
  EXPECT_EQ(another.status, 3);
  EXPECT_THAT(another.err, HasSubstr("must be of the run's model"));
  EXPECT_FALSE(fs::exists(output("cache-another") + "/embeddings.sqlite")) << "before an image is encoded";
}

}  // namespace
