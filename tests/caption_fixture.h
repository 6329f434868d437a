#pragma once
// Captions asked of a server on 127.0.0.1, kept in a file of their own.
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "captioning/caption_images.h"
#include "error_of.h"
#include "io/files.h"
#include "recorder.h"
#include "temporary_directory.h"
#include "vision_server.h"

class CaptionImages : public testing::Test {
 protected:
  void SetUp() override {
    try {
      VisionServer server;
      caption(server, copy_pictures(folder() / "first", 1));
    } catch (const ilk::Error& error) {
      if (std::string(error.what()).find("built without") != std::string::npos) GTEST_SKIP() << error.what();
      throw;
    }
    std::filesystem::remove(output());
  }

  std::filesystem::path folder() const { return directory_.path(); }
  std::filesystem::path output() const { return folder() / "captions.jsonl"; }
  ilk::CaptionOptions options(const VisionServer& server) const {
    return {.output = output(),
            .endpoint = server.endpoint(),
            .vlm_model = "seer",
            .image_edge = 64,
            .attempts = 4,
            .first_pause = 0.01,
            .timeout = 5,
            .cache = "none"};
  }
  ilk::CaptionSummary caption(const VisionServer& server, const std::vector<std::string>& paths,
                              ilk::Progress& progress = ilk::silent()) const {
    return ilk::caption_images({.paths = paths}, options(server), "", progress);
  }
  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> entries;
    const std::string text = ilk::read_file(output());
    EXPECT_TRUE(text.empty() || text.ends_with('\n'));
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      entries.push_back(nlohmann::json::parse(text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return entries;
  }

 private:
  TemporaryDirectory directory_;
};

inline HttpServer::Reply with_body(const std::string& body, int status = 200) {
  return {.body = body, .status = status};
}
