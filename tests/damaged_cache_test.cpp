// A cache whose file is damaged, or no cache: it is set aside, and a new one begun.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "embedding_cache_fixture.h"
#include "io/embedding_cache.h"
#include "io/files.h"

namespace {

using ilk::EmbeddingCache;
using testing::HasSubstr;

TEST_F(EmbeddingCacheTest, GarbageIsSetAside) {
  write(file_, std::string(5000, 'x'));
  expect_begun_anew("not a database");
}

TEST_F(EmbeddingCacheTest, AFewBytesAreSetAside) {
  write(file_, "hello");
  expect_begun_anew("not a database");
}

TEST_F(EmbeddingCacheTest, ATruncatedFileIsSetAside) {
  { EmbeddingCache(file_).store(entries(0, 200), "clip"); }
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) / 2);
  expect_begun_anew("malformed");
}

TEST_F(EmbeddingCacheTest, AnEmptyFileIsANewOne) {
  write(file_, "");
  EmbeddingCache cache(file_);
  EXPECT_EQ(cache.notice(), "");
  cache.store(entries(0, 1), "clip");
  expect_holds(cache, 0, 1);
}

TEST_F(EmbeddingCacheTest, AnotherFormatVersionIsSetAside) {
  { EmbeddingCache(file_).store(entries(0, 3), "clip"); }
  std::string bytes = ilk::read_file(file_);
  bytes[63] = 9;  // the last byte of user_version in SQLite's header
  write(file_, bytes);
  expect_begun_anew("version 9");
}

TEST_F(EmbeddingCacheTest, AnotherProgramsDatabaseIsSetAside) {
  { EmbeddingCache(file_).store(entries(0, 3), "clip"); }
  std::string bytes = ilk::read_file(file_);
  bytes[68] = 'X';  // application_id
  write(file_, bytes);
  expect_begun_anew("not a cache of ilk");
}

TEST_F(EmbeddingCacheTest, OtherTablesAreSetAside) {
  { EmbeddingCache(file_).store(entries(0, 3), "clip"); }
  std::string bytes = ilk::read_file(file_);
  const auto at = bytes.find("checksum INTEGER");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 8, "chequesu");
  write(file_, bytes);
  expect_begun_anew("tables");
}

TEST_F(EmbeddingCacheTest, AFlippedBitInAnEmbeddingIsNoticed) {
  { EmbeddingCache(file_).store(entries(0, 3), "clip"); }
  std::string bytes = ilk::read_file(file_);
  const std::vector<float> values = embedding(1);
  const auto at = bytes.find(std::string(reinterpret_cast<const char*>(values.data()), 64 * 4));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 100] ^= 1;
  write(file_, bytes);
  expect_begun_anew("checksum");
}

TEST_F(EmbeddingCacheTest, AnEmbeddingOfTheWrongSizeIsNoticed) {
  // The width of 64 is stored as one byte behind the content's name; make it 63.
  { EmbeddingCache(file_).store(entries(1, 2), "clip"); }
  std::string bytes = ilk::read_file(file_);
  const auto at = bytes.find(content(1) + "\x40");
  ASSERT_NE(at, std::string::npos);
  bytes[at + content(1).size()] = 63;
  write(file_, bytes);
  expect_begun_anew("wrong size");
}

TEST_F(EmbeddingCacheTest, GarbageInTheMiddleIsNoticedWhileReading) {
  { EmbeddingCache(file_).store(entries(0, 200), "clip"); }
  std::string bytes = ilk::read_file(file_);
  ASSERT_GT(bytes.size(), 100000u);
  for (std::size_t i = 5 * 16384; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 37);
  write(file_, bytes);
  expect_begun_anew("malformed");
}

TEST_F(EmbeddingCacheTest, DamageFoundWhileStoringLosesNothingThatIsStored) {
  { EmbeddingCache(file_).store(entries(0, 200), "clip"); }
  std::string bytes = ilk::read_file(file_);
  for (std::size_t i = 5 * 16384; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 37);
  write(file_, bytes);
  EmbeddingCache cache(file_);
  cache.store(entries(300, 400), "clip");
  EXPECT_THAT(cache.notice(), HasSubstr("was damaged"));
  expect_holds(cache, 300, 400);
}

TEST_F(EmbeddingCacheTest, EachDamagedFileIsKeptUnderItsOwnName) {
  for (const std::string garbage : {"one", "two", "three"}) {
    write(file_, garbage);
    EmbeddingCache cache(file_);
    EXPECT_NE(cache.notice(), "");
  }
  EXPECT_EQ(ilk::read_file(file_.string() + ".damaged"), "one");
  EXPECT_EQ(ilk::read_file(file_.string() + ".damaged-2"), "two");
  EXPECT_EQ(ilk::read_file(file_.string() + ".damaged-3"), "three");
}

TEST_F(EmbeddingCacheTest, ProcessesThatFindADamagedFileAtOnceAllGoOn) {
  for (int round = 0; round < 3; ++round) {
    write(file_, std::string(3000, static_cast<char>('a' + round)));
    std::vector<pid_t> children;
    for (int process = 0; process < 4; ++process) {
      const pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        EmbeddingCache cache(file_);
        cache.store(entries(process, process + 1), "clip");
        ::_exit(cache.find(content(process), "clip") ? 0 : 1);
      }
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
    EmbeddingCache cache(file_);
    expect_holds(cache, 0, 4);
    EXPECT_EQ(cache.notice(), "");
  }
}

}  // namespace
