#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/dataset.h>
#include <ilk/error.h>
#include <ilk/files.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "matrices.h"
#include "temporary_directory.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;
const std::string data = ILK_TEST_DATA "/datasets/";

/// The rule of tests/data/datasets/make.py, as a decoder sees the pixels: (3, H · W).
ilk::Matrix<float> pixels(std::int64_t i, std::int64_t height, std::int64_t width, std::int64_t channels) {
  auto result = ilk::Matrix<float>::uninitialised(3, height * width);
  for (std::int64_t channel = 0; channel < 3; ++channel)
    for (std::int64_t at = 0; at < height * width; ++at) {
      const std::int64_t x = at % width, y = at / width, c = channels == 1 ? 0 : channel;
      result[channel][at] = static_cast<float>((37 * i + 5 * x + 11 * y + 71 * c) % 251);
    }
  return result;
}

/// The pixels of an image as a decoder sees them, (3, H · W).
ilk::Matrix<float> decoded(const ilk::ImageFile& file, std::int64_t height, std::int64_t width) {
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

void expect_images(const ilk::Dataset& dataset, std::int64_t n, std::int64_t height, std::int64_t width,
                   std::int64_t channels, std::int64_t n_classes) {
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

TEST(Dataset, ReadsCifarInBothVersions) {
  for (const std::string version : {"binary", "python"}) {
    const auto ten = ilk::open_dataset(data + "cifar10-" + version);
    EXPECT_EQ(ten.format, "cifar10");
    EXPECT_EQ(ten.classes[3], "cat");
    expect_images(ten, 7, 32, 32, 3, 10);
    EXPECT_EQ(ten.images[6].name, "test/1");
    ASSERT_EQ(ten.splits.size(), 2u);
    EXPECT_EQ(ten.splits[0].end, 5);

    const auto hundred = ilk::open_dataset(data + "cifar100-" + version);
    EXPECT_EQ(hundred.format, "cifar100");
    EXPECT_EQ(hundred.classes[28], "fine 28");
    expect_images(hundred, 5, 32, 32, 3, 100);
    const auto twenty = ilk::open_dataset("cifar20:" + data + "cifar100-" + version);
    EXPECT_EQ(twenty.classes.size(), 20u);
    EXPECT_EQ(twenty.classes[19], "coarse 19");
    expect_images(twenty, 5, 32, 32, 3, 20);
  }
  // One file alone is told by its size or its lists, and takes its classes' names from beside it.
  const auto batch = ilk::open_dataset(data + "cifar10-binary/data_batch_1.bin");
  EXPECT_EQ(batch.format, "cifar10");
  EXPECT_EQ(batch.images[2].name, "data_batch_1/2");
  expect_images(batch, 3, 32, 32, 3, 10);
  EXPECT_EQ(ilk::open_dataset(data + "cifar100-python/train").format, "cifar100");
}

TEST(Dataset, ReadsStl10) {
  const auto stl = ilk::open_dataset(data + "stl10");
  expect_images(stl, 4, 96, 96, 3, 10);
  EXPECT_EQ(stl.images[3].label, -1);
  EXPECT_EQ(stl.images[3].name, "unlabeled/0");
  EXPECT_EQ(stl.images[1].label, 7);
}

TEST(Dataset, ReadsIdxPackedAndPlain) {
  const auto idx = ilk::open_dataset(data + "idx");
  expect_images(idx, 8, 6, 4, 1, 10);
  EXPECT_EQ(idx.images[5].name, "test/0");
  const auto file = ilk::open_dataset(data + "idx/train-images-idx3-ubyte");
  expect_images(file, 5, 6, 4, 1, 10);
  EXPECT_EQ(ilk::open_dataset("fashion-mnist:" + data + "idx").classes[9], "ankle boot");
}

TEST(Dataset, ReadsFashionMnistAsDebianHasIt) {
  const std::string place = "/usr/share/datasets/fashion-mnist";
  if (!fs::exists(place)) GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  const auto fashion = ilk::open_dataset(place);
  ASSERT_EQ(fashion.images.size(), 70000u);
  std::vector<std::int64_t> counts(10), first;
  for (const auto& image : fashion.images) ++counts[static_cast<std::size_t>(image.label)];
  for (std::size_t i = 0; i < 10; ++i) first.push_back(fashion.images[i].label);
  EXPECT_THAT(counts, testing::Each(7000));
  EXPECT_THAT(first, ElementsAre(9, 0, 0, 3, 0, 2, 7, 2, 5, 5));
  EXPECT_EQ(fashion.classes[0], "T-shirt/top");
  EXPECT_EQ(ilk::open_dataset(place, {.split = "test"}).images.size(), 10000u);
  EXPECT_EQ(fashion.read(69999).sha256.size(), 64u);
}

TEST(Dataset, ReadsWebDatasetShards) {
  const auto web = ilk::open_dataset(data + "webdataset");
  ASSERT_EQ(web.images.size(), 6u);
  EXPECT_THAT(web.classes, ElementsAre("0", "1", "4", "5", "7", "8"));
  for (std::int64_t i = 0; i < 6; ++i) {
    const auto& image = web.images[static_cast<std::size_t>(i)];
    EXPECT_EQ(web.classes[static_cast<std::size_t>(image.label)], std::to_string(7 * i % 10));
    EXPECT_TRUE(equal(decoded(web.read(i), 8, 6), pixels(i, 8, 6, 3))) << image.name;
    EXPECT_THAT(image.name, HasSubstr(i % 3 == 1 ? "longlonglong" : "/a/")) << "names of over 100 bytes";
  }
  EXPECT_EQ(web.skipped.size(), 2u) << "samples without a picture";
  EXPECT_EQ(ilk::open_dataset(data + "webdataset/shard-000001.tar").images.size(), 3u);
}

void write(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

class MadeDataset : public testing::Test {
 protected:
  fs::path folder() const { return folder_.path(); }
  std::string put(const fs::path& name) const {
    fs::create_directories((folder() / name).parent_path());
    fs::copy_file(ILK_TEST_DATA "/images/files/png.png", folder() / name);
    return (folder() / name).string();
  }
  TemporaryDirectory folder_;
};

TEST_F(MadeDataset, ReadsClassFoldersWithAndWithoutSplits) {
  for (const char* name : {"set/owl/1.png", "set/cat/b/2.png", "set/cat/1.png", "set/loose.png"}) put(name);
  const auto plain = ilk::open_dataset((folder() / "set").string());
  EXPECT_EQ(plain.format, "imagefolder");
  EXPECT_THAT(plain.classes, ElementsAre("cat", "owl"));
  ASSERT_EQ(plain.images.size(), 4u);
  for (const auto& image : plain.images) {
    const bool cat = image.name.find("/cat/") != std::string::npos,
               owl = image.name.find("/owl/") != std::string::npos;
    EXPECT_EQ(image.label, cat ? 0 : owl ? 1 : -1) << image.name;
  }
  EXPECT_EQ(plain.read(0).bytes, ilk::read_file(plain.images[0].name));

  for (const char* name : {"parts/train/n02085936/1.png", "parts/train/n01440764/1.png",
                           "parts/val/n02085936/1.png", "parts/val/n02056570/1.png"})
    put(name);
  const std::string parts = (folder() / "parts/").string();
  const auto all = ilk::open_dataset(parts);
  EXPECT_THAT(all.classes, ElementsAre("n01440764", "n02056570", "n02085936"));
  ASSERT_EQ(all.splits.size(), 2u);
  EXPECT_EQ(all.splits[1].name, "val");
  const auto validation = ilk::open_dataset(parts, {.split = "val"});
  ASSERT_EQ(validation.images.size(), 2u);
  EXPECT_EQ(validation.images[0].label, 1);

  ilk::write_file_atomically(folder() / "wanted.txt", "n02085936\nn02056570\n");
  const auto some = ilk::open_dataset(parts, {.classes = (folder() / "wanted.txt").string()});
  EXPECT_THAT(some.classes, ElementsAre("n02056570", "n02085936"));
  ASSERT_EQ(some.images.size(), 3u);
  EXPECT_EQ(some.read(2).bytes, ilk::read_file(some.images[2].name));
  EXPECT_EQ(some.images[2].label, some.images[2].name.find("n02085936") != std::string::npos ? 1 : 0);
  try {
    ilk::open_dataset(parts, {.classes = "imagenet-10"});
    FAIL() << "the folder lacks most of the classes";
  } catch (const ilk::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("n02128757"));
  }
  EXPECT_THROW(ilk::open_dataset(parts, {.split = "test"}), ilk::Error);
  EXPECT_THROW(ilk::open_dataset(parts, {.classes = "no such file"}), ilk::Error);
}

TEST_F(MadeDataset, TakesTheImageNetSubsets) {
  for (const char* synset : {"n02085936", "n02086646", "n02088238", "n02091467", "n02097130", "n02099601",
                             "n02101388", "n02101556", "n02102177", "n02105056", "n02105412", "n02105855",
                             "n02107142", "n02110958", "n02112137", "n02056570"})
    put("train/" + std::string(synset) + "/1.png");
  const auto dogs = ilk::open_dataset((folder() / "train").string(), {.classes = "imagenet-dogs"});
  EXPECT_EQ(dogs.classes.size(), 15u);
  EXPECT_EQ(dogs.images.size(), 15u);
}

TEST_F(MadeDataset, ReadsACsvOfPathsAndLabels) {
  put("pictures/1.png"), put("pictures/2.png");
  const auto csv = (folder() / "labels.csv").string();
  ilk::write_file_atomically(
      csv, "label,path\nowl,pictures/1.png\n,pictures/2.png\nowl,pictures/1.png\ncat,gone.png\n");
  const auto listed = ilk::open_dataset(csv);
  EXPECT_THAT(listed.classes, ElementsAre("cat", "owl"));
  ASSERT_EQ(listed.images.size(), 3u);
  EXPECT_EQ(listed.images[0].label, 1);
  EXPECT_EQ(listed.images[1].label, -1);
  EXPECT_EQ(listed.skipped.size(), 1u);
  EXPECT_THROW(listed.read(2), ilk::ImageError);
  EXPECT_EQ(ilk::open_dataset(ILK_SOURCE_DIR "/examples/clipart/labels.csv").classes.size(), 11u);
}

TEST_F(MadeDataset, ACsvMayHaveOtherSeparatorsAndNames) {
  put("pictures/1.png"), put("pictures/2.png");
  const auto csv = (folder() / "labels.csv").string();
  const auto classes_of = [&](const std::string& text) {
    ilk::write_file_atomically(csv, text);
    const auto dataset = ilk::open_dataset(csv);
    EXPECT_EQ(dataset.images.size(), 2u) << text;
    return dataset.classes;
  };
  for (const std::string separator : {",", ";", "\t"})
    for (const std::string header : {"", "image_name|species\n", "File Name|Label\n"}) {
      std::string text = header + "pictures/1.png|owl\npictures/2.png| cat \n";
      for (auto at = text.find('|'); at != std::string::npos; at = text.find('|', at + 1))
        text.replace(at, 1, separator);
      EXPECT_THAT(classes_of(text), ElementsAre("cat", "owl")) << text;
    }
  EXPECT_THAT(classes_of("path,label\npictures/1.png,\npictures/2.png, \n"), testing::IsEmpty());
  ilk::write_file_atomically(csv, "path,label\npictures/1.png,owl\n\npictures/1.png,cat\n");
  EXPECT_THAT(error_of([&] { ilk::open_dataset(csv); }),
              testing::AllOf(HasSubstr("line 2 says 'owl'"), HasSubstr("line 4 'cat'")));
}

/// A tar archive of files, of names and bytes, in one text; with POSIX's magic, or as before it.
std::string tar_of(const std::vector<std::pair<std::string, std::string>>& files, bool posix = true) {
  std::string tar;
  for (const auto& [name, bytes] : files) {
    std::string header(512, '\0');
    const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
    char size[12], sum[8];
    std::snprintf(size, sizeof size, "%011zo", bytes.size());
    put(0, name), put(100, "0000644"), put(124, size), put(148, "        "), put(156, "0");
    if (posix) put(257, "ustar"), put(263, "00");
    unsigned total = 0;
    for (const char byte : header) total += static_cast<unsigned char>(byte);
    std::snprintf(sum, sizeof sum, "%06o", total);
    put(148, sum);
    tar += header + bytes + std::string((512 - bytes.size() % 512) % 512, '\0');
  }
  return tar + std::string(1024, '\0');
}

void write_gzipped(const fs::path& path, const std::string& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  ASSERT_EQ(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())), static_cast<int>(bytes.size()));
  ASSERT_EQ(gzclose(file), Z_OK);
}

