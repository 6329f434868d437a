#include "text/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include "io/files.h"
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

/// Labels of images that need not exist, from a table "labels.csv" with these contents.
class LabelTable : public testing::Test {
 protected:
  ilk::Labels read(const std::string& contents, const std::vector<std::string>& images) const {
    return ilk::read_labels(write(contents), images, true);
  }
  std::string refusal(const std::string& contents, const std::vector<std::string>& images) const {
    return error_of([&] { read(contents, images); });
  }
  std::string write(const std::string& contents) const {
    const auto path = folder_.path() / "labels.csv";
    ilk::write_file_atomically(path, contents);
    return path.string();
  }
  TemporaryDirectory folder_;
  const std::vector<std::string> images_{"in/a.png", "in/b.png", "in/c.png"};
};

TEST_F(LabelTable, SeparatorsAreFound) {
  for (const std::string separator : {",", ";", "\t", "|"})
    for (const std::string header : {"", "path|label\n", "Image Path|Class Name\n", "pic|species\n"}) {
      std::string text = header + "in/a.png|dog, big\nin/b.png|cat\nin/c.png|dog, big\n";
      if (separator == ",") text = header + "in/a.png|\"dog, big\"\nin/b.png|cat\nin/c.png|\"dog, big\"\n";
      for (auto at = text.find('|'); at != std::string::npos; at = text.find('|', at + 1))
        text.replace(at, 1, separator);
      const auto labels = read(text, images_);
      EXPECT_FALSE(labels.by_row);
      EXPECT_EQ(labels.classes, (std::vector<std::string>{"cat", "dog, big"})) << text;
      EXPECT_EQ(labels.of_image, (Numbers{1, 0, 1})) << text;
    }
  // By rows' numbers, which are the names of features from files.
  EXPECT_EQ(read("0;cat\n1;dog\n2;cat\n", {"0", "1", "2"}).of_image, (Numbers{0, 1, 0}));
  EXPECT_EQ(read("0,1\n1,0\n2,1\n3,0\n4,0\n5,2\n", {"0", "1", "2"}).of_image, (Numbers{1, 0, 1}))
      << "classes may be numbers of rows as well, and the table may have more rows";
  EXPECT_EQ(read("row\tspecies\n1\tdog\n", {"0", "1", "2"}).of_image, (Numbers{-1, 0, -1}));
}

TEST_F(LabelTable, WhatSpreadsheetsAddIsNoPartOfTheTable) {
  for (const char* text :
       {"Path,Label,\nin/a.png,dog,\nin/b.png,cat,\nin/c.png,dog,\n",  // blank last columns
        "PATH;LABEL;;\r\nin/a.png;dog;;\r\nin/b.png;cat;;\r\nin/c.png;dog;;\r\n",
        "path,label\nin/a.png,dog,\nin/b.png,cat,\nin/c.png,dog,\n",  // in the rows alone
        "path,label,\nin/a.png,dog\nin/b.png,cat\nin/c.png,dog\n",    // in the header alone
        "in/a.png,dog,\nin/b.png,cat, \nin/c.png,dog,\n",             // without a header
        "in/a.png\tdog\t\t\nin/b.png\tcat\t\t\nin/c.png\tdog\t\t\n",
        ",\n\nPath,Label\nin/a.png,dog\n,\nin/b.png,cat\nin/c.png,dog\n,\n,\n",  // blank rows
        ",Path,Label\n0,in/a.png,dog\n1,in/b.png,cat\n2,in/c.png,dog\n",         // numbered rows
        "sep=;\r\nPath;Label\r\nin/a.png;dog\r\nin/b.png;cat\r\nin/c.png;dog\r\n",
        "sep=,\nin/a.png,dog\nin/b.png,cat\nin/c.png,dog\n",
        "# by hand\n# twice\npath,label\nin/a.png,dog\nin/b.png,cat\nin/c.png,dog\n",
        "#path,label\nin/a.png,dog\nin/b.png,cat\nin/c.png,dog\n",
        "# path label\nin/a.png dog\nin/b.png cat\nin/c.png dog\n"}) {
    const auto labels = read(text, images_);
    EXPECT_FALSE(labels.by_row);
    EXPECT_EQ(labels.classes, (std::vector<std::string>{"cat", "dog"})) << text;
    EXPECT_EQ(labels.of_image, (Numbers{1, 0, 1})) << text;
  }
  EXPECT_EQ(read("#a.png,dog\nb.png,cat\n", {"#a.png", "b.png"}).of_image, (Numbers{1, 0}))
      << "a file's name may begin so";
  EXPECT_THAT(refusal("path,label\nin/a.png,dog, brown\nin/b.png,cat\n", images_),
              testing::HasSubstr("line 2: a row must have 2 fields as the first, got 3"));
}

