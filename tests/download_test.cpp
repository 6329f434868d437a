#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>
#include <ilk/version.h>
#include <sys/wait.h>

#include <chrono>

#include "download_fixture.h"
#include "http_server.h"
#include "io/download.h"
#include "io/files.h"
#include "io/sha256.h"

namespace {

using Reply = HttpServer::Reply;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(DownloadTest, TheFileArrivesWholeWithItsProgress) {
  server_.serve("/model", {{.body = body_}});
  Recorder progress;
  ilk::download(request(), progress);
  expect_arrived();
  EXPECT_EQ(progress.log, "start downloading model.bin 300000 bytes;finish;");
  EXPECT_EQ(progress.advanced, 300'000);
  EXPECT_EQ(server_.requests().at(0).header("user-agent"), "ilk/" ILK_VERSION);
}

TEST_F(DownloadTest, NothingNeedBeKnownBefore) {
  for (const Reply& reply : {Reply{.body = body_}, Reply{.body = body_, .chunked = true},
                             Reply{.body = body_, .until_close = true}, Reply{.body = ""}}) {
    std::filesystem::remove(file_);
    server_.serve("/model", {reply});
    ilk::download(blind());
    EXPECT_EQ(ilk::read_file(file_), reply.body);
  }
}

TEST_F(DownloadTest, AFileThatIsThereAndRightIsLeftAlone) {
  ilk::write_file_atomically(file_, body_);
  ilk::download(request());
  ilk::download(blind());
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(DownloadTest, AFileThatIsThereAndWrongIsReplaced) {
  server_.serve("/model", {{.body = body_}});
  std::string wrong = body_;
  wrong[1234] ^= 1;
  for (const std::string& bytes : {wrong, body_.substr(1), std::string()}) {
    ilk::write_file_atomically(file_, bytes);
    ilk::download(request());
    expect_arrived();
  }
}

TEST_F(DownloadTest, WrongBytesAreDeleted) {
  std::string wrong = body_;
  wrong[200'000] ^= 4;
  server_.serve("/model", {{.body = wrong}});
  EXPECT_THAT(error_of(request()),
              AllOf(HasSubstr(server_.url("/model")), HasSubstr("expected sha256 " + ilk::sha256_hex(body_)),
                    HasSubstr("got " + ilk::sha256_hex(wrong))));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  // Also where the bytes came in two pieces: then they are fetched whole once more.
  server_.serve("/model", {{.body = wrong, .cut_after = 1000}, {.body = wrong}});
  EXPECT_THAT(error_of(request()), HasSubstr("expected sha256"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(DownloadTest, AnotherSizeIsAnError) {
  const std::string longer = body_ + "!", shorter = body_.substr(1);
  for (const std::string& other : {longer, shorter}) {
    server_.serve("/model", {{.body = other}});
    EXPECT_THAT(error_of(request()),
                HasSubstr("expected 300000 bytes, the server has " + std::to_string(other.size())));
    server_.serve("/model", {{.body = other, .chunked = true}});
    EXPECT_THAT(error_of(request()),
                testing::AnyOf(HasSubstr("more than the expected 300000 bytes"),
                               HasSubstr("expected 300000 bytes, the server has 299999")));
    EXPECT_FALSE(std::filesystem::exists(file_));
  }
}

TEST_F(DownloadTest, NotFoundIsAnErrorAtOnce) {
  EXPECT_THAT(error_of(request("/absent")), AllOf(HasSubstr(server_.url("/absent")), HasSubstr("404")));
  EXPECT_EQ(server_.requests().size(), 1u);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(DownloadTest, TheHubsOwnWordsAreTold) {
  ilk::DownloadRequest asked = request("/gated");
  asked.token = "hf_secret";
  const auto said = [&](const HttpServer::Reply& reply) {
    server_.serve("/gated", {reply});
    return error_of(asked);
  };
  EXPECT_THAT(said({.body = "Access to model a/b is restricted for hf_secret. Visit /a/b to ask for access.",
                    .status = 403}),
              AllOf(HasSubstr("403 (not allowed): Access to model a/b is restricted for …."),
                    HasSubstr("to ask for access"), Not(HasSubstr("hf_secret"))));
  EXPECT_THAT(said({.body = R"({"error":"Invalid username or password."})", .status = 401}),
              HasSubstr("Invalid username"));
  EXPECT_THAT(said({.body = "", .status = 403, .headers = {{"X-Error-Message", "Please accept the terms."}}}),
              HasSubstr("Please accept the terms."));
  EXPECT_THAT(said({.body = "<html>no</html>", .status = 403}), Not(HasSubstr("<html>")));
}

TEST_F(DownloadTest, AFailingServerIsAskedAgain) {
  server_.serve("/model",
                {{.body = "sorry", .status = 500}, {.body = "sorry", .status = 503}, {.body = body_}});
  ilk::download(request());
  expect_arrived();
  EXPECT_EQ(server_.requests().size(), 3u);
  server_.serve("/model", {{.body = "sorry", .status = 500}});
  std::filesystem::remove(file_);
  EXPECT_THAT(error_of(request()), AllOf(HasSubstr("answered 500"), HasSubstr("(3 attempts)")));
  EXPECT_EQ(server_.requests().size(), 6u);
}

TEST_F(DownloadTest, RetryAfterIsHonoured) {
  server_.serve("/model", {{.body = "", .status = 429, .headers = {{"Retry-After", "1"}}}, {.body = body_}});
  const auto begin = std::chrono::steady_clock::now();
  ilk::download(request());
  expect_arrived();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  std::filesystem::remove(file_);
  server_.serve("/model", {{.body = "", .status = 429, .headers = {{"Retry-After", "86400"}}}});
  EXPECT_THAT(error_of(request()), AllOf(HasSubstr("429"), HasSubstr("come back in 86400 s")));
}

TEST_F(DownloadTest, NobodyThereIsAnError) {
  ilk::DownloadRequest nobody = request();
  nobody.url = "http://127.0.0.1:1/model";
  EXPECT_THAT(error_of(nobody), AllOf(HasSubstr("no connection to 127.0.0.1"),
                                      HasSubstr("http://127.0.0.1:1/model"), HasSubstr("(3 attempts)")));
  Recorder progress;
  EXPECT_THROW(ilk::download(nobody, progress), ilk::NoConnection);
  // At once, and not after all attempts.
  EXPECT_THAT(progress.said, AllOf(HasSubstr("No connection to 127.0.0.1"), HasSubstr("(attempt 2 of 3 in "),
                                   HasSubstr("(attempt 3 of 3 in ")));
}

TEST_F(DownloadTest, RedirectsAreFollowedWithRanges) {
  server_.serve("/model", {{.status = 302, .headers = {{"Location", "/second?signature=1"}}}});
  server_.serve("/second?signature=1",
                {{.body = "moved", .status = 307, .headers = {{"Location", server_.url("/third")}}}});
  server_.serve("/third", {{.body = body_, .cut_after = 1000}, {.body = body_}});
  ilk::download(request());
  expect_arrived();
  EXPECT_EQ(server_.requests("/third").at(1).header("range"), "bytes=1000-");
}

TEST_F(DownloadTest, RedirectsEndSomewhere) {
  server_.serve("/model", {{.status = 302, .headers = {{"Location", "/model"}}}});
  EXPECT_THAT(error_of(request()), HasSubstr("more than 10 redirects"));
  EXPECT_EQ(server_.requests().size(), 11u);
  for (const std::string place : {"file:///etc/passwd", "ftp://127.0.0.1/model", "gopher://127.0.0.1/"}) {
    server_.serve("/model", {{.status = 302, .headers = {{"Location", place}}}});
    EXPECT_THAT(error_of(request()), HasSubstr("is not followed")) << place;
  }
  server_.serve("/model", {{.status = 302}});
  EXPECT_THAT(error_of(request()), HasSubstr("a redirect to nowhere"));
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(DownloadTest, ARedirectThatFailsNamesTheHostButNotItsQuery) {
  server_.serve("/model",
                {{.status = 302, .headers = {{"Location", server_.url("/gone?secret=1", "localhost")}}}});
  EXPECT_THAT(error_of(request()), AllOf(HasSubstr(server_.url("/model")), HasSubstr("localhost"),
                                         HasSubstr("404"), Not(HasSubstr("secret"))));
}

TEST_F(DownloadTest, TheTokenGoesToItsHostAlone) {
  HttpServer elsewhere;
  for (const std::string& place : {elsewhere.url("/other"), server_.url("/other", "localhost")}) {
    std::filesystem::remove(file_);
    server_.serve("/model", {{.status = 302, .headers = {{"Location", "/inside"}}}});
    server_.serve("/inside", {{.status = 302, .headers = {{"Location", place}}}});
    elsewhere.serve("/other", {{.body = body_}});
    server_.serve("/other", {{.body = body_}});
    ilk::DownloadRequest with_token = request();
    with_token.token = "hf_secret";
    ilk::download(with_token);
    expect_arrived();
  }
  EXPECT_EQ(server_.requests("/model").at(0).header("authorization"), "Bearer hf_secret");
  EXPECT_EQ(server_.requests("/inside").at(0).header("authorization"), "Bearer hf_secret");
  EXPECT_EQ(elsewhere.requests("/other").at(0).header("authorization"), "");
  EXPECT_EQ(server_.requests("/other").at(0).header("authorization"), "");
}

TEST_F(DownloadTest, SecretsAreNotInErrors) {
  ilk::DownloadRequest secret = request("/absent");
  secret.token = "hf_secret";
  secret.url.insert(7, "user:pass@");
  EXPECT_THAT(error_of(secret), AllOf(HasSubstr("404"), Not(HasSubstr("hf_secret")), Not(HasSubstr("pass"))));
  secret.token = "one\r\nX-Two: three";
  EXPECT_THAT(error_of(secret), AllOf(HasSubstr("one line"), Not(HasSubstr("X-Two"))));
}

TEST_F(DownloadTest, OnlyHttpIsSpoken) {
  ilk::DownloadRequest other = request();
  for (const std::string url : {"file:///etc/passwd", "ftp://127.0.0.1/x", "model.bin", ""}) {
    other.url = url;
    EXPECT_THAT(error_of(other), HasSubstr(url)) << url;
    EXPECT_NE(error_of(other), "") << url;
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(DownloadTest, OptionsOutOfRangeAreRefused) {
  ilk::DownloadRequest wrong = request();
  wrong.attempts = 0;
  EXPECT_THAT(error_of(wrong), HasSubstr("attempts must be at least 1, got 0."));
  wrong = request();
  wrong.stall_seconds = 0;
  EXPECT_THAT(error_of(wrong), HasSubstr("stall_seconds"));
}

TEST_F(DownloadTest, AnUnwritableDestinationIsAnError) {
  server_.serve("/model", {{.body = body_}});
  ilk::write_file_atomically(directory_.path() / "file", "");
  ilk::DownloadRequest wrong = request();
  wrong.destination = directory_.path() / "file" / "model.bin";
  EXPECT_THAT(error_of(wrong), HasSubstr("Not a directory"));
  wrong.destination = directory_.path();
  EXPECT_THAT(error_of(wrong), HasSubstr("not a regular file"));
}

TEST_F(DownloadTest, ProcessesThatWantOneFileTakeTurns) {
  server_.serve("/model", {{.body = body_, .piece = 20'000, .pause_seconds = 0.01}});
  std::vector<pid_t> children;
  for (int process = 0; process < 3; ++process) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      try {
        ilk::download(request());
        ::_exit(ilk::read_file(file_) == body_ ? 0 : 1);
      } catch (const std::exception&) {
        ::_exit(2);
      }
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  expect_arrived();
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(DownloadTest, TextsComeIntoMemory) {
  server_.serve("/text",
                {{.body = "sorry", .status = 500}, {.body = body_, .cut_after = 10}, {.body = body_}});
  ilk::DownloadRequest text = blind("/text");
  text.destination.clear();
  EXPECT_EQ(ilk::download_text(text, 300'000), body_);
  EXPECT_THROW(ilk::download_text(text, 299'999), ilk::Error);
  text.sha256 = ilk::sha256_hex("other");
  EXPECT_THROW(ilk::download_text(text, 300'000), ilk::Error);
}

}  // namespace