/// Shards in a folder "shards", each of two samples, with tables beside them as img2dataset writes them.
class MadeShards : public MadeDataset {
 protected:
  MadeShards() {
    fs::create_directories(shards());
    for (int i = 0; i < 3; ++i) {
      const std::string number = std::to_string(i);
      contents_.push_back(tar_of({{number + "a.png", picture_},
                                  {number + "a.cls", number},
                                  {number + "b.png", picture_},
                                  {number + "b.cls", "9"}}));
      write(shards() / ("0" + number + ".tar"), contents_.back());
      write(shards() / ("0" + number + "_stats.json"), "{}");
      write(shards() / ("0" + number + ".parquet"), "PAR1 a table");
    }
  }
  fs::path shards() const { return folder() / "shards"; }
  std::string at(const std::string& name) const { return (shards() / name).string(); }
  static std::vector<std::string> names(const ilk::Dataset& dataset) {
    std::vector<std::string> names;
    for (const auto& image : dataset.images) names.push_back(image.name);
    return names;
  }
  const std::string picture_ = ilk::read_file(ILK_TEST_DATA "/images/files/png.png");
  std::vector<std::string> contents_;
};

TEST_F(MadeShards, AreFoundBesideTables) {
  EXPECT_TRUE(ilk::is_packed_dataset(shards().string()));
  const auto dataset = ilk::open_dataset(shards().string());
  EXPECT_EQ(dataset.format, "webdataset");
  EXPECT_THAT(names(dataset),
              ElementsAre("00/0a.png", "00/0b.png", "01/1a.png", "01/1b.png", "02/2a.png", "02/2b.png"));
  EXPECT_THAT(dataset.classes, ElementsAre("0", "1", "2", "9"));
  EXPECT_THAT(dataset.skipped, testing::IsEmpty());
  write(shards() / "loose", picture_);
  EXPECT_FALSE(ilk::is_packed_dataset(shards().string())) << "a folder of pictures, with archives in it";
}

