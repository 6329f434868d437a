#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/image.h>

#include <filesystem>

#include "bad_files.h"
#include "error_of.h"
#include "temporary_directory.h"

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Preprocessor : public ::testing::Test {
 protected:
  ilk::ImagePreprocessor read(const std::string& json) {
    const fs::path path = folder_.path() / "preprocessor_config.json";
    write(path, json);
    return ilk::read_preprocessor(path);
  }
  std::string error(const std::string& json) {
    return ::error_of([&] { read(json); });
  }

 private:
  TemporaryDirectory folder_;
};

TEST_F(Preprocessor, ReadsClipOldAndNew) {
  const std::string rest = R"("do_center_crop": true, "do_normalize": true, "do_resize": true,
      "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6], "resample": 3)";
  for (const std::string sizes :
       {R"("feature_extractor_type": "CLIPFeatureExtractor", "size": 336, "crop_size": 320)",
        R"("image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 336},
                                      "crop_size": {"height": 320, "width": 320})"}) {
    const ilk::ImagePreprocessor result = read("{" + sizes + ", " + rest + "}");
    EXPECT_EQ(result.shortest_edge, 336);
    EXPECT_EQ(result.crop_height, 320);
    EXPECT_EQ(result.crop_width, 320);
    EXPECT_EQ(result.resample, ilk::ImagePreprocessor::Resample::bicubic);
    EXPECT_EQ(result.mean, (std::array<double, 3>{0.1, 0.2, 0.3}));
    EXPECT_EQ(result.standard_deviation, (std::array<double, 3>{0.4, 0.5, 0.6}));
    EXPECT_EQ(result.rescale_factor, 1.0 / 255);
  }
}

TEST_F(Preprocessor, ReadsSquareProcessors) {
  const ilk::ImagePreprocessor siglip = read(R"({"image_processor_type": "SiglipImageProcessor",
      "size": {"height": 256, "width": 192}, "resample": 2, "do_normalize": false, "rescale_factor": 0.5})");
  EXPECT_EQ(siglip.shortest_edge, 0);
  EXPECT_EQ(siglip.crop_height, 256);
  EXPECT_EQ(siglip.crop_width, 192);
  EXPECT_EQ(siglip.resample, ilk::ImagePreprocessor::Resample::bilinear);
  EXPECT_EQ(siglip.mean, (std::array<double, 3>{0, 0, 0}));
  EXPECT_EQ(siglip.rescale_factor, 0.5);
  EXPECT_EQ(read(R"({"image_processor_type": "ViTImageProcessor", "size": 224})").shortest_edge, 0);
}

TEST_F(Preprocessor, RejectsWhatItCannotDo) {
  EXPECT_THAT(error("[1]"), HasSubstr("must hold a JSON object"));
  EXPECT_THAT(error("{"), ::testing::AllOf(HasSubstr("is not JSON: parse error at line 1"),
                                           ::testing::Not(HasSubstr("json.exception"))));
  EXPECT_THAT(error(R"({"error": "Repository not found"})"), HasSubstr("must say how images are prepared"));
  EXPECT_THAT(error(R"({"resample": 4})"), HasSubstr("resample must be 0 (nearest), 1 (lanczos)"));
  EXPECT_THAT(error(R"({"do_resize": false})"), HasSubstr("do_resize must be true"));
  EXPECT_THAT(error(R"({"size": {"shortest_edge": 0}, "crop_size": 9})"),
              HasSubstr("size must be whole numbers"));
  EXPECT_THAT(error(R"({"size": {"shortest_edge": 224}, "do_center_crop": false})"),
              HasSubstr("do_center_crop"));
  EXPECT_THAT(error(R"({"size": {"height": 256, "width": 256}, "crop_size": 224})"),
              HasSubstr("equal to crop_size"));
  EXPECT_THAT(error(R"({"image_mean": [1, 2]})"), HasSubstr("image_mean must be a number or three"));
  EXPECT_THAT(error(R"({"image_std": [1, 0, 1]})"), HasSubstr("image_std must be above 0"));
  EXPECT_THAT(error(R"({"do_normalize": 3})"), HasSubstr("do_normalize must be true or false"));
}

}  // namespace
