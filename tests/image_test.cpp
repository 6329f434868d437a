#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/image.h>
#include <ilk/image_list.h>
#include <ilk/threads.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include "bad_files.h"
#include "core/parallel.h"
#include "matrices.h"
#include "temporary_directory.h"

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const fs::path images = fs::path(ILK_TEST_DATA) / "images";

/// Pixels as they are, 0..255.
ilk::ImagePreprocessor plain(std::int64_t edge) {
  return {.shortest_edge = edge,
          .crop_height = edge,
          .crop_width = edge,
          .mean = {0, 0, 0},
          .standard_deviation = {1, 1, 1},
          .rescale_factor = 1};
}

/// (3, H · W)
ilk::Matrix<float> decode(const std::string& bytes, const ilk::ImagePreprocessor& preprocessor,
                          const ilk::DecodeOptions& options = {}) {
  return ilk::decode_for_model({.bytes = bytes, .sha256 = ""}, preprocessor, options);
}

double mean_difference(const ilk::Matrix<float>& a, const ilk::Matrix<float>& b) {
  if (a.rows() != b.rows() || a.columns() != b.columns()) return INFINITY;
  double sum = 0;
  for (std::int64_t i = 0; i < a.size(); ++i)
    sum += std::fabs(static_cast<double>(a.data()[i]) - b.data()[i]);
  return sum / static_cast<double>(a.size());
}

/// Square pictures, (3, edge · edge), upside down or seen in a mirror.
ilk::Matrix<float> upside_down(const ilk::Matrix<float>& pixels, std::int64_t edge) {
  ilk::Matrix<float> turned = pixels.copy();
  for (std::int64_t i = 0; i < pixels.size(); ++i)
    turned[i / (edge * edge)][(edge - 1 - i / edge % edge) * edge + i % edge] = pixels.data()[i];
  return turned;
}
ilk::Matrix<float> mirrored(const ilk::Matrix<float>& pixels, std::int64_t edge) {
  ilk::Matrix<float> turned = pixels.copy();
  for (std::int64_t i = 0; i < pixels.size(); ++i)
    turned.data()[i / edge * edge + edge - 1 - i % edge] = pixels.data()[i];
  return turned;
}

/// The lowest and the highest of some pixels of all channels: `begin` … `end` − 1 of each.
std::pair<float, float> range_of(const ilk::Matrix<float>& pixels, std::int64_t begin, std::int64_t end) {
  std::pair<float, float> range{INFINITY, -INFINITY};
  for (std::int64_t channel = 0; channel < 3; ++channel)
    for (std::int64_t i = begin; i < end; ++i)
      range = {std::min(range.first, pixels[channel][i]), std::max(range.second, pixels[channel][i])};
  return range;
}

std::vector<std::string> fixture_names() {
  std::ifstream file(images / "files.txt");
  return ilk::read_input_list(file);
}

bool has_decoder() {
  return ilk::image_support().find("libvips") == 0;
}

class Image : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_decoder()) GTEST_SKIP() << "built without libvips";
  }
};

/// What Pillow makes of the i-th fixture (tests/data/images/make.py), (3, 32 · 32).
ilk::Matrix<float> expected_pixels(std::size_t index) {
  static const std::string bytes = bad_files::read(images / "expected.bin");
  auto result = ilk::Matrix<float>::uninitialised(3, 32 * 32);
  for (std::size_t i = 0; i < 3072; ++i)
    result.data()[i] = static_cast<unsigned char>(bytes.at(3072 * index + i));
  return result;
}

TEST_F(Image, PixelsAreThoseOfPillow) {
  const std::vector<std::string> names = fixture_names();
  ASSERT_GE(names.size(), 40u);
  for (std::size_t i = 0; i < names.size(); ++i) {
    SCOPED_TRACE(names[i]);
    // Three are compared with what was given to a lossy encoder.
    const bool lossy_reference =
        names[i].find("jpeg_xl") == 0 || names[i].find("avif") == 0 || names[i].find("heic") == 0;
    const std::string bytes = bad_files::fixture(names[i]);
    const ilk::Matrix<float> expected = expected_pixels(i);
    for (const bool shrink : {false, true}) {
      try {
        const ilk::Matrix<float> pixels =
            decode(bytes, plain(32), {.shrink_on_load = shrink, .jpeg_xl = true});
        EXPECT_LE(mean_difference(pixels, expected), lossy_reference || shrink ? 2.5 : 0.4)
            << "shrink_on_load " << shrink;
      } catch (const ilk::ImageError& error) {
        // HEIC, AVIF and JPEG XL need parts that not every libvips has.
        if (!lossy_reference || error.kind() != "unsupported format")
          FAIL() << error.kind() << ": " << error.what();
      }
    }
  }
}

