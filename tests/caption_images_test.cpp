#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/caption_images.h>
#include <ilk/error.h>
#include <zlib.h>

#include <atomic>
#include <set>

#include "captioning/vision_chat.h"
#include "io/file_lock.h"
#include "io/files.h"
#include "io/http_error_text.h"
#include "temporary_directory.h"
#include "text/image_captions.h"
#include "vision_server.h"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Reply = HttpServer::Reply;
namespace fs = std::filesystem;

class Recorder : public ilk::Progress {
 public:
  void start(std::string_view, std::int64_t total, std::string_view) override { this->total = total; }
  void advance(std::int64_t count) override { done += count; }
  void say(std::string_view sentence) override { said += sentence; }
  bool stop_requested() const override { return done >= stop_at; }
  std::string said;
  std::int64_t total = 0;
  std::atomic<std::int64_t> done = 0, stop_at = 1 << 30;
};

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
    fs::remove(output());
  }

  fs::path folder() const { return directory_.path(); }
  fs::path output() const { return folder() / "captions.jsonl"; }
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
  static std::string error_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const ilk::Error& error) {
      return error.what();
    }
    return "";
  }
  std::vector<json> lines() const {
    std::vector<json> entries;
    const std::string text = ilk::read_file(output());
    EXPECT_TRUE(text.empty() || text.ends_with('\n'));
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      entries.push_back(json::parse(text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return entries;
  }

 private:
  TemporaryDirectory directory_;
};

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
  EXPECT_EQ(progress.done, 12);
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

Reply with_body(const std::string& body, int status = 200) {
  return {.body = body, .status = status};
}

const std::vector<Reply>& passing_troubles() {
  static const std::vector<Reply> replies{
      with_body("sorry", 500),
      with_body("", 503),
      with_body("slow down", 429),
      {.body = "{}", .cut_after = 0},
      {.body = VisionServer::answer("half an answer").body, .cut_after = 30},
      {.body = "{}", .stall_after = 1},
      with_body("<html>please sign in</html>"),
      with_body("{}"),
      with_body(R"({"error":{"message":"out of memory"}})"),
      with_body(R"({"choices":[]})"),
      with_body(R"({"choices":[{}]})"),
      with_body(R"({"choices":[7]})"),
      VisionServer::answer(""),
      VisionServer::answer(" \n"),
      VisionServer::answer(nullptr),
      VisionServer::answer(7),
      VisionServer::answer("<think>It may be a dog"),
      VisionServer::answer("I\u2019m sorry, but I can't help with that."),
      with_body(R"({"choices":[{"message":{"content":null,"refusal":"No."}}]})"),
      with_body(R"({"choices":[{"message":{"content":"A d"},"finish_reason":"content_filter"}]})"),
  };
  return replies;
}

TEST_F(CaptionImages, WhatPassesIsTriedAgain) {
  const auto paths = copy_pictures(folder() / "photos", 1);
  for (const Reply& trouble : passing_troubles()) {
    VisionServer server([&](const HttpServer::Request&, int number) {
      return number == 0 ? std::optional(trouble) : std::nullopt;
    });
    fs::remove(output());
    ilk::CaptionOptions impatient = options(server);
    impatient.timeout = 0.5;
    const auto summary = ilk::caption_images({.paths = paths}, impatient, "");
    EXPECT_EQ(summary.answered, 1) << trouble.status << trouble.body;
    EXPECT_EQ(summary.requests, 2) << trouble.status << trouble.body;
    EXPECT_THAT(lines().at(0)["caption"].get<std::string>(), testing::StartsWith("A picture "));
  }
}

TEST_F(CaptionImages, WhatStaysIsListedWithItsReason) {
  const auto paths = copy_pictures(folder() / "photos", 2);
  for (const Reply& trouble : passing_troubles()) {
    if (trouble.status == 429) continue;
    std::string bad;
    VisionServer server([&](const HttpServer::Request& request, int) {
      if (bad.empty()) bad = VisionServer::picture_of(request);
      return VisionServer::picture_of(request) == bad ? std::optional(trouble) : std::nullopt;
    });
    fs::remove(output());
    ilk::CaptionOptions impatient = options(server);
    impatient.timeout = 0.3;
    const auto summary = ilk::caption_images({.paths = paths}, impatient, "");
    EXPECT_EQ(summary.answered, 1) << trouble.body;
    ASSERT_EQ(summary.failed.size(), 1u) << trouble.body;
    EXPECT_FALSE(summary.failed[0].reason.empty());
    EXPECT_EQ(lines().size(), 1u) << "no line for what has no caption";
    const bool is_useless = summary.failed[0].kind == "useless answer";
    EXPECT_EQ(summary.requests, 1 + (is_useless ? 3 : 4)) << summary.failed[0].kind << trouble.body;
    EXPECT_TRUE(is_useless || summary.failed[0].kind == "no answer");
    // The next run asks about it again.
    VisionServer better;
    EXPECT_EQ(caption(better, paths).answered, 1);
    EXPECT_EQ(lines().size(), 2u);
  }
}

TEST_F(CaptionImages, ARefusedRequestIsNotRepeated) {
  const auto paths = copy_pictures(folder() / "photos", 3);
  VisionServer server([](const HttpServer::Request&, int number) {
    return number == 0 ? std::optional(with_body(
                             R"({"error":{"message":"the image\u001b[31m is too secret-key large"}})", 413))
                       : std::nullopt;
  });
  const auto summary = ilk::caption_images({.paths = paths}, options(server), "secret-key");
  EXPECT_EQ(summary.answered, 2);
  EXPECT_EQ(summary.requests, 3);
  ASSERT_EQ(summary.failed.size(), 1u);
  EXPECT_EQ(summary.failed[0].kind, "refused");
  EXPECT_EQ(summary.failed[0].reason, "the server answered 413: the image[31m is too … large");
}

TEST_F(CaptionImages, WhatEveryImageWouldMeetEndsTheRun) {
  const auto paths = copy_pictures(folder() / "photos", 6);
  for (const int status : {401, 403, 404}) {
    VisionServer server([&](const HttpServer::Request&, int number) {
      return number < 2 ? std::nullopt
                        : std::optional(
                              with_body(R"({"error":{"message":"no, sk-secret: no such model"}})", status));
    });
    fs::remove(output());
    ilk::CaptionOptions one = options(server);
    one.requests = 1;
    const std::string error = error_of([&] { ilk::caption_images({.paths = paths}, one, "sk-secret"); });
    EXPECT_THAT(error, AllOf(HasSubstr("[caption_images] " + server.endpoint() + "/chat/completions"),
                             HasSubstr("answered " + std::to_string(status)), Not(HasSubstr("secret")),
                             HasSubstr("2 captions that came before are kept")));
    EXPECT_EQ(error.find("no such model") != std::string::npos, status == 404);
    EXPECT_EQ(server.requests().size(), 3u);
    EXPECT_EQ(lines().size(), 2u);
  }
}

TEST_F(CaptionImages, AServerThatIsAwayIsAnErrorAndNothingIsLost) {
  const auto paths = copy_pictures(folder() / "photos", 6);
  ilk::CaptionOptions nobody;
  {
    VisionServer server;
    caption(server, {paths[0], paths[1]});
    nobody = options(server);
  }
  const std::string error = error_of([&] { ilk::caption_images({.paths = paths}, nobody, ""); });
  EXPECT_THAT(error, AllOf(HasSubstr(nobody.endpoint), HasSubstr("(4 attempts)")));
  EXPECT_EQ(lines().size(), 2u);
  VisionServer server([](const HttpServer::Request&, int) { return std::optional(with_body("later", 429)); });
  EXPECT_THAT(error_of([&] { caption(server, paths); }), HasSubstr("answered 429: later (4 attempts)"));
  EXPECT_EQ(lines().size(), 2u);
  VisionServer again;
  const auto summary = caption(again, paths);
  EXPECT_EQ(summary.known, 2);
  EXPECT_EQ(summary.answered, 4);
}

TEST_F(CaptionImages, ADozenFailuresInARowEndTheRun) {
  const auto paths = copy_pictures(folder() / "photos", 30);
  VisionServer server(
      [](const HttpServer::Request&, int) { return std::optional(with_body("no pictures", 400)); });
  EXPECT_THAT(
      error_of([&] { caption(server, paths); }),
      AllOf(HasSubstr("the last 12 images in a row got no caption"), HasSubstr("answered 400: no pictures")));
  EXPECT_LE(server.requests().size(), 16u);
}

TEST_F(CaptionImages, RetryAfterHoldsEveryone) {
  const auto paths = copy_pictures(folder() / "photos", 4);
  VisionServer server([](const HttpServer::Request&, int number) {
    return number == 0 ? std::optional(Reply{.status = 429, .headers = {{"Retry-After", "1"}}})
                       : std::nullopt;
  });
  ilk::CaptionOptions one = options(server);
  one.requests = 1;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ilk::caption_images({.paths = paths}, one, "").answered, 4);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(990));
  VisionServer tomorrow([](const HttpServer::Request&, int) {
    return std::optional(Reply{.status = 429, .headers = {{"Retry-After", "86400"}}});
  });
  fs::remove(output());
  EXPECT_THAT(error_of([&] { caption(tomorrow, paths); }), HasSubstr("asks to come back in 86400 s"));
}

