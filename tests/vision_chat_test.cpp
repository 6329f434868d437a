// A server's answer, without a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "captioning/vision_chat.h"
#include "io/http_error_text.h"
#include "vision_server.h"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

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
