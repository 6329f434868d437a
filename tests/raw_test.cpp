// Camera raw files: their previews, on files that dng.h makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/image.h>

#include "dng.h"
#include "io/image_decoder.h"
#include "io/image_format.h"
#include "io/raw_preview.h"

namespace ilk {
namespace {

using testing::HasSubstr;

/// A JPEG of 40 × 20 pixels, red on the left, blue on the right.
std::string two_colours() {
  Pixels pixels{.size = {20, 40}};
  for (int i = 0; i < 20 * 40; ++i) {
    const bool left = i % 40 < 20;
    pixels.rgb.insert(pixels.rgb.end(), {static_cast<std::uint8_t>(left ? 250 : 5), 0,
                                         static_cast<std::uint8_t>(left ? 5 : 250)});
  }
  return encode_jpeg(pixels);
}

std::string kind_and_reason(const std::string& bytes) {
  try {
    decode_within(bytes, 64, {});
    return "decoded";
  } catch (const ImageError& error) {
    return error.kind() + ": " + error.what();
  }
}

class RawTest : public testing::Test {
 protected:
  void SetUp() override {
    if (image_support().find("camera raw") == std::string::npos) GTEST_SKIP() << "built without LibRaw";
  }
};

TEST_F(RawTest, ThePreviewIsDecodedUpright) {
  const std::string jpeg = two_colours();
  struct Turn {
    std::uint32_t orientation;
    std::int64_t height, width;
    std::int64_t red_y, red_x;  // a pixel of the left half, after the turn
  };
  // 3: upside down; 6: turned by a quarter clockwise, so that left is up; 8: the other way.
  for (const auto& [orientation, height, width, y, x] :
       {Turn{1, 20, 40, 10, 5}, Turn{3, 20, 40, 10, 35}, Turn{6, 40, 20, 5, 10}, Turn{8, 40, 20, 35, 10}}) {
    const std::string file = dng::file(jpeg, 40, 20, orientation);
    EXPECT_EQ(recognise_content(file).format, ImageFormat::camera_raw);
    const ImageHeader header = image_header(file, {});
    EXPECT_EQ(header.size.height, height) << orientation;
    EXPECT_EQ(header.size.width, width) << orientation;
    const Pixels pixels = decode_within(file, 64, {});
    ASSERT_EQ(pixels.size.height, height);
    ASSERT_EQ(pixels.size.width, width);
    const auto at = [&](std::int64_t row, std::int64_t column) {
      return pixels.rgb.data() + 3 * (row * width + column);
    };
    EXPECT_GT(at(y, x)[0], 200) << orientation;
    EXPECT_LT(at(y, x)[2], 60) << orientation;
    const auto other = at(height - 1 - y, width - 1 - x);
    EXPECT_LT(other[0], 60) << orientation;
    EXPECT_GT(other[2], 200) << orientation;
  }
}

TEST_F(RawTest, SaysWhyThereIsNoPicture) {
  EXPECT_THAT(kind_and_reason(dng::file("", 0, 0)), HasSubstr("unsupported format: Camera raw"));
  const std::string whole = dng::file(two_colours(), 40, 20);
  EXPECT_NE(kind_and_reason(whole.substr(0, 300)), "decoded");
  std::string broken = whole;
  broken.replace(8 + 2048, 200, 200, '\0');  // where the preview begins
  EXPECT_NE(kind_and_reason(broken), "decoded");
  EXPECT_THAT(kind_and_reason("FUJIFILMCCD-RAW" + std::string(5000, 'x')), HasSubstr("Camera raw"));
}

TEST(RawFormatTest, IsToldByContentAndNotTakenForATiff) {
  EXPECT_EQ(recognise_content(std::string("II*\0\x10\0\0\0CR\2\0", 12) + std::string(100, '\0')).format,
            ImageFormat::camera_raw);
  EXPECT_EQ(recognise_content(std::string("II*\0\x08\0\0\0\0\0", 10)).format, ImageFormat::tiff);
  EXPECT_EQ(recognise_content(std::string("II*\0\xff\xff\xff\xff", 8)).format, ImageFormat::tiff);
  // A Nikon's: a reduced picture first, the maker, others below.
  const std::string nef = std::string("II*\0\x08\0\0\0", 8) +
                          dng::directory({{254, 4, {1}}, dng::text(271, "NIKON"), {330, 4, {8}}}, 8);
  EXPECT_EQ(recognise_content(nef).format, ImageFormat::camera_raw);
  const std::string scan =
      std::string("II*\0\x08\0\0\0", 8) + dng::directory({{254, 4, {0}}, dng::text(271, "EPSON")}, 8);
  EXPECT_EQ(recognise_content(scan).format, ImageFormat::tiff);
}

}  // namespace
}  // namespace ilk
