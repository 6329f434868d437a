#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <fstream>

#include "io/sha256.h"
#include "temporary_directory.h"
#include "text/corpus.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Corpora : public testing::Test {
 protected:
  std::filesystem::path file(std::string_view contents) {
    const auto path = directory_.path() / "texts";
    std::ofstream(path, std::ios::binary) << contents;
    return path;
  }
  std::vector<std::string> captions(std::string_view contents) {
    return ilk::read_captions(file(contents)).texts;
  }
  std::vector<std::string> nouns(std::string_view contents) { return ilk::read_nouns(file(contents)).texts; }

  // What a reader says of the contents, without the path.
  template <class Read>
  std::string error_of(const Read& read, std::string_view contents) {
    try {
      read(file(contents));
    } catch (const ilk::Error& error) {
      std::string text = error.what();
      const std::string path = (directory_.path() / "texts").string();
      const std::size_t place = text.find(path);
      return place == std::string::npos ? text : text.replace(place, path.size(), "FILE");
    }
    return "";
  }

  TemporaryDirectory directory_;
};

TEST(Corpus, TextsAreTrimmedSingleSpacedAndKeptOnce) {
  const auto corpus = ilk::make_corpus("here", {" a  dog\n", "", "cat", "a dog", "Cat", " \t "});
  EXPECT_EQ(corpus.source, "here");
  EXPECT_THAT(corpus.texts, ElementsAre("a dog", "cat", "Cat"));
  EXPECT_EQ(corpus.sha256, ilk::sha256_hex("a dog\ncat\nCat\n"));
  EXPECT_THROW(ilk::make_corpus("here", {" ", ""}), ilk::Error);
  EXPECT_THROW(ilk::make_corpus("here", {}), ilk::Error);
  EXPECT_THROW(ilk::make_corpus("here", {"caf\xE9"}), ilk::Error);
}

TEST_F(Corpora, NounsAreLinesWithoutComments) {
  EXPECT_THAT(nouns("\xEF\xBB\xBF# nouns\r\nice cream\r\n\r\n  gyōza \ndog\nice cream\n'hood"),
              ElementsAre("ice cream", "gyōza", "dog", "'hood"));
  EXPECT_EQ(ilk::read_nouns(file("dog\n")).source, (directory_.path() / "texts").string());
}

TEST_F(Corpora, OnlyUtf8TextIsRead) {
  EXPECT_EQ(error_of(ilk::read_nouns, "dog\ncaf\xE9\n"), "[read_nouns] FILE, line 2: must be UTF-8.");
  EXPECT_EQ(error_of(ilk::read_captions, "a dog\n\nb\xC3\n"), "[read_captions] FILE, line 3: must be UTF-8.");
  EXPECT_EQ(error_of(ilk::read_nouns, std::string_view("a\0b", 3)),
            "[read_nouns] FILE, line 1: holds a zero byte, so this is no text.");
  for (const std::string_view bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE0\x80\x80",
                                     "\xF0\x80\x80\x80", "\x80", "\xE2\x82"}) {
    EXPECT_THAT(error_of(ilk::read_nouns, bad), HasSubstr("UTF-8"));
  }
  EXPECT_THAT(nouns("\xF0\x9F\x90\xB6\n\xED\x9F\xBF\n\xF4\x8F\xBF\xBF\n"), testing::SizeIs(3));
  EXPECT_EQ(error_of(ilk::read_nouns, "\n# none\n"), "[read_nouns] FILE holds no text.");
  EXPECT_EQ(error_of(ilk::read_captions, ""), "[read_captions] FILE holds no text.");
  EXPECT_EQ(error_of(ilk::read_captions, "\xEF\xBB\xBF \n"), "[read_captions] FILE holds no text.");
}

TEST_F(Corpora, NounsMayBeGivenThemselves) {
  EXPECT_EQ(ilk::read_nouns("fish, dog,castle,,dog").texts,
            (std::vector<std::string>{"fish", "dog", "castle"}));
  try {
    ilk::read_nouns("fish");
    FAIL() << "one noun alone is a file that is not there";
  } catch (const ilk::Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("there is no file 'fish'; nouns are a file, one noun a line, or a list"));
  }
}

TEST_F(Corpora, Utf16WithAMarkIsRead) {
  const std::string_view utf16(
      "\xFF\xFE"
      "d\0o\0g\0\r\0\n\0\xE9\0\r\0\n\0",
      16);
  EXPECT_THAT(nouns(std::string(utf16)), testing::ElementsAre("dog", "\xC3\xA9"));
  EXPECT_THAT(error_of(ilk::read_nouns, utf16.substr(2)), HasSubstr("UTF-16 with a byte-order mark"));
  EXPECT_THAT(error_of(ilk::read_nouns, "version https://git-lfs.github.com/spec/v1\noid sha256:1\n"),
              HasSubstr("it is a Git LFS pointer"));
  EXPECT_THAT(error_of(ilk::read_captions, "<html>\nlog in</html>"), HasSubstr("it is a web page"));
}

TEST_F(Corpora, SentencesAreLines) {
  EXPECT_THAT(captions("1st place medal, 1st, first, gold, medal\r\n\r\n#hashtag, sign\r\na \"dog\r\n"),
              ElementsAre("1st place medal, 1st, first, gold, medal", "#hashtag, sign", "a \"dog"));
  // Keywords that only look like a header.
  EXPECT_THAT(captions("comment, image, bubble, speech\ndog, animal\n"),
              ElementsAre("comment, image, bubble, speech", "dog, animal"));
  EXPECT_THAT(captions("caption\nthe end\n"), ElementsAre("caption", "the end"));
  EXPECT_THAT(captions("sharp # note\tF#1\n"), ElementsAre("sharp # note F#1"));
}

