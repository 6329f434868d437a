#pragma once
// Data sets of known pixels (tests/data/datasets), copies of them to change, and folders made for one test.
#include <gtest/gtest.h>
#include <ilk/dataset.h>
#include <ilk/error.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "matrices.h"
#include "temporary_directory.h"

inline const std::string data = ILK_TEST_DATA "/datasets/";

/// The rule of tests/data/datasets/make.py, as a decoder sees the pixels: (3, H · W).
inline ilk::Matrix<float> pixels(std::int64_t i, std::int64_t height, std::int64_t width,
                                 std::int64_t channels) {
  auto result = ilk::Matrix<float>::uninitialised(3, height * width);
  for (std::int64_t channel = 0; channel < 3; ++channel)
    for (std::int64_t at = 0; at < height * width; ++at) {
      const std::int64_t x = at % width, y = at / width, c = channels == 1 ? 0 : channel;
      result[channel][at] = static_cast<float>((37 * i + 5 * x + 11 * y + 71 * c) % 251);
    }
  return result;
}

/// The pixels of an image as a decoder sees them, (3, H · W).
inline ilk::Matrix<float> decoded(const ilk::ImageFile& file, std::int64_t height, std::int64_t width) {
  return ilk::decode_for_model(file,
                               {.shortest_edge = 0,
                                .crop_height = height,
                                .crop_width = width,
                                .resample = ilk::ImagePreprocessor::Resample::nearest,
                                .mean = {0, 0, 0},
                                .standard_deviation = {1, 1, 1},
                                .rescale_factor = 1},
                               {});
}

inline void expect_images(const ilk::Dataset& dataset, std::int64_t n, std::int64_t height,
                          std::int64_t width, std::int64_t channels, std::int64_t n_classes) {
  ASSERT_EQ(static_cast<std::int64_t>(dataset.images.size()), n);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto& image = dataset.images[static_cast<std::size_t>(i)];
    if (image.label >= 0) {
      EXPECT_EQ(image.label, 7 * i % n_classes) << i;
    }
    EXPECT_TRUE(equal(decoded(dataset.read(i), height, width), pixels(i, height, width, channels)))
        << image.name;
  }
  EXPECT_ANY_THROW(dataset.read(n));
  EXPECT_ANY_THROW(dataset.read(-1));
}

class MadeDataset : public testing::Test {
 protected:
  std::filesystem::path folder() const { return folder_.path(); }
  std::string put(const std::filesystem::path& name) const {
    std::filesystem::create_directories((folder() / name).parent_path());
    std::filesystem::copy_file(ILK_TEST_DATA "/images/files/png.png", folder() / name);
    return (folder() / name).string();
  }
  TemporaryDirectory folder_;
};

inline void write_gzipped(const std::filesystem::path& path, const std::string& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  ASSERT_EQ(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())), static_cast<int>(bytes.size()));
  ASSERT_EQ(gzclose(file), Z_OK);
}

/// How many images of a data set can be read; −1 where it is an Error. Anything else than an Error or an
/// ImageError ends the test.
inline int readable(const std::string& place) {
  try {
    const auto dataset = ilk::open_dataset(place);
    int count = 0;
    for (std::size_t i = 0; i < dataset.images.size(); ++i) {
      try {
        dataset.read(static_cast<std::int64_t>(i));
        ++count;
      } catch (const ilk::ImageError&) {
      }
    }
    return count;
  } catch (const ilk::Error&) {
    return -1;
  }
}
