// Where the program writes to: standard output, pipes, folders that another one is at work in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <iterator>

#include "io/file_lock.h"
#include "program.h"
#include "temporary_directory.h"

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
namespace fs = std::filesystem;

class OutputProgram : public testing::Test {
 protected:
  OutputProgram() {
    std::vector<fs::path> all;
    for (const auto& entry : fs::directory_iterator(ILK_SOURCE_DIR "/examples/clipart/images"))
      if (entry.is_regular_file()) all.push_back(entry.path());
    std::sort(all.begin(), all.end());
    fs::create_directories(folder() / "in");
    std::string labels = "path,label\n";
    for (std::size_t i = 0; i < 8; ++i) {
      const std::string name = std::to_string(i) + ".png";
      fs::copy_file(all[i], folder() / "in" / name);
      labels += "in/" + name + (i % 2 ? ",a\n" : ",b\n");
    }
    ilk::write_file_atomically(at("labels.csv"), labels);
    EXPECT_EQ(run({"cluster", at("in"), "-k", "3", "--method", "kmeans", "-o", at("run")}).status, 0);
  }
  fs::path folder() const { return directory_.path(); }
  std::string at(const std::string& name) const { return (folder() / name).string(); }
  ProgramResult run(const std::vector<std::string>& arguments) const {
    return run_program(folder(), arguments);
  }
  ProgramResult run(std::vector<std::string> arguments, const std::vector<std::string>& more) const {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(OutputProgram, MinusIsStandardOutputAndNothingElseGoesThere) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> commands{
      {{"assign", at("run"), at("in")}, "assigned.csv"},
      {{"embed", at("in")}, "embedded.csv"},
      {{"search", at("run"), "arrow"}, "found.csv"},
      {{"export", at("run"), "--to", "csv"}, "exported.csv"},
      {{"export", at("run"), "--to", "coco"}, "exported.json"},
      {{"export", at("run"), "--to", "parquet"}, "exported.parquet"},
      {{"completions", "bash"}, "ilk.bash"}};
  for (const auto& [command, file] : commands) {
    ASSERT_EQ(run(command, {"-o", at(file)}).status, 0) << file;
    for (const char* output : {"-", "/dev/stdout"}) {
      const auto result = run(command, {"-o", output});
      EXPECT_EQ(result.status, 0) << result.err;
      EXPECT_TRUE(result.out == ilk::read_file(at(file))) << file << " " << output << "\n" << result.out;
    }
  }
  EXPECT_THAT(run({"export", at("run"), "--to", "csv", "-o", "-"}).err, HasSubstr("1 file written"));
  EXPECT_THAT(run({"search", at("run"), "arrow", "--page", "-"}).out, StartsWith("<!DOCTYPE html>"));
  const auto picture = run({"eval", at("run"), "--labels", at("labels.csv"), "--picture", "-"});
  EXPECT_THAT(picture.out, AllOf(StartsWith("<svg"), testing::EndsWith("</svg>\n")));
  EXPECT_THAT(picture.err, HasSubstr("ACC"));
  EXPECT_FALSE(fs::exists("-"));
}

TEST_F(OutputProgram, StandardOutputIsForOneFile) {
  const std::string labels = at("labels.csv");
  fs::create_symlink("nothing", at("nowhere"));
  for (const auto& command : std::vector<std::vector<std::string>>{
           {"search", at("run"), "arrow", "-o", "-", "--page", "-"},
           {"eval", at("run"), "--labels", labels, "--json", "--picture", "-"},
           {"caption", at("in"), "-o", "-", "--endpoint", "http://127.0.0.1:9/v1", "--vlm-model", "x"}}) {
    const auto result = run(command);
    EXPECT_EQ(result.status, 2) << command.front();
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr("standard output")) << command.front();
  }
  const std::vector<std::vector<std::string>> commands{
      {"cluster", at("in"), "-k", "2"},
      {"inspect", at("run")},
      {"bench", at("in"), "--labels", labels, "--methods", "kmeans", "--seeds", "1"},
      {"man"},
      {"export", at("run"), "--to", "folders"},
      {"export", at("run"), "--to", "imagefolder"},
      {"export", at("run"), "--to", "xmp"},
      {"export", at("run"), "--to", "label-studio"},
      {"export", at("run"), "--to", "fiftyone"}};
  for (const auto& command : commands) {
    const auto result = run(command, {"-o", "-"});
    EXPECT_EQ(result.status, 3) << command.back();
    EXPECT_THAT(result.err, AllOf(HasSubstr("-o"), HasSubstr("must name a folder"), HasSubstr("./-")));
    const auto link = run(command, {"-o", at("nowhere")});
    EXPECT_EQ(link.status, 3) << command.back();
    EXPECT_THAT(link.err, HasSubstr("a symbolic link to nothing"));
    const auto file = run(command, {"-o", labels});
    EXPECT_EQ(file.status, 3) << command.back();
    EXPECT_THAT(file.err, HasSubstr("must be a folder, got the file")) << command.back();
  }
  EXPECT_FALSE(fs::exists("-"));
}

