#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <nlohmann/json.hpp>

#include "../cli/option_flags.h"
#include "io/files.h"
#include "npy_files.h"
#include "pipeline/bench.h"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

TEST(MeanDeviation, IsThatOfTheDefinition) {
  const std::vector<double> values{30.5, 28.25, 33, 29.75, 31};
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  for (const double value : values) squares += (value - sum / 5) * (value - sum / 5);
  const auto found = ilk::mean_deviation(values);
  EXPECT_NEAR(found.mean, 30.5, 1e-12);
  EXPECT_NEAR(found.deviation, std::sqrt(squares / 4), 1e-12);
  EXPECT_EQ(ilk::mean_deviation({7}).deviation, 0);
  EXPECT_THROW(ilk::mean_deviation({}), ilk::Error);
}

ilk::BenchTable small_table() {
  return {.command = "ilk bench x",
          .protocol = {"What was done."},
          .runs = {{"tac", 0, 3, {0.25, 0.5, 0.125}, 1.0, 2.0, 100},
                   {"tac", 1, 3, {0.75, 0.5, 0.375}, 2.0, 2.5, 110},
                   {"kmeans", 0, 3, {0.5, 0.25, 0.0}, 10.25, 20, 99.6}},
          .failures = {{"sac, seed 0", "no memory"}}};
}

TEST(BenchTable, IsTextForEyes) {
  EXPECT_EQ(ilk::to_text(small_table()),
            "method  runs  ACC          NMI         ARI          time         CPU time     peak memory\n"
            "tac     2     50.0 ± 35.4  50.0 ± 0.0  25.0 ± 17.7  1.5 ± 0.7 s  2.2 ± 0.4 s  105 ± 7 MiB\n"
            "kmeans  1     50.0         25.0        0.0          10.2 s       20.0 s       100 MiB\n"
            "\n"
            "Failed: sac, seed 0: no memory\n"
            "What was done.\n");
}

TEST(BenchTable, IsMarkdownCsvAndJsonOfTheSameNumbers) {
  const auto markdown = ilk::to_markdown(small_table());
  EXPECT_THAT(markdown, HasSubstr("    ilk bench x\n"));
  EXPECT_THAT(markdown, HasSubstr("|---|---|---|---|---|---|---|---|\n"));
  EXPECT_THAT(markdown, HasSubstr("| tac | 2 | 50.0 ± 35.4 | 50.0 ± 0.0 | 25.0 ± 17.7 | 1.5 ± 0.7 s |"));
  EXPECT_THAT(markdown, HasSubstr("- Failed: sac, seed 0: no memory\n"));
  const auto csv = ilk::to_csv(small_table());
  EXPECT_THAT(csv, HasSubstr("data,method,options,runs,accuracy,accuracy_deviation,"));
  EXPECT_THAT(csv, HasSubstr("\n,kmeans,,1,0.5,0,0.25,0,0,0,10.25,0,20,0,99.599999999999994,0\n"));
  const auto json = nlohmann::json::parse(ilk::to_json(small_table()));
  EXPECT_EQ(json["runs"].size(), 3u);
  EXPECT_EQ(json["methods"][0]["accuracy"]["mean"], 0.5);
  EXPECT_EQ(json["failures"][0]["reason"], "no memory");
}

