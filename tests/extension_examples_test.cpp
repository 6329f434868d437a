// The model, the data set format and the export format of docs/contributing, whose texts the build takes from
// those pages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "colour_model.cpp"
#include "error_of.h"
#include "io/files.h"
#include "json_lines.cpp"
#include "matrices.h"
#include "npy_files.h"
#include "numpy_dataset.cpp"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;

constexpr std::uint8_t red[] = {255, 0, 0}, blue[] = {0, 0, 255};

/// Two pictures of 16 × 16, a red one of class 1 and a blue one of class 0.
void write_pictures(const std::filesystem::path& folder) {
  std::vector<std::uint8_t> pixels;
  for (const auto& colour : {red, blue})
    for (int i = 0; i < 16 * 16; ++i) pixels.insert(pixels.end(), colour, colour + 3);
  write_npy((folder / "images.npy").string(),
            ilk::ArrayView(ilk::ElementType::u8, {2, 16, 16, 3}, pixels.data()));
  write_npy((folder / "labels.npy").string(), std::vector<std::int64_t>{1, 0});
}

TEST(ExtensionExamples, ADataSetOfNumPyArrays) {
  const TemporaryDirectory folder;
  EXPECT_FALSE(ilk::internal::numpy_format.is_folder(folder.path()));
  write_pictures(folder.path());
  EXPECT_TRUE(ilk::internal::numpy_format.is_folder(folder.path()));
  const ilk::Dataset dataset = ilk::internal::numpy_format.open(folder.path());
  ASSERT_EQ(dataset.images.size(), 2u);
  EXPECT_EQ(dataset.images[0].name, "all/0");
  EXPECT_EQ(dataset.images[0].label, 1);
  EXPECT_EQ(dataset.classes.size(), 2u);
  EXPECT_NE(dataset.read(0).sha256, dataset.read(1).sha256);
  EXPECT_THAT(error_of([&] { dataset.read(2); }), HasSubstr("there is no image 2"));
  write_npy((folder.path() / "labels.npy").string(), std::vector<std::int64_t>{1});
  EXPECT_THAT(error_of([&] { ilk::internal::numpy_format.open(folder.path()); }),
              HasSubstr("must have a label for each of the 2 images, got 1."));
}

TEST(ExtensionExamples, AModelOfColours) {
  const TemporaryDirectory folder;
  ilk::write_file_atomically(folder.path() / "colours.txt", "red 255 0 0\nblue 0 0 255\n");
  write_pictures(folder.path());
  const auto dataset = ilk::internal::numpy_format.open(folder.path());
  const auto model =
      ilk::colour_encoder.load(folder.path(), ilk::Precision::automatic, ilk::Device::automatic);
  const auto texts = model->encode_texts({"a photo of something red", "a photo of something blue"});
  for (std::int64_t i = 0; i < 2; ++i) {
    const auto pixels = ilk::decode_for_model(dataset.read(i), model->preprocessor(), {});
    const auto row = model->encode_images(ilk::MatrixView<const float>(pixels.data(), 1, pixels.size()));
    EXPECT_NEAR(dot(row.row(0), texts.row(i)), 1, 1e-5) << i;
    EXPECT_LT(dot(row.row(0), texts.row(1 - i)), 0.5) << i;
  }
}

TEST(ExtensionExamples, AnExportOfJsonLines) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "run.jsonl";
  ilk::ExportedRun run;
  run.images.push_back({.path = "a.jpg", .file = "/x/a.jpg", .cluster = 3, .name = "dog", .score = 0.5});
  run.images.push_back({.path = "b.jpg", .file = "/x/b.jpg", .name = "cat", .score = 0.25});
  EXPECT_EQ(ilk::json_lines_export.write(run, {.output = path}, ilk::silent()).written, 1);
  EXPECT_EQ(ilk::json_lines_export.write(run, {.output = path}, ilk::silent()).unchanged, 1);
  EXPECT_EQ(ilk::read_file(path), R"({"file":"/x/a.jpg","cluster":3,"name":"dog","score":0.5}
{"file":"/x/b.jpg","cluster":0,"name":"cat","score":0.25}
)");
}

}  // namespace
