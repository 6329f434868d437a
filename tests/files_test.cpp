#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/files.h>
#include <ilk/sha256.h>

#include "temporary_directory.h"

namespace {

TEST(Files, AreWrittenWholeAndLeaveNothingBehind) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "a" / "b.txt";
  ilk::write_file_atomically(path, "first");
  ilk::write_file_atomically(path, std::string(300000, 'x'));
  EXPECT_EQ(ilk::read_file(path), std::string(300000, 'x'));
  const auto entries = std::distance(std::filesystem::directory_iterator(folder.path() / "a"), {});
  EXPECT_EQ(entries, 1);
}

TEST(Files, ErrorsNameThePath) {
  const TemporaryDirectory folder;
  const auto message = [](auto&& call) -> std::string {
    try {
      call();
    } catch (const ilk::Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message([&] { ilk::read_file(folder.path() / "none"); }).find("none\": No such file"),
            std::string::npos);
  EXPECT_NE(message([&] { ilk::InputFile(folder.path()); }).find("not a regular file"), std::string::npos);
  EXPECT_NE(message([&] { ilk::InputFile(folder.path() / "none"); }).find("No such file"), std::string::npos);
  EXPECT_NE(message([&] { ilk::write_file_atomically(folder.path(), "x"); }), "");
}

TEST(Files, AreReadAtAnyPlaceAndNoticedToHaveShrunk) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "digits";
  ilk::write_file_atomically(path, "0123456789");
  const ilk::InputFile file(path);
  EXPECT_EQ(file.size(), 10u);
  std::string four(4, ' ');
  file.read(5, std::as_writable_bytes(std::span(four)));
  EXPECT_EQ(four, "5678");
  std::filesystem::resize_file(path, 7);
  try {
    file.read(5, std::as_writable_bytes(std::span(four)));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const ilk::Error& error) {
    EXPECT_NE(std::string(error.what()).find("ends at byte 7"), std::string::npos) << error.what();
  }
}

TEST(Files, NotCommittedAreForgotten) {
  const TemporaryDirectory folder;
  ilk::write_file_atomically(folder.path() / "a", "old");
  { ilk::AtomicFile(folder.path() / "a").write("new"); }
  EXPECT_EQ(ilk::read_file(folder.path() / "a"), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Sha256, GivesThePublishedDigests) {  // FIPS 180-4 examples
  EXPECT_EQ(ilk::sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ilk::sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const TemporaryDirectory folder;
  ilk::write_file_atomically(folder.path() / "million", std::string(1000000, 'a'));
  EXPECT_EQ(ilk::sha256_file(folder.path() / "million"),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