TEST(BenchTable, TellsDataAndVariantsApartAndLeavesOpenWhatIsNotKnown) {
  ilk::BenchTable table{.command = "ilk bench x"};
  table.runs = {
      {.method = "kmeans", .agreement = {0.5, 0.25, 0}, .seconds = 1, .data = "a_b", .variant = "--n-init 3"},
      {.method = "mine", .agreement = {0.75, 0.5, 0.5}, .data = "c"}};
  EXPECT_EQ(ilk::to_text(table),
            "data  method             runs  ACC   NMI   ARI   time   CPU time  peak memory\n"
            "a_b   kmeans --n-init 3  1     50.0  25.0  0.0   1.0 s  –         –\n"
            "c     mine               1     75.0  50.0  50.0  –      –         –\n\n");
  EXPECT_THAT(ilk::to_csv(table), HasSubstr("\nc,mine,,1,0.75,0,0.5,0,0.5,0,,,,,,\n"));
  EXPECT_THAT(ilk::to_csv(table), HasSubstr("\na_b,kmeans,--n-init 3,1,0.5,0,0.25,0,0,0,1,0,,,,\n"));
  EXPECT_THAT(ilk::to_markdown(table), HasSubstr("| c | mine | 1 | 75.0 | 50.0 | 50.0 | – | – | – |\n"));
  const auto json = nlohmann::json::parse(ilk::to_json(table));
  EXPECT_TRUE(json["runs"][1]["seconds"].is_null());
  EXPECT_EQ(json["methods"][0]["options"], "--n-init 3");
  EXPECT_EQ(ilk::to_latex(table),
            "% ilk bench x\n"
            "\\begin{tabular}{llrrrrrrr}\n"
            "\\hline\n"
            "data & method & runs & ACC & NMI & ARI & time & CPU time & peak memory \\\\\n"
            "\\hline\n"
            "a\\_b & kmeans -{}-n-init 3 & 1 & 50.0 & 25.0 & 0.0 & 1.0 s & -- & -- \\\\\n"
            "c & mine & 1 & 75.0 & 50.0 & 50.0 & -- & -- & -- \\\\\n"
            "\\hline\n"
            "\\end{tabular}\n");
  EXPECT_THAT(ilk::to_latex(small_table()), HasSubstr("50.0 $\\pm$ 35.4"));
}

/// Benches over six rows of two classes; runs are made up, all right but for seed 1.
class BenchTest : public testing::Test {
 protected:
  BenchTest() {
    write_npy(folder() / "X.npy", unit<float>());
    write_npy(folder() / "y.npy", std::vector<std::int64_t>{0, 0, 0, 1, 1, 1});
    options.methods = "kmeans,sac";
    options.seeds = 2;
    run.output = folder() / "bench";
    run.features = (folder() / "X.npy").string();
    run.labels = (folder() / "y.npy").string();
  }
  fs::path folder() const { return folder_.path(); }
  /// The unit matrix of size 6.
  template <class T>
  static ilk::Matrix<T> unit() {
    ilk::Matrix<T> matrix(6, 6);
    for (std::int64_t i = 0; i < 6; ++i) matrix[i][i] = 1;
    return matrix;
  }

  ilk::BenchTable bench() {
    started.clear();
    return ilk::bench(
        {inputs}, options, run, "ilk bench", [this](const auto&, const auto& one, const auto& log) {
          started.push_back(one.output.filename().string());
          EXPECT_EQ(one.labels, "") << "no run may see them";
          EXPECT_EQ(one.n_clusters, 2);
          EXPECT_EQ(log, one.output.string() + ".log");
          if (before_run) before_run(one);
          if (status != 0) return ilk::BenchProcess{status, 1, 1, "it went wrong"};
          std::string rows = "path,cluster,name\n";
          for (int i = 0; i < 6; ++i)
            rows += name(i) + "," + std::to_string(one.seed == 1 ? i % 2 : i / 3) + ",x\n";
          ilk::write_file_atomically(one.output / "assignments.csv", rows);
          ilk::write_file_atomically(one.output / "features.safetensors", "large");
          ilk::write_file_atomically(one.output / "manifest.json", R"({"program": "ilk", "status": "complete",
          "summary": {"peak_memory_mebibytes": 12.5, "encoded": 0, "from_cache": 6}})");
          return ilk::BenchProcess{0, 2, 3, ""};
        });
  }

  /// Of a row, or of a picture where there are any.
  std::string name(int i) const {
    return inputs.paths.empty() ? std::to_string(i) : inputs.paths[0] + "/" + std::to_string(i) + ".png";
  }

  ilk::RunInputs inputs;
  ilk::BenchOptions options;
  ilk::RunOptions run;
  std::vector<std::string> started;
  std::function<void(const ilk::RunOptions&)> before_run;
  int status = 0;

 private:
  TemporaryDirectory folder_;
};