TEST_F(MadeShards, AreTakenByPatternsAndOneByOne) {
  const auto all = names(ilk::open_dataset(shards().string()));
  for (const std::string pattern : {"*.tar", "0[012].tar", "{00..02}.tar", "{00,01,02}.tar", "0{0..2}.t?r"}) {
    EXPECT_TRUE(ilk::is_packed_dataset(at(pattern))) << pattern;
    EXPECT_EQ(names(ilk::open_dataset(at(pattern))), all) << pattern;
  }
  EXPECT_EQ(names(ilk::open_dataset(std::vector{at("02.tar"), at("0{0..1}.tar")})), all);
  EXPECT_EQ(names(ilk::open_dataset("webdataset:" + at("*.tar"))), all);
  const auto some = ilk::open_dataset(at("{01..04}.tar"));
  EXPECT_EQ(some.images.size(), 4u);
  ASSERT_EQ(some.skipped.size(), 2u);
  EXPECT_EQ(some.skipped[0].path, at("03.tar"));
  EXPECT_EQ(some.skipped[0].kind, "vanished");
  EXPECT_FALSE(ilk::is_packed_dataset(at("*")));
  EXPECT_FALSE(ilk::is_packed_dataset(at("{07..09}.tar")));
  EXPECT_THROW(ilk::open_dataset(std::vector{at("00.tar"), at("00.parquet")}), ilk::Error);
}

