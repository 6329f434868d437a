// The program given lists, tables and archives as other programs and people write them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "program.h"
#include "temporary_directory.h"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

class WildProgram : public testing::Test {
 protected:
  WildProgram() {
    for (const auto& entry : fs::directory_iterator(ILK_SOURCE_DIR "/examples/clipart/images"))
      if (entry.is_regular_file()) all_.push_back(entry.path());
    std::sort(all_.begin(), all_.end());
    fs::create_directories(folder() / "in/sub");
    for (std::size_t i = 0; i < 8; ++i) {
      const std::string name = std::string(i % 2 ? "sub/" : "") + "picture " + std::to_string(i) + ".png";
      fs::copy_file(all_[i], folder() / "in" / name);
      paths_.push_back((folder() / "in" / name).string());
    }
  }
  fs::path folder() const { return directory_.path(); }
  std::string at(const std::string& name) const { return (folder() / name).string(); }
  std::string write(const std::string& name, const std::string& contents) const {
    ilk::write_file_atomically(folder() / name, contents);
    return at(name);
  }
  ProgramResult run(const std::vector<std::string>& arguments) const {
    return run_program(folder(), arguments);
  }
  ProgramResult cluster(const std::string& output, std::vector<std::string> more) const {
    more.insert(more.begin(), {"cluster", "-k", "3", "--method", "kmeans", "-o", at(output), "--json"});
    return run(more);
  }
  std::string assignments(const std::string& output) const {
    return ilk::read_file(folder() / output / "assignments.csv");
  }
  static std::string utf16(const std::string& ascii, bool with_mark) {
    std::string bytes = with_mark ? "\xFF\xFE" : "";
    for (const char letter : ascii) {
      bytes += letter;
      bytes += '\0';
    }
    return bytes;
  }

  std::vector<fs::path> all_;
  std::vector<std::string> paths_;

 private:
  TemporaryDirectory directory_;
};

TEST_F(WildProgram, ListsGiveTheSameClustersHoweverTheyAreWritten) {
  std::string lines, backwards, by_nul;
  for (const std::string& path : paths_) {
    lines += path + "\r\n";
    backwards = path + "\n" + backwards;
    by_nul += path + std::string(1, '\0');
  }
  ASSERT_EQ(cluster("expected", {"--files-from", write("list.txt", lines)}).status, 0);
  const std::vector<std::string> lists{"\xEF\xBB\xBF" + lines, utf16(lines, true), backwards,
                                       backwards + backwards, by_nul};
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const auto result = cluster("run", {"--files-from", write("list.txt", lists[i])});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(json::parse(result.out)["skipped"], 0) << i;
    EXPECT_EQ(assignments("run"), assignments("expected")) << i;
  }
  for (const char* command : {"cluster", "assign"}) {
    std::vector<std::string> words{command, "--files-from", write("list.txt", utf16(lines, false))};
    if (command == std::string("cluster"))
      words.insert(words.end(), {"-k", "2", "-o", at("none")});
    else
      words.push_back(at("expected"));
    const auto result = run(words);
    EXPECT_EQ(result.status, 3);
    EXPECT_THAT(result.err, AllOf(HasSubstr("list.txt"), HasSubstr("UTF-16")));
  }
  EXPECT_FALSE(fs::exists(folder() / "none"));
}

TEST_F(WildProgram, LabelsFitFromAnywhereAndHoweverTheyAreDivided) {
  ASSERT_EQ(cluster("run", {at("in")}).status, 0);
  std::string table = "image_name;species\n";
  for (std::size_t i = 0; i < paths_.size(); ++i)
    table += "old/in/" + fs::path(paths_[i]).lexically_relative(at("in")).string() + ";" +
             (i < 2   ? ""
              : i < 5 ? "dog"
                      : " cat ") +
             "\n";
  for (const std::string& labels :
       {write("elsewhere/labels.csv", table), write("labels.csv", utf16(table, true))}) {
    const auto result = run({"eval", at("run"), "--labels", labels, "--json"});
    ASSERT_EQ(result.status, 0) << result.err;
    const json scores = json::parse(result.out);
    EXPECT_EQ(scores["unlabelled"], 2);
    ASSERT_EQ(scores["classes"].size(), 2u);
    EXPECT_EQ(scores["classes"][0]["class"], "cat");
    EXPECT_EQ(scores["classes"][1]["images"], 3);
    // The same table, the same meaning, in the other commands.
    const auto clustered = cluster("scored", {at("in"), "--labels", labels});
    ASSERT_EQ(clustered.status, 0) << clustered.err;
    EXPECT_EQ(json::parse(clustered.out)["scores"]["unlabelled"], 2);
    EXPECT_EQ(json::parse(clustered.out)["scores"]["accuracy"], scores["accuracy"]);
  }
  const auto refused =
      run({"eval", at("run"), "--labels", write("labels.csv", table + "old/in/picture 2.png;bird\n")});
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("line 4 says 'dog'"), HasSubstr("line 10 'bird'")));
}

