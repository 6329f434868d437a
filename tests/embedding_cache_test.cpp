#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <limits>
#include <thread>

#include "embedding_cache_fixture.h"
#include "io/embedding_cache.h"
#include "io/files.h"

namespace {

using ilk::EmbeddingCache;
using testing::HasSubstr;

TEST_F(EmbeddingCacheTest, AnEmptyPathKeepsNothing) {
  EmbeddingCache cache("");
  cache.store(entries(0, 2), "clip");
  cache.note_content(file_, "hash");
  EXPECT_FALSE(cache.find(content(0), "clip"));
  EXPECT_FALSE(cache.known_content(file_));
  EXPECT_EQ(cache.notice(), "");
}

TEST_F(EmbeddingCacheTest, EmbeddingsComeBackBitForBitAfterReopening) {
  const std::vector<float> odd{0.0f, -0.0f, 1e-42f, 3.4e38f, -std::numeric_limits<float>::infinity()};
  {
    EmbeddingCache cache(file_);
    cache.store(entries(0, 100), "clip");
    cache.store({{"odd", odd}, {"short", {0, 3, 6, 9}}}, "clip");
    cache.store({{content(7), embedding(8)}}, "another");
  }
  EmbeddingCache cache(file_);
  expect_holds(cache, 0, 100);
  EXPECT_FALSE(cache.find(content(100), "clip"));
  EXPECT_FALSE(cache.find(content(0), "another"));
  EXPECT_EQ(cache.find(content(7), "another").value(), embedding(8));
  const std::vector<float> found = cache.find("odd", "clip").value();
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(std::memcmp(found.data(), odd.data(), 5 * sizeof(float)), 0);
  EXPECT_EQ(cache.find("short", "clip").value(), (std::vector<float>{0, 3, 6, 9}));
}

TEST_F(EmbeddingCacheTest, StoringAgainReplaces) {
  EmbeddingCache cache(file_);
  cache.store({{"a", embedding(1)}, {"a", embedding(2)}}, "clip");
  cache.store({{"a", embedding(3, 7)}}, "clip");
  EXPECT_EQ(cache.find("a", "clip").value(), embedding(3, 7));
}

TEST_F(EmbeddingCacheTest, OnlyVectorsOfNumbersAreStored) {
  EmbeddingCache cache(file_);
  EXPECT_THROW(cache.store({{"good", embedding(1)}, {"wrong", {}}}, "clip"), ilk::Error);
  EXPECT_FALSE(cache.find("good", "clip"));
}

TEST_F(EmbeddingCacheTest, MissingFoldersAreMade) {
  const auto deep = directory_.path() / "a" / "b" / "cache.sqlite";
  EmbeddingCache cache(deep);
  cache.store(entries(0, 1), "clip");
  EXPECT_EQ(cache.notice(), "");
  expect_holds(cache, 0, 1);
}

TEST_F(EmbeddingCacheTest, EverythingStoredSurvivesAKill) {
  // The child tells each batch once store has returned; whatever was told before the kill must be there.
  for (int round = 0; round < 3; ++round) {
    const auto file = directory_.path() / ("kill-" + std::to_string(round));
    int channel[2];
    ASSERT_EQ(::pipe(channel), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      EmbeddingCache cache(file);
      for (int batch = 0;; ++batch) {
        cache.store(entries(batch * 8, batch * 8 + 8), "clip");
        if (::write(channel[1], &batch, sizeof batch) != sizeof batch) ::_exit(1);
      }
    }
    ::close(channel[1]);
    int batch = -1, last = -1;
    while (last < 5 + 4 * round && ::read(channel[0], &batch, sizeof batch) == sizeof batch) last = batch;
    ::kill(child, SIGKILL);
    while (::read(channel[0], &batch, sizeof batch) == sizeof batch) last = batch;
    ::close(channel[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_GE(last, 5 + 4 * round);
    EmbeddingCache cache(file);
    expect_holds(cache, 0, (last + 1) * 8);
    // The batch after it is there whole or not at all.
    const bool first = cache.find(content((last + 1) * 8), "clip").has_value();
    EXPECT_EQ(cache.find(content((last + 1) * 8 + 7), "clip").has_value(), first);
    EXPECT_EQ(cache.notice(), "");
  }
}

TEST_F(EmbeddingCacheTest, SeveralProcessesUseOneFile) {
  const auto file = directory_.path() / "shared.sqlite";  // they race to make it, too
  std::vector<pid_t> children;
  for (int process = 0; process < 3; ++process) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      EmbeddingCache cache(file);
      for (int batch = 0; batch < 10; ++batch) {
        const int begin = (process * 10 + batch) * 5;
        cache.store(entries(begin, begin + 5), "clip");
        if (!cache.find(content(begin), "clip")) ::_exit(2);
      }
      ::_exit(cache.notice().empty() ? 0 : 3);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  EmbeddingCache cache(file);
  expect_holds(cache, 0, 150);
}

TEST_F(EmbeddingCacheTest, SeveralThreadsUseOneObject) {
  EmbeddingCache cache(file_);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = thread * 10; i < thread * 10 + 10; ++i) {
        cache.store(entries(i, i + 1), "clip");
        const auto found = cache.find(content(i), "clip");
        if (!found || *found != embedding(i)) ++wrong;
        cache.note_content(file_, "hash");
        cache.known_content(file_);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  expect_holds(cache, 0, 40);
  EXPECT_EQ(cache.notice(), "");
}

TEST_F(EmbeddingCacheTest, APathThatCannotBeAFileKeepsNothing) {
  write(directory_.path() / "file", "");
  std::filesystem::create_directories(directory_.path() / "folder");
  for (const auto& path : {directory_.path() / "file" / "cache.sqlite", directory_.path() / "folder",
                           std::filesystem::path("/proc/ilk/cache.sqlite")}) {
    EmbeddingCache cache(path);
    EXPECT_THAT(cache.notice(), HasSubstr("cannot be used"));
    cache.store(entries(0, 1), "clip");
    EXPECT_FALSE(cache.find(content(0), "clip"));
    cache.note_content(directory_.path() / "file", "hash");
    EXPECT_FALSE(cache.known_content(directory_.path() / "file"));
  }
  EXPECT_TRUE(std::filesystem::is_directory(directory_.path() / "folder"));
}

TEST_F(EmbeddingCacheTest, AFullDiskDoesNotEndTheRun) {
  EmbeddingCache cache(file_);
  cache.store(entries(0, 20), "clip");
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlimit small = limit;
  small.rlim_cur = std::filesystem::file_size(file_) + 16384;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  cache.store(entries(20, 2000), "clip");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  ::signal(SIGXFSZ, handler);
  EXPECT_THAT(cache.notice(), HasSubstr("cannot be written"));
  cache.store(entries(20, 30), "clip");
  expect_holds(cache, 0, 20);
  EXPECT_FALSE(cache.find(content(20), "clip"));
  EmbeddingCache again(file_);
  EXPECT_EQ(again.notice(), "");
  expect_holds(again, 0, 20);
}

}  // namespace
