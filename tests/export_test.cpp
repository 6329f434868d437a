// The parts of exports that need no run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <cstdlib>

#include "export/common_folder.h"
#include "export/parquet_file.h"
#include "export/placed_files.h"
#include "export/xmp_packet.h"
#include "io/files.h"
#include "io/sha256.h"
#include "matrices.h"
#include "temporary_directory.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const XmpKeywords parrot{{"parrot"}, {"ilk|parrot"}, {"ilk/parrot"}}, owl{{"owl"}, {"ilk|owl"}, {"ilk/owl"}};

std::string foreign_sidecar() {
  return R"(<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:mine="http://example.org/mine/" xmp:Rating="4" mine:note="kept">
<dc:subject><rdf:Bag><rdf:li>parrot</rdf:li><rdf:li>Ferien</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta>)";
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
  return times;
}

TEST(XmpKeywordsTest, ANewSidecarHasThemAndIsTakenBackWhole) {
  const auto text = with_keywords("", parrot);
  ASSERT_TRUE(text.has_value());
  EXPECT_THAT(*text, HasSubstr("<rdf:li>ilk|parrot</rdf:li>"));
  EXPECT_EQ(with_keywords(*text, parrot), text) << "again is harmless";
  EXPECT_EQ(with_keywords(*text, {}), std::nullopt);
  EXPECT_EQ(with_keywords("", {}), std::nullopt);
}

TEST(XmpKeywordsTest, AnotherNameReplacesTheFirst) {
  const auto text = with_keywords(*with_keywords("", parrot), owl);
  ASSERT_TRUE(text.has_value());
  EXPECT_THAT(*text, HasSubstr("ilk|owl"));
  EXPECT_THAT(*text, Not(HasSubstr("parrot")));
  EXPECT_EQ(with_keywords(*text, {}), std::nullopt);
}

TEST(XmpKeywordsTest, WhatOthersWroteStays) {
  const auto text = with_keywords(foreign_sidecar(), parrot);
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(count(*text, "<rdf:li>parrot</rdf:li>"), 1u) << "the keyword was there, and is not ilk's";
  for (const char* kept : {"Ferien", "kept", "<xmp:Rating>4"}) EXPECT_THAT(*text, HasSubstr(kept));
  const auto back = with_keywords(*text, {});
  ASSERT_TRUE(back.has_value()) << "somebody else's file is not removed";
  for (const char* kept : {"<rdf:li>parrot</rdf:li>", "Ferien", "kept"}) EXPECT_THAT(*back, HasSubstr(kept));
  EXPECT_THAT(*back, Not(HasSubstr("ilk")));
  EXPECT_EQ(with_keywords(*back, {}), back) << "nothing of ilk's: left as it is";
}

TEST(XmpKeywordsTest, ANoteThatIsAddedToOurSidecarKeepsIt) {
  auto text = *with_keywords("", parrot);
  text.replace(text.find("rdf:about=\"\""), 12,
               "rdf:about=\"\" xmlns:mine=\"http://example.org/mine/\" mine:note=\"kept\"");
  const auto back = with_keywords(text, {});
  ASSERT_TRUE(back.has_value());
  EXPECT_THAT(*back, HasSubstr("kept"));
  EXPECT_THAT(*back, Not(HasSubstr("parrot")));
}

TEST(XmpKeywordsTest, MarkupInNamesIsTextAndWhatIsNoXmpIsRefused) {
  const auto text = with_keywords("", {{"R&D <Ägypten>"}, {}, {}});
  ASSERT_TRUE(text.has_value());
  EXPECT_THAT(*text, HasSubstr("R&amp;D &lt;Ägypten&gt;"));
  EXPECT_EQ(with_keywords(*text, {{"R&D <Ägypten>"}, {}, {}}), text);
  EXPECT_THROW(with_keywords("junk", parrot), Error);
}

