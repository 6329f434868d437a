#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <zlib.h>

#include <set>

#include "caption_fixture.h"
#include "captioning/caption_images.h"
#include "io/file_lock.h"
#include "io/files.h"
#include "io/sha256.h"
#include "text/image_captions.h"
#include "vision_server.h"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using Reply = HttpServer::Reply;
namespace fs = std::filesystem;

TEST_F(CaptionImages, EveryImageIsAskedAboutOnce) {
  const auto paths = copy_pictures(folder() / "photos", 12);
  VisionServer server([](const HttpServer::Request& request, int) {
    Reply reply =
        VisionServer::answer("A\n picture " + VisionServer::picture_of(request).substr(0, 12) + " ");
    reply.delay_seconds = 0.1;
    return std::optional(reply);
  });
  Recorder progress;
  const auto summary = ilk::caption_images({.paths = paths}, options(server), "the-key", progress);
  EXPECT_EQ(summary.answered, 12);
  EXPECT_EQ(summary.requests, 12);
  EXPECT_EQ(progress.advanced, 12);
  EXPECT_EQ(progress.total, 12);
  EXPECT_THAT(server.http().most_at_once(), AllOf(testing::Ge(2), testing::Le(4)));
  std::set<std::string> captions, asked;
  double bytes = 0;
  for (const auto& request : server.requests()) {
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/v1/chat/completions");
    EXPECT_EQ(request.header("authorization"), "Bearer the-key");
    EXPECT_EQ(request.header("content-type"), "application/json");
    const json body = json::parse(request.body);
    EXPECT_EQ(body["model"], "seer");
    EXPECT_EQ(body["max_tokens"], 200);
    EXPECT_EQ(body["messages"][0]["content"][0]["text"], ilk::CaptionOptions().prompt);
    EXPECT_THAT(body["messages"][0]["content"][1]["image_url"]["url"].get<std::string>(),
                testing::StartsWith("data:image/jpeg;base64,/9j/"));
    asked.insert("A picture " + VisionServer::picture_of(request).substr(0, 12));
    bytes += static_cast<double>(request.body.size());
  }
  EXPECT_EQ(summary.bytes, bytes);
  for (const json& line : lines()) {
    EXPECT_EQ(line["sha256"], ilk::sha256_file(line["path"].get<std::string>()));
    EXPECT_EQ(line["model"], "seer");
    EXPECT_EQ(line["prompt"].get<std::string>().size(), 16u);
    captions.insert(line["caption"].get<std::string>());
  }
  EXPECT_EQ(captions, asked);
  const auto read = ilk::read_image_captions(output(), paths);
  EXPECT_EQ(read.missing, 0);
  EXPECT_EQ(read.corpus.texts.size(), 12u);
}

TEST_F(CaptionImages, WhatIsKnownIsNotAskedAgain) {
  auto paths = copy_pictures(folder() / "photos", 5);
  VisionServer server;
  for (int i = 0; i < 3; ++i) {  // the same bytes under other names
    paths.push_back(paths[0] + ".copy" + std::to_string(i));
    fs::copy_file(paths[0], paths.back());
  }
  auto summary = caption(server, paths);
  EXPECT_EQ(summary.answered, 5);
  EXPECT_EQ(summary.repeated, 3);
  EXPECT_EQ(server.requests().size(), 5u);
  EXPECT_EQ(lines().size(), 8u);

  summary = caption(server, paths);
  EXPECT_EQ(summary.known, 8);
  EXPECT_EQ(summary.requests, 0);
  fs::rename(paths[1], paths[1] + ".moved");
  paths[1] += ".moved";
  summary = caption(server, paths);
  EXPECT_EQ(summary.repeated, 1);
  EXPECT_EQ(server.requests().size(), 5u);
  EXPECT_EQ(lines().size(), 9u);

  // Another question, another model; and back, when the last line for a path is to be of what was asked for.
  ilk::CaptionOptions other = options(server);
  other.prompt = "What is this?";
  EXPECT_EQ(ilk::caption_images({.paths = paths}, other, "").answered, 5);
  other = options(server);
  other.vlm_model = "other";
  EXPECT_EQ(ilk::caption_images({.paths = paths}, other, "").answered, 5);
  other = options(server);
  other.image_edge = 32;
  EXPECT_EQ(ilk::caption_images({.paths = paths}, other, "").answered, 5);
  const auto asked = server.requests().size();
  summary = caption(server, paths);
  EXPECT_EQ(summary.repeated, 8);
  EXPECT_EQ(server.requests().size(), asked);
  for (const json& line : lines()) EXPECT_FALSE(line["caption"].get<std::string>().empty());
  EXPECT_EQ(lines().back()["model"], "seer");
}

