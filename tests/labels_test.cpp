#include "../src/pipeline/labels.h"

#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/files.h>

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