TEST_F(BenchTest, ScoresRunsAndKeepsTheTableUpToDate) {
  before_run = [&](const ilk::RunOptions& one) {
    const auto table = nlohmann::json::parse(ilk::read_file(run.output / "table.json"));
    EXPECT_EQ(table["runs"].size() + 1, started.size()) << one.output;
  };
  const auto table = bench();
  EXPECT_EQ(started, (std::vector<std::string>{"kmeans-0", "kmeans-1", "sac-0", "sac-1"}));
  ASSERT_EQ(table.runs.size(), 4u);
  EXPECT_EQ(table.runs[0].agreement.accuracy, 1);
  EXPECT_NEAR(table.runs[1].agreement.accuracy, 4.0 / 6, 1e-12);
  EXPECT_EQ(table.runs[3].seconds, 2);
  EXPECT_EQ(table.runs[3].peak_memory_mebibytes, 12.5);
  EXPECT_FALSE(fs::exists(run.output / "runs" / "sac-0" / "features.safetensors"));
  EXPECT_THAT(ilk::read_file(run.output / "table.md"), HasSubstr("| sac | 2 | 83.3 ± 23.6 |"));
  EXPECT_THAT(ilk::read_file(run.output / "table.csv"), HasSubstr("\nX.npy,kmeans,,2,0.83"));
  EXPECT_THAT(table.protocol.front(), HasSubstr("6 images, 2 classes"));
}

TEST_F(BenchTest, OtherPicturesAreOtherRuns) {
  inputs.paths = {(folder() / "photos").string()};
  run.features.clear();
  run.labels = (folder() / "labels.csv").string();
  std::string labels = "path,label\n";
  for (int i = 0; i < 6; ++i) {
    ilk::write_file_atomically(name(i), "a picture");
    labels += name(i) + (i < 3 ? ",cat\n" : ",owl\n");
  }
  ilk::write_file_atomically(run.labels, labels);
  options.methods = "kmeans";
  bench();
  EXPECT_EQ(started, (std::vector<std::string>{"features", "kmeans-0", "kmeans-1"}));
  bench();
  EXPECT_TRUE(started.empty());
  ilk::write_file_atomically(name(2), "another picture");
  bench();
  EXPECT_EQ(started.size(), 3u);

  run.output = folder() / "photos" / "bench";
  EXPECT_THROW(bench(), ilk::Error) << "it would be clustered too";
}

TEST_F(BenchTest, DoesOnlyWhatIsMissing) {
  bench();
  EXPECT_EQ(bench().runs.size(), 4u);
  EXPECT_TRUE(started.empty());
  options.seeds = 3, options.methods = "kmeans,sac,tac";
  bench();
  EXPECT_EQ(started, (std::vector<std::string>{"kmeans-2", "sac-2", "tac-0", "tac-1", "tac-2"}));
  run.threads = 1;  // cannot change a result
  bench();
  EXPECT_TRUE(started.empty());
  options.methods = "kmeans", run.kmeans.n_init = 3;
  bench();
  EXPECT_EQ(started.size(), 3u);
  write_npy(folder() / "X.npy", unit<double>());
  bench();
  EXPECT_EQ(started.size(), 3u) << "the features are others";
  fs::remove(run.output / "runs" / "kmeans-1" / "assignments.csv");
  bench();
  EXPECT_TRUE(started.empty()) << "it is of other options";
  run.kmeans.n_init = ilk::RunOptions().kmeans.n_init;
  bench();
  EXPECT_EQ(started, (std::vector<std::string>{"kmeans-0", "kmeans-1", "kmeans-2"}));
  fs::remove(run.output / "runs" / "kmeans-1" / "assignments.csv");
  bench();
  EXPECT_EQ(started, std::vector<std::string>{"kmeans-1"});
  // Labels only score: others take no new run.
  write_npy(folder() / "y.npy", std::vector<std::int64_t>{0, 1, 0, 1, 0, 1});
  EXPECT_EQ(bench().runs[1].agreement.accuracy, 1);
  EXPECT_TRUE(started.empty());
}

