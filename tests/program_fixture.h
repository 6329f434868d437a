#pragma once
// The program on real pictures with the embedded model.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/files.h"
#include "program.h"
#include "temporary_directory.h"

inline const std::string pictures = ILK_SOURCE_DIR "/examples/clipart/images";

/// A few words, so that a test does not encode thousands; the lists are thinned.
class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    thin(ILK_SOURCE_DIR "/models/ilk-lite/nouns.txt", nouns(), 12);
    thin(ILK_TEST_DATA "/captions.txt", captions(), 12);
  }

  std::filesystem::path folder() const { return folder_.path(); }
  std::string nouns() const { return (folder() / "nouns.txt").string(); }
  std::string captions() const { return (folder() / "captions.txt").string(); }
  std::string output(const std::string& name = "run") const { return (folder() / name).string(); }

  std::vector<std::string> cluster(const std::string& images, const std::string& run,
                                   std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{
        "cluster", images, "-k", "6", "-o", run, "--nouns", nouns(), "--captions-corpus", captions()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  ProgramResult run(const std::vector<std::string>& arguments) const {
    return run_program(folder(), arguments);
  }

  std::string assignments(const std::string& run) const {
    return ilk::read_file(std::filesystem::path(run) / "assignments.csv");
  }
  nlohmann::json manifest(const std::string& run) const {
    return nlohmann::json::parse(ilk::read_file(std::filesystem::path(run) / "manifest.json"));
  }

  /// A folder with links to every n-th example picture.
  std::string some_pictures(int every) const {
    const std::filesystem::path some = folder() / "some";
    std::filesystem::create_directories(some);
    std::vector<std::filesystem::path> all;
    for (const auto& entry : std::filesystem::directory_iterator(pictures)) all.push_back(entry.path());
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < all.size(); i += static_cast<std::size_t>(every))
      std::filesystem::copy_file(all[i], some / all[i].filename());
    return some.string();
  }

 private:
  static void thin(const std::string& from, const std::string& to, int every) {
    const std::string text = ilk::read_file(from);
    std::string kept;
    std::size_t begin = 0;
    for (int line = 0; begin < text.size(); ++line) {
      const std::size_t end = text.find('\n', begin);
      // Without glosses, as lists of users are.
      const std::string whole = text.substr(begin, end - begin);
      if (line % every == 0) kept += whole.substr(0, whole.find('\t')) + "\n";
      begin = end == std::string::npos ? text.size() : end + 1;
    }
    ilk::write_file_atomically(to, kept);
  }

  TemporaryDirectory folder_;
};
