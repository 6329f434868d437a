#pragma once
// The tiny model as a repository of a hub on 127.0.0.1.
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/models.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "error_of.h"
#include "git_id.h"
#include "http_server.h"
#include "io/download.h"
#include "io/files.h"
#include "io/sha256.h"
#include "recorder.h"
#include "temporary_directory.h"

inline const std::filesystem::path tiny = std::filesystem::path(ILK_TEST_DATA) / "tiny_clip";

/// An environment variable, put back at the end.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

class ModelsTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  Variable data_{"XDG_DATA_HOME", directory_.path().string()};
  Variable models_{"ILK_MODELS", (std::filesystem::path(ILK_SOURCE_DIR) / "models").string()};
  HttpServer server_;
  ilk::GetModelOptions options_{.endpoint = server_.url(""), .first_pause_seconds = 0.01};
  std::filesystem::path place_ = directory_.path() / "ilk" / "models" / "someone--mini";

  void SetUp() override {
    if (error_of([] { ilk::download_text({.url = "ftp://127.0.0.1/"}, 1); }).find("without libcurl") !=
        std::string::npos)
      GTEST_SKIP() << "built without libcurl";
  }

  /// Serves the tiny model's files as a repository, the weights as a large file; `change` may alter listing
  /// and replies.
  struct Repository {
    std::string name = "someone/mini";
    std::string revision = "main";
    std::set<std::string> left_out = {};
    std::map<std::string, std::string> replaced = {};  // contents that are sent and listed
    std::map<std::string, std::vector<HttpServer::Reply>> replies =
        {};  // instead of the plain one; empty bodies are filled
  };
  void serve(const Repository& repository) {
    nlohmann::json listing = nlohmann::json::array(
        {{{"type", "directory"}, {"path", "onnx"}, {"size", 0}, {"oid", std::string(40, 'a')}}});
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(tiny))
      names.insert(entry.path().filename().string());
    for (const auto& [name, contents] : repository.replaced) names.insert(name);
    for (const std::string& name : names) {
      if (repository.left_out.contains(name)) continue;
      const auto replaced = repository.replaced.find(name);
      const std::string contents =
          replaced == repository.replaced.end() ? ilk::read_file(tiny / name) : replaced->second;
      nlohmann::json entry = {
          {"type", "file"}, {"path", name}, {"size", contents.size()}, {"oid", std::string(40, 'b')}};
      if (name.ends_with(".safetensors") || name.ends_with(".bin"))
        entry["lfs"] = {{"oid", ilk::sha256_hex(contents)}, {"size", contents.size()}, {"pointerSize", 134}};
      else
        entry["oid"] = git_id(contents);
      listing.push_back(entry);
      std::vector<HttpServer::Reply> replies = {{.body = contents}};
      if (const auto scripted = repository.replies.find(name); scripted != repository.replies.end()) {
        replies = scripted->second;
        for (HttpServer::Reply& reply : replies)
          if (reply.body.empty() && reply.status == 200) reply.body = contents;
      }
      server_.serve("/" + repository.name + "/resolve/" + repository.revision + "/" + name, replies);
    }
    server_.serve("/api/models/" + repository.name + "/tree/" + repository.revision + "?recursive=false",
                  {{.body = listing.dump()}});
  }

  void expect_fetched(const std::filesystem::path& place) {
    for (const char* name :
         {"config.json", "model.safetensors", "vocab.json", "merges.txt", "preprocessor_config.json",
          "tokenizer_config.json", "nouns.txt", "captions.txt", "README.md"})
      EXPECT_EQ(ilk::sha256_file(place / name), ilk::sha256_file(tiny / name)) << name;
    const nlohmann::json record = nlohmann::json::parse(ilk::read_file(place / "ilk-model.json"));
    EXPECT_EQ(record.at("files").size(), 9u);
    for (const auto& file : record.at("files")) {
      EXPECT_EQ(file.at("size"), std::filesystem::file_size(tiny / file.at("name").get<std::string>()));
      EXPECT_EQ(file.at("sha256"), ilk::sha256_file(tiny / file.at("name").get<std::string>()));
    }
    // Nothing else is left: no parts, no locks, none of the files that a model does not need.
    std::set<std::string> names;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(directory_.path() / "ilk" / "models"))
      if (entry.is_regular_file()) names.insert(entry.path().filename().string());
    EXPECT_EQ(names.size(), 10u) << testing::PrintToString(names);
  }
};