TEST_F(OutputProgram, APipeIsWrittenTo) {
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  auto read = std::async(std::launch::async, [&] {
    std::ifstream pipe(at("pipe"));
    return std::string(std::istreambuf_iterator<char>(pipe), {});
  });
  const auto result = run({"embed", at("in"), "-o", at("pipe")});
  if (result.status != 0) std::ofstream(at("pipe")).flush();  // the reader must come to its end
  EXPECT_EQ(result.status, 0) << result.err;
  const std::string text = read.get();
  EXPECT_THAT(text, StartsWith("path,e0,e1,"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 9);
  EXPECT_TRUE(fs::is_fifo(at("pipe")));
}

TEST_F(OutputProgram, OneAtATimeWorksInAFolder) {
  const std::string labels = at("labels.csv");
  const std::vector<std::pair<std::vector<std::string>, std::string>> commands{
      {{"export", at("run"), "--to", "folders", "-o", at("export")}, "another export is at work in "},
      {{"inspect", at("run"), "-o", at("inspect")}, "another inspection is at work in "},
      {{"bench", at("in"), "--labels", labels, "--methods", "kmeans", "--seeds", "1", "-o", at("bench")},
       "another bench is at work in "}};
  for (const auto& [command, said] : commands) {
    const fs::path lock = fs::path(command.back()) / (command[0] == "bench" ? "bench.lock" : ".lock");
    {
      ilk::FileLock held(lock);
      ASSERT_TRUE(held.try_lock(ilk::FileLock::Kind::exclusive));
      const auto refused = run(command);
      EXPECT_EQ(refused.status, 1) << refused.err;
      EXPECT_THAT(refused.err, HasSubstr(said + command.back()));
      EXPECT_THAT(refused.err, HasSubstr("wait for its end"));
    }
    // The file that a killed one leaves holds nobody up.
    EXPECT_TRUE(fs::exists(lock));
    const auto done = run(command);
    EXPECT_EQ(done.status, 0) << done.err;
  }
  // An export that is taken back leaves no folder.
  EXPECT_EQ(run({"export", at("run"), "--to", "folders", "-o", at("export"), "--undo"}).status, 0);
  EXPECT_FALSE(fs::exists(at("export")));
  EXPECT_EQ(run({"export", at("run"), "--to", "folders", "-o", at("export"), "--undo"}).status, 3);
  EXPECT_FALSE(fs::exists(at("export")));
}

TEST_F(OutputProgram, CompareSaysThatARunIsNotComplete) {
  fs::copy(at("run"), at("other"), fs::copy_options::recursive);
  std::string manifest = ilk::read_file(folder() / "other/manifest.json");
  const auto status = manifest.find("\"complete\"");
  ASSERT_NE(status, std::string::npos);
  ilk::write_file_atomically(folder() / "other/manifest.json", manifest.replace(status, 10, "\"running\""));
  const auto result = run({"compare", at("run"), at("other"), "--json"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("The run in " + at("other") + " is not complete"));
  EXPECT_THAT(result.out, HasSubstr("\"notice\""));
}

}  // namespace
