#pragma once
// A file of known bytes, and a server on 127.0.0.1 that it is fetched from.
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/progress.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "http_server.h"
#include "io/download.h"
#include "io/files.h"
#include "io/sha256.h"
#include "temporary_directory.h"

inline std::string random_bytes(std::size_t count, unsigned seed = 1) {
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return bytes;
}

class Recorder : public ilk::Progress {
 public:
  void start(std::string_view stage, std::int64_t total, std::string_view unit) override {
    log += "start " + std::string(stage) + " " + std::to_string(total) + " " + std::string(unit) + ";";
  }
  void advance(std::int64_t count) override { advanced += count; }
  void finish() override { log += "finish;"; }
  void say(std::string_view sentence) override { said += sentence; }
  bool stop_requested() const override { return stop(); }

  std::string log, said;
  std::atomic<std::int64_t> advanced = 0;
  std::function<bool()> stop = [] { return false; };
};

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
    try {
      ilk::download(request);
    } catch (const ilk::Error& error) {
      return error.what();
    }
    return "";
  }

  void expect_arrived() {
    EXPECT_EQ(ilk::read_file(file_), body_);
    EXPECT_FALSE(std::filesystem::exists(part_));
    EXPECT_FALSE(std::filesystem::exists(etag_));
  }
};
