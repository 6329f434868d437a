#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/dataset.h>
#include <ilk/error.h>

#include <filesystem>

#include "io/files.h"
#include "made_dataset.h"
#include "matrices.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

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
  expect_two_shards("it must be a tar archive, but is empty");
  write(shards() / "01.tar", "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 12\n");
  expect_two_shards("it must be a tar archive, but is a Git LFS pointer");
  EXPECT_THAT(error_of([&] { ilk::open_dataset(at("01.tar")); }), HasSubstr("a Git LFS pointer"));
  EXPECT_THROW(ilk::open_dataset(at("01.tar")), ilk::Error) << "alone";
  write(shards() / "00.tar", ""), write(shards() / "02.tar", "");
  EXPECT_THAT(error_of([&] { ilk::open_dataset(shards().string()); }), HasSubstr("is empty"));
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
  write(shards() / "03.tar.zst", "\x28\xb5\x2f\xfd");
  const auto dataset = ilk::open_dataset(shards().string());
  EXPECT_EQ(dataset.images.size(), 6u);
  ASSERT_EQ(dataset.skipped.size(), 1u);
  EXPECT_EQ(dataset.skipped[0].path, at("03.tar.zst"));
  EXPECT_EQ(dataset.skipped[0].kind, "unsupported format");
  write(shards() / "x.tar.bz2", "BZh91AY&SY");
  EXPECT_THAT(error_of([&] { ilk::open_dataset(at("x.tar.bz2")); }),
              HasSubstr("but bzip2 archive; unpack it"));
  write(shards() / "x.zip", "PK\3\4");
  EXPECT_THAT(error_of([&] { ilk::open_dataset(at("x.zip")); }), HasSubstr("; unpack it"));
}

}  // namespace