TEST_F(MadeShards, MayBeGzipped) {
  const auto plain = ilk::open_dataset(shards().string());
  for (int i = 0; i < 3; ++i) {
    fs::remove(shards() / ("0" + std::to_string(i) + ".tar"));
    write_gzipped(shards() / ("0" + std::to_string(i) + (i == 1 ? ".tgz" : ".tar.gz")),
                  contents_[static_cast<std::size_t>(i)]);
  }
  const auto packed = ilk::open_dataset(shards().string());
  EXPECT_EQ(names(packed), names(plain));
  for (const std::int64_t i : {5, 0, 3, 1, 2, 4, 0, 5}) EXPECT_EQ(packed.read(i).bytes, picture_) << i;
  EXPECT_EQ(names(ilk::open_dataset(at("00.tar.gz"))).size(), 2u);
  const std::string whole = ilk::read_file(shards() / "02.tar.gz");
  write(shards() / "02.tar.gz", whole.substr(0, whole.size() / 2));
  const auto cut = ilk::open_dataset(shards().string());
  EXPECT_EQ(cut.images.size(), 4u);
  ASSERT_EQ(cut.skipped.size(), 1u);
  EXPECT_THAT(cut.skipped[0].reason, HasSubstr("damaged"));
}

TEST_F(MadeShards, ACutOneIsSkippedWholeWithItsReason) {
  const auto expect_two_shards = [&](const char* reason) {
    const auto dataset = ilk::open_dataset(shards().string());
    EXPECT_THAT(names(dataset), ElementsAre("00/0a.png", "00/0b.png", "02/2a.png", "02/2b.png"));
    ASSERT_EQ(dataset.skipped.size(), 1u);
    EXPECT_EQ(dataset.skipped[0].path, at("01.tar"));
    EXPECT_EQ(dataset.skipped[0].kind, "damaged");
    EXPECT_THAT(dataset.skipped[0].reason, HasSubstr(reason));
    EXPECT_EQ(dataset.read(3).bytes, picture_);
  };
  write(shards() / "01.tar", contents_[1].substr(0, 1300));
  expect_two_shards("is cut");
  write(shards() / "01.tar", "no archive at all");
  expect_two_shards("is cut");
  write(shards() / "01.tar", "");
  expect_two_shards("is cut");
  EXPECT_THROW(ilk::open_dataset(at("01.tar")), ilk::Error) << "alone";
  write(shards() / "00.tar", ""), write(shards() / "02.tar", "");
  EXPECT_THAT(error_of([&] { ilk::open_dataset(shards().string()); }), HasSubstr("is cut"));
}

