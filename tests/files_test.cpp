#include <fcntl.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <thread>

#include "error_of.h"
#include "io/files.h"
#include "io/sha256.h"
#include "temporary_directory.h"

namespace {

namespace fs = std::filesystem;

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
  const auto message = [](auto&& call) -> std::string { return ::error_of([&] { call(); }); };
  EXPECT_NE(message([&] { ilk::read_file(folder.path() / "none"); }).find("none\": No such file"),
            std::string::npos);
  EXPECT_NE(message([&] { ilk::InputFile(folder.path()); }).find("Is a directory"), std::string::npos);
  EXPECT_NE(message([&] { ilk::InputFile(folder.path() / "none"); }).find("No such file"), std::string::npos);
  EXPECT_NE(message([&] { ilk::write_file_atomically(folder.path(), "x"); }), "");
}

TEST(Files, ALinkStaysAndItsTargetIsReplaced) {
  const TemporaryDirectory folder;
  fs::create_directory(folder.path() / "far");
  ilk::write_file_atomically(folder.path() / "far" / "target", "old");
  fs::create_symlink("far/target", folder.path() / "link");
  fs::create_symlink("link", folder.path() / "link_to_link");
  ilk::write_file_atomically(folder.path() / "link_to_link", "new");
  EXPECT_TRUE(fs::is_symlink(folder.path() / "link"));
  EXPECT_TRUE(fs::is_symlink(folder.path() / "link_to_link"));
  EXPECT_EQ(ilk::read_file(folder.path() / "far" / "target"), "new");
  fs::create_symlink("far/none", folder.path() / "dangling");
  ilk::write_file_atomically(folder.path() / "dangling", "made");
  EXPECT_TRUE(fs::is_symlink(folder.path() / "dangling"));
  EXPECT_EQ(ilk::read_file(folder.path() / "far" / "none"), "made");
  fs::create_symlink("circle", folder.path() / "circle");
  EXPECT_THROW(ilk::write_file_atomically(folder.path() / "circle", "x"), ilk::WriteError);
}

TEST(Files, DevicesAndPipesAreWrittenToAndStay) {
  const TemporaryDirectory folder;
  const auto pipe = folder.path() / "pipe", device = folder.path() / "device";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = ilk::read_file(pipe); });
  ilk::write_file_atomically(pipe, "through");
  reader.join();
  EXPECT_EQ(read, "through");
  EXPECT_TRUE(fs::is_fifo(pipe));
  // Behind a link, so that a writer which is wrong spoils the link and not the system's device.
  fs::create_symlink("/dev/full", device);
  try {
    ilk::write_file_atomically(device, "x");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const ilk::WriteError& error) {
    EXPECT_EQ(error.text(), "cannot write \"" + device.string() + "\": No space left on device.");
  }
  EXPECT_TRUE(fs::is_symlink(device));
  EXPECT_TRUE(fs::is_character_file(device));
  // As root, a device of one's own: a null device.
  const auto null = folder.path() / "null";
  if (::mknod(null.c_str(), S_IFCHR | 0666, ::makedev(1, 3)) == 0) {
    ilk::write_file_atomically(null, "x");
    EXPECT_TRUE(fs::is_character_file(null));
  }
}

TEST(Files, AProcessOwnDescriptorIsWrittenOnAndNotReplaced) {  // what /dev/stdout leads to
  const TemporaryDirectory folder;
  const auto path = folder.path() / "log";
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ASSERT_EQ(::write(descriptor, "before ", 7), 7);
  const std::string number = std::to_string(descriptor);
  ilk::write_file_atomically("/dev/fd/" + number, "and ");
  fs::create_symlink("/proc/self/fd/" + number, folder.path() / "out");
  ilk::write_file_atomically(folder.path() / "out", "after");
  ::close(descriptor);
  EXPECT_EQ(ilk::read_file(path), "before and after");
  EXPECT_TRUE(fs::is_symlink(folder.path() / "out"));
}

TEST(Files, KeepThePermissionsOfWhatTheyReplace) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "secret";
  ilk::write_file_atomically(path, "a");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  ilk::write_file_atomically(path, "b");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(Files, TheSystemsOwnReasonIsTold) {
  const TemporaryDirectory folder;
  ilk::write_file_atomically(folder.path() / "file", "x");
  const auto text = [](const fs::path& path) -> std::string {
    try {
      ilk::write_file_atomically(path, "x");
    } catch (const ilk::WriteError& error) {
      return error.text();
    }
    return "";
  };
  EXPECT_EQ(text(folder.path() / "file" / "below"),
            "cannot write to the folder \"" + (folder.path() / "file").string() + "\": Not a directory.");
  EXPECT_EQ(text(folder.path()), "cannot write \"" + folder.path().string() + "\": Is a directory.");
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
