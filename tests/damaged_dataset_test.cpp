#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/dataset.h>
#include <ilk/error.h>

#include <algorithm>
#include <filesystem>

#include "io/files.h"
#include "made_dataset.h"

namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

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

}  // namespace