TEST_F(Image, EveryExifOrientationShowsTheSamePicture) {
  const ilk::Matrix<float> upright = decode(bad_files::fixture("orientation_1.jpg"), plain(32));
  EXPECT_GT(mean_difference(upright, upside_down(upright, 32)), 10)
      << "a picture that looks the same when turned proves nothing";
  EXPECT_GT(mean_difference(upright, mirrored(upright, 32)), 10);
  for (int orientation = 2; orientation <= 8; ++orientation) {
    const std::string bytes = bad_files::fixture("orientation_" + std::to_string(orientation) + ".jpg");
    for (const bool shrink : {false, true})
      EXPECT_LT(mean_difference(decode(bytes, plain(32), {.shrink_on_load = shrink}), upright), 1.5)
          << orientation;
  }
}

TEST_F(Image, AlphaShowsWhite) {
  const std::string red_transparent_black_half =
      bad_files::png(2, 1, 8, 6, std::string("\0\xff\0\0\0\0\0\0\x80", 9));
  const ilk::Matrix<float> pixels = decode(red_transparent_black_half, {.shortest_edge = 0,
                                                                        .crop_height = 1,
                                                                        .crop_width = 2,
                                                                        .mean = {0, 0, 0},
                                                                        .standard_deviation = {1, 1, 1},
                                                                        .rescale_factor = 1});
  EXPECT_EQ(range_of(pixels, 0, 1).first, 255) << "fully transparent red";
  EXPECT_NEAR(range_of(pixels, 1, 2).second, 127, 1) << "half transparent black";
}

TEST_F(Image, NormalisesAsTheConfigurationSays) {
  ilk::ImagePreprocessor preprocessor = plain(32);
  const std::string bytes = bad_files::fixture("png.png");
  const ilk::Matrix<float> pixels = decode(bytes, preprocessor);
  preprocessor.rescale_factor = 1.0 / 255;
  preprocessor.mean = {0.1, 0.2, 0.3};
  preprocessor.standard_deviation = {0.5, 0.25, 2};
  const ilk::Matrix<float> normalised = decode(bytes, preprocessor);
  for (std::int64_t channel = 0; channel < 3; ++channel)
    for (std::int64_t i = 0; i < pixels.columns(); ++i) {
      const auto at = static_cast<std::size_t>(channel);
      const double expected =
          (pixels[channel][i] / 255.0 - preprocessor.mean[at]) / preprocessor.standard_deviation[at];
      ASSERT_NEAR(normalised[channel][i], expected, 1e-5 * (1 + std::fabs(expected)));
    }
}

TEST_F(Image, ACropBeyondTheImageIsBlackAround) {
  ilk::ImagePreprocessor preprocessor = plain(10);
  preprocessor.crop_height = preprocessor.crop_width = 15;
  const std::string white = bad_files::png(20, 20, 8, 0, [] {
    std::string rows;
    for (int y = 0; y < 20; ++y) rows += '\0' + std::string(20, '\xff');
    return rows;
  }());
  ilk::Matrix<float> expected(3, 15 * 15);
  for (std::int64_t i = 0; i < expected.size(); ++i) {
    const std::int64_t y = i / 15 % 15, x = i % 15;
    // The odd pixel goes before, as Hugging Face pads.
    if (y >= 3 && y < 13 && x >= 3 && x < 13) expected.data()[i] = 255;
  }
  EXPECT_TRUE(equal(decode(white, preprocessor), expected));
}