TEST_F(MadeShards, ResourceForksOfMacOsAreNoMembers) {
  write(shards() / "00.tar", tar_of({{"./._0a.png", "fork"},
                                     {"./0a.png", picture_},
                                     {"./._0a.cls", "fork"},
                                     {"./0a.cls", "dog"},
                                     {"x/.hidden/b.png", picture_}}));
  const auto dataset = ilk::open_dataset(at("00.tar"));
  ASSERT_EQ(dataset.images.size(), 1u);
  EXPECT_THAT(dataset.classes, ElementsAre("dog"));
  EXPECT_EQ(dataset.images[0].label, 0);
  EXPECT_THAT(dataset.skipped, testing::IsEmpty());
}

TEST_F(MadeShards, FilesOfASampleMayStandApart) {  // as where tar packed a folder
  write(shards() / "00.tar", tar_of({{"in/b.cls", "dog"},
                                     {"in/a.png", picture_},
                                     {"in/c.json", R"({"label": "cat"})"},
                                     {"in/b.png", picture_},
                                     {"in/d.txt", "no picture"},
                                     {"in/a.cls", "cat"},
                                     {"in/c.png", picture_}}));
  const auto dataset = ilk::open_dataset(at("00.tar"));
  EXPECT_THAT(names(dataset), ElementsAre("00/in/b.png", "00/in/a.png", "00/in/c.png"));
  EXPECT_THAT(dataset.classes, ElementsAre("cat", "dog"));
  EXPECT_EQ(dataset.images[0].label, 1);
  EXPECT_EQ(dataset.images[1].label, 0);
  EXPECT_EQ(dataset.images[2].label, 0);
  EXPECT_EQ(dataset.read(2).bytes, picture_);
  ASSERT_EQ(dataset.skipped.size(), 1u);
  EXPECT_EQ(dataset.skipped[0].path, "00/in/d");
  // A name that comes again is another sample.
  write(shards() / "00.tar",
        tar_of({{"a.png", picture_}, {"a.cls", "x"}, {"b.png", picture_}, {"a.png", picture_}}));
  EXPECT_EQ(ilk::open_dataset(at("00.tar")).images.size(), 3u);
}

