// `ilk cluster` on features from files, and within a limit of memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/csv.h"
#include "matrices.h"
#include "npy_files.h"
#include "program_fixture.h"

namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

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

}  // namespace
