// Data sets that are a table of paths and labels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/dataset.h>
#include <ilk/error.h>

#include "io/files.h"
#include "made_dataset.h"
#include "matrices.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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
    for (const std::string header :
         {"", "image_name|species\n", "File Name|Label\n", "|\nPATH|LABEL||\n", "# by hand\n"}) {
      std::string text = header + "pictures/1.png|owl|\npictures/2.png| cat |\n|\n";
      for (auto at = text.find('|'); at != std::string::npos; at = text.find('|', at + 1))
        text.replace(at, 1, separator);
      EXPECT_THAT(classes_of(text), ElementsAre("cat", "owl")) << text;
    }
  EXPECT_THAT(classes_of("path,label\npictures/1.png,\npictures/2.png, \n"), testing::IsEmpty());
  ilk::write_file_atomically(csv, "path,label\npictures/1.png,owl\n\npictures/1.png,cat\n");
  EXPECT_THAT(error_of([&] { ilk::open_dataset(csv); }),
              testing::AllOf(HasSubstr("line 2 says 'owl'"), HasSubstr("line 4 'cat'")));
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

}  // namespace
