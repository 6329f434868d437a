#include "../src/pipeline/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/files.h>

#include "matrices.h"
#include "npy_files.h"
#include "temporary_directory.h"

namespace {

using Numbers = std::vector<std::int64_t>;

TEST(Labels, AreFoundByPathHoweverItIsWritten) {
  const TemporaryDirectory folder;
  const auto csv = folder.path() / "labels.csv";
  ilk::write_file_atomically(
      csv, "split,file,class\ntrain,a.png,dog\ntest,sub/../b.png,\"cat, big\"\ntest,c.png,dog\n");
  const auto path = [&](const char* name) { return (folder.path() / "x" / ".." / name).string(); };
  const auto labels = ilk::read_labels(csv, {path("b.png"), path("none.png"), path("a.png")});
  EXPECT_EQ(labels.classes, (std::vector<std::string>{"cat, big", "dog"}));
  EXPECT_EQ(labels.of_image, (Numbers{0, -1, 1}));
}

TEST(Labels, TwoColumnsNeedNoHeader) {
  const TemporaryDirectory folder;
  const auto csv = folder.path() / "labels.csv";
  ilk::write_file_atomically(csv, "a.png,1\nb.png,0\n");
  const auto labels =
      ilk::read_labels(csv, {(folder.path() / "a.png").string(), (folder.path() / "b.png").string()});
  EXPECT_EQ(labels.of_image, (Numbers{1, 0}));
}

TEST(Labels, OneALineAndArraysGoByRow) {
  const TemporaryDirectory folder;
  const auto place = (folder.path() / "labels.txt").string();
  const std::vector<std::string> rows{"0", "1", "2", "3"};
  for (const char* text : {"b\na\nb\nc\n", "label\nb\na\nb\nc", "Class\r\nb\r\na\r\nb\r\nc\r\n\r\n"}) {
    ilk::write_file_atomically(place, text);
    const auto labels = ilk::read_labels(place, rows, true);
    EXPECT_TRUE(labels.by_row);
    EXPECT_EQ(labels.classes, (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(labels.of_image, (Numbers{1, 0, 1, 2}));
    EXPECT_THROW(ilk::read_labels(place, rows), ilk::Error) << "images have no order to match by";
  }
  for (const char* text : {"a\nb\nc\n", "a\nb\nc\nd\ne\n", "a\nb\nc,d\ne\n"}) {
    ilk::write_file_atomically(place, text);
    EXPECT_THROW(ilk::read_labels(place, rows, true), ilk::Error) << text;
  }
  const auto array = (folder.path() / "labels.npy").string();
  for (const bool wide : {true, false}) {
    write_npy(array,
              wide ? ilk::ArrayView(Numbers{10, -1, 2, 10}) : ilk::ArrayView(std::vector{10, -1, 2, 10}));
    const auto labels = ilk::read_labels(array, rows, true);
    EXPECT_TRUE(labels.by_row);
    EXPECT_EQ(labels.classes, (std::vector<std::string>{"2", "10"}));
    EXPECT_EQ(labels.of_image, (Numbers{1, -1, 0, 1}));
  }
  const Numbers column{1, 2, 3, 4};
  write_npy(array, {ilk::ElementType::i64, {4, 1}, column.data()});
  EXPECT_EQ(ilk::read_labels(array, rows, true).of_image, (Numbers{0, 1, 2, 3}));
  const auto refused = [&](const ilk::ArrayView& bad, const std::string& rule) {
    write_npy(array, bad);
    EXPECT_THAT(error_of([&] { ilk::read_labels(array, rows, true); }), testing::HasSubstr(rule));
  };
  refused(Numbers{1, 2, 3}, "is [3].");
  refused(ilk::Matrix<std::int64_t>::filled(2, 2, 1), "is [2, 2].");
  refused(std::vector<float>(4, 1.0f), "labels must be whole numbers");
  refused(Numbers{-1, -2, -3, -1}, "all are negative");
}

TEST(Labels, UselessFilesAreRefused) {
  const TemporaryDirectory folder;
  const auto csv = folder.path() / "labels.csv";
  const std::vector<std::string> images{(folder.path() / "a.png").string()};
  for (const char* text :
       {"", "path,label\n", "path,label\nother.png,1\n", "a,b,c\n1,2,3\n", "path,label\na.png\n"}) {
    ilk::write_file_atomically(csv, text);
    EXPECT_THROW(ilk::read_labels(csv, images), ilk::Error) << text;
  }
  EXPECT_THROW(ilk::read_labels(folder.path() / "none.csv", images), ilk::Error);
}

}  // namespace