TEST_F(MadeShards, OfBeforePosixAreRead) {
  write(shards() / "00.tar", tar_of({{"a.png", picture_}, {"a.cls", "x"}}, false));
  EXPECT_EQ(names(ilk::open_dataset(at("00.tar"))), std::vector<std::string>{"00/a.png"});
}

TEST_F(MadeShards, OtherArchivesAreNamed) {
  write(shards() / "x.tar.bz2", "BZh91AY&SY");
  EXPECT_THAT(error_of([&] { ilk::open_dataset(at("x.tar.bz2")); }),
              HasSubstr("but bzip2 archive; unpack it"));
  write(shards() / "x.zip", "PK\3\4");
  EXPECT_THAT(error_of([&] { ilk::open_dataset(at("x.zip")); }), HasSubstr("; unpack it"));
}

TEST_F(MadeDataset, ReadsTorchvisionsAndEmnistsFiles) {
  const auto copy = [&](const std::string& from, const fs::path& to) {
    fs::create_directories((folder() / to).parent_path());
    fs::copy_file(data + "idx/" + from, folder() / to);
  };
  // torchvision: below raw/, packed files beside unpacked ones.
  copy("train-images-idx3-ubyte", "FashionMNIST/raw/train-images-idx3-ubyte");
  copy("train-labels-idx1-ubyte", "FashionMNIST/raw/train-labels-idx1-ubyte");
  write_gzipped(folder() / "FashionMNIST/raw/train-images-idx3-ubyte.gz", "x");
  for (const char* place : {"FashionMNIST", "FashionMNIST/raw"}) {
    EXPECT_TRUE(ilk::is_packed_dataset((folder() / place).string()));
    const auto dataset = ilk::open_dataset((folder() / place).string());
    expect_images(dataset, 5, 6, 4, 1, 10);
    EXPECT_EQ(dataset.classes[9], "ankle boot");
  }
  // EMNIST: columns first, labels by a mapping.
  copy("train-images-idx3-ubyte", "emnist/emnist-letters-train-images-idx3-ubyte");
  copy("train-labels-idx1-ubyte", "emnist/emnist-letters-train-labels-idx1-ubyte");
  const auto upright = ilk::open_dataset(data + "idx");
  std::string mapping;
  for (int i = 0; i < 10; ++i)
    mapping += std::to_string(i) + " " + std::to_string('A' + i) + " " + std::to_string('a' + i) + "\n";
  write(folder() / "emnist/emnist-letters-mapping.txt", mapping);
  const auto letters = ilk::open_dataset((folder() / "emnist").string());
  ASSERT_EQ(letters.images.size(), 5u);
  EXPECT_EQ(letters.images[0].name, "train/0");
  EXPECT_EQ(letters.classes[3], "D");
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(letters.images[i].label, upright.images[i].label);
  // Stored as rows of 4, what was drawn in columns of 6.
  const auto stored = decoded(upright.read(0), 6, 4), seen = decoded(letters.read(0), 6, 4);
  for (std::int64_t y = 0; y < 6; ++y)
    for (std::int64_t x = 0; x < 4; ++x) EXPECT_EQ(seen[0][y * 4 + x], stored[0][x * 6 + y]);
  write(folder() / "emnist/emnist-letters-mapping.txt", "0 65\n");
  EXPECT_THAT(error_of([&] { ilk::open_dataset((folder() / "emnist").string()); }), HasSubstr("mapping"));
  write(folder() / "emnist/emnist-letters-mapping.txt", mapping);
  copy("train-images-idx3-ubyte", "emnist/emnist-digits-train-images-idx3-ubyte");
  EXPECT_THAT(error_of([&] { ilk::open_dataset((folder() / "emnist").string()); }),
              HasSubstr("name the file of images of one"));
  const auto one = ilk::open_dataset((folder() / "emnist/emnist-letters-train-images-idx3-ubyte").string());
  EXPECT_EQ(one.classes[3], "D");
}