TEST_F(LabelTable, BlanksDivideWhereNothingElseDoes) {
  for (const char* text :
       {"in/a.png 1\nin/b.png 0\nin/c.png 1\n", "in/a.png   1 \r\n\r\n in/b.png \t 0\r\nin/c.png 1",
        "path label\nin/a.png 1\nin/b.png 0\nin/c.png 1\nmore/z.png 0\n"}) {
    const auto labels = read(text, images_);
    EXPECT_FALSE(labels.by_row);
    EXPECT_EQ(labels.classes, (std::vector<std::string>{"0", "1"})) << text;
    EXPECT_EQ(labels.of_image, (Numbers{1, 0, 1})) << text;
  }
  // Paths and classes have blanks too, and a class may have a comma.
  EXPECT_EQ(read("my a.png big dog\nmy b.png cat\n", {"my a.png", "my b.png"}).of_image, (Numbers{0, 1}));
  EXPECT_EQ(read("a.png big, red dog\nb.png cat\n", {"a.png", "b.png"}).classes,
            (std::vector<std::string>{"big, red dog", "cat"}));
  EXPECT_EQ(read("0 cat\n1 dog\n2 cat\n", {"0", "1", "2"}).of_image, (Numbers{0, 1, 0}));
  // Classes of several words, one a line.
  const auto lines = read("1 dog\n2 dogs\n1 dog\n1 dog\n", {"0", "1", "2", "3"});
  EXPECT_TRUE(lines.by_row);
  EXPECT_EQ(lines.of_image, (Numbers{0, 1, 0, 0}));
}

TEST_F(LabelTable, WhatIsNoListOfClassesIsRefused) {
  std::vector<std::string> images;
  std::string colons, quotes, stems = "id,breed\n";
  for (int i = 0; i < 20; ++i) {
    const std::string stem = "in/" + std::to_string(i), label = i % 2 ? "dog" : "cat";
    images.push_back(stem + ".png");
    colons += images.back() + ":" + label + "\n";
    quotes += images.back() + ",\"" + label + "\n";
    stems += std::to_string(i) + "," + label + "\n";
  }
  EXPECT_THAT(refusal(colons, images), testing::HasSubstr("all 20 differ; the first is 'in/0.png:cat'"));
  EXPECT_THAT(refusal(quotes, images),
              testing::HasSubstr("line 1: a path and its label must be on one line"));
  const auto labels = read(stems, images);
  EXPECT_EQ(labels.classes, (std::vector<std::string>{"cat", "dog"})) << "names without their extension";
  EXPECT_EQ(labels.of_image[3], 1);
}

TEST_F(LabelTable, AnUnclearSeparatorIsSaid) {
  EXPECT_THAT(refusal("x,y;z\nx,y;z\n", images_), testing::HasSubstr("could have ',' or ';'"));
  EXPECT_EQ(read("path;label\nin/a.png;x, y\nin/b.png;x, y\n", images_).classes,
            std::vector<std::string>{"x, y"});
}

TEST_F(LabelTable, AFirstRowOfUnknownNamesIsAHeader) {
  const auto labels = read("image_name,species\nin/a.png,dog\nin/b.png,cat\n", images_);
  EXPECT_EQ(labels.classes, (std::vector<std::string>{"cat", "dog"}));
  // A path of another image is no name of a column.
  EXPECT_EQ(read("in/gone.png,bird\nin/a.png,dog\nin/b.png,cat\n", images_).of_image, (Numbers{1, 0, -1}));
  EXPECT_EQ(read("id,photo,label\n7,in/a.png,dog\n8,in/b.png,cat\n", images_).of_image, (Numbers{1, 0, -1}));
  EXPECT_THAT(refusal("id,photo,kind\n7,in/a.png,dog\n8,in/b.png,cat\n", images_),
              testing::HasSubstr("a first row that names"));
}

