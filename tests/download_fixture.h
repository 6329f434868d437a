#pragma once
// A file of known bytes, and a server on 127.0.0.1 that it is fetched from.
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "error_of.h"
#include "http_server.h"
#include "io/download.h"
#include "io/files.h"
#include "io/sha256.h"
#include "recorder.h"
#include "temporary_directory.h"

inline std::string random_bytes(std::size_t count, unsigned seed = 1) {
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return bytes;
}

class DownloadTest : public testing::Test {
 protected:
  HttpServer server_;
  TemporaryDirectory directory_;
  std::string body_ = random_bytes(300'000);
  std::filesystem::path file_ = directory_.path() / "model.bin";
  std::filesystem::path part_ = file_.string() + ".part";
  std::filesystem::path etag_ = part_.string() + ".etag";

  void SetUp() override {
    try {
      ilk::download_text({.url = "ftp://127.0.0.1/"}, 1);
    } catch (const ilk::Error& error) {
      if (std::string(error.what()).find("without libcurl") != std::string::npos)
        GTEST_SKIP() << error.what();
    }
  }

  ilk::DownloadRequest request(const std::string& path = "/model") {
    return {.url = server_.url(path),
            .destination = file_,
            .size = static_cast<std::int64_t>(body_.size()),
            .sha256 = ilk::sha256_hex(body_),
            .attempts = 3,
            .first_pause_seconds = 0.01,
            .stall_seconds = 10};
  }
  /// Nothing about the file is known before.
  ilk::DownloadRequest blind(const std::string& path = "/model") {
    ilk::DownloadRequest request = this->request(path);
    request.size = -1;
    request.sha256.clear();
    return request;
  }

  std::string error_of(const ilk::DownloadRequest& request) {
    return ::error_of([&] { ilk::download(request); });
  }

  void expect_arrived() {
    EXPECT_EQ(ilk::read_file(file_), body_);
    EXPECT_FALSE(std::filesystem::exists(part_));
    EXPECT_FALSE(std::filesystem::exists(etag_));
  }
};
