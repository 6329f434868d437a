#pragma once
// A photographer's folder, and a run over it through the program. Every command is watched: originals must
// stay what they are.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/csv.h"
#include "io/files.h"
#include "io/sha256.h"
#include "program.h"
#include "temporary_directory.h"

/// What a command prints; empty where it is not installed.
inline std::string printed(const std::string& command) {
  std::string text;
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  pclose(pipe);
  return text;
}

class PhotoRunTest : public testing::Test {
 protected:
  static constexpr const char* examples = ILK_SOURCE_DIR "/examples/photos/images/";

  /// Example photographs 1 … `count`, every third in a folder below.
  explicit PhotoRunTest(int count = 30) {
    for (int i = 1; i <= count; ++i) add(i, i % 3 == 0 ? "Wälder & Seen" : ".");
  }

  std::filesystem::path folder() const { return folder_.path(); }
  std::filesystem::path photos() const { return folder() / "photos"; }
  std::filesystem::path run() const { return folder() / "run"; }

  /// The name of an example photograph: 7 is "007.jpg".
  static std::string name_of(int number) {
    const std::string digits = std::to_string(number);
    return std::string(3 - digits.size(), '0') + digits + ".jpg";
  }
  /// A copy of an example photograph.
  std::filesystem::path add(int number, const std::string& below = ".", const std::string& name = "") {
    return add_file((photos() / below / (name.empty() ? name_of(number) : name)).lexically_normal(),
                    ilk::read_file(examples + name_of(number)));
  }
  /// A file that is watched from now on.
  std::filesystem::path add_file(const std::filesystem::path& path, const std::string& bytes) {
    ilk::write_file_atomically(path, bytes);
    originals_[path] = state_of(path);
    return path;
  }

  /// Runs the program; whatever it did, originals are as they were.
  ProgramResult ilk(const std::vector<std::string>& arguments) const {
    const ProgramResult result = run_program(folder(), arguments);
    for (const auto& [path, state] : originals_) {
      EXPECT_TRUE(std::filesystem::exists(path)) << path << " is gone after ilk " << arguments.front();
      if (!std::filesystem::exists(path)) continue;
      EXPECT_EQ(state_of(path), state) << path << " was changed by ilk " << arguments.front();
    }
    return result;
  }
  /// `ilk cluster` over the photographs, by k-means unless `more` names a method.
  ProgramResult cluster(int k, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"cluster", photos().string(), "-k", std::to_string(k),
                                       "-o",      run().string()};
    if (std::find(more.begin(), more.end(), "--method") == more.end())
      arguments.insert(arguments.end(), {"--method", "kmeans"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ilk(arguments);
  }

  struct Row {
    std::string cluster, name;
  };
  /// assignments.csv by path.
  std::map<std::string, Row> assignments() const {
    std::map<std::string, Row> rows;
    const auto table = ilk::parse_csv(ilk::read_file(run() / "assignments.csv"));
    for (std::size_t i = 1; i < table.size(); ++i) rows[table[i][0]] = {table[i][1], table[i][2]};
    return rows;
  }

 private:
  /// Contents and time of change.
  static std::string state_of(const std::filesystem::path& path) {
    return ilk::sha256_file(path) + " " +
           std::to_string(std::filesystem::last_write_time(path).time_since_epoch().count());
  }
  TemporaryDirectory folder_;
  std::map<std::filesystem::path, std::string> originals_;
};