TEST_F(BenchTest, AddsRowsAndNeverTakesOneAway) {
  options.methods = "kmeans", options.seeds = 1;
  bench();
  options.methods = "sac";
  EXPECT_EQ(bench().runs.size(), 2u) << "that of kmeans stays";
  EXPECT_EQ(started, std::vector<std::string>{"sac-0"});
  options.methods = "kmeans", run.kmeans.n_init = 3;
  auto table = bench();
  ASSERT_EQ(started.size(), 1u);
  EXPECT_THAT(started.front(), testing::StartsWith("kmeans-0-")) << "the first one's folder stays as it is";
  ASSERT_EQ(table.runs.size(), 3u);
  EXPECT_EQ(table.runs[0].variant, "--kmeans-n-init 20");
  EXPECT_EQ(table.runs[1].method, "sac");
  EXPECT_EQ(table.runs[1].variant, "") << "there is one of it";
  EXPECT_EQ(table.runs[2].variant, "--kmeans-n-init 3");
  run.seed = 1;
  table = bench();
  ASSERT_EQ(table.runs.size(), 4u);
  EXPECT_EQ(table.runs[3].variant, "--kmeans-n-init 3");
  EXPECT_EQ(table.runs[3].seed, 1u);
  EXPECT_THAT(ilk::read_file(run.output / "table.md"), HasSubstr("| kmeans --kmeans-n-init 3 | 2 |"));
  EXPECT_THAT(ilk::read_file(run.output / "table.tex"), HasSubstr("kmeans -{}-kmeans-n-init 3 & 2 &"));
  EXPECT_TRUE(bench().runs.size() == 4 && started.empty());
}

TEST_F(BenchTest, LeavesOutWhatIsOfOtherContents) {
  options.methods = "kmeans,tac", options.seeds = 1;
  EXPECT_EQ(bench().runs.size(), 2u);
  write_npy(folder() / "X.npy", unit<double>());
  options.methods = "kmeans";
  const auto table = bench();
  EXPECT_EQ(started, std::vector<std::string>{"kmeans-0"});
  ASSERT_EQ(table.runs.size(), 1u);
  EXPECT_EQ(table.runs.front().method, "kmeans");
  EXPECT_THAT(table.protocol.back(), HasSubstr("1 runs in this folder are of other contents"));
}

TEST_F(BenchTest, ScoresWhatSomebodyElseMade) {
  options.methods = "none", options.seeds = 1;
  try {
    bench();
    FAIL() << "no error";
  } catch (const ilk::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("must not be none without --predictions"));
  }
  write_npy(folder() / "mine.npy", std::vector<std::int64_t>{7, 7, 7, 3, 3, 7});
  ilk::write_file_atomically(folder() / "theirs.csv", "path,label\n5,b\n4,b\n3,b\n2,a\n1,a\n0,a\n");
  options.predictions = {{"mine", (folder() / "mine.npy").string()},
                         {"their/s", (folder() / "theirs.csv").string()}};
  auto table = bench();
  EXPECT_TRUE(started.empty());
  ASSERT_EQ(table.runs.size(), 2u);
  EXPECT_EQ(table.runs[0].method, "mine");
  EXPECT_NEAR(table.runs[0].agreement.accuracy, 5.0 / 6, 1e-12);
  EXPECT_EQ(table.runs[0].n_clusters, 2);
  EXPECT_FALSE(table.runs[0].seconds);
  EXPECT_EQ(table.runs[1].method, "their/s");
  EXPECT_EQ(table.runs[1].agreement.accuracy, 1);
  // They stay beside runs that come later. The same file with other clusters takes its row, another file
  // of that name has one of its own.
  options.methods = "kmeans";
  write_npy(folder() / "mine.npy", std::vector<std::int64_t>{0, 0, 0, 1, 1, 1});
  write_npy(folder() / "other.npy", std::vector<std::int64_t>{0, 1, 0, 1, 0, 1});
  options.predictions = {options.predictions.front(), {"mine", (folder() / "other.npy").string()}};
  table = bench();
  ASSERT_EQ(table.runs.size(), 4u);
  EXPECT_EQ(table.runs[0].agreement.accuracy, 1);
  EXPECT_THAT(table.runs[0].variant, testing::EndsWith("mine.npy"));
  EXPECT_EQ(table.runs[1].method, "their/s");
  EXPECT_THAT(table.runs[2].variant, testing::EndsWith("other.npy"));
  EXPECT_EQ(table.runs[3].method, "kmeans");
  options.predictions.resize(1);
  // Each image that has a label needs a cluster.
  write_npy(folder() / "mine.npy", std::vector<std::int64_t>{0, 0, -1, 1, 1, 1});
  try {
    bench();
    FAIL() << "no error";
  } catch (const ilk::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("1 of 6 have none, the first of them '2'"));
  }
  write_npy(folder() / "y.npy", std::vector<std::int64_t>{0, 0, -1, 1, 1, 1});
  EXPECT_EQ(bench().runs.back().agreement.accuracy, 1) << "what has no label does not count";
}