TEST_F(LabelTable, ANegativeNumberIsNoneAsInArrays) {
  for (const char* text : {"path,label\nin/a.png,3\nin/b.png,-1\nin/c.png,0\n", "3\n-1\n0\n"}) {
    const auto labels = read(text, images_);
    EXPECT_EQ(labels.classes, (std::vector<std::string>{"0", "3"})) << text;
    EXPECT_EQ(labels.of_image, (Numbers{1, -1, 0})) << text;
  }
  // Where classes are no numbers it is a name like any other.
  EXPECT_EQ(read("path,label\nin/a.png,dog\nin/b.png,-1\nin/c.png,dog\n", images_).of_image,
            (Numbers{1, 0, 1}));
  EXPECT_THAT(refusal("path,label\nin/a.png,-1\nin/b.png,-1\n", images_),
              testing::HasSubstr("negative numbers"));
}

TEST_F(LabelTable, ABlankLabelIsNone) {
  const auto labels = read("path,label\nin/a.png, dog \nin/b.png,\nin/c.png,\"  \"\n", images_);
  EXPECT_EQ(labels.classes, std::vector<std::string>{"dog"});
  EXPECT_EQ(labels.of_image, (Numbers{0, -1, -1}));
  // No-break and ideographic spaces are blanks as well.
  const auto wide =
      read("path,label\nin/a.png,\xC2\xA0 dog\xE3\x80\x80\nin/b.png,\xC2\xA0\nin/c.png,dog\n", images_);
  EXPECT_EQ(wide.classes, std::vector<std::string>{"dog"});
  EXPECT_EQ(wide.of_image, (Numbers{0, -1, 0}));
  EXPECT_THAT(refusal("path,label\nin/a.png,\nin/b.png,\n", images_), testing::HasSubstr("all are blank"));
  // One a line: an empty line is no label where the lines are as many as the rows.
  const auto lines = read("dog\n\ncat\n", images_);
  EXPECT_TRUE(lines.by_row);
  EXPECT_EQ(lines.of_image, (Numbers{1, -1, 0}));
  EXPECT_EQ(read("label\ndog\n\ncat\n", images_).of_image, (Numbers{1, -1, 0}));
  EXPECT_EQ(read("\ndog\n\n", images_).of_image, (Numbers{-1, 0, -1}));
  EXPECT_EQ(read("\ndog\n", images_).of_image, (Numbers{-1, 0, -1})) << "as '\\n'.join writes it";
  EXPECT_THAT(refusal("dog\ncat\n", images_), testing::HasSubstr("one for each row")) << "one is missing";
  EXPECT_EQ(read("dog \n\n\n cat\ndog\n\n", images_).of_image, (Numbers{1, 0, 1}));
}

TEST_F(LabelTable, ContradictionsNameBothRows) {
  EXPECT_THAT(refusal("path,label\nin/a.png,dog\nin/b.png,cat\n./in/a.png,cat\n", images_),
              testing::AllOf(testing::HasSubstr("line 2 says 'dog'"), testing::HasSubstr("line 4 'cat'")));
  const auto labels = read("path,label\nin/a.png,dog\nin/a.png, dog\nin/a.png,\n", images_);
  EXPECT_EQ(labels.of_image, (Numbers{0, -1, -1})) << "what says the same or nothing contradicts nothing";
}

