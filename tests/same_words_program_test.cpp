// One kind of input, one answer: every command that takes it gives the same exit status and the same words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "matrices.h"
#include "npy_files.h"
#include "program.h"
#include "temporary_directory.h"

namespace {

using testing::EndsWith;
using testing::HasSubstr;
namespace fs = std::filesystem;
using Words = std::vector<std::string>;

/// The command with the input in the place of "@".
Words with(Words command, const Words& input) {
  const auto place = std::find(command.begin(), command.end(), "@");
  const auto at = command.erase(place);
  command.insert(at, input.begin(), input.end());
  return command;
}

class SameWords : public testing::Test {
 private:
  TemporaryDirectory directory_;  // before what names places in it

 protected:
  SameWords() {
    for (const char* name : {"empty folder", "pictures"}) fs::create_directory(folder() / name);
    int count = 0;
    for (const auto& entry : fs::directory_iterator(ILK_SOURCE_DIR "/examples/clipart/images"))
      if (++count <= 4) fs::copy_file(entry.path(), folder() / "pictures" / entry.path().filename());
    write("notes.txt", "no picture\n");
    write("nothing", "");
    write("page.html", "<!DOCTYPE html><html>Sign in</html>");
    write("labels.csv", "path,label\na.png,1\n");
    write_npy(folder() / "x.npy", random_matrix(20, 8, 1));
    write_npy(folder() / "line.npy", std::vector<float>(20, 1.0f));
    EXPECT_EQ(say({"cluster", "--features", at("x.npy"), "-k", "2", "--method", "kmeans", "-o", at("run")}),
              "");
    EXPECT_EQ(say({"cluster", at("pictures"), "--method", "kmeans", "-k", "2", "-o", at("run-of-pictures")}),
              "");
  }