TEST_F(CaptionImages, AStopKeepsWhatCame) {
  const auto paths = copy_pictures(folder() / "photos", 12);
  VisionServer server([](const HttpServer::Request& request, int number) {
    Reply reply = VisionServer::answer("A picture " + VisionServer::picture_of(request).substr(0, 12));
    if (number >= 8) reply.delay_seconds = 30;
    return std::optional(reply);
  });
  Recorder progress;
  progress.stop_at = 5;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(caption(server, paths, progress), ilk::Stopped);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_GE(lines().size(), 5u);
  const auto kept = static_cast<std::int64_t>(lines().size());
  VisionServer again;
  const auto summary = caption(again, paths);
  EXPECT_EQ(summary.known, kept);
  EXPECT_EQ(summary.answered, 12 - kept);
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

TEST_F(CaptionImages, SecretsAreNotInErrors) {
  const auto paths = copy_pictures(folder() / "photos", 1);
  VisionServer server([](const HttpServer::Request&, int) { return std::optional(with_body("", 404)); });
  ilk::CaptionOptions secret = options(server);
  secret.endpoint.insert(7, "user:pass@");
  secret.endpoint += "?key=hush";
  EXPECT_THAT(error_of([&] { ilk::caption_images({.paths = paths}, secret, ""); }),
              AllOf(HasSubstr("404"), Not(HasSubstr("pass")), Not(HasSubstr("hush"))));
  EXPECT_THAT(
      error_of([&] { ilk::caption_images({.paths = paths}, options(server), "one\r\nX-Two: three"); }),
      AllOf(HasSubstr("one line"), Not(HasSubstr("X-Two"))));
  // A redirect would take picture and key elsewhere.
  HttpServer elsewhere;
  VisionServer redirecting([&](const HttpServer::Request&, int) {
    return std::optional(Reply{.status = 307, .headers = {{"Location", elsewhere.url("/other?a=b")}}});
  });
  EXPECT_THAT(error_of([&] { ilk::caption_images({.paths = paths}, options(redirecting), "key"); }),
              AllOf(HasSubstr("redirects to " + elsewhere.url("/other")), Not(HasSubstr("a=b"))));
  EXPECT_THAT(elsewhere.requests(), IsEmpty());
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

TEST(VisionChat, AddressesMayBeShort) {
  const std::string whole = "http://h:1/v1/chat/completions";
  for (const char* endpoint :
       {"http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/", "http://h:1/v1/chat/completions"})
    EXPECT_EQ(ilk::vision_chat::address_of(endpoint), whole) << endpoint;
  EXPECT_EQ(ilk::vision_chat::address_of("https://h/api/v3?key=1"),
            "https://h/api/v3/chat/completions?key=1");
}

TEST(VisionChat, ACaptionIsTheTextWithoutThoughts) {
  const auto caption = [](const json& content) {
    return ilk::vision_chat::read_answer(VisionServer::answer(content).body).caption;
  };
  EXPECT_EQ(caption("<think>\nA dog?\n</think>\n\nA  dog."), "A dog.");
  EXPECT_EQ(caption("A cat?</think>A dog."), "A dog.");
  EXPECT_EQ(caption({{{"type", "text"}, {"text", "A dog"}}, {{"type", "text"}, {"text", "runs."}}}),
            "A dog runs.");
  EXPECT_EQ(caption("Sorrow: a dog as an aid."), "Sorrow: a dog as an aid.");
}

TEST(VisionChat, BothFormsOfAnswersAreRead) {
  const auto caption = [](const std::string& body) { return ilk::vision_chat::read_answer(body).caption; };
  const auto problem = [](const std::string& body) { return ilk::vision_chat::read_answer(body).problem; };
  EXPECT_EQ(caption(R"({"choices":[{"text":" A dog.","finish_reason":"stop"}]})"), "A dog.");
  const std::string first = R"(data: {"choices":[{"delta":{"role":"assistant","content":"A red "}}]})";
  const std::string second = R"(data: {"choices":[{"delta":{"content":"dog."},"finish_reason":null}]})";
  const std::string end = R"(data: {"choices":[{"delta":{},"finish_reason":"stop"}]})";
  EXPECT_EQ(caption(first + "\n\n" + second + "\n\ndata: [DONE]\n\n"), "A red dog.");
  EXPECT_EQ(caption(": keep-alive\r\n\r\n" + first + "\r\n\r\n" + second + "\r\n\r\n" + end + "\r\n\r\n" +
                    R"(data: {"choices":[],"usage":{}})" + "\r\n\r\n"),
            "A red dog.");
  EXPECT_THAT(problem(first + "\n\n" + second + "\n\n"), HasSubstr("event stream that is damaged or cut"));
  EXPECT_THAT(problem(first + "\n\ndata: {\"choi\n\n"), HasSubstr("event stream that is damaged or cut"));
  EXPECT_THAT(problem(R"(data: {"error":{"message":"model not loaded"}})"), HasSubstr("model not loaded"));
  EXPECT_THAT(problem("<!doctype html><html>log in</html>"), HasSubstr("not JSON, but a web page"));
}

TEST(VisionChat, WhatMaxTokensCutIsNoCaption) {
  for (const char* reason : {"length", "max_tokens"}) {
    const auto answer = [&](const std::string& content) {
      const json body = {{"choices",
                          {{{"message", {{"content", content}, {"reasoning_content", "So the picture"}}},
                            {"finish_reason", reason}}}}};
      return ilk::vision_chat::read_answer(body.dump());
    };
    for (const char* content : {"", "<think>Let me look. It has"}) {
      EXPECT_EQ(answer(content).caption, "");
      EXPECT_THAT(answer(content).problem, AllOf(HasSubstr("thought"), HasSubstr("--max-tokens")));
      EXPECT_FALSE(answer(content).may_change);
    }
    EXPECT_EQ(answer("A red dog on a large").caption, "");
    EXPECT_THAT(answer("A red dog on a large").problem, AllOf(HasSubstr("cut"), HasSubstr("--max-tokens")));
    EXPECT_FALSE(answer("A red dog on a large").may_change);
  }
}

TEST_F(CaptionImages, AnAnswerThatMaxTokensCutCostsOneRequest) {
  const auto paths = copy_pictures(folder() / "photos", 2);
  VisionServer cutting([](const HttpServer::Request& request, int) {
    const auto tokens = json::parse(request.body)["max_tokens"].get<int>();
    Reply reply = VisionServer::answer("A dog on a");
    if (tokens <= 200) reply.body.replace(reply.body.find("\"stop\""), 6, "\"length\"");
    return std::optional(reply);
  });
  const auto summary = caption(cutting, paths);
  EXPECT_EQ(summary.requests, 2) << "one for each image";
  ASSERT_EQ(summary.failed.size(), 2u);
  EXPECT_THAT(summary.failed[0].reason, HasSubstr("--max-tokens"));
  EXPECT_THAT(lines(), IsEmpty());
  ilk::CaptionOptions more = options(cutting);
  more.max_tokens = 400;
  EXPECT_EQ(ilk::caption_images({.paths = paths}, more, "").answered, 2);
  // What is whole is not paid for again because of another limit.
  EXPECT_EQ(caption(cutting, paths).requests, 0);
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

TEST(VisionChat, WhatAServerSaysIsShownShortAndWithoutTheKey) {
  const auto read_refusal = ilk::http::refusal_text;
  EXPECT_EQ(read_refusal("<!doctype html><html><body>log in</body></html>", ""), "");
  EXPECT_EQ(read_refusal(R"({"error":{"message":"bad key abc, abc"}})", "abc"), "bad key …, …");
  EXPECT_EQ(read_refusal(R"({"error":"gone"})", ""), "gone");
  EXPECT_EQ(read_refusal(R"({"detail":"Not Found"})", ""), "Not Found");
  EXPECT_EQ(read_refusal("one\ntwo\x1b[0m\x07", ""), "one two[0m");
  EXPECT_EQ(read_refusal("\xFF\xFE", ""), "");
  EXPECT_EQ(read_refusal("{}", ""), "");
  const std::string cut = read_refusal(std::string(198, 'a') + "éé", "");
  EXPECT_THAT(cut, testing::EndsWith("aé…"));
}

}  // namespace
