#pragma once
// The corpus of the fuzzers, seeds and what they found, through the functions of the targets that are linked.
#include <gtest/gtest.h>

#include <algorithm>

#include "../fuzz/fuzz_target.h"
#include "io/files.h"

class FuzzCorpus : public testing::TestWithParam<FuzzTarget> {};

TEST_P(FuzzCorpus, IsParsedOrRefused) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(ILK_SOURCE_DIR) / "fuzz" / "corpus" / GetParam().name;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  run_fuzz_target(GetParam(), "");
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    const std::string bytes = ilk::read_file(file);
    EXPECT_NO_THROW(run_fuzz_target(GetParam(), bytes));
    // What a cut file makes of it, and one with a byte changed.
    for (std::size_t i = 1; i < 16; ++i) {
      const std::size_t at = bytes.size() * i / 16;
      EXPECT_NO_THROW(run_fuzz_target(GetParam(), std::string_view(bytes).substr(0, at))) << "cut at " << at;
      std::string changed = bytes;
      if (at < changed.size()) changed[at] = static_cast<char>(changed[at] ^ (1 << i % 8));
      EXPECT_NO_THROW(run_fuzz_target(GetParam(), changed)) << "changed at " << at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzCorpus, testing::ValuesIn(fuzz_targets()),
                         [](const auto& info) { return std::string(info.param.name); });
