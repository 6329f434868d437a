// The model for photographs and drawings against the values that its makers' program gave.
#include "encoders/lite_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "io/files.h"
#include "io/safetensors.h"
#include "made_models.h"
#include "matrices.h"
#include "packed_file.h"
#include "targets.h"
#include "temporary_directory.h"

namespace {

namespace fs = std::filesystem;
using ilk::Matrix;
using nlohmann::json;

const fs::path directory = fs::path(ILK_SOURCE_DIR) / "models/ilk-lite";
/// Where the pictures of reference.json may be: those of the tree, and Tux Paint's, which are not in it.
std::vector<fs::path> picture_folders() {
  std::vector<fs::path> folders{fs::path(ILK_SOURCE_DIR) / "examples/clipart"};
  if (const char* stamps = std::getenv("ILK_TUXPAINT_STAMPS")) folders.emplace_back(stamps);
  return folders;
}

const json& reference() {
  static const json values = json::parse(ilk::read_file(directory / "reference.json"));
  return values;
}

/// The first numbers of a row are those of the reference.
void expect_begins(std::span<const float> row, const json& wanted, double tolerance,
                   const std::string& what) {
  ASSERT_GE(row.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_NEAR(row[i], wanted[i].get<double>(), tolerance) << what << i;
}

class LiteModelTest : public testing::TestWithParam<ilk::Precision> {
 protected:
  void SetUp() override {
    if (!fs::exists(directory / "config.json")) GTEST_SKIP() << directory << " is not there";
  }
  static const ilk::LiteModel& model() {
    static const ilk::LiteModel floats(directory, ilk::Precision::fp32),
        whole(directory, ilk::Precision::int16);
    return GetParam() == ilk::Precision::fp32 ? floats : whole;
  }
  /// About twice the largest differences from the reference that were seen. Those of pictures are mostly what
  /// a level more or less in some pixels makes.
  struct Tolerances {
    double pooled, logits, conse, joint, words;
  };
  static Tolerances tolerances() {
    if (GetParam() == ilk::Precision::fp32) return {6e-3, 5e-3, 1.2e-4, 3e-4, 1e-5};
    return {1e-2, 2.2e-2, 2e-3, 1.1e-3, 1.4e-4};
  }
};

TEST_P(LiteModelTest, PicturesAreThoseOfTheReference) {
  int seen = 0;
  for (const json& wanted : reference()["pictures"]) {
    const std::string name = wanted["file"];
    fs::path path;
    for (const fs::path& folder : picture_folders())
      if (fs::exists(folder / name)) path = folder / name;
    if (path.empty()) continue;
    ++seen;
    SCOPED_TRACE(name);
    Matrix<float> decoded = decode_for_model(ilk::read_image_file(path.string()), model().preprocessor(),
                                             {.shrink_on_load = false});
    // A level is 1/128; libvips and Pillow round differently here and there.
    expect_begins({decoded[0] + 112 * 224 + 100, 8}, wanted["red_row_112_from_column_100"], 1.001 / 128,
                  "red ");
    const Matrix<float> pixels = std::move(decoded).reinterpreted<float>(1, 3 * 224 * 224);
    const ilk::LiteModel::Parts parts = model().look_at(pixels);
    const Matrix<float> joint = model().encode_images(pixels);
    expect_begins(parts.pooled.row(0), wanted["pooled"], tolerances().pooled, "pooled ");
    for (int i = 0; i < 3; ++i)
      EXPECT_NEAR(parts.logits[0][wanted["best_classes"][i].get<int>()],
                  wanted["best_logits"][i].get<double>(), tolerances().logits);
    EXPECT_EQ(std::max_element(parts.logits.flat().begin(), parts.logits.flat().end()) -
                  parts.logits.flat().begin(),
              wanted["best_classes"][0].get<int>());
    expect_begins(parts.conse.row(0), wanted["conse"], tolerances().conse, "conse ");
    expect_begins(joint.row(0), wanted["joint_visual"], tolerances().joint, "visual ");
    expect_begins(joint.row(0).subspan(128), wanted["joint_text"], tolerances().joint, "text ");
  }
  EXPECT_GE(seen, 2);
}

TEST_P(LiteModelTest, WordsAreThoseOfTheReference) {
  std::vector<std::string> words;
  for (const json& word : reference()["words"]) words.push_back(word["text"]);
  const Matrix<float> joint = model().encode_texts(words);
  expect_unit_rows(joint);
  for (std::int64_t i = 0; i < joint.rows(); ++i) {
    for (std::int64_t j = 0; j < 128; ++j) EXPECT_EQ(joint[i][j], 0);
    expect_begins(joint.row(i).subspan(128), reference()["words"][i]["joint_text"], tolerances().words,
                  words[i]);
  }
}

TEST_P(LiteModelTest, AnImageIsTheSameWhateverItsCompanionsAndTheProcessor) {
  Matrix<float> pixels = random_matrix(3, 3 * 224 * 224, 4);
  for (float& value : pixels.flat())
    value = std::fmax(-1.0f, std::fmin(1.0f, std::nearbyint(value * 50) / 128));
  const Matrix<float> wanted = model().encode_images(pixels);
  expect_unit_rows(wanted);
  for_each_target([&] {
    if (ilk::kernels::kernels().target == ilk::kernels::Target::plain && GetParam() == ilk::Precision::fp32)
      return;  // takes too long; the tower's own test does it with a small one
    const Matrix<float> alone = model().encode_images(pixels.rows_between(1, 2));
    EXPECT_TRUE(std::equal(alone.flat().begin(), alone.flat().end(), wanted.row(1).begin()));
  });
}

TEST_P(LiteModelTest, WhatImagesNeedIsLoadedAgainAfterItsRelease) {
  ilk::LiteModel once(directory, GetParam());
  const Matrix<float> pixels = random_matrix(1, 3 * 224 * 224, 4);
  const Matrix<float> wanted = model().encode_images(pixels);
  for (int time = 0; time < 2; ++time) {
    once.release_images();
    const Matrix<float> again = once.encode_images(pixels);
    EXPECT_TRUE(std::equal(again.flat().begin(), again.flat().end(), wanted.flat().begin()));
  }
}

TEST_P(LiteModelTest, SaysWhatItIs) {
  EXPECT_EQ(model().width(), 512);
  EXPECT_EQ(model().precision(), GetParam());
  EXPECT_EQ(model().directory(), directory);
  EXPECT_EQ(model().fingerprint().size(), 64u);
  EXPECT_EQ(model().preprocessor().fit, ilk::ImagePreprocessor::Fit::padded);
  const Matrix<float> wrong(1, 3 * 200 * 200);
  EXPECT_NE(error_of([&] { model().encode_images(wrong); }).find("(B, 3 · 224 · 224)"), std::string::npos);
}

/// As a wheel holds it.
TEST(LiteModel, PackedWeightsAreTheSameModel) {
  if (!fs::exists(directory / "config.json")) GTEST_SKIP() << directory << " is not there";
  const TemporaryDirectory folder;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("model-")) {
      fs::create_symlink(entry.path(), folder.path() / name);
      continue;
    }
    const ilk::SafetensorsFile file(entry.path());
    std::uint64_t begin = fs::file_size(entry.path()), end = 0;
    for (const std::string& weight : file.names())
      if (const auto& its = file.entry(weight); its.dtype == "F16")
        begin = std::min(begin, its.begin), end = std::max(end, its.end);
    const std::string packed = packed_file(ilk::read_file(entry.path()), begin, end);
    ilk::write_file_atomically(folder.path() / (name + ".planes"), packed);
  }
  const ilk::LiteModel model(directory, ilk::Precision::fp32), unpacked(folder.path(), ilk::Precision::fp32);
  EXPECT_EQ(unpacked.fingerprint(), model.fingerprint());
  const std::vector<std::string> texts{"a dog", "two boats on a lake"};
  EXPECT_TRUE(std::ranges::equal(unpacked.encode_texts(texts).flat(), model.encode_texts(texts).flat()));
}

INSTANTIATE_TEST_SUITE_P(Precisions, LiteModelTest,
                         testing::Values(ilk::Precision::fp32, ilk::Precision::int16), [](const auto& info) {
                           return info.param == ilk::Precision::fp32 ? "fp32" : "int16";
                         });

}  // namespace