TEST_F(Image, AStripIsCroppedWithoutBeingBlownUp) {
  // 1 x 60000 pixels with the shortest edge at 224 would be 3 thousand million pixels.
  std::string rows;
  for (int y = 0; y < 60000; ++y)
    rows += std::string{'\0', static_cast<char>(std::abs(y - 30000) < 10 ? 100 : 0)};
  const ilk::Matrix<float> pixels = decode(bad_files::png(1, 60000, 8, 0, rows), plain(224));
  EXPECT_EQ(range_of(pixels, 0, pixels.columns()), (std::pair{100.0f, 100.0f}));
}

TEST_F(Image, EveryBadFileIsToldByKindAndReason) {
  const TemporaryDirectory folder;
  std::map<std::string, std::string> expected;
  for (const auto& [name, kind] : bad_files::make(folder.path())) expected[name] = kind;
  ASSERT_GE(expected.size(), 45u);
  testing::internal::CaptureStderr();
  const ilk::ImageList list = ilk::list_images({folder.path().string()});
  std::map<std::string, std::string> kinds;
  for (const ilk::SkippedFile& file : list.skipped) {
    kinds[fs::path(file.path).filename()] = file.kind;
    EXPECT_FALSE(file.reason.empty()) << file.path;
  }
  for (const std::string& path : list.paths) {
    for (const bool shrink : {true, false}) {
      try {
        ilk::decode_for_model(ilk::read_image_file(path), plain(32), {.shrink_on_load = shrink});
        ADD_FAILURE() << path << " was decoded";
      } catch (const ilk::ImageError& error) {
        kinds[fs::path(path).filename()] = error.kind();
        EXPECT_STRNE(error.what(), "") << path;
        EXPECT_THAT(error.what(), ::testing::Not(HasSubstr("\n"))) << path;
      }
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  for (const auto& [name, kind] : expected) EXPECT_EQ(kinds[name], kind) << name;
  EXPECT_EQ(kinds.size(), expected.size()) << "nothing else is skipped";
}

TEST_F(Image, ReasonsSayWhatTheMatterIs) {
  const auto reason = [](const std::string& bytes, const ilk::DecodeOptions& options = {}) -> std::string {
    try {
      decode(bytes, plain(32), options);
    } catch (const ilk::ImageError& error) {
      return error.kind() + ": " + error.what();
    }
    return "";
  };
  EXPECT_EQ(reason("%PDF-1.7\n"), "not an image: the content is PDF document");
  EXPECT_EQ(reason("hello"), "not an image: the content is text");
  EXPECT_EQ(reason(bad_files::png(60000, 60000, 8, 2, "")),
            "too large: 60000 × 60000 pixels, 3600 megapixels, are more than the limit of 512");
  EXPECT_THAT(reason(bad_files::fixture("png.png"), {.pixel_limit = 0.001}),
              StartsWith("too large: 61 × 90 pixels, 0.00549 megapixels"));
  EXPECT_THAT(reason(bad_files::fixture("jpeg.jpg").substr(0, 1500)), StartsWith("damaged: JPEG, cut off: "));
  EXPECT_THAT(reason(bad_files::fixture("jpeg_xl.jxl")), HasSubstr("jpeg_xl"));
}

TEST_F(Image, GoodAndBadFilesInManyThreadsAtOnce) {
  std::vector<std::string> contents;
  for (const std::string& name : fixture_names()) {
    contents.push_back(bad_files::fixture(name));
    contents.push_back(contents.back().substr(0, contents.back().size() / 2));
  }
  const auto outcome = [&](std::size_t index) -> std::string {
    try {
      const ilk::Matrix<float> pixels = decode(contents[index], plain(32));
      return std::string(reinterpret_cast<const char*>(pixels.data()),
                         static_cast<std::size_t>(pixels.size()) * sizeof(float));
    } catch (const ilk::ImageError& error) {
      return error.kind() + error.what();
    }
  };
  std::vector<std::string> alone, together(3 * contents.size());
  for (std::size_t i = 0; i < contents.size(); ++i) alone.push_back(outcome(i));
  const int threads = ilk::threads();
  ilk::set_threads(6);
  ilk::parallel_blocks(
      static_cast<std::int64_t>(together.size()), 1, [&](std::int64_t i, std::int64_t, std::int64_t) {
        together[static_cast<std::size_t>(i)] = outcome(static_cast<std::size_t>(i) % contents.size());
      });
  ilk::set_threads(threads);
  for (std::size_t i = 0; i < together.size(); ++i)
    EXPECT_TRUE(together[i] == alone[i % contents.size()]) << i % contents.size() << " of the fixtures";
}

TEST_F(Image, BigImagesAreStreamed) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps memory of its own";
#endif
  // 100 megapixels at one bit, half black and half white: 12 MB here, 300 MB as RGB.
  std::string rows;
  for (int y = 0; y < 10000; ++y) rows += '\0' + std::string(1250, y < 5000 ? '\0' : '\xff');
  const std::string bytes = bad_files::png(10000, 10000, 1, 0, rows);
  const auto peak = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
  };
  const auto before = peak();
  const ilk::Matrix<float> pixels = decode(bytes, plain(32));
  EXPECT_LT(peak() - before, 60) << "MiB";
  EXPECT_EQ(range_of(pixels, 0, 14 * 32).second, 0);
  EXPECT_EQ(range_of(pixels, 18 * 32, 32 * 32).first, 255);
}

