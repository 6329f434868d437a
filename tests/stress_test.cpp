// A hundred short runs of the program, two at a time, which share caches and run directories. Whatever the
// processes' threads happen to do at once, each has to end well.
#include <gtest/gtest.h>

#include <algorithm>

#include "program.h"
#include "temporary_directory.h"

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

class Stress : public testing::Test {
 protected:
  Stress() {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(ILK_SOURCE_DIR "/examples/clipart/images"))
      all.push_back(entry.path());
    std::sort(all.begin(), all.end());
    fs::create_directories(path("pictures"));
    for (std::size_t i = 0; i < all.size(); i += all.size() / 20)
      fs::copy_file(all[i], fs::path(path("pictures")) / all[i].filename());
    ilk::write_file_atomically(path("nouns.txt"), "animal\nfood\nvehicle\nflower\ntool\nhouse\n");
    ilk::write_file_atomically(path("captions.txt"), "a drawing of an animal\nsomething to eat\na car\n");
    for (const char* slot : {"0", "1"}) fs::create_directories(path(slot));
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  Words cluster(const std::string& output, const Words& more) const {
    Words words{"cluster", "-k", "3", "-o", output, "--cache", path("cache"), "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Words of_pictures() const {
    return {path("pictures"), "--nouns", path("nouns.txt"), "--captions-corpus", path("captions.txt")};
  }

  /// What slot `slot` does in round `round`.
  Words command(int round, int slot) const {
    const std::string kept = path("run/features.safetensors"), output = path(std::to_string(slot) + "/run");
    const Words features{"--features", kept + ":embeddings", "--noun-features", kept + ":noun_features"};
    const auto by = [&](const Words& inputs, const Words& method) {
      Words words = cluster(output, inputs);
      words.insert(words.end(), method.begin(), method.end());
      return words;
    };
    switch ((round + slot * (1 + round / 8)) % 8) {
      case 0:
        return {"assign", path("run"), path("pictures"), "--cache", path("cache"), "--quiet"};
      case 1:
        return by(features, {"--method", "kmeans"});
      case 2:
        return {"eval", path("run")};
      case 3:
        return by(of_pictures(), {});
      case 4:
        return {"compare", path("run"), path("other")};
      case 5:
        return by(features, {"--method", "tac"});
      case 6:
        return {"assign", path("other"), "--features", kept + ":embeddings", "--quiet"};
      default:
        return by(features, {"--method", "sac", "--epochs", "2"});
    }
  }

 private:
  TemporaryDirectory folder_;
};

std::string joined(const Words& words) {
  std::string text;
  for (const auto& word : words) text += word + " ";
  return text;
}

TEST_F(Stress, AHundredShortRunsEndWell) {
  Words other = of_pictures();
  other.insert(other.end(), {"--method", "kmeans"});
  ASSERT_EQ(run_program(path("0"), cluster(path("run"), of_pictures())).status, 0);
  ASSERT_EQ(run_program(path("0"), cluster(path("other"), other)).status, 0);
  for (int round = 0; round < 50; ++round) {
    const Words first = command(round, 0), second = command(round, 1);
    const Program one(path("0"), first), two(path("1"), second);
    const ProgramResult results[] = {one.wait(), two.wait()};
    EXPECT_EQ(results[0].status, 0) << joined(first) << results[0].err;
    EXPECT_EQ(results[1].status, 0) << joined(second) << results[1].err;
  }
}

}  // namespace
