#pragma once
// A cache in a file of its own, and embeddings that a number determines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "io/embedding_cache.h"
#include "io/files.h"
#include "temporary_directory.h"

/// An embedding that only `number` determines.
inline std::vector<float> embedding(int number, int width = 64) {
  std::vector<float> values;
  for (int i = 0; i < width; ++i)
    values.push_back(0.25f * static_cast<float>(number) - static_cast<float>(i));
  return values;
}

inline std::string content(int number) {
  return "content-" + std::to_string(number);
}

inline std::vector<ilk::EmbeddingCache::Entry> entries(int begin, int end, int width = 64) {
  std::vector<ilk::EmbeddingCache::Entry> batch;
  for (int i = begin; i < end; ++i) batch.push_back({content(i), embedding(i, width)});
  return batch;
}

inline void expect_holds(ilk::EmbeddingCache& cache, int begin, int end,
                         const std::string& encoder = "clip") {
  for (int i = begin; i < end; ++i) {
    const auto found = cache.find(content(i), encoder);
    ASSERT_TRUE(found.has_value()) << i;
    ASSERT_EQ(*found, embedding(i)) << i;
  }
}

class EmbeddingCacheTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "embeddings.sqlite";

  void SetUp() override {
    ilk::EmbeddingCache cache(file_);
    if (cache.notice().find("built without SQLite") != std::string::npos) GTEST_SKIP() << cache.notice();
    ASSERT_EQ(cache.notice(), "");
  }

  /// Reads the file with the damage in it: it is set aside under its name as it was, and a new one works.
  void expect_begun_anew(const std::string& reason) {
    const std::string damaged = ilk::read_file(file_);
    {
      ilk::EmbeddingCache cache(file_);
      for (int i = 0; i < 200; ++i) cache.find(content(i), "clip");
      EXPECT_THAT(cache.notice(), testing::HasSubstr("was damaged"));
      EXPECT_THAT(cache.notice(), testing::HasSubstr(reason));
      EXPECT_THAT(cache.notice(), testing::HasSubstr(file_.string() + ".damaged"));
      EXPECT_FALSE(cache.find(content(0), "clip"));
      cache.store(entries(0, 3), "clip");
      expect_holds(cache, 0, 3);
    }
    EXPECT_EQ(ilk::read_file(file_.string() + ".damaged"), damaged);
    ilk::EmbeddingCache again(file_);
    EXPECT_EQ(again.notice(), "");
    expect_holds(again, 0, 3);
  }
};