TEST_F(BenchTest, CountsTheTimeOfWhatWasStopped) {
  options.methods = "sac", options.seeds = 1;
  status = 130;
  before_run = [](const ilk::RunOptions& one) {
    ilk::write_file_atomically(one.output / "training", "half");
  };
  EXPECT_THROW(bench(), ilk::Stopped);
  status = 0;
  bool there = false;
  before_run = [&](const ilk::RunOptions& one) { there = fs::exists(one.output / "training"); };
  const auto table = bench();
  EXPECT_TRUE(there) << "what was learnt is taken up";
  EXPECT_EQ(table.runs.front().seconds, 3);
  EXPECT_EQ(table.runs.front().cpu_seconds, 4);
  // Of one that was killed nobody knows the time, so that it begins anew.
  run.kmeans.n_init = 2;
  before_run = [](const ilk::RunOptions& one) {
    ilk::write_file_atomically(one.output / "training", "half");
    throw std::runtime_error("killed");
  };
  EXPECT_THROW(bench(), std::runtime_error);
  before_run = [&](const ilk::RunOptions& one) { there = fs::exists(one.output / "training"); };
  EXPECT_EQ(bench().runs.back().seconds, 2);
  EXPECT_FALSE(there);
}

TEST_F(BenchTest, ListsFailuresAndGoesOn) {
  before_run = [&](const ilk::RunOptions& one) { status = one.method == "kmeans" ? 3 : 0; };
  const auto table = bench();
  ASSERT_EQ(table.failures.size(), 1u);
  EXPECT_EQ(table.failures.front(), std::pair(std::string("kmeans, seed 0"), std::string("it went wrong")));
  EXPECT_EQ(table.runs.size(), 2u);
}

TEST_F(BenchTest, RefusesWhatMakesNoSense) {
  const auto expect = [&](const std::string& text) {
    try {
      bench();
      FAIL() << text;
    } catch (const ilk::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(text));
    }
  };
  options.methods = "kmeans,cea";
  expect("methods must be auto, cae, kmeans, tac, tac-trained or sac, got 'cea'");
  options.methods = "kmeans,kmeans";
  expect("methods must name each method once, got kmeans twice");
  options.methods = "";
  expect("at least one method");
  options.methods = "kmeans";
  run.labels.clear();
  expect("labels must be given to score against");
  run.labels = (folder() / "y.npy").string();
  run.output = folder();
  expect("holds other files");
  EXPECT_TRUE(started.empty());
}

TEST(ArgumentsOf, AreReadBackToTheSameOptions) {
  ilk::RunOptions options;
  options.output = "a folder";
  options.method = "tac-trained";
  options.nouns = "nouns, of all kinds.txt";
  options.seed = 18446744073709551615u;
  options.kmeans.tolerance = 1.0 / 3;
  options.transport.tolerance = 1e-7;
  options.fusion.centre = !options.fusion.centre;
  options.images.jpeg_xl = true;
  options.sac.adaptive_weights = false;
  options.tac.balance_weight = 2.5;
  options.sac.balance_weight = 0.5;
  options.dataset.split = "test";
  const auto arguments = ilk::cli::arguments_of(options);
  EXPECT_EQ(arguments.size(), 12u);
  EXPECT_TRUE(ilk::cli::arguments_of(ilk::RunOptions()).empty());

  ilk::RunOptions read;
  CLI::App app;
  ilk::cli::add_flags(app, read);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  app.parse(reversed);
  EXPECT_EQ(ilk::cli::arguments_of(read), arguments);
  EXPECT_EQ(read.kmeans.tolerance, 1.0 / 3);
  EXPECT_EQ(read.seed, options.seed);
  EXPECT_EQ(read.fusion.centre, options.fusion.centre);
  EXPECT_EQ(read.tac.balance_weight, 2.5);
}

}  // namespace
