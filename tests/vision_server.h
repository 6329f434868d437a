#pragma once
// A server on 127.0.0.1 that answers as vision-language models do, and pictures to ask about.

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "http_server.h"
#include "io/sha256.h"

/// Answers with a sentence that holds the picture's digest, unless `misbehave` gives another reply.
class VisionServer {
 public:
  using Misbehave = std::function<std::optional<HttpServer::Reply>(const HttpServer::Request&, int number)>;

  explicit VisionServer(Misbehave misbehave = {}) {
    http_.serve("/v1/chat/completions", [=, number = 0](const HttpServer::Request& request) mutable {
      if (misbehave)
        if (const auto reply = misbehave(request, number++)) return *reply;
      return answer("A picture " + picture_of(request).substr(0, 12));
    });
  }

  static HttpServer::Reply answer(const nlohmann::json& content) {
    return {.body = nlohmann::json{{"choices",
                                    {{{"message", {{"role", "assistant"}, {"content", content}}},
                                      {"finish_reason", "stop"}}}}}
                        .dump()};
  }
  /// The digest of a request's picture.
  static std::string picture_of(const HttpServer::Request& request) {
    const auto content = nlohmann::json::parse(request.body)["messages"][0]["content"];
    return ilk::sha256_hex(content[1]["image_url"]["url"].get<std::string>());
  }

  std::string endpoint() const { return http_.url("/v1"); }
  std::vector<HttpServer::Request> requests() const { return http_.requests(); }
  HttpServer& http() { return http_; }

 private:
  HttpServer http_;
};

/// Copies `count` of the example drawings to a new folder.
inline std::vector<std::string> copy_pictures(const std::filesystem::path& folder, std::size_t count) {
  std::vector<std::filesystem::path> all;
  for (const auto& entry : std::filesystem::directory_iterator(ILK_SOURCE_DIR "/examples/clipart/images"))
    all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  std::filesystem::create_directories(folder);
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < count; ++i) {
    paths.push_back((folder / all[i].filename()).string());
    std::filesystem::copy_file(all[i], paths.back());
  }
  return paths;
}
