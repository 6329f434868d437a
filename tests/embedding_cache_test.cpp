#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <limits>
#include <thread>

#include "io/embedding_cache.h"
#include "io/files.h"
#include "temporary_directory.h"

namespace {

using ilk::EmbeddingCache;
using testing::HasSubstr;

/// An embedding that only `number` determines.
std::vector<float> embedding(int number, int width = 64) {
  std::vector<float> values;
  for (int i = 0; i < width; ++i)
    values.push_back(0.25f * static_cast<float>(number) - static_cast<float>(i));
  return values;
}

std::string content(int number) {
  return "content-" + std::to_string(number);
}

std::vector<EmbeddingCache::Entry> entries(int begin, int end, int width = 64) {
  std::vector<EmbeddingCache::Entry> batch;
  for (int i = begin; i < end; ++i) batch.push_back({content(i), embedding(i, width)});
  return batch;
}

void expect_holds(EmbeddingCache& cache, int begin, int end, const std::string& encoder = "clip") {
  for (int i = begin; i < end; ++i) {
    const auto found = cache.find(content(i), encoder);
    ASSERT_TRUE(found.has_value()) << i;
    ASSERT_EQ(*found, embedding(i)) << i;
  }
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void set_age(const std::filesystem::path& path, std::chrono::seconds age) {
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
}

class EmbeddingCacheTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "embeddings.sqlite";

  void SetUp() override {
    EmbeddingCache cache(file_);
    if (cache.notice().find("built without SQLite") != std::string::npos) GTEST_SKIP() << cache.notice();
    ASSERT_EQ(cache.notice(), "");
  }

  /// Reads the file with the damage in it: it is set aside under its name as it was, and a new one works.
  void expect_begun_anew(const std::string& reason) {
    const std::string damaged = ilk::read_file(file_);
    {
      EmbeddingCache cache(file_);
      for (int i = 0; i < 200; ++i) cache.find(content(i), "clip");
      EXPECT_THAT(cache.notice(), HasSubstr("was damaged"));
      EXPECT_THAT(cache.notice(), HasSubstr(reason));
      EXPECT_THAT(cache.notice(), HasSubstr(file_.string() + ".damaged"));
      EXPECT_FALSE(cache.find(content(0), "clip"));
      cache.store(entries(0, 3), "clip");
      expect_holds(cache, 0, 3);
    }
    EXPECT_EQ(ilk::read_file(file_.string() + ".damaged"), damaged);
    EmbeddingCache again(file_);
    EXPECT_EQ(again.notice(), "");
    expect_holds(again, 0, 3);
  }
};

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

TEST_F(EmbeddingCacheTest, AnUnchangedFileIsKnownAlsoLater) {
  const auto image = directory_.path() / "image.png";
  write(image, "pixels");
  set_age(image, std::chrono::seconds(60));
  {
    EmbeddingCache cache(file_);
    EXPECT_FALSE(cache.known_content(image));
    cache.note_content(image, "hash");
    EXPECT_EQ(cache.known_content(image), "hash");
  }
  EmbeddingCache cache(file_);
  EXPECT_EQ(cache.known_content(image), "hash");
  // The same file by another name of its path.
  EXPECT_EQ(cache.known_content(directory_.path() / "." / "image.png"), "hash");
  std::filesystem::create_symlink(image, directory_.path() / "link.png");
  EXPECT_EQ(cache.known_content(directory_.path() / "link.png"), "hash");
  EXPECT_FALSE(cache.known_content(directory_.path() / "absent.png"));
}

TEST_F(EmbeddingCacheTest, AChangedFileIsNoticed) {
  const auto image = directory_.path() / "image.png";
  write(image, "pixels");
  set_age(image, std::chrono::seconds(60));
  const auto time = std::filesystem::last_write_time(image);
  EmbeddingCache cache(file_);
  const auto note = [&] {
    cache.known_content(image);
    cache.note_content(image, "hash");
    ASSERT_EQ(cache.known_content(image), "hash");
  };
  note();
  set_age(image, std::chrono::seconds(30));  // another time
  EXPECT_FALSE(cache.known_content(image));
  note();
  write(image, "more pixels");
  set_age(image, std::chrono::seconds(30));
  EXPECT_FALSE(cache.known_content(image));
  // Another file of the same size and time in its place.
  write(image, "pixels");
  std::filesystem::last_write_time(image, time);
  note();
  write(directory_.path() / "other.png", "PIXELS");
  std::filesystem::last_write_time(directory_.path() / "other.png", time);
  std::filesystem::rename(directory_.path() / "other.png", image);
  EXPECT_FALSE(cache.known_content(image));
}

TEST_F(EmbeddingCacheTest, AFileThatChangedJustNowIsNotNoted) {
  const auto image = directory_.path() / "image.png";
  write(image, "pixels");
  EmbeddingCache cache(file_);
  cache.note_content(image, "hash");
  EXPECT_FALSE(cache.known_content(image));
  set_age(image, std::chrono::seconds(-3600));  // a clock that runs ahead
  cache.note_content(image, "hash");
  EXPECT_FALSE(cache.known_content(image));
}

TEST_F(EmbeddingCacheTest, AFileThatChangesWhileItIsReadIsNotNoted) {
  const auto image = directory_.path() / "image.png";
  write(image, "pixels");
  set_age(image, std::chrono::seconds(60));
  EmbeddingCache cache(file_);
  EXPECT_FALSE(cache.known_content(image));
  write(image, "changed");
  set_age(image, std::chrono::seconds(30));
  cache.note_content(image, "hash of what was read before");
  EXPECT_FALSE(cache.known_content(image));
}

TEST_F(EmbeddingCacheTest, NotesAreWrittenWithTheNextStoreAndInBatches) {
  for (int i = 0; i < 600; ++i) {
    const auto image = directory_.path() / ("image-" + std::to_string(i));
    write(image, "pixels");
    set_age(image, std::chrono::seconds(60));
  }
  EmbeddingCache writer(file_), reader(file_);
  const auto known = [&] {
    int count = 0;
    for (int i = 0; i < 600; ++i)
      count += reader.known_content(directory_.path() / ("image-" + std::to_string(i))).has_value();
    return count;
  };
  for (int i = 0; i < 599; ++i)
    writer.note_content(directory_.path() / ("image-" + std::to_string(i)), "hash");
  EXPECT_EQ(known(), 512);
  writer.store(entries(0, 1), "clip");
  EXPECT_EQ(known(), 599);
}

}  // namespace
