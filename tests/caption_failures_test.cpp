// Servers that refuse, fail, stall or answer nonsense.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include "caption_fixture.h"
#include "captioning/caption_images.h"
#include "vision_server.h"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Reply = HttpServer::Reply;
namespace fs = std::filesystem;

const std::vector<Reply>& retryable_troubles() {
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
      VisionServer::answer("I\u2019m sorry, but I can't help with that."),
      with_body(R"({"choices":[{"message":{"content":null,"refusal":"No."}}]})"),
      with_body(R"({"choices":[{"message":{"content":"A d"},"finish_reason":"content_filter"}]})"),
  };
  return replies;
}

TEST_F(CaptionImages, WhatPassesIsTriedAgain) {
  const auto paths = copy_pictures(folder() / "photos", 1);
  for (const Reply& trouble : retryable_troubles()) {
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
  for (const Reply& trouble : retryable_troubles()) {
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

// The limit came within the thoughts, whatever the server calls that.
TEST_F(CaptionImages, ThoughtsAloneCostOneRequest) {
  const auto paths = copy_pictures(folder() / "photos", 2);
  VisionServer thinking([](const HttpServer::Request&, int) {
    return std::optional(VisionServer::answer("<think>It may be a dog"));
  });
  const auto summary = caption(thinking, paths);
  EXPECT_EQ(summary.requests, 2) << "one for each image";
  ASSERT_EQ(summary.failed.size(), 2u);
  EXPECT_THAT(summary.failed[0].reason, HasSubstr("--max-tokens"));
}

}  // namespace
