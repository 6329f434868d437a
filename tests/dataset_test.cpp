#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/dataset.h>
#include <ilk/error.h>
#include <unistd.h>

#include <filesystem>

#include "io/files.h"
#include "made_dataset.h"
#include "matrices.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

const std::string data = ILK_TEST_DATA "/datasets/";

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

/// Named among others, as a shell's *.png does, it must not cost the others.
TEST_F(MadeDataset, AFileThatMayNotBeReadIsAnImageToBeSkipped) {
  const fs::path file = folder() / "locked.png";
  write(file, "any");
  fs::permissions(folder(), fs::perms::others_exec, fs::perm_options::add);
  fs::permissions(file, fs::perms::none);
  const bool is_root = ::geteuid() == 0;  // who may read all
  constexpr uid_t nobody = 65534;
  if (is_root) {
    ASSERT_EQ(::seteuid(nobody), 0);
  }
  bool is_dataset = true;
  EXPECT_NO_THROW(is_dataset = ilk::is_packed_dataset(file.string()));
  EXPECT_FALSE(is_dataset);
  EXPECT_THROW(ilk::open_dataset(file.string()), ilk::Error);
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
}

}  // namespace
