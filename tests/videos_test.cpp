#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/dataset.h>
#include <ilk/error.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "io/files.h"
#include "made_dataset.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// A lossless video of n frames, 25 a second; all pixels of frame i have the value 5i.
void make_video(const fs::path& path, std::int64_t n) {
  std::string raw;
  for (std::int64_t i = 0; i < n; ++i) raw.append(std::size_t{32} * 24 * 3, static_cast<char>(5 * i));
  fs::create_directories(path.parent_path());
  const fs::path pixels = path.string() + ".raw";
  ilk::write_file_atomically(pixels, raw);
  const std::string command = "ffmpeg -v error -nostdin -f rawvideo -pix_fmt rgb24 -s 32x24 -r 25 -i '" +
                              pixels.string() + "' -c:v ffv1 -pix_fmt bgr0 '" + path.string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  fs::remove(pixels);
}

TEST_F(MadeDataset, TakesTheMiddleFrameOfVideos) {
  if (std::system("command -v ffmpeg ffprobe > /dev/null") != 0) GTEST_SKIP() << "ffmpeg is not installed";
  const fs::path place = folder() / "UCF-101";
  make_video(place / "Archery/v_Archery_g01_c01.avi", 41);
  make_video(place / "Archery/v_Archery_g08_c01.avi", 2);
  make_video(place / "Biking/-v Biking.avi.avi", 30);
  make_video(place / "Biking/long.avi", 50);
  write(place / "Biking/notes.pdf", "%PDF");
  write(place / "Biking/broken.avi", "RIFF....AVI LIST");
  const auto middle = [&](const ilk::Dataset& dataset, std::int64_t i) {
    const auto pixels = decoded(dataset.read(i), 24, 32);
    const auto [lowest, highest] = std::minmax_element(pixels.flat().begin(), pixels.flat().end());
    EXPECT_EQ(*lowest, *highest);
    return static_cast<std::int64_t>(*highest) / 5;
  };

  const auto dataset = ilk::open_dataset("videos:" + place.string());
  EXPECT_THAT(dataset.classes, ElementsAre("Archery", "Biking"));
  ASSERT_EQ(dataset.images.size(), 5u);
  EXPECT_EQ(middle(dataset, 0), 21);  // the first that is not before half of 41/25 seconds
  EXPECT_EQ(middle(dataset, 1), 1);
  EXPECT_EQ(middle(dataset, 2), 15);
  EXPECT_EQ(middle(dataset, 4), 25);
  EXPECT_EQ(dataset.images[4].label, 1);
  ASSERT_EQ(dataset.skipped.size(), 1u);
  EXPECT_THAT(dataset.skipped[0].path, HasSubstr("notes.pdf"));
  try {
    dataset.read(3);
    FAIL() << "a broken video was read";
  } catch (const ilk::ImageError& error) {
    EXPECT_EQ(error.kind(), "damaged");
  }

  // Cut anywhere, a video gives a frame of its own or is damaged.
  const std::string whole = ilk::read_file(place / "Biking/long.avi");
  for (std::size_t i = 0; i < 4; ++i) {
    write(place / "Biking/long.avi", whole.substr(0, whole.size() * i / 4));
    try {
      EXPECT_LE(middle(dataset, 4), 25);
    } catch (const ilk::ImageError&) {
    }
  }

  fs::create_directories(folder() / "ucfTrainTestlist");
  write(folder() / "ucfTrainTestlist/trainlist01.txt",
        "Biking/long.avi 2\nArchery/v_Archery_g08_c01.avi 1\nArchery/gone.avi 1\n");
  write(folder() / "ucfTrainTestlist/testlist01.txt", "Archery/v_Archery_g01_c01.avi\r\n");
  const auto train = ilk::open_dataset("ucf101:" + place.string(), {.split = "train"});
  ASSERT_EQ(train.images.size(), 2u);
  EXPECT_THAT(train.images[0].name, HasSubstr("g08"));
  EXPECT_EQ(middle(train, 0), 1);
  EXPECT_EQ(train.skipped.size(), 2u);
  const auto test = ilk::open_dataset("ucf101:" + place.string(), {.split = "test"});
  EXPECT_EQ(ilk::open_dataset("ucf101:" + place.string() + "/").splits.size(), 2u);
  ASSERT_EQ(test.images.size(), 1u);
  EXPECT_EQ(middle(test, 0), 21);

  const std::string path = std::getenv("PATH");
  setenv("PATH", folder().c_str(), 1);
  EXPECT_THROW(ilk::open_dataset("videos:" + place.string()), ilk::Error);
  setenv("PATH", path.c_str(), 1);
}

}  // namespace
