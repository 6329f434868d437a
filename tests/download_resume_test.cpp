// Downloads that are cut, stopped or stalled, and what the next attempt fetches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ilk/error.h>

#include <chrono>

#include "download_fixture.h"
#include "http_server.h"
#include "io/download.h"
#include "io/files.h"

namespace {

using Reply = HttpServer::Reply;
using testing::AllOf;
using testing::HasSubstr;

TEST_F(DownloadTest, ACutConnectionIsGoneOnFrom) {
  server_.serve(
      "/model",
      {{.body = body_, .cut_after = 100'000}, {.body = body_, .cut_after = 50'000}, {.body = body_}});
  Recorder progress;
  ilk::download(request(), progress);
  expect_arrived();
  EXPECT_EQ(progress.advanced, 300'000);
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].header("range"), "");
  EXPECT_EQ(requests[1].header("range"), "bytes=100000-");
  EXPECT_EQ(requests[2].header("range"), "bytes=150000-");
}

TEST_F(DownloadTest, AttemptsAreCountedFromTheLastNewByte) {
  // 12 cuts, and three attempts in a row are allowed.
  server_.serve("/model", {{.body = body_, .cut_after = 25'000}});
  ilk::download(request());
  expect_arrived();
  EXPECT_EQ(server_.requests().size(), 12u);
}

TEST_F(DownloadTest, ACutIsGoneOnFromByTheNextRun) {
  server_.serve("/model", {{.body = body_, .cut_after = 100'000}, {.body = body_, .cut_after = 0}});
  EXPECT_THAT(error_of(request()), AllOf(HasSubstr("[download] " + server_.url("/model")),
                                         HasSubstr("after 100000 bytes"), HasSubstr("(3 attempts)")));
  EXPECT_EQ(std::filesystem::file_size(part_), 100'000u);
  EXPECT_FALSE(std::filesystem::exists(file_));
  server_.serve("/model", {{.body = body_}});
  Recorder progress;
  ilk::download(request(), progress);
  expect_arrived();
  EXPECT_EQ(progress.advanced, 300'000);
  EXPECT_EQ(server_.requests().back().header("range"), "bytes=100000-");
}

TEST_F(DownloadTest, WithoutAHashOnlyAnUnchangedFileIsGoneOnFrom) {
  const std::string changed = random_bytes(300'000, 99);
  // The same ETag: the rest is fetched, also by the next run.
  server_.serve("/model", {{.body = body_, .headers = {{"ETag", "\"one\""}}, .cut_after = 100'000},
                           {.body = body_, .headers = {{"ETag", "\"one\""}}, .cut_after = 0}});
  EXPECT_NE(error_of(blind()), "");
  server_.serve("/model", {{.body = body_, .headers = {{"ETag", "\"one\""}}}});
  ilk::download(blind());
  expect_arrived();
  EXPECT_EQ(server_.requests().back().header("range"), "bytes=100000-");
  EXPECT_EQ(server_.requests().back().header("if-range"), "\"one\"");
  // Another ETag: the server sends the whole.
  std::filesystem::remove(file_);
  server_.serve("/model", {{.body = body_, .headers = {{"ETag", "\"one\""}}, .cut_after = 100'000},
                           {.body = changed, .headers = {{"ETag", "\"two\""}}}});
  ilk::download(blind());
  EXPECT_EQ(ilk::read_file(file_), changed);
  // A weak ETag or none: from the start.
  for (const auto& headers : {std::map<std::string, std::string>{}, {{"ETag", "W/\"one\""}}}) {
    std::filesystem::remove(file_);
    server_.serve("/model", {{.body = body_, .headers = headers, .cut_after = 100'000},
                             {.body = changed, .headers = headers}});
    ilk::download(blind());
    EXPECT_EQ(ilk::read_file(file_), changed);
    EXPECT_EQ(server_.requests().back().header("range"), "");
  }
}

TEST_F(DownloadTest, AServerThatIgnoresRangesBeginsAnew) {
  server_.serve("/model",
                {{.body = body_, .ranges = false, .cut_after = 100'000}, {.body = body_, .ranges = false}});
  Recorder progress;
  ilk::download(request(), progress);
  expect_arrived();
  EXPECT_EQ(progress.advanced, 300'000);
}

TEST_F(DownloadTest, AServerThatIgnoresRangesAndCutsAtTheSamePlaceIsGivenUp) {
  server_.serve("/model", {{.body = body_, .ranges = false, .cut_after = 100'000}});
  EXPECT_THAT(error_of(request()), HasSubstr("(3 attempts)"));
  EXPECT_EQ(server_.requests().size(), 3u);
}

TEST_F(DownloadTest, ARangeThatWasNotAskedForIsNotTaken) {
  server_.serve("/model", [&](const HttpServer::Request& request) -> Reply {
    if (request.header("range").empty()) {
      static int count = 0;
      return {.body = body_, .cut_after = count++ == 0 ? 100'000 : -1};
    }
    return {.body = body_.substr(50'000),
            .status = 206,
            .headers = {{"Content-Range", "bytes 50000-299999/300000"}}};
  });
  ilk::download(request());
  expect_arrived();
}

TEST_F(DownloadTest, APartThatIsWholeIsOnlyChecked) {
  ilk::write_file_atomically(part_, body_);
  ilk::download(request());
  expect_arrived();
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(DownloadTest, APartThatIsWholeAndOfUnknownSizeIsLearntFrom416) {
  server_.serve("/model", {{.body = body_, .headers = {{"ETag", "\"one\""}}}});
  ilk::write_file_atomically(part_, body_);
  ilk::write_file_atomically(etag_, "\"one\"");
  ilk::download(blind());
  expect_arrived();
  ASSERT_EQ(server_.requests().size(), 1u);
  EXPECT_EQ(server_.requests()[0].header("range"), "bytes=300000-");
}

TEST_F(DownloadTest, APartThatIsTooLongIsBegunAnew) {
  server_.serve("/model", {{.body = body_}});
  ilk::write_file_atomically(part_, body_ + "more");
  ilk::download(request());
  expect_arrived();
  std::filesystem::remove(file_);
  ilk::write_file_atomically(part_, body_ + "more");
  ilk::DownloadRequest without_size = request();
  without_size.size = -1;  // learnt from the 416
  ilk::download(without_size);
  expect_arrived();
}

TEST_F(DownloadTest, APartOfAnotherVersionIsBegunAnewOnce) {
  server_.serve("/model", {{.body = body_}});
  for (const std::size_t length : {100'000u, 300'000u}) {
    std::filesystem::remove(file_);
    ilk::write_file_atomically(part_, random_bytes(length, 7));
    ilk::download(request());
    expect_arrived();
  }
}

TEST_F(DownloadTest, APageInTheWayDoesNotCostWhatIsThere) {
  ilk::write_file_atomically(part_, body_.substr(0, 100'000));
  server_.serve("/model", {{.body = "<html>please sign in", .ranges = false}});
  EXPECT_THAT(error_of(request()), HasSubstr("the server has 20"));
  EXPECT_EQ(std::filesystem::file_size(part_), 100'000u);
}

TEST_F(DownloadTest, AStalledConnectionIsGivenUpAndGoneOnFrom) {
  server_.serve("/model", {{.body = body_, .stall_after = 100'000}, {.body = body_}});
  ilk::DownloadRequest impatient = request();
  impatient.stall_seconds = 0.3;
  ilk::download(impatient);
  expect_arrived();
  EXPECT_EQ(server_.requests().back().header("range"), "bytes=100000-");
  std::filesystem::remove(file_);
  server_.serve("/model", {{.body = body_, .stall_after = 0}});
  impatient.attempts = 1;
  EXPECT_THAT(error_of(impatient), HasSubstr("no byte came for 0.3 s (1 attempt)"));
}

TEST_F(DownloadTest, AStopIsHonouredAndTheRestFetchedLater) {
  server_.serve("/model", {{.body = body_, .piece = 10'000, .pause_seconds = 0.02}});
  Recorder progress;
  progress.stop = [&] { return progress.advanced >= 50'000; };
  EXPECT_THROW(ilk::download(request(), progress), ilk::Stopped);
  EXPECT_EQ(progress.log, "start downloading model.bin 300000 bytes;finish;");
  const auto held = std::filesystem::file_size(part_);
  EXPECT_GE(held, 50'000u);
  EXPECT_LT(held, 300'000u);
  ilk::download(request());
  expect_arrived();
  EXPECT_EQ(server_.requests().back().header("range"), "bytes=" + std::to_string(held) + "-");
}

TEST_F(DownloadTest, AStopIsHonouredWhileNothingComes) {
  // Stalled before the first byte; then in a pause of 20 s between attempts.
  for (const Reply& reply : {Reply{.body = body_, .stall_after = 0},
                             Reply{.body = "", .status = 503, .headers = {{"Retry-After", "20"}}}}) {
    server_.serve("/model", {reply});
    Recorder progress;
    const auto begin = std::chrono::steady_clock::now();
    progress.stop = [&] { return std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(300); };
    EXPECT_THROW(ilk::download(request(), progress), ilk::Stopped);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  }
}

}  // namespace
