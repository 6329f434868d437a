// `ilk bench`, killed and gone on with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "io/csv.h"
#include "io/files.h"
#include "program_fixture.h"

namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

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

}  // namespace