TEST_F(LabelTable, PathsMatchByTheirEndings) {
  const std::vector<std::string> images{"/new/photos/cats/1.png", "/new/photos/dogs/1.png",
                                        "/new/photos/dogs/2.png"};
  // Below the input folder; from an older place; by the file name that one image has.
  EXPECT_EQ(read("cats/1.png,cat\ndogs/1.png,dog\n", images).of_image, (Numbers{0, 1, -1}));
  EXPECT_EQ(read("/old/cats/1.png,cat\n/old/dogs/1.png,dog\n", images).of_image, (Numbers{0, 1, -1}));
  EXPECT_EQ(read("2.png,dog\n", images).of_image, (Numbers{-1, -1, 0}));
  EXPECT_EQ(read("C:\\photos\\cats\\1.png,cat\n", images).of_image, (Numbers{0, -1, -1}));
  // A name of several images, or several paths for an image, say nothing.
  EXPECT_EQ(read("1.png,cat\n2.png,dog\n", images).of_image, (Numbers{-1, -1, 0}));
  EXPECT_EQ(read("x/2.png,cat\ny/2.png,dog\ncats/1.png,cat\n", images).of_image, (Numbers{0, -1, -1}));
  EXPECT_EQ(read("x/2.png,cat\ndogs/2.png,dog\n", images).of_image, (Numbers{-1, -1, 0}))
      << "the longer ending counts";
  EXPECT_THAT(refusal("1.png,cat\n", images), testing::HasSubstr("must name at least one of the images"));
}

TEST_F(LabelTable, Utf16AndMarksAreRead) {
  std::string utf16 = "\xFF\xFE";
  for (const char letter : std::string("path;label\r\nin/a.png;dog\r\nin/b.png;cat\r\n")) {
    utf16 += letter;
    utf16 += '\0';
  }
  EXPECT_EQ(read(utf16, images_).of_image, (Numbers{1, 0, -1}));
  EXPECT_EQ(read("\xEF\xBB\xBFpath,label\nin/a.png,dog\n", images_).of_image, (Numbers{0, -1, -1}));
  EXPECT_THAT(refusal(utf16.substr(2), images_), testing::HasSubstr("UTF-16"));
}

TEST_F(LabelTable, ARunFromAnotherFolderFindsItsLabels) {
  const auto before = std::filesystem::current_path();
  std::filesystem::create_directories(folder_.path() / "in");
  const std::string csv = write("in/a.png,dog\nin/b.png,cat\n");
  for (const auto& place : {folder_.path(), folder_.path() / "in"}) {
    std::filesystem::current_path(place);
    EXPECT_EQ(ilk::read_labels(csv, images_).of_image, (Numbers{1, 0, -1}));
    EXPECT_EQ(ilk::read_labels(csv, {"a.png", "../in/b.png", "c.png"}).of_image, (Numbers{1, 0, -1}));
  }
  std::filesystem::current_path(before);
}

TEST(Labels, ArraysMayBeOfAnyIntegersOrTexts) {
  // tests/data/arrays/labels.py writes them.
  const std::string data = ILK_TEST_DATA "/arrays/";
  const std::vector<std::string> rows{"0", "1", "2", "3"};
  for (const char* name : {"labels_u2.npy", "labels_u4.npy", "labels_u8.npy"}) {
    const auto labels = ilk::read_labels(data + name, rows, true);
    EXPECT_EQ(labels.classes, (std::vector<std::string>{"2", "10"})) << name;
    EXPECT_EQ(labels.of_image, (Numbers{1, 0, 0, 1})) << name;
  }
  for (const char* name : {"labels_text.npy", "labels_texts.npz:words", "labels_packed.npz:words"}) {
    const auto labels = ilk::read_labels(data + name, rows, true);
    EXPECT_TRUE(labels.by_row);
    EXPECT_EQ(labels.classes, (std::vector<std::string>{"Hund", "K\xC3\xA4tzchen \xF0\x9F\x90\x88"})) << name;
    EXPECT_EQ(labels.of_image, (Numbers{1, 0, -1, 0})) << name;
  }
  EXPECT_EQ(ilk::read_labels(data + "labels_bytes.npy", rows, true).of_image, (Numbers{1, 0, -1, 0}));
  EXPECT_THAT(error_of([&] { ilk::read_labels(data + "labels_objects.npy", rows, true); }),
              testing::HasSubstr("Python objects; for texts save array.astype(str)"));
  EXPECT_THAT(error_of([&] { ilk::read_labels(data + "labels_text.npy", {"0"}, true); }),
              testing::HasSubstr("must be one for each row (1)"));
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
