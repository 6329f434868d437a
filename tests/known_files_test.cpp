// Files whose contents the cache knows without reading them again.
#include <gtest/gtest.h>

#include <chrono>

#include "embedding_cache_fixture.h"
#include "io/embedding_cache.h"

namespace {

using ilk::EmbeddingCache;

void set_age(const std::filesystem::path& path, std::chrono::seconds age) {
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
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
