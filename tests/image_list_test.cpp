#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/image_list.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "error_of.h"
#include "io/glob.h"
#include "temporary_directory.h"

namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A tree of empty files to list; paths are told below its root.
class ImageListTest : public ::testing::Test {
 protected:
  void add(const std::string& path) {
    fs::create_directories((root_.path() / path).parent_path());
    std::ofstream(root_.path() / path).put('x');
  }
  void link(const std::string& target, const std::string& path) {
    fs::create_symlink(target, root_.path() / path);
  }
  std::string at(const std::string& path) const { return (root_.path() / path).string(); }
  std::string below(const std::string& path) const {
    return path.rfind(root_.path().string() + "/", 0) == 0 ? path.substr(root_.path().string().size() + 1)
                                                           : path;
  }
  std::vector<std::string> paths(const ilk::ImageList& list) const {
    std::vector<std::string> result;
    for (const std::string& path : list.paths) result.push_back(below(path));
    return result;
  }
  std::vector<std::string> skipped(const ilk::ImageList& list) const {
    std::vector<std::string> result;
    for (const ilk::SkippedFile& file : list.skipped) result.push_back(below(file.path) + ": " + file.kind);
    return result;
  }
  std::vector<std::string> list(const std::vector<std::string>& inputs) {
    std::vector<std::string> whole;
    for (const std::string& input : inputs) whole.push_back(at(input));
    return paths(ilk::list_images(whole));
  }

  TemporaryDirectory root_;
};

TEST_F(ImageListTest, WalksFoldersInTheOrderOfPathBytes) {
  for (const char* path :
       {"b/2.jpg", "b/10.jpg", "a.png", "b/c/x", "B.gif", "b.jpg", ".hidden.jpg", ".git/y.jpg"})
    add(path);
  EXPECT_THAT(list({""}), ElementsAre("B.gif", "a.png", "b.jpg", "b/10.jpg", "b/2.jpg", "b/c/x"));
  EXPECT_THAT(list({"b", "a.png"}), ElementsAre("b/10.jpg", "b/2.jpg", "b/c/x", "a.png"))
      << "inputs stay in order";
  EXPECT_THAT(list({".git", ".hidden.jpg"}), ElementsAre(".git/y.jpg", ".hidden.jpg")) << "given directly";
}

TEST_F(ImageListTest, EachFileComesOnce) {
  add("a/1.jpg");
  add("a/2.jpg");
  link("1.jpg", "a/0_link.jpg");
  const ilk::ImageList list = ilk::list_images({at("a"), at("a/2.jpg"), at("a/../a/2.jpg")});
  EXPECT_THAT(paths(list), ElementsAre("a/1.jpg", "a/2.jpg")) << "the file itself goes before a link to it";
  EXPECT_THAT(skipped(list), ElementsAre("a/0_link.jpg: duplicate path", "a/2.jpg: duplicate path",
                                         "a/../a/2.jpg: duplicate path"));
  EXPECT_THAT(list.skipped[0].reason, HasSubstr("a/1.jpg"));
}

TEST_F(ImageListTest, FollowsLinksButNotInCircles) {
  add("real/1.jpg");
  add("elsewhere/2.jpg");
  add("elsewhere/deeper/3.jpg");
  link("../elsewhere", "real/out");
  link("..", "elsewhere/deeper/up");
  link(".", "real/self");
  link("missing", "real/dangling");
  link("circle_b", "real/circle_a");
  link("circle_a", "real/circle_b");
  link("../elsewhere/2.jpg", "real/two.jpg");
  const ilk::ImageList list = ilk::list_images({at("real")});
  EXPECT_THAT(paths(list), ElementsAre("real/1.jpg", "real/out/2.jpg", "real/out/deeper/3.jpg"));
  EXPECT_THAT(skipped(list), ElementsAre("real/circle_a: link loop", "real/circle_b: link loop",
                                         "real/dangling: dangling link", "real/out/deeper/up: link loop",
                                         "real/self: link loop", "real/two.jpg: duplicate path"));
}