class PlacedFilesTest : public testing::Test {
 protected:
  PlacedFilesTest() {
    for (const char* name : {"a/1.jpg", "b/1.jpg", "c/1.JPG", "a/2.jpg"})
      write_file_atomically(originals() / name, name);
  }
  fs::path originals() const { return folder_.path() / "originals"; }
  fs::path output() const { return folder_.path() / "out"; }
  PlacedFile file(const std::string& name, const std::string& target) const {
    return {name, originals() / name, target};
  }
  ExportSummary place(const std::vector<PlacedFile>& files, Link link = Link::copy, bool undo = false) const {
    return place_files(files, {.output = output(), .link = link, .undo = undo}, silent());
  }
  std::string at(const std::string& target) const { return read_file(output() / target); }

  TemporaryDirectory folder_;
};

TEST_F(PlacedFilesTest, NameClashesAreSolvedInOrderAndAgainChangesNothing) {
  const std::vector<PlacedFile> files{file("a/1.jpg", "x/1.jpg"), file("b/1.jpg", "x/1.jpg"),
                                      file("c/1.JPG", "x/1.JPG"), file("a/2.jpg", "x/2.jpg")};
  for (const Link link : {Link::copy, Link::hard, Link::symbolic}) {
    EXPECT_EQ(place(files, link).written, 4);
    EXPECT_EQ(at("x/1.jpg"), "a/1.jpg");
    EXPECT_EQ(at("x/1 (2).jpg"), "b/1.jpg");
    EXPECT_EQ(at("x/1 (3).JPG"), "c/1.JPG") << "some file systems do not tell 1.jpg and 1.JPG apart";
    const ExportSummary again = place(files, link);
    EXPECT_EQ(again.unchanged, 4);
    EXPECT_EQ(again.written + again.removed, 0);
    EXPECT_EQ(fs::is_symlink(output() / "x/1.jpg"), link == Link::symbolic);
    EXPECT_EQ(fs::hard_link_count(output() / "x/2.jpg") > 1, link == Link::hard);
    EXPECT_EQ(place({}, link, true).removed, 4);
    EXPECT_FALSE(fs::exists(output())) << "nothing is left behind";
  }
}

TEST_F(PlacedFilesTest, FilesOfOthersAreNeitherReplacedNorRemoved) {
  write_file_atomically(output() / "x/1.jpg", "somebody else's");
  place({file("a/1.jpg", "x/1.jpg"), file("a/2.jpg", "x/2.jpg")});
  EXPECT_EQ(at("x/1.jpg"), "somebody else's");
  EXPECT_EQ(at("x/1 (2).jpg"), "a/1.jpg");
  write_file_atomically(output() / "x/2.jpg", "retouched");
  const ExportSummary undone = place({}, Link::copy, true);
  EXPECT_EQ(undone.removed, 1);
  EXPECT_THAT(undone.notices, ElementsAre(HasSubstr("changed since")));
  EXPECT_EQ(at("x/1.jpg"), "somebody else's");
  EXPECT_EQ(at("x/2.jpg"), "retouched");
}

TEST_F(PlacedFilesTest, WhatMovesToAnotherFolderLeavesTheFirst) {
  place({file("a/1.jpg", "x/1.jpg"), file("a/2.jpg", "x/2.jpg")});
  const ExportSummary moved = place({file("a/1.jpg", "y/1.jpg"), file("b/1.jpg", "x/1.jpg")});
  EXPECT_EQ(moved.written, 2);
  EXPECT_EQ(moved.removed, 1);
  EXPECT_EQ(at("y/1.jpg"), "a/1.jpg");
  EXPECT_EQ(at("x/1.jpg"), "b/1.jpg");
  EXPECT_FALSE(fs::exists(output() / "x/2.jpg"));
}

TEST_F(PlacedFilesTest, AMissingOriginalIsSkippedAndThereMustBeSomethingToUndo) {
  EXPECT_EQ(place({file("none.jpg", "x/none.jpg")}).skipped.at(0).kind, "vanished");
  EXPECT_THROW(place({}, Link::copy, true), Error);
}

