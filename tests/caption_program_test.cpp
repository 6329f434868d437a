// `ilk caption` from outside, with a server that fails it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "program.h"
#include "temporary_directory.h"
#include "vision_server.h"

namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Reply = HttpServer::Reply;
namespace fs = std::filesystem;

class CaptionProgram : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("ILK_TEST_KEY", "sk-hidden", 1);
    copy_pictures(folder() / "photos", 24);
  }
  fs::path folder() const { return directory_.path(); }
  fs::path output() const { return folder() / "captions.jsonl"; }
  std::vector<std::string> command(const VisionServer& server, std::vector<std::string> more = {},
                                   const std::string& attempts = "3") const {
    std::vector<std::string> words{"caption",
                                   (folder() / "photos").string(),
                                   "-o",
                                   output().string(),
                                   "--endpoint",
                                   server.endpoint(),
                                   "--vlm-model",
                                   "seer",
                                   "--first-pause",
                                   "0.05",
                                   "--image-edge",
                                   "64",
                                   "--key-variable",
                                   "ILK_TEST_KEY"};
    more.insert(more.end(), {"--attempts", attempts});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  ProgramResult run(const std::vector<std::string>& arguments) const {
    return run_program(folder(), arguments);
  }
  std::size_t lines() const {
    if (!fs::exists(output())) return 0;
    const std::string text = ilk::read_file(output());
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  bool is_without_curl(const ProgramResult& result) const {
    return result.err.find("built without") != std::string::npos;
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(CaptionProgram, AServerThatDiesCostsNothingThatWasAnswered) {
  auto server = std::make_unique<VisionServer>([](const HttpServer::Request& request, int) {
    Reply reply = VisionServer::answer("A picture " + VisionServer::picture_of(request).substr(0, 12));
    reply.delay_seconds = 0.05;
    return std::optional(reply);
  });
  const Program program(folder(), command(*server));
  for (int i = 0; i < 600 && lines() < 7; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  server.reset();
  const auto result = program.wait();
  if (is_without_curl(result)) GTEST_SKIP() << result.err;
  EXPECT_EQ(result.status, 3) << result.out;
  EXPECT_THAT(result.err, AllOf(HasSubstr("(3 attempts)"), HasSubstr("the same command goes on from there"),
                                Not(HasSubstr("sk-hidden"))));
  const std::size_t kept = lines();
  EXPECT_GE(kept, 7u);
  EXPECT_LT(kept, 24u);

  VisionServer again;
  const auto rest = run(command(again, {"--json"}));
  ASSERT_EQ(rest.status, 0) << rest.err;
  const json summary = json::parse(rest.out);
  EXPECT_EQ(summary["known"], kept);
  EXPECT_EQ(summary["answered"], 24 - kept);
  EXPECT_EQ(again.requests().size(), 24 - kept) << "nothing is asked twice";
  EXPECT_EQ(again.requests().at(0).header("authorization"), "Bearer sk-hidden");
  EXPECT_EQ(lines(), 24u);
  EXPECT_THAT(ilk::read_file(output()), Not(HasSubstr("sk-hidden")));
  const auto nothing = run(command(again));
  EXPECT_EQ(nothing.status, 0);
  EXPECT_THAT(nothing.out, HasSubstr("0 captions are new, 24 were there before"));
}

TEST_F(CaptionProgram, AServerThatIsNotThereIsToldAtOnce) {
  auto server = std::make_unique<VisionServer>();
  const auto words = command(*server);
  server.reset();
  const auto result = run(words);
  if (is_without_curl(result)) GTEST_SKIP() << result.err;
  EXPECT_EQ(result.status, 3) << result.out;
  for (const char* attempt : {"(attempt 2 of 3 in ", "(attempt 3 of 3 in "}) {
    const auto first = result.err.find(attempt);
    EXPECT_NE(first, std::string::npos) << result.err;
    EXPECT_EQ(result.err.find(attempt, first + 1), std::string::npos)
        << "once, whatever the number of requests at a time: " << result.err;
  }
}

TEST_F(CaptionProgram, CtrlCSaysHowToGoOn) {
  VisionServer server([](const HttpServer::Request& request, int number) {
    Reply reply = VisionServer::answer("A picture " + VisionServer::picture_of(request).substr(0, 12));
    if (number >= 6) reply.delay_seconds = 60;
    return std::optional(reply);
  });
  const Program program(folder(), command(server));
  for (int i = 0; i < 600 && lines() < 6; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  program.signal(SIGINT);
  const auto result = program.wait();
  if (is_without_curl(result)) GTEST_SKIP() << result.err;
  EXPECT_EQ(result.status, 130) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the same command goes on from there"));
  EXPECT_EQ(lines(), 6u);
}

TEST_F(CaptionProgram, FailuresAreListedAndADryRunIsFree) {
  VisionServer server([](const HttpServer::Request&, int number) {
    return number % 5 == 0 ? std::optional(VisionServer::answer("")) : std::nullopt;
  });
  const auto dry = run(command(server, {"--dry-run"}));
  if (is_without_curl(dry)) GTEST_SKIP() << dry.err;
  EXPECT_EQ(dry.status, 0) << dry.err;
  EXPECT_THAT(dry.out, AllOf(HasSubstr("24 images would be asked about, in 24 requests"),
                             HasSubstr("Nothing was sent")));
  EXPECT_TRUE(server.requests().empty());
  EXPECT_FALSE(fs::exists(output()));

  const auto result = run(command(server, {}, "1"));
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("5 images got no caption (5 useless answer)"),
                                HasSubstr("the answer is empty")));
  const std::string failed = ilk::read_file(output().string() + ".failed.jsonl");
  EXPECT_EQ(std::count(failed.begin(), failed.end(), '\n'), 5);
  EXPECT_EQ(lines(), 19u);

  EXPECT_EQ(run(command(server)).status, 0);
  EXPECT_EQ(lines(), 24u);
  EXPECT_FALSE(fs::exists(output().string() + ".failed.jsonl"));
}

TEST_F(CaptionProgram, WrongUseIsExplained) {
  VisionServer server;
  const auto bare = run({"caption", (folder() / "photos").string()});
  EXPECT_EQ(bare.status, 2);
  EXPECT_THAT(bare.err, HasSubstr("`ilk caption` needs --endpoint: "));
  const auto help = run({"caption", "--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* part : {"--endpoint", "--vlm-model", "--prompt", "--image-edge", "--dry-run", "vLLM"})
    EXPECT_THAT(help.out, HasSubstr(part));
  const auto wrong = run(command(server, {"--timeout", "0"}));
  EXPECT_EQ(wrong.status, 3);
  EXPECT_THAT(wrong.err, HasSubstr("--timeout must be above 0, got 0."));
}

}  // namespace
