#include "io/byte_planes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <string>

#include "io/sha256.h"
#include "packed_file.h"
#include "temporary_directory.h"

namespace {

using testing::HasSubstr;

std::string noise(std::size_t count) {
  std::string bytes;
  for (std::uint32_t i = 0, state = 1; i < count; ++i)
    bytes += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

std::string part_of(const ilk::InputFile& file, std::uint64_t offset, std::size_t count) {
  std::string bytes(count, '\0');
  file.read(offset, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

TEST(BytePlanes, APackedFileReadsAsItWas) {
  const TemporaryDirectory folder;
  const std::string bytes = noise(41);
  ilk::write_file_atomically(folder.path() / "a.planes", packed_file(bytes, 7, 33));
  const auto file = ilk::open_or_unpack(folder.path() / "a");
  ASSERT_EQ(file->size(), bytes.size());
  for (std::size_t begin = 0; begin <= bytes.size(); ++begin)
    for (std::size_t count = 0; begin + count <= bytes.size(); ++count)
      ASSERT_EQ(part_of(*file, begin, count), bytes.substr(begin, count)) << begin << " " << count;
  EXPECT_THROW(part_of(*file, 40, 2), ilk::Error);
  EXPECT_EQ(ilk::sha256_of(*file), ilk::sha256_hex(bytes));
}

TEST(BytePlanes, SoDoesOneOfManyPieces) {
  const TemporaryDirectory folder;
  const std::string bytes = noise(3'000'001);
  ilk::write_file_atomically(folder.path() / "a.planes", packed_file(bytes, 101, 2'999'999));
  const auto file = ilk::open_or_unpack(folder.path() / "a");
  for (const std::size_t begin : {0, 100, 101, 102, 1'000'000, 1'000'001})
    for (const std::size_t count : {1, 65'536, 131'073, 2'000'000})
      EXPECT_TRUE(part_of(*file, begin, count) == bytes.substr(begin, count)) << begin << " " << count;
  EXPECT_EQ(ilk::sha256_of(*file), ilk::sha256_hex(bytes));
}

TEST(BytePlanes, TheFileItselfComesFirst) {
  const TemporaryDirectory folder;
  ilk::write_file_atomically(folder.path() / "a", "itself");
  ilk::write_file_atomically(folder.path() / "a.planes", packed_file("packed", 0, 6));
  EXPECT_EQ(part_of(*ilk::open_or_unpack(folder.path() / "a"), 0, 6), "itself");
  EXPECT_THROW(ilk::open_or_unpack(folder.path() / "b"), ilk::Error);
}

TEST(BytePlanes, DamageIsAnError) {
  const TemporaryDirectory folder;
  const auto error_of = [&](const std::string& packed) -> std::string {
    ilk::write_file_atomically(folder.path() / "a.planes", packed);
    try {
      ilk::open_or_unpack(folder.path() / "a");
    } catch (const ilk::Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string good = packed_file(noise(20), 4, 12);
  EXPECT_EQ(error_of(good), "");
  EXPECT_THAT(error_of(good.substr(0, 23)), HasSubstr("24 bytes"));
  EXPECT_THAT(error_of("other" + good.substr(5)), HasSubstr("begins with"));
  EXPECT_THAT(error_of(good.substr(0, 30)), HasSubstr("within the file"));
  std::string odd = good;
  odd[16] = 11;
  EXPECT_THAT(error_of(odd), HasSubstr("two bytes each"));
}

}  // namespace
