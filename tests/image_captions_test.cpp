#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <optional>

#include "error_of.h"
#include "io/files.h"
#include "temporary_directory.h"
#include "text/image_captions.h"

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
namespace fs = std::filesystem;
using Texts = std::vector<std::optional<std::string>>;

class ImageCaptions : public testing::Test {
 protected:
  fs::path folder() const { return directory_.path(); }
  /// Paths of images that need not exist, below the folder.
  std::vector<std::string> images(const std::vector<std::string>& names) const {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back((folder() / name).string());
    return paths;
  }
  fs::path write(const std::string& name, const std::string& contents) const {
    ilk::write_file_atomically(folder() / name, contents);
    return folder() / name;
  }
  ilk::ImageCaptions read(const std::string& contents, const std::vector<std::string>& names) const {
    return ilk::read_image_captions(write("captions", contents), images(names));
  }
  std::string error_of(const std::string& contents) const {
    return ::error_of([&] { read(contents, {"a.jpg", "b.jpg"}); });
  }

  static Texts texts(const ilk::ImageCaptions& captions) {
    Texts result;
    for (const std::int64_t place : captions.of_image)
      result.push_back(place < 0 ? std::nullopt
                                 : std::optional(captions.corpus.texts.at(static_cast<std::size_t>(place))));
    return result;
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(ImageCaptions, JsonLinesAreReadByTheirFields) {
  const auto captions = read(
      "\xEF\xBB\xBF{\"path\":\"a.jpg\",\"caption\":\" A  dog\\n\",\"sha256\":\"12\"}\r\n\r\n"
      "{\"file_name\":\"b.jpg\",\"text\":\"Ein H\\u00fcgel\"}\n"
      "{\"image\":\"sub/c.jpg\",\"captions\":[\"A cat\",\"asleep\"]}\n"
      "{\"filename\":\"d.jpg\",\"description\":\"A dog\"}",
      {"a.jpg", "b.jpg", "none.jpg", "sub/c.jpg", "d.jpg"});
  EXPECT_EQ(texts(captions), (Texts{"A dog", "Ein Hügel", std::nullopt, "A cat asleep", "A dog"}));
  EXPECT_THAT(captions.corpus.texts, ElementsAre("A dog", "Ein Hügel", "A cat asleep"));
  EXPECT_EQ(captions.corpus.sha256, ilk::make_corpus("", captions.corpus.texts).sha256);
  EXPECT_EQ(captions.corpus.source, (folder() / "captions").string());
  EXPECT_EQ(captions.missing, 1);
  EXPECT_EQ(captions.first_missing, (folder() / "none.jpg").string());
  EXPECT_EQ(captions.repeated, 0);
  EXPECT_EQ(captions.unknown, 0);
  EXPECT_THAT(captions.problems, IsEmpty());
}

TEST_F(ImageCaptions, TablesAreReadByTheirHeaderOrAsTwoColumns) {
  const Texts expected{"A dog, running", "A cat"};
  for (const char* table :
       {"split,file_name,text\ntrain,a.jpg,\"A dog,\nrunning\"\ntest,b.jpg,A cat\n",
        "Caption\tPath\nA dog, running\ta.jpg\nA cat\tb.jpg\n", "a.jpg,\"A dog, running\"\nb.jpg,A cat",
        "a.jpg\tA dog, running\r\n\r\nb.jpg\tA cat\r\n",
        "\xEF\xBB\xBF\na.jpg,\"A dog,\n\nrunning\"\nb.jpg,A cat",
        "sep=;\r\nFile Name;Caption;;\r\na.jpg;A dog, running;;\r\n;;;\r\nb.jpg;A cat;;\r\n"}) {
    const auto captions = read(table, {"a.jpg", "b.jpg"});
    EXPECT_EQ(texts(captions), expected) << table;
    EXPECT_THAT(captions.problems, IsEmpty()) << table;
  }
}

TEST_F(ImageCaptions, TextsMayLieBesideTheImages) {
  write("photos/a.txt", "\xEF\xBB\xBFone\n");
  write("photos/sub/a.txt", "two");
  write("photos/b.jpeg.TXT", "three");
  write("photos/b.txt", "not this");
  write("photos/raw.txt", "a pair");
  write("photos/empty.txt", " \n");
  write("photos/latin.txt", "caf\xE9");
  write("photos/readme.txt", "What is here");
  const auto paths = images({"photos/a.jpg", "photos/sub/a.png", "photos/b.jpeg", "photos/raw.jpg",
                             "photos/raw.heic", "photos/empty.jpg", "photos/latin.jpg"});
  const auto captions = ilk::read_image_captions(folder() / "photos", paths);
  EXPECT_EQ(texts(captions), (Texts{"one", "two", "three", "a pair", "a pair", std::nullopt, std::nullopt}));
  EXPECT_EQ(captions.missing, 2);
  EXPECT_EQ(captions.unknown, 1);
  EXPECT_EQ(captions.first_unknown, (folder() / "photos/readme").string());
  EXPECT_EQ(captions.repeated, 1) << "b.jpeg has two";
  EXPECT_THAT(captions.problems,
              ElementsAre((folder() / "photos/latin.txt").string() + " must be UTF-8 text."));
}

TEST_F(ImageCaptions, TextsMayLieInAFolderOfTheirOwn) {
  write("texts/a.txt", "one");
  write("texts/b.jpg.txt", "two");
  const auto captions =
      ilk::read_image_captions(folder() / "texts", images({"x/a.jpg", "y/b.jpg", "z/b.png"}));
  EXPECT_EQ(texts(captions), (Texts{"one", "two", std::nullopt}));
}

TEST_F(ImageCaptions, APathIsMeantAsWrittenOrFromTheSourcesFolder) {
  fs::create_directories(folder() / "photos");
  fs::create_directory_symlink(folder() / "photos", folder() / "link");
  const std::string absolute = (folder() / "photos/a.jpg").string();
  for (const std::string& way :
       {absolute, std::string("photos/a.jpg"), std::string("./photos/../photos//a.jpg"),
        std::string("link/a.jpg"), (folder() / "link/a.jpg").string(),
        fs::relative(folder() / "photos/a.jpg").string()}) {
    // Another image of that name, so that the name alone would not do.
    const auto captions =
        read("{\"path\":\"" + way + "\",\"caption\":\"one\"}\n", {"photos/a.jpg", "other/a.jpg"});
    EXPECT_EQ(texts(captions), (Texts{"one", std::nullopt})) << way;
  }
  const fs::path before = fs::current_path();
  fs::current_path(folder() / "photos");
  const auto captions = ilk::read_image_captions(
      write("sub/captions", "path,caption\n../a.jpg,one\nb.jpg,two\n"), {"a.jpg", "b.jpg"});
  fs::current_path(before);
  EXPECT_EQ(texts(captions), (Texts{"one", "two"}));
}

TEST_F(ImageCaptions, AFileNameDoesWhereItIsTheOnlyOne) {
  const auto captions = read(
      "path,caption\nold/a.jpg,one\nold/b.jpg,two\nold/c.jpg,three\nolder/c.jpg,four\nold/d.jpg,five\n"
      "old/d.jpg,six\nx/e.jpg,seven\nelse/e.jpg,eight\n",
      {"new/a.jpg", "new/b.jpg", "newer/b.jpg", "new/c.jpg", "new/d.jpg", "x/e.jpg"});
  EXPECT_EQ(texts(captions), (Texts{"one", std::nullopt, std::nullopt, std::nullopt, "six", "seven"}));
  EXPECT_EQ(captions.unknown, 3) << "b.jpg of two images, c.jpg of two lines";
  EXPECT_EQ(captions.first_unknown, "old/b.jpg");
  EXPECT_EQ(captions.repeated, 2) << "d.jpg twice; e.jpg by its path and by its name";
  EXPECT_EQ(captions.first_repeated, "old/d.jpg");
}

TEST_F(ImageCaptions, TheLastTextCountsUnlessItIsEmpty) {
  const auto captions =
      read("path,caption\na.jpg,one\nb.jpg,two\na.jpg,three\nb.jpg, \n", {"a.jpg", "b.jpg"});
  EXPECT_EQ(texts(captions), (Texts{"three", "two"}));
  EXPECT_EQ(captions.repeated, 1);
  EXPECT_EQ(captions.first_repeated, "a.jpg");
}

TEST_F(ImageCaptions, NamesOfOtherBytesAreFound) {
  const auto captions = read("path,caption\ncaf\xE9.jpg,one\n", {"caf\xE9.jpg", "b.jpg"});
  EXPECT_EQ(texts(captions), (Texts{"one", std::nullopt}));
  // As JSON has to write it.
  const auto json = read("{\"path\":\"caf\uFFFD.jpg\",\"caption\":\"one\"}", {"caf\xE9.jpg", "b.jpg"});
  EXPECT_EQ(texts(json), (Texts{"one", std::nullopt}));
}

TEST_F(ImageCaptions, ABadLineIsListedAndTheOthersCount) {
  const auto captions = read(
      "{\"path\":\"a.jpg\",\"caption\":\"one\"}\n{\"path\":\"b.jpg\"}\n[1]\nnonsense\n"
      "{\"path\":\"b.jpg\",\"caption\":null}\n{\"path\":7,\"caption\":\"x\"}\n{\"path\":\"\",\"caption\":"
      "\"x\"}\n"
      "{\"path\":\"b.jpg\",\"captions\":[\"x\",1]}\n{\"path\":\"b.jpg\",\"caption\":\"caf\xE9\"}\n"
      "{\"path\":\"b.jpg\",\"capt",
      {"a.jpg", "b.jpg"});
  EXPECT_EQ(texts(captions), (Texts{"one", std::nullopt}));
  const std::string file = (folder() / "captions").string();
  EXPECT_THAT(captions.problems,
              ElementsAre(StartsWith(file + ", line 2: must be an object with a path and a text"),
                          HasSubstr("line 3: must be an object"), HasSubstr("line 4: is not JSON."),
                          HasSubstr("line 5: must be an object"), HasSubstr("line 6: must be an object"),
                          HasSubstr("line 7: the path is empty."), HasSubstr("line 8: must be an object"),
                          HasSubstr("line 9: is not JSON."), HasSubstr("line 10: is not whole.")));

  const auto table =
      read("path,caption\na.jpg,\"one,\ntwo\"\nb.jpg,A cat, asleep\nb.jpg,caf\xE9\n", {"a.jpg", "b.jpg"});
  EXPECT_EQ(texts(table), (Texts{"one, two", std::nullopt}));
  EXPECT_THAT(table.problems, ElementsAre(AllOf(StartsWith(file + ", line 4: must have 2 columns, got 3"),
                                                HasSubstr("in quotation marks")),
                                          file + ", line 5: the text must be UTF-8."));
}

TEST_F(ImageCaptions, WhatHoldsNoTextForTheImagesIsAnError) {
  EXPECT_THAT(error_of(""), HasSubstr("is empty"));
  EXPECT_THAT(error_of(" \n\n"), HasSubstr("is empty"));
  EXPECT_THAT(error_of(std::string("a.jpg,\0", 7)), HasSubstr("zero byte"));
  EXPECT_THAT(error_of("just words\n"),
              AllOf(HasSubstr("must hold JSON lines, a table"), HasSubstr("'just words'")));
  EXPECT_THAT(error_of("a,b,c\n1,2,3\n"), HasSubstr("a first row that names the column of paths"));
  EXPECT_THAT(error_of("[{\"path\":\"a.jpg\",\"caption\":\"one\"}]"), HasSubstr("must hold JSON lines"));
  EXPECT_THAT(error_of("path,caption\na.jpg,\"one\n"), HasSubstr("line 2 opens a quote"));
  EXPECT_THAT(error_of("path,caption\n"), HasSubstr("must hold a text for at least one of the images"));
  EXPECT_THAT(error_of("path,caption\na.jpg,\nb.jpg,  \n"), HasSubstr("but all are blank"));
  EXPECT_THAT(error_of("path,caption\nc.jpg,three\n"),
              AllOf(HasSubstr("its first path is 'c.jpg'"), HasSubstr((folder() / "a.jpg").string())));
  EXPECT_THAT(error_of("{\n\"path\":\"a.jpg\"}\n"),
              AllOf(HasSubstr("no line of"), HasSubstr("line 1: is not JSON")));
  EXPECT_THROW(ilk::read_image_captions(folder() / "none", images({"a.jpg"})), ilk::Error);
  EXPECT_THROW(ilk::read_image_captions(write("one", "a.jpg,one\n"), {}), ilk::Error);
  fs::create_directories(folder() / "photos");
  EXPECT_THROW(ilk::read_image_captions(folder() / "photos", images({"a.jpg"})), ilk::Error);
}

}  // namespace