TEST_F(Corpora, CocoCaptions) {
  EXPECT_THAT(captions(R"( {"info": {"caption": "not this"}, "images": [{"id": 3, "caption": "nor this"}],
      "annotations": [{"image_id": 3, "id": 1, "caption": "A dog \"sits\".\n"},
                      {"caption": "Ein H\u00fcgel", "id": 2, "extra": {"caption": "nor this", "x": [1, 2.5, null]}},
                      {"id": 3}],
      "licenses": [{"caption": "nor this"}]})"),
              ElementsAre("A dog \"sits\".", "Ein Hügel"));
  EXPECT_THAT(error_of(ilk::read_captions, R"({"annotations": [{"bbox": [1, 2]}]})"),
              StartsWith("[read_captions] FILE begins as JSON, but has no \"caption\" in \"annotations\""));
  EXPECT_THAT(error_of(ilk::read_captions, "{\"annotations\": [\n{\"caption\": \"a\"},\n{\"caption\": }]}"),
              StartsWith("[read_captions] FILE, line 3: not JSON: syntax error"));
  EXPECT_THAT(error_of(ilk::read_captions, "{\"annotations\": [\n"),
              StartsWith("[read_captions] FILE, line 2: not JSON"));
  EXPECT_EQ(error_of(ilk::read_captions, R"({"annotations": [{"caption": "a"}, {"caption": ["b"]}]})"),
            "[read_captions] FILE: the caption after 1 others must be a text.");
}

TEST_F(Corpora, FlickrTokens) {
  EXPECT_THAT(captions("1000092795.jpg#0\tTwo young guys "
                       ".\r\n1000092795.jpg#1\tTwo\tmen\r\n\r\n10002456.jpg#4\tTwo young guys .\r\n"),
              ElementsAre("Two young guys .", "Two men"));
  EXPECT_EQ(error_of(ilk::read_captions, "1.jpg#0\tA dog\n1.jpg A cat\n"),
            "[read_captions] FILE, line 2: must be image#number, a tab and a caption, as the lines before, "
            "got '1.jpg A cat'.");
}

TEST_F(Corpora, FlickrTables) {
  EXPECT_THAT(captions("\xEF\xBB\xBFimage,caption\r\n1.jpg,A dog .\r\n1.jpg,\"A dog, a \"\"cat\"\" "
                       ".\"\r\n\r\n2.jpg,A\r\n"),
              ElementsAre("A dog .", "A dog, a \"cat\" .", "A"));
  EXPECT_THAT(
      captions(
          "image_name| comment_number| comment\n1.jpg| 0| A man, a \"hat\" .\n1.jpg| 4   A dog runs .\n"),
      ElementsAre("A man, a \"hat\" .", "A dog runs ."));
  EXPECT_THAT(captions("caption,file\n\"two\nlines\",1.jpg\n"), ElementsAre("two lines"));
  EXPECT_THAT(captions("sep=;\r\nImage;Caption;;\r\n1.jpg;A dog, a cat;;\r\n;;;\r\n"),
              ElementsAre("A dog, a cat"));
  EXPECT_EQ(error_of(ilk::read_captions, "image,caption\n\n1.jpg,\"a\n\nb\"\n\n2.jpg,A dog, a cat\n"),
            "[read_captions] FILE, line 7: must have 2 columns as the first row, got 3 (a caption that holds "
            "',' must be in "
            "quotation marks).");
  EXPECT_EQ(error_of(ilk::read_captions, "image|comment\n1.jpg\n"),
            "[read_captions] FILE, line 2: must have 2 columns as the first row, got 1 (a caption that holds "
            "'|' must be in "
            "quotation marks).");
  EXPECT_THAT(error_of(ilk::read_captions, "image,caption\n1.jpg,\"A dog\n"), HasSubstr("line 2"));
  EXPECT_EQ(error_of(ilk::read_captions, "image,caption\n"), "[read_captions] FILE holds no text.");
}

TEST_F(Corpora, TheEmbeddedModelsVocabularyIsRead) {
  const auto model = std::filesystem::path(ILK_SOURCE_DIR) / "models" / "ilk-lite";
  EXPECT_EQ(ilk::read_nouns(model / "nouns.txt").texts.size(), 3930u);
}

TEST_F(Corpora, Templates) {
  EXPECT_EQ(ilk::default_templates().size(), 7u);
  for (const auto& each : ilk::default_templates())
    EXPECT_THAT(ilk::fill_template(each, "dog"), HasSubstr("dog"));
  EXPECT_EQ(ilk::fill_template("a {} here.", "{}"), "a {} here.");
  EXPECT_THAT(ilk::read_templates(file("# mine\na {}\r\n\nthe {}.\n")), ElementsAre("a {}", "the {}."));
  EXPECT_EQ(error_of(ilk::read_templates, "a {}\na dog\n"),
            "[read_templates] FILE, line 2: a template must hold {} once, got 'a dog'.");
  EXPECT_EQ(error_of(ilk::read_templates, "{} {}\n"),
            "[read_templates] FILE, line 1: a template must hold {} once, got '{} {}'.");
  EXPECT_EQ(error_of(ilk::read_templates, "\n"), "[read_templates] FILE holds no template.");
  EXPECT_THROW(ilk::fill_template("a dog", "cat"), ilk::Error);
}

}  // namespace