TEST_F(Image, ThumbnailsAreSmallUprightJpegs) {
  const std::string thumbnail =
      ilk::make_thumbnail({.bytes = bad_files::fixture("orientation_6.jpg"), .sha256 = ""}, 40, {});
  EXPECT_EQ(thumbnail.substr(0, 3), "\xff\xd8\xff");
  EXPECT_LT(thumbnail.size(), 4000u);
  const ilk::Matrix<float> shown = decode(thumbnail, plain(26));
  const ilk::Matrix<float> upright = decode(bad_files::fixture("orientation_1.jpg"), plain(26));
  EXPECT_LT(mean_difference(shown, upright), 12);
  EXPECT_GT(mean_difference(shown, upside_down(upright, 26)), 24);
  EXPECT_GT(mean_difference(shown, mirrored(upright, 26)), 24);
  // An image that fits already is not blown up.
  const ilk::ImageFile pixel{.bytes = bad_files::fixture("png_one_pixel.png"), .sha256 = ""};
  EXPECT_LT(ilk::make_thumbnail(pixel, 300, {}).size(), 1000u);
  EXPECT_THROW(ilk::make_thumbnail(pixel, 0, {}), ilk::Error);
}

TEST(ImageFile, ReadsBytesWithTheirDigest) {
  const std::string path = images / "files/png_one_pixel.png";
  const ilk::ImageFile file = ilk::read_image_file(path);
  EXPECT_EQ(file.bytes, bad_files::read(path));
  EXPECT_EQ(file.sha256.size(), 64u);
  const std::string larger = images / "files/jpeg_larger.jpg";  // more than is looked at to tell the format
  EXPECT_EQ(ilk::read_image_file(larger).bytes, bad_files::read(larger));
  try {
    ilk::read_image_file("no/such/file.jpg");
    FAIL();
  } catch (const ilk::ImageError& error) {
    EXPECT_EQ(error.kind(), "vanished");
  }
  try {
    ilk::read_image_file(images);
    FAIL();
  } catch (const ilk::ImageError& error) {
    EXPECT_EQ(error.kind(), "special file");
  }
}

TEST(ImageFile, FilmsAreNotReadWhole) {
  // A sparse file of a terabyte: whoever read it would not come back.
  const TemporaryDirectory folder;
  const std::string path = folder.path() / "film.mp4";
  write(path, std::string("\0\0\0\x18"
                          "ftypisom\0\0\2\0isommp41",
                          24));
  std::error_code error;
  fs::resize_file(path, std::uintmax_t{1} << 40, error);
  if (error) GTEST_SKIP() << "no sparse files here";
  EXPECT_THROW(ilk::read_image_file(path), ilk::ImageError);
}

TEST(ImageSupport, IsNamed) {
  EXPECT_THAT(ilk::image_support(), ::testing::AnyOf(StartsWith("libvips 8"), HasSubstr("without")));
}

TEST(ImageSupport, WithoutADecoderTheErrorSaysSo) {
  if (has_decoder()) GTEST_SKIP() << "built with libvips";
  EXPECT_THROW(decode(bad_files::fixture("png.png"), plain(32)), ilk::Error);
}

}  // namespace