/// How many images of a data set can be read; −1 where it is an Error. Anything else than an Error or an
/// ImageError ends the test.
int readable(const std::string& place) {
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

TEST_F(MadeDataset, SaysWhatIsCutOrDamaged) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> sets = {
      {"cifar10-binary", {"data_batch_1.bin", "test_batch.bin"}},
      {"cifar10-python", {"data_batch_1", "data_batch_2", "batches.meta"}},
      {"cifar100-python", {"train", "meta"}},
      {"cifar100-binary", {"train.bin", "test.bin"}},
      {"stl10", {"train_X.bin", "train_y.bin"}},
      {"idx",
       {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz"}},
      {"webdataset", {"shard-000000.tar", "shard-000001.tar"}}};
  int cut = 0;
  for (const auto& [set, files] : sets) {
    const fs::path copy = folder() / set;
    fs::copy(data + set, copy, fs::copy_options::recursive);
    const int all = readable(copy.string());
    ASSERT_GT(all, 0) << set;
    for (const auto& name : files) {
      const std::string whole = ilk::read_file(copy / name);
      const std::size_t step = whole.size() < 3000 ? 7 : 1000;
      for (std::size_t size = 0; size < whole.size(); size += step) {
        // Archives are padded with zeros, which nobody misses.
        if (whole.find_first_not_of('\0', size) == std::string::npos) break;
        write(copy / name, std::string_view(whole).substr(0, size));
        EXPECT_LT(readable(copy.string()), all) << set << "/" << name << " cut to " << size;
        ++cut;
      }
      // Each early byte wrong in two ways: no crash, whatever is said.
      for (std::size_t at = 0; at < std::min<std::size_t>(whole.size(), 700); at += 7)
        for (const unsigned change : {0xffu, 0x01u}) {
          std::string damaged = whole;
          damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ change);
          write(copy / name, damaged);
          readable(copy.string());
        }
      write(copy / name, whole);
    }
  }
  EXPECT_GT(cut, 100);
}

TEST_F(MadeDataset, SaysWhichFileHasAWrongMagicCountOrLabel) {
  struct Damage {
    std::string set, file;
    std::size_t at;
    std::string bytes;  // in place of what is there
  };
  using namespace std::string_literals;
  const std::vector<Damage> damages = {
      {"idx", "train-images-idx3-ubyte", 0, "\1"s},                // magic: begins with zeros
      {"idx", "train-images-idx3-ubyte", 2, "\x0d"s},              // type: bytes
      {"idx", "train-images-idx3-ubyte", 3, "\4"s},                // dimensions
      {"idx", "train-images-idx3-ubyte", 4, "\xff\xff\xff\xff"s},  // images
      {"idx", "train-images-idx3-ubyte", 4, "\0\0\0\1"s},          // fewer than the bytes, and than labels
      {"idx", "train-images-idx3-ubyte", 8, "\0\0\0\0"s},          // no rows
      {"idx", "train-labels-idx1-ubyte", 2, "\x0b"s},
      {"idx", "train-labels-idx1-ubyte", 3, "\3"s},
      {"idx", "train-labels-idx1-ubyte", 4, "\0\0\0\2"s},
      {"cifar10-binary", "data_batch_1.bin", 0, "\x0a"s},  // a class that there is not
      {"cifar100-binary", "train.bin", 1, "\x64"s},
      {"stl10", "train_y.bin", 0, "\x0b"s},
      {"webdataset", "shard-000000.tar", 148, "0000001\0"s},     // the header's checksum
      {"webdataset", "shard-000000.tar", 124, "99999999999"s}};  // the entry's size
  for (const auto& [set, file, at, bytes] : damages) {
    const fs::path copy = folder() / set;
    fs::remove_all(copy);
    fs::copy(data + set, copy, fs::copy_options::recursive);
    std::string damaged = ilk::read_file(copy / file);
    ASSERT_LE(at + bytes.size(), damaged.size());
    damaged.replace(at, bytes.size(), bytes);
    write(copy / file, damaged);
    try {
      const auto dataset = ilk::open_dataset(copy.string());
      if (set == "webdataset") {  // the other shard is as good as ever
        EXPECT_EQ(dataset.images.size(), 3u);
        EXPECT_EQ(dataset.skipped.front().kind, "damaged");
        EXPECT_EQ(dataset.skipped.front().path, (copy / file).string());
        continue;
      }
      ADD_FAILURE() << file << " was taken with other bytes at " << at;
    } catch (const ilk::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(file.substr(0, file.find("-idx")))) << at;
    }
  }
}

