#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/models.h>

#include <nlohmann/json.hpp>

#include "io/files.h"
#include "io/sha256.h"
#include "models_fixture.h"

namespace {

using nlohmann::json;

TEST_F(ModelsTest, AFetchedModelIsVerifiedByteForByte) {
  serve({});
  ilk::get_model("someone/mini", options_);
  ilk::ModelCheck check = ilk::verify_model(place_);
  EXPECT_TRUE(check.good()) << check.load_error;
  EXPECT_TRUE(check.recorded);
  ASSERT_EQ(check.files.size(), 9u);
  for (const auto& file : check.files) {
    EXPECT_EQ(file.problem, "") << file.name;
    EXPECT_EQ(file.sha256, ilk::sha256_file(tiny / file.name));
  }
  // One bit of the weights, which still load.
  std::string bytes = ilk::read_file(place_ / "model.safetensors");
  bytes[bytes.size() / 2] ^= 1;
  ilk::write_file_atomically(place_ / "model.safetensors", bytes);
  check = ilk::verify_model(place_);
  EXPECT_FALSE(check.good());
  EXPECT_TRUE(check.loads) << check.load_error;
  for (const auto& file : check.files)
    EXPECT_EQ(file.problem.starts_with("its sha256 is"), file.name == "model.safetensors")
        << file.name << file.problem;
  // Cut, and missing.
  ilk::write_file_atomically(place_ / "model.safetensors", bytes.substr(0, bytes.size() - 1));
  std::filesystem::remove(place_ / "nouns.txt");
  check = ilk::verify_model(place_);
  EXPECT_FALSE(check.loads);
  EXPECT_NE(check.load_error, "");
  int problems = 0;
  for (const auto& file : check.files) problems += !file.problem.empty();
  EXPECT_EQ(problems, 2);
  ilk::write_file_atomically(place_ / "ilk-model.json", "{");
  check = ilk::verify_model(place_);
  EXPECT_FALSE(check.good());
  EXPECT_FALSE(check.recorded);
}

TEST_F(ModelsTest, AModelWithoutARecordIsLoadedAndListed) {
  const ilk::ModelCheck check = ilk::verify_model(tiny);
  EXPECT_TRUE(check.good()) << check.load_error;
  EXPECT_FALSE(check.recorded);
  EXPECT_GE(check.files.size(), 6u);
  EXPECT_THROW(ilk::verify_model(tiny / "config.json"), ilk::Error);
  Recorder stopped;
  stopped.stop_at = 0;
  EXPECT_THROW(ilk::verify_model(tiny, stopped), ilk::Stopped);
}

}  // namespace
