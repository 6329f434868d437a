// Where pixels become sRGB: one picture, stored in many ways, is one picture.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/image.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "bad_files.h"
#include "tiff_files.h"

namespace {

using ::testing::HasSubstr;
using tiff_files::Layout;
using tiff_files::tiff;

using Colour = std::array<double, 3>;
const std::vector<Colour> colours{{200, 60, 30}, {20, 90, 210}, {128, 128, 128}, {255, 255, 255}, {0, 0, 0}};
constexpr int edge = 4;

class ImageColours : public ::testing::Test {
 protected:
  void SetUp() override {
    if (ilk::image_support().find("libvips") != 0) GTEST_SKIP() << "built without libvips";
  }
};

/// The first pixel of a picture of one colour.
Colour first_pixel(const std::string& bytes) {
  const ilk::ImagePreprocessor preprocessor{.shortest_edge = edge,
                                            .crop_height = edge,
                                            .crop_width = edge,
                                            .mean = {0, 0, 0},
                                            .standard_deviation = {1, 1, 1},
                                            .rescale_factor = 1};
  const auto pixels = ilk::decode_for_model({.bytes = bytes, .sha256 = ""}, preprocessor, {});
  return {pixels[0][0], pixels[1][0], pixels[2][0]};
}

std::string reason_of(const std::string& bytes) {
  try {
    first_pixel(bytes);
  } catch (const ilk::ImageError& error) {
    return error.kind() + ": " + error.what();
  }
  return "decoded";
}

void expect_colour(const std::string& bytes, const Colour& wanted, double tolerance = 0) {
  try {
    const Colour got = first_pixel(bytes);
    for (std::size_t channel = 0; channel < 3; ++channel)
      EXPECT_NEAR(got[channel], wanted[channel], tolerance) << "channel " << channel;
  } catch (const ilk::ImageError& error) {
    ADD_FAILURE() << error.kind() << ": " << error.what();
  }
}

/// `edge` × `edge` equal pixels.
template <class Sample>
std::string picture(Layout layout, const std::vector<double>& pixel) {
  layout.width = layout.height = edge;
  layout.samples = static_cast<std::uint16_t>(pixel.size());
  std::vector<Sample> samples;
  for (int i = 0; i < edge * edge; ++i)
    for (const double value : pixel) samples.push_back(static_cast<Sample>(value));
  return tiff(layout, samples);
}

std::vector<double> joined(const Colour& colour, const std::vector<double>& more, double factor = 1) {
  std::vector<double> pixel;
  for (const double value : colour) pixel.push_back(factor * value);
  pixel.insert(pixel.end(), more.begin(), more.end());
  return pixel;
}

std::string jpeg_with(const std::string& profile) {
  std::string segment = std::string("ICC_PROFILE\0\1\1", 14) + profile, head = "\xff\xe2";
  tiff_files::put_big(head, static_cast<std::uint32_t>(segment.size() + 2), 2);
  const std::string jpeg = bad_files::fixture("jpeg.jpg");
  return jpeg.substr(0, 2) + head + segment + jpeg.substr(2);
}

TEST_F(ImageColours, AProfileThatFitsIsUsed) {  // or else the next test proves nothing
  const std::string exchanged = tiff_files::profile("RGB ", 2.2);
  for (const Colour& colour : colours)
    expect_colour(picture<std::uint8_t>({.profile = exchanged}, joined(colour, {})),
                  {colour[2], colour[1], colour[0]}, 9);  // sRGB's curve is not quite 2.2
  const std::string dark = tiff_files::profile("GRAY", 4);
  const Colour got = first_pixel(picture<std::uint8_t>({.photometric = 1, .profile = dark}, {128}));
  EXPECT_LT(got[0], 100);
}

TEST_F(ImageColours, AProfileThatDoesNotFitIsAsGoodAsNone) {
  const std::vector<std::string> of_other_colours{tiff_files::profile("GRAY", 4),
                                                  tiff_files::profile("CMYK", 4),
                                                  tiff_files::profile("Lab ", 4),
                                                  tiff_files::profile("XYZ ", 4),
                                                  tiff_files::profile("RGB ", 4, "link"),
                                                  tiff_files::profile("RGB ", 4, "abst"),
                                                  std::string(500, 'x')};
  for (const std::string& profile : of_other_colours) {
    SCOPED_TRACE(profile.substr(12, 8));
    for (const Colour& colour : colours)
      expect_colour(picture<std::uint8_t>({.profile = profile}, joined(colour, {})), colour);
    EXPECT_EQ(first_pixel(jpeg_with(profile)), first_pixel(bad_files::fixture("jpeg.jpg")));
  }
  EXPECT_NE(first_pixel(jpeg_with(tiff_files::profile("RGB ", 4))),
            first_pixel(bad_files::fixture("jpeg.jpg")));
  expect_colour(picture<std::uint8_t>({.photometric = 1, .profile = tiff_files::profile("RGB ", 4)}, {90}),
                {90, 90, 90});
  const std::vector<double> inks{10, 100, 200, 50};
  const Colour without = first_pixel(picture<std::uint8_t>({.photometric = 5}, inks));
  for (const char* space : {"RGB ", "GRAY", "Lab "})
    expect_colour(picture<std::uint8_t>({.photometric = 5, .profile = tiff_files::profile(space, 4)}, inks),
                  without);
}

TEST_F(ImageColours, OnlyAlphaIsTransparency) {
  constexpr std::uint16_t unspecified = 0, premultiplied = 1, straight = 2;
  for (const Colour& colour : colours) {
    const auto on_white = [&](double alpha) {
      Colour flat{};
      for (std::size_t i = 0; i < 3; ++i) flat[i] = 255 + (colour[i] - 255) * alpha / 255;
      return flat;
    };
    const auto with = [&](std::vector<std::uint16_t> kinds, const std::vector<double>& more) {
      return picture<std::uint8_t>({.extra_samples = std::move(kinds)}, joined(colour, more));
    };
    expect_colour(with({unspecified}, {0}), colour);
    expect_colour(with({unspecified, unspecified}, {77, 0}), colour);
    expect_colour(with({straight}, {51}), on_white(51), 1);
    expect_colour(with({unspecified, straight}, {0, 51}), on_white(51), 1);
    expect_colour(with({straight, unspecified}, {51, 0}), on_white(51), 1);
    expect_colour(with({}, {0}), colour);  // a fourth sample that nothing names
    expect_colour(picture<std::uint8_t>({.extra_samples = {premultiplied}}, joined(colour, {51}, 0.2)),
                  on_white(51), 3);
    expect_colour(picture<std::uint16_t>({.extra_samples = {unspecified}}, joined(colour, {0}, 257)), colour);
    expect_colour(picture<std::uint16_t>({.extra_samples = {straight}}, joined(colour, {51 * 257}, 257)),
                  on_white(51), 1);
  }
  expect_colour(picture<std::uint8_t>({.photometric = 1, .extra_samples = {unspecified}}, {90, 0}),
                {90, 90, 90});
  expect_colour(picture<std::uint8_t>({.photometric = 1, .extra_samples = {straight}}, {90, 0}),
                {255, 255, 255});
}

TEST_F(ImageColours, FloatsOfAPlainRangeAreTheSamePicture) {
  // A white and a black pixel beside the colour, so that the range shows.
  const auto floats = [](const Colour& colour, double white, auto sample, std::vector<double> last = {}) {
    using Sample = decltype(sample);
    Layout layout{.width = edge, .height = edge, .format = 3};
    std::vector<Sample> samples;
    for (int i = 0; i < edge * edge; ++i)
      for (std::size_t channel = 0; channel < 3; ++channel)
        samples.push_back(static_cast<Sample>(i < 12 ? colour[channel] / 255 * white : i == 15 ? white : 0));
    for (std::size_t i = 0; i < last.size(); ++i)
      samples[samples.size() - 1 - i] = static_cast<Sample>(last[i]);
    return tiff(layout, samples);
  };
  for (const Colour& colour : colours)
    for (const double white : {1.0, 255.0}) {
      SCOPED_TRACE(white);
      expect_colour(floats(colour, white, float{}), colour);
    }
  expect_colour(picture<float>({.photometric = 1, .format = 3}, {90 / 255.0}), {90, 90, 90});
  expect_colour(picture<float>({.photometric = 1, .format = 3}, {90}), {90, 90, 90});
  expect_colour(picture<float>({.photometric = 0, .format = 3}, {1 - 90 / 255.0}), {90, 90, 90});
  // The infrared of a fourth band says nothing of the range.
  expect_colour(picture<float>({.format = 3, .extra_samples = {0}}, {0.5, 0.25, 1, 4000}), {128, 64, 255});
  for (const double value : {-0.1, 300.0, 1000.0, std::nan(""), HUGE_VAL})
    EXPECT_THAT(reason_of(floats(colours[0], 1, float{}, {value})),
                HasSubstr("unsupported format: nothing says which of its numbers are black and white"));
  EXPECT_THAT(reason_of(floats(colours[0], 1, float{}, {1.5})),
              HasSubstr("floats from 0 to 1.5, not 0 to 1 or 0 to 255"));
  EXPECT_THAT(reason_of(picture<double>({.format = 3}, {1, 0, 0})),
              HasSubstr("unsupported format: TIFF: floating point of 64 bits"));
  EXPECT_THAT(reason_of(picture<std::int16_t>({.format = 2}, {1, 2, 3})), HasSubstr("unsupported format"));
  EXPECT_THAT(reason_of(picture<std::uint32_t>({}, {1, 2, 3})), HasSubstr("unsupported format"));
}

TEST_F(ImageColours, CielabIsTheSamePicture) {
  // sRGB's colours in CIELAB under D50, from the definitions with Bruce Lindbloom's matrix.
  struct Case {
    Colour srgb;
    std::array<double, 3> lab;
  };
  for (const auto& [srgb, lab] :
       {Case{{255, 255, 255}, {100.00, 0.00, 0.00}}, Case{{0, 0, 0}, {0.00, 0.00, 0.00}},
        Case{{119, 119, 119}, {50.03, 0.00, 0.00}}, Case{{200, 60, 30}, {47.20, 55.17, 49.48}},
        Case{{20, 90, 210}, {40.23, 17.01, -68.87}}, Case{{120, 160, 90}, {61.65, -23.78, 31.79}},
        Case{{240, 200, 220}, {84.55, 16.99, -4.39}}}) {
    SCOPED_TRACE(lab[0]);
    const auto signed_byte = [](double value) { return std::fmod(std::round(value) + 256, 256); };
    const std::vector<double> bytes{std::round(lab[0] * 2.55), signed_byte(lab[1]), signed_byte(lab[2])};
    expect_colour(picture<std::uint8_t>({.photometric = 8}, bytes), srgb, 6);  // half a step of a or b
    const auto signed_short = [](double value) { return std::fmod(std::round(value * 256) + 65536, 65536); };
    const std::vector<double> shorts{std::round(lab[0] * 655.35), signed_short(lab[1]), signed_short(lab[2])};
    expect_colour(picture<std::uint16_t>({.photometric = 8}, shorts), srgb, 4);
  }
  const std::string refusal = "unsupported format: TIFF: ";
  EXPECT_THAT(reason_of(picture<std::uint8_t>({.photometric = 9}, {128, 128, 128})),
              HasSubstr(refusal + "ICC L*a*b*"));
  EXPECT_THAT(reason_of(picture<std::uint8_t>({.photometric = 8, .extra_samples = {2}}, {128, 0, 0, 9})),
              HasSubstr(refusal + "CIELAB with more"));
}

TEST_F(ImageColours, InksAreOneFormula) {
  for (const std::vector<double>& inks : {std::vector<double>{0, 0, 0, 0},
                                          {0, 0, 0, 255},
                                          {255, 0, 0, 0},
                                          {10, 100, 200, 50},
                                          {30, 20, 10, 128}}) {
    Colour wanted{};
    for (std::size_t i = 0; i < 3; ++i) wanted[i] = std::round((255 - inks[i]) * (255 - inks[3]) / 255);
    std::vector<double> wide = inks, with_alpha = inks, with_other = inks;
    for (double& ink : wide) ink *= 257;
    with_alpha.push_back(0);
    with_other.push_back(0);
    expect_colour(picture<std::uint8_t>({.photometric = 5}, inks), wanted);
    expect_colour(picture<std::uint16_t>({.photometric = 5}, wide), wanted);
    expect_colour(picture<std::uint8_t>({.photometric = 5, .extra_samples = {0}}, with_other), wanted);
    expect_colour(picture<std::uint8_t>({.photometric = 5, .extra_samples = {2}}, with_alpha),
                  {255, 255, 255});
  }
}

/// A bitmap of 3 × 2 pixels: red, green, blue above white, grey, black.
const std::vector<Colour> six{{255, 0, 0},     {0, 255, 0},     {0, 0, 255},
                              {255, 255, 255}, {128, 128, 128}, {0, 0, 0}};

std::vector<Colour> all_pixels(const std::string& bytes) {
  const ilk::ImagePreprocessor preprocessor{.shortest_edge = 0,
                                            .crop_height = 2,
                                            .crop_width = 3,
                                            .resample = ilk::ImagePreprocessor::Resample::nearest,
                                            .mean = {0, 0, 0},
                                            .standard_deviation = {1, 1, 1},
                                            .rescale_factor = 1};
  const auto pixels = ilk::decode_for_model({.bytes = bytes, .sha256 = ""}, preprocessor, {});
  std::vector<Colour> found;
  for (std::int64_t i = 0; i < 6; ++i) found.push_back({pixels[0][i], pixels[1][i], pixels[2][i]});
  return found;
}

std::string bitmap(std::int32_t height, std::uint16_t bits, std::uint32_t compression,
                   const std::string& middle, const std::string& rows, std::uint32_t header = 40,
                   std::uint32_t colours_used = 0) {
  std::string file = "BM";
  using tiff_files::put;
  put(file, static_cast<std::uint32_t>(14 + 40 + middle.size() + rows.size()));
  put(file, std::uint32_t{0});
  put(file, static_cast<std::uint32_t>(14 + 40 + middle.size()));
  put(file, header);
  put(file, std::int32_t{3});
  put(file, height);
  put(file, std::uint16_t{1});
  put(file, bits);
  put(file, compression);
  for (int i = 0; i < 3; ++i) put(file, std::uint32_t{0});
  put(file, colours_used);
  put(file, std::uint32_t{0});
  return file + middle + rows;
}

TEST_F(ImageColours, BitmapsOfEveryDepthAreRead) {
  using namespace std::string_literals;
  const std::string top_24 = "\0\0\xff\0\xff\0\xff\0\0\0\0\0"s,
                    bottom_24 = "\xff\xff\xff\x80\x80\x80\0\0\0\0\0\0"s;
  EXPECT_EQ(all_pixels(bitmap(2, 24, 0, "", bottom_24 + top_24)), six);
  EXPECT_EQ(all_pixels(bitmap(-2, 24, 0, "", top_24 + bottom_24)), six) << "from the top";
  const std::string top_32 = "\0\0\xff\0\0\xff\0\0\xff\0\0\0"s,
                    bottom_32 = "\xff\xff\xff\0\x80\x80\x80\0\0\0\0\0"s;  // the fourth byte is nothing
  EXPECT_EQ(all_pixels(bitmap(2, 32, 0, "", bottom_32 + top_32)), six);
  // Six colours, blue first, then an index for each pixel.
  const std::string palette = "\0\0\xff\0\0\xff\0\0\xff\0\0\0\xff\xff\xff\0\x80\x80\x80\0\0\0\0\0"s;
  EXPECT_EQ(all_pixels(bitmap(2, 8, 0, palette, "\3\4\5\0\0\1\2\0"s, 40, 6)), six);
  EXPECT_EQ(all_pixels(bitmap(2, 4, 0, palette, "\x34\x50\0\0\x01\x20\0\0"s, 40, 6)), six);
  EXPECT_EQ(all_pixels(bitmap(2, 8, 1, palette, "\0\3\3\4\5\0\0\0\1\0\1\1\1\2\0\1"s, 40, 6)), six)
      << "run lengths";
  EXPECT_EQ(all_pixels(bitmap(2, 4, 2, palette, "\0\3\x34\x50\0\0\3\x01\0\1"s, 40, 6))[0], six[0]);
  const std::vector<Colour> half =
      all_pixels(bitmap(2, 32, 3, "\xff\0\0\0\0\xff\0\0\0\0\xff\0\0\0\0\xff"s,  // red first, with alpha
                        "\0\0\0\x80\xff\0\0\xff\xff\0\0\xff\xff\0\0\xff\xff\0\0\xff\xff\0\0\0"s, 56));
  EXPECT_NEAR(half[3][0], 127, 1) << "half transparent black";
  EXPECT_EQ(half[2], (Colour{255, 255, 255})) << "transparent red";
  EXPECT_EQ(half[0], (Colour{255, 0, 0}));
  EXPECT_THAT(reason_of(bitmap(2, 24, 0, "", bottom_24)),
              HasSubstr("damaged: Windows bitmap (BMP): cut off"));
  EXPECT_THAT(reason_of(bitmap(2, 8, 1, palette, "\xff\0"s, 40, 6)),
              HasSubstr("a run leads out of the picture"));
  EXPECT_THAT(reason_of(bitmap(2, 24, 4, "", top_24)), HasSubstr("unsupported format"));
  EXPECT_THAT(reason_of(bitmap(1 << 30, 1, 0, palette, "", 40, 2)), HasSubstr("too large"));
}

TEST_F(ImageColours, PixmapsOfEveryKindAreRead) {
  using namespace std::string_literals;
  EXPECT_EQ(all_pixels("P3 # a comment\n3 2\n255\n255 0 0 0 255 0 0 0 255 255 255 255 128 128 128 0 0 0\n"),
            six);
  const std::string bytes = "\xff\0\0\0\xff\0\0\0\xff\xff\xff\xff\x80\x80\x80\0\0\0"s;
  EXPECT_EQ(all_pixels("P6\n3 2\n255\n" + bytes), six);
  EXPECT_EQ(all_pixels("P7\nWIDTH 3\nHEIGHT 2\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" + bytes), six);
  std::string wide;
  for (const char byte : bytes) wide += std::string(2, byte);
  EXPECT_EQ(all_pixels("P6\n3 2\n65535\n" + wide), six);
  const auto greys = [](const std::vector<double>& values) {
    std::vector<Colour> pixels;
    for (const double value : values) pixels.push_back({value, value, value});
    return pixels;
  };
  EXPECT_EQ(all_pixels("P2 3 2 100 0 50 100 100 0 0"), greys({0, 128, 255, 255, 0, 0}));
  EXPECT_EQ(all_pixels("P5 3 2 100\n"s + "\0\x32\x64\x64\0\0"s), greys({0, 128, 255, 255, 0, 0}));
  EXPECT_EQ(all_pixels("P1 3 2 101\n010"), greys({0, 255, 0, 255, 0, 255})) << "a set bit is black";
  EXPECT_EQ(all_pixels("P4 3 2\n\xa0\x40"), greys({0, 255, 0, 255, 0, 255}));
  EXPECT_THAT(reason_of("P6 3 2 255\n" + bytes.substr(1)), HasSubstr("damaged"));
  EXPECT_THAT(reason_of("P2 3 2 100 0 50 101 100 0 0"), HasSubstr("larger than the largest"));
  EXPECT_THAT(reason_of("P5 3 2 0\n      "), HasSubstr("from 1 to 65535"));
  EXPECT_THAT(reason_of("P5 99999 99999 255\n      "), HasSubstr("too large"));
  EXPECT_THAT(reason_of("P4 20000000 1\n" + std::string(2500000, 'a')), HasSubstr("a side is longer than"));
}

TEST_F(ImageColours, SmallPicturesCarryNoMetadata) {
  for (const std::string& original :
       {bad_files::fixture("orientation_6.jpg"), jpeg_with(tiff_files::profile("RGB ", 2.2))}) {
    const bool has_metadata =
        original.find("Exif") != std::string::npos || original.find("ICC_PROFILE") != std::string::npos;
    EXPECT_TRUE(has_metadata) << "a picture without it proves nothing";
    const std::string small = ilk::make_thumbnail({.bytes = original, .sha256 = ""}, 64, {});
    EXPECT_EQ(small.find("Exif"), std::string::npos);
    EXPECT_EQ(small.find("ICC_PROFILE"), std::string::npos);
  }
}

TEST_F(ImageColours, DamagedFilesAreErrorsOrPictures) {  // of the readers that are ilk's own
  using namespace std::string_literals;
  const std::string palette = "\0\0\xff\0\0\xff\0\0\xff\0\0\0\xff\xff\xff\0\x80\x80\x80\0\0\0\0\0"s;
  const std::vector<std::string> originals{
      bitmap(2, 8, 1, palette, "\0\3\3\4\5\0\0\0\1\0\1\1\1\2\0\1"s, 40, 6),
      bitmap(2, 4, 2, palette, "\0\3\x34\x50\0\0\3\x01\0\1"s, 40, 6),
      bitmap(2, 24, 0, "", std::string(24, 'a')),
      bitmap(2, 16, 3, "\0\xf8\0\0\xe0\7\0\0\x1f\0\0\0"s, std::string(16, 'a')),
      "P6 3 2 255\n" + std::string(18, 'a'),
      "P2 3 2 100 0 50 100 100 0 0",
      "P4 3 2\n\xa0\x40",
      "P7\nWIDTH 3\nHEIGHT 2\nDEPTH 3\nMAXVAL 255\nENDHDR\n" + std::string(18, 'a'),
      picture<std::uint8_t>({.extra_samples = {0}}, {1, 2, 3, 4}),
      picture<float>({.format = 3}, {1, 0, 0.5})};
  std::mt19937 random(7);
  int decoded = 0, refused = 0;
  const auto try_one = [&](const std::string& bytes) {
    try {
      first_pixel(bytes);
      ++decoded;
    } catch (const ilk::ImageError&) {
      ++refused;
    }
  };
  testing::internal::CaptureStderr();
  for (const std::string& original : originals) {
    for (std::size_t length = 0; length < original.size(); ++length) try_one(original.substr(0, length));
    for (int i = 0; i < 300; ++i) {
      std::string changed = original;
      for (unsigned n = random() % 3 + 1; n > 0; --n)
        changed[2 + random() % (changed.size() - 2)] =
            static_cast<char>(random() % 2 ? random() : 255 * (random() % 2));
      try_one(changed);
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(decoded, 100);
  EXPECT_GT(refused, 100);
}

TEST_F(ImageColours, CameraRawIsNamed) {
  using namespace std::string_literals;
  const std::string wanted = "unsupported format: Camera raw without a readable preview";
  EXPECT_THAT(reason_of("II*\0\x10\0\0\0CR\2\0"s + std::string(500, '\x7f')), HasSubstr(wanted));
  EXPECT_THAT(reason_of("FUJIFILMCCD-RAW 0201"s + std::string(500, '\x7f')), HasSubstr(wanted));
  // A sensor's own samples would be a grey mosaic.
  EXPECT_THAT(reason_of(picture<std::uint16_t>({.photometric = 32803}, {500})), HasSubstr(wanted));
  EXPECT_THAT(reason_of("II*\0\x10\0\0\0"s + std::string(500, '\x7f')), HasSubstr("damaged"));
  try {
    ilk::decode_for_model(
        {.bytes = "II*\0\x10\0\0\0"s + std::string(500, '\x7f'), .sha256 = "", .named_camera_raw = true}, {},
        {});
    ADD_FAILURE() << "decoded";
  } catch (const ilk::ImageError& error) {
    EXPECT_THAT(error.kind() + ": " + error.what(), HasSubstr(wanted));
  }
}

}  // namespace