TEST(FolderNamesTest, AreWhatEveryFileSystemTakes) {
  EXPECT_EQ(safe_file_name("cat/dog: \"x\"\n"), "cat-dog- -x--");
  EXPECT_EQ(safe_file_name("..secret. "), "secret");
  EXPECT_EQ(safe_file_name("  "), "cluster");
  EXPECT_EQ(safe_file_name("\xff"), "\xEF\xBF\xBD");
  const std::string longest = safe_file_name(std::string(99, 'a') + "ää");
  EXPECT_EQ(longest, std::string(99, 'a')) << "cut between characters";
  EXPECT_THAT(folder_names({"bird", "Bird", "owl"}, false), ElementsAre("bird", "Bird 1", "owl"));
  EXPECT_THAT(folder_names({"bird", "bird"}, true), ElementsAre("0 bird", "1 bird"));
  EXPECT_EQ(folder_names(std::vector<std::string>(11, "x"), true).at(2), "02 x");
}

TEST(CommonFolderTest, IsTheDeepestThatHoldsAll) {
  EXPECT_EQ(common_folder({"/a/b/c/1.jpg", "/a/b/2.jpg", "/a/b/c/d/3.jpg"}), "/a/b");
  EXPECT_EQ(common_folder({"/a/bc/1.jpg", "/a/bd/2.jpg"}), "/a");
  EXPECT_EQ(common_folder({"/x/1.jpg"}), "/x");
}

/// Runs a script with a Python that has pyarrow and DuckDB; −1 where there is none.
int run_with_pyarrow(const std::string& arguments) {
  const char* chosen = std::getenv("ILK_PYTHON");
  const std::string python = chosen ? chosen : "python3";
  if (std::system((python + " -c 'import pyarrow, duckdb' 2>/dev/null").c_str()) != 0) return -1;
  return std::system((python + " " + arguments).c_str());
}

TEST(ParquetTest, GivesTheBytesThatOtherReadersWereSeenToRead) {
  const TemporaryDirectory folder;
  const fs::path file = folder.path() / "table.parquet";
  const Matrix<float> vectors = matrix_of({{1, 2, 3}, {-1, 0, 0.5}, {4, 5, 6}, {7, 8, 9}});
  write_parquet(file, {{"text", std::vector<std::string>{"a", "", "Ü, \"x\"", "\xff"}},
                       {"whole", std::vector<std::int64_t>{0, -1, INT64_MAX, INT64_MIN}},
                       {"real", std::vector<double>{0.1, -2, 1e300, 0}},
                       {"maybe_whole", std::vector<std::optional<std::int64_t>>{1, {}, {}, 4}},
                       {"maybe_real", std::vector<std::optional<double>>{{}, {}, {}, {}}},
                       {"vector", vectors.view()}});
  // Of the file that check.py accepted, with pyarrow 26.0 and DuckDB 2.0.
  EXPECT_EQ(sha256_file(file), "a6416dcf0a81e72f843bd1312c05c979d7d439375bb0bbb4c9c5bbbb72360891");
  const int status = run_with_pyarrow(ILK_TEST_DATA "/parquet/check.py " + file.string());
  if (status < 0) GTEST_SKIP() << "no Python with pyarrow and duckdb; ILK_PYTHON names another";
  EXPECT_EQ(status, 0);
}

TEST(ParquetTest, ManyRowsBecomeSeveralRowGroups) {
  const TemporaryDirectory folder;
  const fs::path file = folder.path() / "wide.parquet";
  constexpr std::int64_t rows = 20, width = 1 << 20;  // 16 rows a group
  const auto vectors = Matrix<float>::filled(rows, width, 0.25f);
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < rows; ++i) numbers.push_back(i);
  write_parquet(file, {{"number", numbers}, {"vector", vectors.view()}});
  EXPECT_GT(fs::file_size(file), rows * width * 4);
  const int status = run_with_pyarrow(ILK_TEST_DATA "/parquet/check.py --groups 2 " + file.string());
  if (status < 0) GTEST_SKIP() << "no Python with pyarrow and duckdb; ILK_PYTHON names another";
  EXPECT_EQ(status, 0);
}

TEST(ParquetTest, RefusesColumnsOfDifferentLengths) {
  const TemporaryDirectory folder;
  EXPECT_THROW(write_parquet(folder.path() / "x", {}), Error);
  EXPECT_THROW(
      write_parquet(folder.path() / "x", {{"a", std::vector<double>{1}}, {"b", std::vector<double>{}}}),
      Error);
  EXPECT_FALSE(fs::exists(folder.path() / "x"));
}

}  // namespace
}  // namespace ilk