TEST_F(ImageListTest, ExpandsPatterns) {
  for (const char* path :
       {"x/1.jpg", "x/2.png", "x/.3.jpg", "y/4.jpg", "y/z/5.jpg", "6.jpg", "odd[1].jpg", "odd1.jpg"})
    add(path);
  EXPECT_THAT(list({"x/*.jpg"}), ElementsAre("x/1.jpg"));
  EXPECT_THAT(list({"*/*.jpg"}), ElementsAre("x/1.jpg", "y/4.jpg"));
  EXPECT_THAT(list({"**/*.jpg"}),
              ElementsAre("6.jpg", "odd1.jpg", "odd[1].jpg", "x/1.jpg", "y/4.jpg", "y/z/5.jpg"));
  EXPECT_THAT(list({"y/**"}), ElementsAre("y/4.jpg", "y/z/5.jpg"));
  EXPECT_THAT(list({"[x-y]"}), ElementsAre("x/1.jpg", "x/2.png", "y/4.jpg", "y/z/5.jpg"))
      << "a folder is walked";
  EXPECT_THAT(list({"x/?.png", "6*"}), ElementsAre("x/2.png", "6.jpg"));
  EXPECT_THAT(list({"odd[1].jpg"}), ElementsAre("odd[1].jpg")) << "what exists is not a pattern";
  EXPECT_THAT(list({"x/.*"}), ElementsAre("x/.3.jpg"));
}

TEST_F(ImageListTest, WhatAPersonNamesMustExist) {
  add("x/1.jpg");
  const auto error = [&](const std::string& input) -> std::string {
    return ::error_of([&] { ilk::list_images({at(input)}); });
  };
  EXPECT_THAT(error("y"), HasSubstr("[list_images] there is no file or folder"));
  EXPECT_THAT(error("x/*.png"), HasSubstr("matches nothing"));
  EXPECT_THROW(ilk::list_images({""}), ilk::Error);
}

TEST_F(ImageListTest, WhatAProgramListedMayBeGone) {
  add("1.jpg");
  add("[2].jpg");
  const ilk::ImageList list = ilk::list_images({}, {at("1.jpg"), at("gone.jpg"), at("[2].jpg"), at("*.jpg")});
  EXPECT_THAT(paths(list), ElementsAre("1.jpg", "[2].jpg"));
  EXPECT_THAT(skipped(list), ElementsAre("*.jpg: vanished", "gone.jpg: vanished"));
}

TEST_F(ImageListTest, TheOrderOfAListSaysNothing) {
  for (const char* name : {"a.jpg", "b.jpg", "c.jpg"}) add(name);
  const std::vector<std::string> listed{at("a.jpg"), at("b.jpg"), at("c.jpg")};
  EXPECT_EQ(ilk::list_images({}, {at("c.jpg"), at("a.jpg"), at("b.jpg"), at("a.jpg")}).paths, listed);
  EXPECT_THAT(ilk::list_images({}, {at("c.jpg"), at("a.jpg"), at("a.jpg")}).skipped, IsEmpty());
}

TEST_F(ImageListTest, ExpandsBraces) {
  for (const char* name : {"08.jpg", "09.jpg", "11.jpg", "x.png", "{1..2}.jpg"}) add(name);
  const auto list = ilk::list_images({at("{08..11}.jpg")});
  EXPECT_THAT(paths(list), ElementsAre("08.jpg", "09.jpg", "11.jpg"));
  EXPECT_THAT(skipped(list), ElementsAre("10.jpg: vanished"));
  EXPECT_THAT(paths(ilk::list_images({at("{x,0*}.{png,jpg}")})), ElementsAre("x.png", "08.jpg", "09.jpg"));
  EXPECT_THAT(paths(ilk::list_images({at("{1..2}.jpg")})), ElementsAre("{1..2}.jpg")) << "a path that exists";
  EXPECT_THROW(ilk::list_images({at("{20..30}.jpg")}), ilk::Error);
  EXPECT_THROW(ilk::list_images({at("{0..9}{0..999999}.jpg")}), ilk::Error);
}

TEST_F(ImageListTest, PathsStayAsTheUserWroteThem) {
  add("x/1.jpg");
  const fs::path before = fs::current_path();
  fs::current_path(root_.path());
  EXPECT_THAT(ilk::list_images({"x"}).paths, ElementsAre("x/1.jpg"));
  EXPECT_THAT(ilk::list_images({"x/"}).paths, ElementsAre("x/1.jpg"));
  EXPECT_THAT(ilk::list_images({"./x/*"}).paths, ElementsAre("./x/1.jpg"));
  EXPECT_THAT(ilk::list_images({"."}).paths, ElementsAre("./x/1.jpg"));
  fs::current_path(before);
}

TEST(ReadInputList, TakesLinesOrNulSeparatedPaths) {
  const auto read = [](const std::string& text) {
    std::istringstream stream(text);
    return ilk::read_input_list(stream);
  };
  EXPECT_THAT(read("a b.jpg\nc.jpg\r\n\nd.jpg"), ElementsAre("a b.jpg", "c.jpg", "d.jpg"));
  EXPECT_THAT(read(std::string("a\nb.jpg\0c.jpg\0", 14)), ElementsAre("a\nb.jpg", "c.jpg"))
      << "a name may hold a line's end";
  EXPECT_THAT(read(""), IsEmpty());
}

