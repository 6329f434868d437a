#include "../src/pipeline/labels.h"

#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/files.h>

#include "npy_files.h"
#include "temporary_directory.h"

namespace {

std::vector<std::int64_t> numbers(const torch::Tensor& tensor) {
  return {tensor.data_ptr<std::int64_t>(), tensor.data_ptr<std::int64_t>() + tensor.numel()};
}

TEST(Labels, AreFoundByPathHoweverItIsWritten) {
  const TemporaryDirectory folder;
  const auto csv = folder.path() / "labels.csv";
  ilk::write_file_atomically(
      csv, "split,file,class\ntrain,a.png,dog\ntest,sub/../b.png,\"cat, big\"\ntest,c.png,dog\n");
  const auto path = [&](const char* name) { return (folder.path() / "x" / ".." / name).string(); };
  const auto labels = ilk::read_labels(csv, {path("b.png"), path("none.png"), path("a.png")});
  EXPECT_EQ(labels.classes, (std::vector<std::string>{"cat, big", "dog"}));
  EXPECT_EQ(numbers(labels.of_image), (std::vector<std::int64_t>{0, -1, 1}));
}

TEST(Labels, TwoColumnsNeedNoHeader) {
  const TemporaryDirectory folder;
  const auto csv = folder.path() / "labels.csv";
  ilk::write_file_atomically(csv, "a.png,1\nb.png,0\n");
  const auto labels =
      ilk::read_labels(csv, {(folder.path() / "a.png").string(), (folder.path() / "b.png").string()});
  EXPECT_EQ(numbers(labels.of_image), (std::vector<std::int64_t>{1, 0}));
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
    EXPECT_EQ(numbers(labels.of_image), (std::vector<std::int64_t>{1, 0, 1, 2}));
    EXPECT_THROW(ilk::read_labels(place, rows), ilk::Error) << "images have no order to match by";
  }
  for (const char* text : {"a\nb\nc\n", "a\nb\nc\nd\ne\n", "a\nb\nc,d\ne\n"}) {
    ilk::write_file_atomically(place, text);
    EXPECT_THROW(ilk::read_labels(place, rows, true), ilk::Error) << text;
  }
  const auto array = (folder.path() / "labels.npy").string();
  for (const auto type : {torch::kInt64, torch::kInt32}) {
    write_npy(array, torch::tensor({10, -1, 2, 10}).to(type));
    const auto labels = ilk::read_labels(array, rows, true);
    EXPECT_TRUE(labels.by_row);
    EXPECT_EQ(labels.classes, (std::vector<std::string>{"2", "10"}));
    EXPECT_EQ(numbers(labels.of_image), (std::vector<std::int64_t>{1, -1, 0, 1}));
  }
  write_npy(array, torch::tensor({1, 2, 3, 4}).unsqueeze(1));
  EXPECT_EQ(numbers(ilk::read_labels(array, rows, true).of_image), (std::vector<std::int64_t>{0, 1, 2, 3}));
  for (const auto& bad : {torch::tensor({1, 2, 3}), torch::ones({2, 2}, torch::kInt64), torch::ones({4}),
                          torch::tensor({-1, -2, -3, -1})}) {
    write_npy(array, bad);
    EXPECT_THROW(ilk::read_labels(array, rows, true), ilk::Error) << bad;
  }
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