TEST_F(CaptionImages, UnchangedFilesNeedNotBeReadAgain) {
  const auto paths = copy_pictures(folder() / "photos", 3);
  // Files that were changed within two seconds are looked at again.
  for (const std::string& path : paths)
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
  VisionServer server;
  ilk::CaptionOptions cached = options(server);
  cached.cache = (folder() / "cache").string();
  ilk::caption_images({.paths = paths}, cached, "");
  EXPECT_EQ(ilk::caption_images({.paths = paths}, cached, "").known, 3);
  // A changed file is another picture.
  fs::copy_file(paths[1], paths[0], fs::copy_options::overwrite_existing);
  EXPECT_EQ(ilk::caption_images({.paths = paths}, cached, "").repeated, 1);
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST_F(CaptionImages, ALineThatWasCutIsRemovedAndAskedAgain) {
  const auto paths = copy_pictures(folder() / "photos", 4);
  VisionServer server;
  caption(server, paths);
  const std::string whole = ilk::read_file(output());
  const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  for (const std::size_t length : {last + 1, (last + whole.size()) / 2, whole.size() - 2}) {
    ilk::write_file_atomically(output(), whole.substr(0, length));
    Recorder progress;
    const auto summary = caption(server, paths, progress);
    EXPECT_EQ(summary.answered, 1) << length;
    EXPECT_EQ(summary.known, 3) << length;
    EXPECT_THAT(progress.said, HasSubstr("was cut while it was written"));
    EXPECT_EQ(lines().size(), 4u);
  }
  // Only the line's end is missing.
  ilk::write_file_atomically(output(), whole.substr(0, whole.size() - 1));
  EXPECT_EQ(caption(server, paths).known, 4);
  EXPECT_EQ(ilk::read_file(output()), whole);
  // A lone half of a line.
  ilk::write_file_atomically(output(), whole.substr(0, 7));
  EXPECT_EQ(caption(server, paths).answered, 4);
  EXPECT_EQ(lines().size(), 4u);
}

TEST_F(CaptionImages, ADryRunSendsAndWritesNothing) {
  auto paths = copy_pictures(folder() / "photos", 6);
  paths.push_back(paths[0] + ".copy");
  fs::copy_file(paths[0], paths.back());
  VisionServer server;
  ilk::CaptionOptions dry = options(server);
  dry.dry_run = true;
  const auto planned = ilk::caption_images({.paths = paths}, dry, "");
  EXPECT_EQ(planned.answered, 6);
  EXPECT_EQ(planned.repeated, 1);
  EXPECT_EQ(planned.requests, 6);
  EXPECT_THAT(server.requests(), IsEmpty());
  EXPECT_FALSE(fs::exists(output()));
  const auto real = caption(server, paths);
  EXPECT_NEAR(planned.bytes, real.bytes, 1);
  const std::string before = ilk::read_file(output()) + "{\"path\":\"cut";
  ilk::write_file_atomically(output(), before);
  EXPECT_EQ(ilk::caption_images({.paths = paths}, dry, "").known, 7);
  EXPECT_EQ(ilk::read_file(output()), before);
}

TEST_F(CaptionImages, FilesThatAreNoImagesAreSkipped) {
  auto paths = copy_pictures(folder() / "photos", 1);
  for (const auto& [name, contents] :
       std::map<std::string, std::string>{{"text.jpg", "not a picture"},
                                          {"empty.png", ""},
                                          {"cut.png", ilk::read_file(paths[0]).substr(0, 60)}}) {
    ilk::write_file_atomically(folder() / "photos" / name, contents);
    paths.push_back((folder() / "photos" / name).string());
  }
  paths.push_back((folder() / "photos" / "gone.png").string());
  VisionServer server;
  const auto summary = caption(server, paths);
  EXPECT_EQ(summary.answered, 1);
  EXPECT_EQ(summary.skipped.size(), 4u);
  EXPECT_THAT(summary.failed, IsEmpty());
}

TEST_F(CaptionImages, PathsOfOtherBytesAreKnownAgain) {
  const auto paths = copy_pictures(folder() / "photos", 1);
  const std::string odd = (folder() / "photos" / "caf\xE9.png").string();
  fs::rename(paths[0], odd);
  VisionServer server;
  EXPECT_EQ(caption(server, {odd}).answered, 1);
  EXPECT_EQ(caption(server, {odd}).known, 1);
  EXPECT_EQ(ilk::read_image_captions(output(), {odd}).missing, 0);
}

TEST_F(CaptionImages, WhatCannotWorkIsAnError) {
  const auto paths = copy_pictures(folder() / "photos", 1);
  VisionServer server;
  const auto error_with = [&](const std::function<void(ilk::CaptionOptions&)>& change) {
    ilk::CaptionOptions changed = options(server);
    change(changed);
    return error_of([&] { ilk::caption_images({.paths = paths}, changed, ""); });
  };
  EXPECT_THAT(error_with([](auto& o) { o.endpoint = "localhost:8000"; }), HasSubstr("got 'localhost:8000'"));
  EXPECT_THAT(error_with([](auto& o) { o.vlm_model = ""; }), HasSubstr("vlm_model must name a model"));
  EXPECT_THAT(error_with([](auto& o) { o.prompt = " "; }), HasSubstr("prompt must be UTF-8"));
  EXPECT_THAT(error_with([](auto& o) { o.requests = 0; }),
              HasSubstr("requests must be between 1 and 256, got 0"));
  EXPECT_THAT(error_with([](auto& o) { o.timeout = 0; }), HasSubstr("timeout must be above 0"));
  EXPECT_THAT(error_of([&] { ilk::caption_images({}, options(server), ""); }),
              HasSubstr("at least one image"));
  EXPECT_THAT(error_with([&](auto& o) { o.output = folder(); }), HasSubstr("no regular file"));
  EXPECT_THAT(error_with([&](auto& o) { o.output = paths[0]; }), HasSubstr("holds something else"));
  ilk::FileLock lock(output());
  ASSERT_TRUE(lock.try_lock(ilk::FileLock::Kind::exclusive));
  EXPECT_THAT(error_with([](auto&) {}), HasSubstr("another process is writing"));
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(CaptionImages, PackedAnswersAreUnpacked) {
  const auto paths = copy_pictures(folder() / "photos", 1);
  VisionServer packing([](const HttpServer::Request&, int) {
    Reply reply = VisionServer::answer("A packed dog.");
    std::string packed(reply.body.size() + 100, '\0');
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    stream.next_in = reinterpret_cast<Bytef*>(reply.body.data());
    stream.avail_in = static_cast<uInt>(reply.body.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    reply.body = packed;
    reply.headers["Content-Encoding"] = "gzip";
    return std::optional(reply);
  });
  EXPECT_EQ(caption(packing, paths).answered, 1);
  EXPECT_EQ(lines().at(0)["caption"], "A packed dog.");
}

}  // namespace
