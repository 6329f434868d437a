// `ilk vocab build`, and runs with what it made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/files.h"
#include "io/safetensors.h"
#include "program_fixture.h"

namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

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
