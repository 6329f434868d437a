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

ilk::vision_chat::Answer read(const std::string& body) {
  return ilk::vision_chat::read_answer(body, 200);
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
  const auto caption = [](const json& content) { return read(VisionServer::answer(content).body).caption; };
  EXPECT_EQ(caption("<think>\nA dog?\n</think>\n\nA  dog."), "A dog.");
  EXPECT_EQ(caption("A cat?</think>A dog."), "A dog.");
  EXPECT_EQ(caption({{{"type", "text"}, {"text", "A dog"}}, {{"type", "text"}, {"text", "runs."}}}),
            "A dog runs.");
  EXPECT_EQ(caption("Sorrow: a dog as an aid."), "Sorrow: a dog as an aid.");
  for (const char* text :
       {"<thinking>A cat?</thinking>A dog.", "[THINK]A cat?[/THINK]A dog.",
        "\u25c1think\u25b7A cat?\u25c1/think\u25b7A dog.", "<think>A cat?</think><answer>A dog.</answer>",
        "<think>A cat?</think>\n<|begin_of_box|>A dog.<|end_of_box|>",
        "<|channel|>analysis<|message|>A cat?<|end|><|start|>assistant<|channel|>final<|message|>A dog."})
    EXPECT_EQ(caption(text), "A dog.") << text;
  EXPECT_EQ(caption({{{"type", "reasoning"}, {"text", "A cat?"}}, {{"type", "text"}, {"text", "A dog."}}}),
            "A dog.");
}

TEST(VisionChat, BothFormsOfAnswersAreRead) {
  const auto caption = [](const std::string& body) { return read(body).caption; };
  const auto problem = [](const std::string& body) { return read(body).problem; };
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
  // Servers differ in what they begin with, and some send a message instead of pieces of it.
  const std::string whole = R"(data:{"choices":[{"message":{"content":"A dog."},"finish_reason":"stop"}]})";
  for (const char* before :
       {"", ":keepalive\r\n\r\n", "id: 1\nevent: message\n", "\xEF\xBB\xBF", "retry: 9\n"})
    EXPECT_EQ(caption(before + whole + "\n\n"), "A dog.") << before;
  // gzip of {"choices":[{"message":{"content":"A dog."},"finish_reason":"stop"}]}, of a server that does not
  // say so.
  const std::string packed = std::string(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x0d\xc9\xb1\x0d\x80\x30\x0c\x04\xc0\x55\xd0\xd7\x88\x01"
      "\xd2\x31\x07\x42\x28\x0a\x26\x71\x81\x8d\x78\x77\x51\x76\x87\x6b\xaf\xa3\x34\xd7\x22\x44\xda\x3a"
      "\x6e\x21\x73\x15\xa4\x8e\xe2\x16\x62\x81\x84\x75\x3a\xbd\x2e\x18\x33\x2e\x35\x65\x3b\x5e\xc9\x74"
      "\xfb\x87\xe1\x0f\xc6\x3e\x3e\xe9\xf9\xd9\x4f\x45\x00\x00\x00",
      87);
  EXPECT_EQ(caption(packed), "A dog.");
  EXPECT_THAT(problem(packed.substr(0, 40)), HasSubstr("gzipped"));
  EXPECT_EQ(problem(""), "the answer is empty");
  EXPECT_THAT(problem("<!doctype html><html>log in</html>"), HasSubstr("not JSON, but a web page"));
}

TEST(VisionChat, WhatMaxTokensCutIsNoCaption) {
  for (const char* reason : {"length", "max_tokens", "MAX_TOKENS", "model_length"}) {
    const auto answer = [&](const std::string& content) {
      const json body = {{"choices",
                          {{{"message", {{"content", content}, {"reasoning_content", "So the picture"}}},
                            {"finish_reason", reason}}}}};
      return read(body.dump());
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

TEST(VisionChat, ThoughtsAloneAreAskedForOnce) {
  const auto message = [](const json& given, const json& reason, int tokens) {
    return read(json{{"choices", {{{"message", given}, {"finish_reason", reason}}}},
                     {"usage", {{"completion_tokens", tokens}}}}
                    .dump());
  };
  for (const json& given :
       {json{{"content", "<think>Let me look. It"}}, json{{"content", "[THINK]It"}},
        json{{"content", nullptr}, {"reasoning", "It"}}, json{{"content", ""}, {"thinking", "It"}},
        json{{"content", "<think>It</think>"}}}) {
    EXPECT_EQ(message(given, "stop", 50).caption, "") << given;
    EXPECT_THAT(message(given, "stop", 50).problem, HasSubstr("--max-tokens")) << given;
    EXPECT_FALSE(message(given, "stop", 50).may_change) << given;
  }
  const auto streamed = read(R"(data: {"choices":[{"delta":{"reasoning_content":"It"}}]})"
                             "\n\n"
                             "data: [DONE]\n\n");
  EXPECT_THAT(streamed.problem, HasSubstr("--max-tokens"));
  EXPECT_FALSE(streamed.may_change);
  EXPECT_TRUE(message({{"content", ""}}, "stop", 0).may_change);

  // Where a server does not say why the model ended, the count does.
  EXPECT_THAT(message({{"content", "A dog on a"}}, nullptr, 200).problem, HasSubstr("was cut"));
  EXPECT_EQ(message({{"content", "A dog."}}, nullptr, 199).caption, "A dog.");
  EXPECT_EQ(message({{"content", "A dog."}}, "stop", 200).caption, "A dog.");
}

TEST(VisionChat, WhatAServerSaysIsShownShortAndWithoutTheKey) {
  const auto read_refusal = ilk::http::refusal_text;
  EXPECT_EQ(read_refusal("<!doctype html><html><body>log in</body></html>", ""), "");
  EXPECT_EQ(read_refusal(R"({"error":{"message":"bad key abc, abc"}})", "abc"), "bad key …, …");
  EXPECT_EQ(read_refusal(R"({"error":"gone"})", ""), "gone");
  EXPECT_EQ(read_refusal(R"({"error":"Please log in."})", ""), "Please log in") << "a sentence goes on";
  EXPECT_EQ(read_refusal(R"({"detail":"Not Found"})", ""), "Not Found");
  EXPECT_EQ(read_refusal(R"({"detail":[{"loc":["body"],"msg":"Field required"}]})", ""), "Field required");
  EXPECT_EQ(read_refusal("one\ntwo\x1b[0m\x07", ""), "one two[0m");
  EXPECT_EQ(read_refusal("\xFF\xFE", ""), "");
  EXPECT_EQ(read_refusal("{}", ""), "");
  const std::string cut = read_refusal(std::string(198, 'a') + "éé", "");
  EXPECT_THAT(cut, testing::EndsWith("aé…"));
}

}  // namespace