  fs::path folder() const { return directory_.path(); }
  std::string at(const std::string& name) const { return (folder() / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    ilk::write_file_atomically(folder() / name, text);
  }
  /// The error and the exit status; empty where all is well.
  std::string say(const Words& words) const {
    const auto result = run_program(folder(), words);
    if (result.status == 0) return "";
    const auto begin = result.err.rfind("ilk: ");
    const std::string error =
        begin == std::string::npos ? "no error: " + result.err : result.err.substr(begin);
    return std::to_string(result.status) + " " + error;
  }
  void expect(const std::vector<Words>& commands, const Words& input, const std::string& answer) const {
    for (const Words& command : commands)
      EXPECT_EQ(say(with(command, input)), answer + "\n") << "ilk " << command[0] << " " << command[1];
  }

  const std::vector<Words> takes_images_{
      {"cluster", "@", "-k", "2", "--method", "kmeans", "-o", at("o")},
      {"assign", at("run-of-pictures"), "@"},
      {"embed", "@", "-o", at("e.npy")},
      {"caption", "@", "-o", at("c.jsonl"), "--endpoint", "http://127.0.0.1:9/v1", "--vlm-model", "m",
       "--dry-run"},
      {"bench", "@", "--labels", at("labels.csv"), "--methods", "kmeans", "-o", at("b")}};
  const std::vector<Words> takes_a_run_{{"assign", "@", "--features", at("x.npy")},
                                        {"eval", "@"},
                                        {"compare", "@", at("run")},
                                        {"edit", "@", "list"},
                                        {"edit", "@", "rename", "0", "x"},
                                        {"view", "@", "--no-browser"},
                                        {"export", "@", "--to", "csv", "-o", at("x.csv")},
                                        {"inspect", "@"},
                                        {"search", "@", "a dog"}};
  const std::vector<Words> takes_features_{
      {"cluster", "--features", "@", "-k", "2", "--method", "kmeans", "-o", at("o")},
      {"assign", at("run"), "--features", "@"},
      {"bench", "--features", "@", "--labels", at("labels.csv"), "--methods", "kmeans", "-o", at("b")}};
  const std::vector<Words> takes_labels_{
      {"cluster", "--features", at("x.npy"), "-k", "2", "--method", "kmeans", "-o", at("o"), "--labels", "@"},
      {"eval", at("run"), "--labels", "@"},
      {"compare", at("run"), at("run"), "--labels", "@"},
      {"bench", "--features", at("x.npy"), "--methods", "kmeans", "-o", at("b"), "--labels", "@"}};
};

TEST_F(SameWords, OfImages) {
  expect(takes_images_, {at("gone")}, "3 ilk: there is no file or folder '" + at("gone") + "'.");
  expect(takes_images_, {at("*.gone")}, "3 ilk: the pattern '" + at("*.gone") + "' matches nothing.");
  expect(takes_images_, {at("empty folder")}, "3 ilk: there must be at least one image, got none.");
  expect(takes_images_, {"csv:" + at("gone.csv")},
         "3 ilk: a data set must be a file or a folder that exists, got 'csv:" + at("gone.csv") + "'.");
  for (Words command : takes_images_) {
    // Labels come before pictures there.
    if (command[0] == "bench") continue;
    expect({command}, {at("notes.txt")},
           "3 ilk: there must be at least one usable image, but the only file was skipped: " +
               at("notes.txt") + ": the content is text.");
    EXPECT_THAT(say(with(command, {"csv:" + at("labels.csv"), at("pictures")})),
                HasSubstr("a data set must be the only input"));
  }
}

TEST_F(SameWords, OfListsOfFiles) {
  const auto list = [&](const std::string& name) { return Words{"--files-from", at(name)}; };
  expect(takes_images_, list("gone"),
         "3 ilk: cannot open \"" + at("gone") + "\": No such file or directory.");
  expect(takes_images_, list("pictures"), "3 ilk: cannot read \"" + at("pictures") + "\": Is a directory.");
  expect(takes_images_, list("nothing"),
         "3 ilk: --files-from must list at least one file; " + at("nothing") + " lists none.");
  expect(takes_images_, {"--files-from", "-"},
         "3 ilk: --files-from must list at least one file; standard input lists none.");
  expect(takes_images_, list("page.html"),
         "3 ilk: " + at("page.html") +
             " must be a text; it is a web page, and not the file itself; perhaps one that asks to log in.");
  write("list", at("gone"));
  expect(takes_images_, list("list"),
         "3 ilk: there must be at least one usable image, but the only file was skipped: " + at("gone") +
             ": the file does not exist (any more).");
  EXPECT_THAT(say({"edit", at("run"), "move", "0", "--images-from", at("nothing")}),
              HasSubstr("--images-from must list at least one file"));
}

TEST_F(SameWords, OfRuns) {
  const std::string rule = " must be a finished run, a folder that `ilk cluster` left; ";
  expect(takes_a_run_, {at("gone")}, "3 ilk: \"" + at("gone") + "\"" + rule + "there is no such folder.");
  expect(takes_a_run_, {at("notes.txt")}, "3 ilk: \"" + at("notes.txt") + "\"" + rule + "it is a file.");
  for (const Words& command : takes_a_run_)
    EXPECT_THAT(say(with(command, {at("pictures")})),
                testing::AllOf(testing::StartsWith("3 ilk: \"" + at("pictures") + "\"" + rule + "it has no "),
                               EndsWith(".\n")));
}

TEST_F(SameWords, OfFeatures) {
  expect(takes_features_, {at("gone.npy")},
         "3 ilk: cannot open \"" + at("gone.npy") + "\": No such file or directory.");
  expect(takes_features_, {at("pictures")}, "3 ilk: cannot read \"" + at("pictures") + "\": Is a directory.");
  expect(takes_features_, {at("nothing")},
         "3 ilk: \"" + at("nothing") + "\" must be an .npy, .npz or .safetensors file, but is empty.");
  expect(takes_features_, {at("line.npy")},
         "3 ilk: --features must be a matrix, a row for each image or word; " + at("line.npy") +
             " has 1 dimension.");
}

TEST_F(SameWords, OfLabels) {
  expect(takes_labels_, {at("gone")},
         "3 ilk: cannot open \"" + at("gone") + "\": No such file or directory.");
  expect(takes_labels_, {at("pictures")}, "3 ilk: cannot read \"" + at("pictures") + "\": Is a directory.");
  expect(takes_labels_, {at("nothing")},
         "3 ilk: " + at("nothing") + " must have at least one row, got an empty file.");
  expect(takes_labels_, {at("line.npy")},
         "3 ilk: --labels must be whole numbers; " + at("line.npy") + " is float32.");
  expect(takes_labels_, {at("labels.csv")},
         "3 ilk: " + at("labels.csv") +
             " must name at least one of the images; its first path is 'a.png', the first image '0'.");
}

TEST_F(SameWords, OfFoldersForResults) {
  const Words features{"--features", at("x.npy"), "--method", "kmeans", "-k", "2"};
  const std::vector<Words> commands{
      {"cluster", "--features", at("x.npy"), "--method", "kmeans", "-k", "2", "-o", "@"},
      {"bench", "--features", at("x.npy"), "--methods", "kmeans", "--labels", at("y.npy"), "-o", "@"},
      {"inspect", at("run-of-pictures"), "-o", "@"},
      {"export", at("run-of-pictures"), "--to", "folders", "-o", "@"}};
  std::vector<std::int32_t> classes(20);
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<std::int32_t>(i % 2);
  write_npy(folder() / "y.npy", classes);
  expect(commands, {at("notes.txt")},
         "3 ilk: --output must be a folder, got the file \"" + at("notes.txt") + "\".");
  for (const Words& command : commands)
    EXPECT_THAT(say(with(command, {at("notes.txt/below")})),
                testing::StartsWith("1 ilk: cannot write to the folder \"" + at("notes.txt/below") +
                                    "\": Not a directory.\n"))
        << command[0];
  for (std::size_t i : {0, 1}) expect({commands[i]}, {""}, "3 ilk: --output must name a folder, got ''.");
}

TEST_F(SameWords, OfFilesForResults) {
  const Words picture{at("pictures")};
  for (const Words& command :
       {Words{"assign", at("run"), "--features", at("x.npy"), "-o", "@"},
        {"embed", at("pictures"), "-o", "@"},
        {"eval", at("run"), "--labels", at("y.csv"), "--picture", "@"},
        {"export", at("run"), "--to", "csv", "-o", "@"},
        {"caption", at("pictures"), "--endpoint", "http://127.0.0.1:9/v1", "--vlm-model", "m", "-o", "@"},
        {"vocab", "build", "--nouns", "owl,cat", "-o", "@"}}) {
    const bool by_name = command[0] == "vocab" || command[0] == "embed";
    write("y.csv", "0,a\n1,b\n");
    const std::string below = at(std::string("notes.txt/below") + (by_name ? ".safetensors" : ""));
    expect({command}, {below},
           "1 ilk: cannot write to the folder \"" + at("notes.txt") + "\": Not a directory.");
    EXPECT_EQ(ilk::read_file(folder() / "notes.txt"), "no picture\n");
  }
}

}  // namespace