TEST_F(WildProgram, NounsMayBeGivenThemselves) {
  const auto result =
      run({"cluster", at("in"), "-k", "2", "-o", at("run"), "--nouns", "arrow,sign,animal,food", "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(json::parse(result.out)["nouns"]["offered"], 4);
  const auto refused = run({"cluster", at("in"), "-k", "2", "-o", at("other"), "--nouns", "arrow"});
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.err, HasSubstr("one noun a line"));
}

TEST_F(WildProgram, EqualImagesShareAClusterAndAssignAgrees) {
  for (int i = 0; i < 6; ++i) {
    fs::create_directories(folder() / "same");
    fs::copy_file(all_[0], folder() / "same" / (std::to_string(i) + ".png"));
  }
  const auto result = cluster("run", {at("same")});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("Different images: 1 of 6, fewer than the "));
  const json summary = json::parse(result.out);
  EXPECT_EQ(summary["clusters"][0]["size"], 6);
  EXPECT_EQ(summary["clusters"][1]["size"], 0);
  EXPECT_EQ(summary["notices"].size(), 1u);
  const auto placed = run({"assign", at("run"), at("same")});
  ASSERT_EQ(placed.status, 0) << placed.err;
  for (int i = 0; i < 6; ++i) EXPECT_THAT(placed.out, HasSubstr(std::to_string(i) + ".png,0,"));
  EXPECT_EQ(run({"eval", at("run"), "--json"}).status, 0);
}

TEST_F(WildProgram, FilesThatAreSomethingElseAreNamedForWhatTheyAre) {
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 12\n";
  for (const char* name : {"x.npy", "x.safetensors", "x.pt"}) {
    const auto result = cluster("run", {"--features", write(name, pointer)});
    EXPECT_EQ(result.status, 3);
    EXPECT_THAT(result.err, HasSubstr("it is a Git LFS pointer")) << name;
  }
  for (const char* flag : {"--nouns", "--labels", "--captions-corpus", "--templates"}) {
    const auto result = run({"cluster", at("in"), "-k", "2", "-o", at("run"), flag,
                             write("page", "<!DOCTYPE html><html>Sign in</html>")});
    EXPECT_EQ(result.status, 3);
    EXPECT_THAT(result.err, HasSubstr("it is a web page")) << flag;
  }
}

TEST_F(WildProgram, APictureThatIsAPointerIsSaidToBeOne) {
  write("in/pointer.jpg", "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 12\n");
  const auto result = run({"embed", at("in"), "-o", at("X.npy")});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("pointer.jpg (not an image): the content is a Git LFS pointer"));
}

TEST_F(WildProgram, AFileIsOneImageHoweverItsPathIsWritten) {
  const std::string table = "path,label\nin/picture 0.png,dog\n./in/picture 0.png,";
  const auto same = run({"datasets", "info", "csv:" + write("same.csv", table + "dog\n")});
  EXPECT_THAT(same.out, AllOf(HasSubstr("1 images"), HasSubstr("skipped: 1")));
  const auto contradiction = run({"datasets", "info", "csv:" + write("two.csv", table + "cat\n")});
  EXPECT_EQ(contradiction.status, 3);
  EXPECT_THAT(contradiction.err, AllOf(HasSubstr("line 2 says 'dog'"), HasSubstr("line 3 'cat'")));
}

TEST_F(WildProgram, NamesOfFilesDoNotSpeakToTheTerminal) {
  write("bad/\x1b[31mred\xC2\x9B.png", "no picture");
  const auto result = run({"caption", at("bad"), "-o", at("captions.jsonl"), "--endpoint",
                           "http://127.0.0.1:9/v1", "--vlm-model", "x", "--dry-run"});
  EXPECT_THAT(result.out + result.err, AllOf(HasSubstr("\\x1b[31mred\\x9b.png"), Not(HasSubstr("\x1b[31m"))));
  const auto all_bad = run({"cluster", at("bad"), "-k", "2", "-o", at("run")});
  EXPECT_THAT(all_bad.err, AllOf(HasSubstr("\\x1b[31mred"), Not(HasSubstr("\x1b[31m"))));
}

}  // namespace