TEST_F(MadeDataset, TakesACutTableOrRefusesIt) {
  put("a.png");
  put("b.png");
  const std::string whole = "path,label\n\"a.png\",one\nb.png,\"two, or three\"\n";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    write(folder() / "cut.csv", whole.substr(0, size));
    EXPECT_LE(readable((folder() / "cut.csv").string()), size < whole.find("\nb.png") ? 1 : 2) << size;
  }
  EXPECT_EQ(readable((folder() / "cut.csv").string()), 2);
}

TEST_F(MadeDataset, RunsNothingThatAPickleNames) {
  const auto path = (folder() / "data_batch_1").string();
  ilk::write_file_atomically(path,
                             "\x80\x02"
                             "cos\nsystem\nU\x04true\x85R.");
  try {
    ilk::open_dataset("cifar10:" + path);
    FAIL() << "a call in a pickle was taken";
  } catch (const ilk::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("'os system'"));
  }
}

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

TEST_F(MadeDataset, ToldByContent) {
  EXPECT_TRUE(ilk::is_packed_dataset(data + "idx"));
  EXPECT_TRUE(ilk::is_packed_dataset(data + "idx/t10k-images-idx3-ubyte.gz"));
  EXPECT_TRUE(ilk::is_packed_dataset(data + "webdataset/shard-000000.tar"));
  EXPECT_TRUE(ilk::is_packed_dataset(data + "cifar10-python/data_batch_1"));
  EXPECT_TRUE(ilk::is_packed_dataset("cifar20:anything"));
  EXPECT_FALSE(ilk::is_packed_dataset(ILK_SOURCE_DIR "/examples/clipart/images"));
  EXPECT_FALSE(ilk::is_packed_dataset(ILK_SOURCE_DIR "/examples/clipart/labels.csv"));
  EXPECT_FALSE(ilk::is_packed_dataset("no such place"));
  EXPECT_FALSE(ilk::is_packed_dataset(folder().string()));
  EXPECT_THROW(ilk::open_dataset("no such place"), ilk::Error);
  EXPECT_THROW(ilk::open_dataset(data + "idx/train-labels-idx1-ubyte"), ilk::Error);
  EXPECT_THROW(ilk::open_dataset(folder().string()), ilk::Error);
}

}  // namespace