TEST(ReadInputList, TakesMarksAndUtf16AndRefusesUtf16WithoutAMark) {
  const auto read = [](const std::string& text) {
    std::istringstream stream(text);
    return ilk::read_input_list(stream, "list.txt");
  };
  // "/é𝄞.png" and "b.png" on two lines.
  const std::u16string letters = u"/\u00E9\U0001D11E.png\r\nb.png\r\n";
  const auto bytes_of = [&](bool little_endian) {
    std::string bytes;
    for (const char16_t unit : letters) {
      const char low = static_cast<char>(unit & 255), high = static_cast<char>(unit >> 8);
      bytes += little_endian ? low : high;
      bytes += little_endian ? high : low;
    }
    return bytes;
  };
  const auto expected = ElementsAre("/\xC3\xA9\xF0\x9D\x84\x9E.png", "b.png");
  EXPECT_THROW(read(std::string(".\0/\0a\0", 6)), ilk::Error) << "its second name is the whole file system";
  EXPECT_THAT(read(std::string("a\0b\0", 4)), ElementsAre("a", "b"));
  EXPECT_THAT(read("\xFF\xFE" + bytes_of(true)), expected);
  EXPECT_THAT(read("\xFE\xFF" + bytes_of(false)), expected);
  EXPECT_THAT(read("\xEF\xBB\xBF/\xC3\xA9\xF0\x9D\x84\x9E.png\nb.png"), expected);
  EXPECT_THAT(read(std::string("\xEF\xBB\xBF"
                               "a\0b\0",
                               7)),
              ElementsAre("a", "b"));
  EXPECT_THAT(read("a.png\rb.png\r"), ElementsAre("a.png", "b.png"));
  for (const bool little_endian : {true, false}) EXPECT_THROW(read(bytes_of(little_endian)), ilk::Error);
  EXPECT_THROW(read("\xFF\xFE" + bytes_of(true) + "x"), ilk::Error) << "cut";
  EXPECT_THROW(read(std::string("\xFF\xFE\x3D\xD8"
                                "a\0",
                                6)),
               ilk::Error)
      << "half a pair";
  EXPECT_THROW(read("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n"), ilk::Error);
}

/// The obvious matcher: tries every way.
bool fits_slowly(std::string_view name, std::string_view pattern) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*')
    return fits_slowly(name, pattern.substr(1)) || (!name.empty() && fits_slowly(name.substr(1), pattern));
  return !name.empty() && (pattern[0] == '?' || pattern[0] == name[0]) &&
         fits_slowly(name.substr(1), pattern.substr(1));
}

TEST(Glob, EqualsTheObviousMatcher) {
  std::vector<std::string> names{""}, patterns{""};
  for (std::size_t i = 0; i < names.size() && names[i].size() < 5; ++i)
    for (const char c : {'a', 'b'}) names.push_back(names[i] + c);
  for (std::size_t i = 0; i < patterns.size() && patterns[i].size() < 5; ++i)
    for (const char c : {'a', 'b', '*', '?'}) patterns.push_back(patterns[i] + c);
  for (const std::string& name : names)
    for (const std::string& pattern : patterns)
      ASSERT_EQ(ilk::fits_glob(name, pattern), fits_slowly(name, pattern)) << name << " " << pattern;
}

TEST(Glob, Brackets) {
  EXPECT_TRUE(ilk::fits_glob("b1", "[a-c][0-9]"));
  EXPECT_FALSE(ilk::fits_glob("d1", "[a-c][0-9]"));
  EXPECT_TRUE(ilk::fits_glob("d", "[!a-c]"));
  EXPECT_FALSE(ilk::fits_glob("b", "[^a-c]"));
  EXPECT_TRUE(ilk::fits_glob("]", "[]]"));
  EXPECT_TRUE(ilk::fits_glob("-", "[a-]"));
  EXPECT_TRUE(ilk::fits_glob("[x", "[x")) << "a bracket that is never closed stands for itself";
  EXPECT_TRUE(ilk::fits_glob("a*b", "a\\*b"));
  EXPECT_FALSE(ilk::fits_glob("axb", "a\\*b"));
  EXPECT_FALSE(ilk::fits_glob(".a", "*"));
  EXPECT_TRUE(ilk::fits_glob("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*a*a*a*a*a*b"))
      << "in no time";
}

}  // namespace
