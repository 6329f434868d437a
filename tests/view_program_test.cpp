// `ilk view` from outside: what it answers, and to whom.
#include <gmock/gmock.h>
#include <httplib.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "photo_run.h"
#include "view/view_run.h"

namespace {

using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;
using Json = nlohmann::json;

/// A run of 12 photographs that is served.
class ViewProgramTest : public PhotoRunTest {
 protected:
  ViewProgramTest() : PhotoRunTest(12) {
    EXPECT_EQ(cluster(3).status, 0);
    served_.emplace(folder(), std::vector<std::string>{"view", run().string(), "--no-browser"});
    for (int i = 0; i < 200 && address_.find('\n') == std::string::npos; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      address_ = ilk::read_file(folder() / "out.txt");
    }
    address_ = address_.substr(0, address_.find('\n'));
    host_ = address_.substr(7, address_.find('/', 7) - 7);
    begin_ = address_.substr(7 + host_.size());
    token_ = begin_.substr(1, begin_.size() - 2);
  }
  /// Ends on Ctrl-C, without a complaint.
  ~ViewProgramTest() override {
    if (!served_) return;
    served_->signal(SIGINT);
    const ProgramResult result = served_->wait();
    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(result.err, "");
  }

  httplib::Result get(const std::string& path, const httplib::Headers& headers = {}) const {
    return httplib::Client("http://" + host_).Get(path, headers);
  }
  int status(const std::string& path, const httplib::Headers& headers = {}) const {
    const auto result = get(path, headers);
    return result ? result->status : -1;
  }
  httplib::Result edit(const Json& request, const httplib::Headers& headers = {}) const {
    return httplib::Client("http://" + host_)
        .Post(begin_ + "edit", headers, request.dump(), "application/json");
  }

  std::optional<Program> served_;
  std::string address_, host_, begin_, token_;
};

TEST_F(ViewProgramTest, ServesThePageAndOriginalsByNumber) {
  ASSERT_THAT(address_, testing::MatchesRegex("http://127\\.0\\.0\\.1:[0-9]+/[0-9a-f]{32}/"));
  const auto page = get(begin_);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(page->body, ilk::read_file(run() / "report.html"));
  EXPECT_EQ(page->get_header_value("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(page->get_header_value("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(page->get_header_value("X-Frame-Options"), "DENY");
  EXPECT_THAT(page->get_header_value("Content-Security-Policy"), StartsWith("default-src 'none'; "));
  EXPECT_FALSE(page->has_header("Access-Control-Allow-Origin"));

  const auto table = ilk::parse_csv(ilk::read_file(run() / "assignments.csv"));
  for (std::size_t row = 0; row + 1 < table.size(); ++row) {
    const auto original = get(begin_ + "original/" + std::to_string(row));
    ASSERT_TRUE(original);
    EXPECT_EQ(original->body, ilk::read_file(table[row + 1][0]));
    EXPECT_EQ(original->get_header_value("Content-Type"), "image/jpeg");
    EXPECT_THAT(original->get_header_value("Content-Security-Policy"), HasSubstr("sandbox"));
  }
  EXPECT_EQ(status(begin_ + "original/12"), 404);
  EXPECT_EQ(status(begin_ + "original/99999999999"), 404);
  // What is no image any more is given to nobody.
  const fs::path image = photos() / "001.jpg";
  const std::string bytes = ilk::read_file(image);
  const auto time = fs::last_write_time(image);
  ilk::write_file_atomically(image, "a secret text");
  std::size_t row = 0;
  while (table[row + 1][0] != image.string()) ++row;
  EXPECT_EQ(status(begin_ + "original/" + std::to_string(row)), 404);
  ilk::write_file_atomically(image, bytes);
  fs::last_write_time(image, time);
}

TEST_F(ViewProgramTest, RefusesWrongTokensHostsAndOrigins) {
  std::string other = token_;
  other[31] = other[31] == '0' ? '1' : '0';
  for (const std::string path : {"/", "/report.html", "/state", "/original/0"})
    EXPECT_EQ(status(path), 403) << path;
  for (const std::string& token : {other, token_.substr(0, 31), token_ + "0", std::string(32, '0')}) {
    EXPECT_EQ(status("/" + token + "/"), 403);
    EXPECT_EQ(status("/" + token + "/original/0"), 403);
  }
  // A name that an attacker lets point here.
  for (const std::string host : {"evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example"})
    EXPECT_EQ(status(begin_, {{"Host", host}}), 403) << host;
  const std::string port = host_.substr(host_.find(':'));
  EXPECT_EQ(status(begin_, {{"Host", "localhost" + port}}), 200);
  EXPECT_EQ(status(begin_, {{"Origin", "http://evil.example"}}), 403);
  EXPECT_EQ(status(begin_, {{"Origin", "null"}}), 403);
  EXPECT_EQ(status(begin_, {{"Sec-Fetch-Site", "cross-site"}}), 403);
  EXPECT_EQ(status(begin_, {{"Sec-Fetch-Site", "same-origin"}}), 200);
  EXPECT_EQ(status(begin_, {{"Origin", "http://" + host_}}), 200);

  const Json rename = {{"kind", "rename"}, {"cluster", "0"}, {"names", {"stolen"}}};
  EXPECT_EQ(edit(rename, {{"Origin", "http://evil.example"}})->status, 403);
  EXPECT_EQ(edit(rename, {{"Host", "evil.example"}})->status, 403);
  EXPECT_EQ(httplib::Client("http://" + host_)
                .Post("/" + other + "/edit", rename.dump(), "application/json")
                ->status,
            403);
  // A form of another page can send this without asking.
  EXPECT_EQ(httplib::Client("http://" + host_).Post(begin_ + "edit", rename.dump(), "text/plain")->status,
            400);
  EXPECT_EQ(status(begin_ + "edit"), 404) << "an edit is no link";
  EXPECT_FALSE(fs::exists(run() / "edits.jsonl"));
}

TEST_F(ViewProgramTest, PathsOfRequestsAreNeverPathsOfFiles) {
  for (const std::string path :
       {"manifest.json", "assignments.csv", "features.safetensors", "report/../manifest.json",
        "../manifest.json", "report/pictures/../../manifest.json",
        "report/pictures/%2e%2e/%2e%2e/manifest.json", "report/pictures/..%2f..%2fmanifest.json",
        "original/../../../etc/passwd", "original//etc/passwd", "original/%2fetc%2fpasswd", "original/-1",
        "original/0x0", "original/0/..", "report/names/00000a.js", "inspect/../manifest.json",
        "%2e%2e/%2e%2e/etc/passwd"})
    EXPECT_EQ(status(begin_ + path), 404) << path;
}

TEST_F(ViewProgramTest, EditsAreThoseOfTheProgram) {
  const auto before = Json::parse(get(begin_ + "state")->body);
  ASSERT_EQ(before.at("clusters").size(), 3u);
  const auto renamed = edit({{"kind", "rename"}, {"cluster", "1"}, {"names", {"Aunt \"Uta\" <b>"}}});
  ASSERT_EQ(renamed->status, 200) << renamed->body;
  const auto state = Json::parse(renamed->body);
  EXPECT_EQ(state.at("clusters")[1].at("name"), "Aunt \"Uta\" <b>");
  EXPECT_THAT(state.at("changes")[0].get<std::string>(), HasSubstr("Uta"));
  EXPECT_EQ(state.at("cluster_of"), before.at("cluster_of"));

  const auto table = ilk::parse_csv(ilk::read_file(run() / "assignments.csv"));
  ASSERT_EQ(edit({{"kind", "move"}, {"cluster", "new"}, {"rows", {0, 5}}, {"names", {"apart"}}})->status,
            200);
  EXPECT_EQ(assignments().at(table[1][0]).name, "apart");
  EXPECT_EQ(assignments().at(table[6][0]).name, "apart");
  ASSERT_EQ(edit({{"kind", "lock"}, {"cluster", "3"}})->status, 200);
  const auto refused = edit({{"kind", "merge"}, {"cluster", "0"}, {"clusters", {"3"}}});
  EXPECT_EQ(refused->status, 400);
  EXPECT_THAT(refused->body, HasSubstr("is locked"));
  EXPECT_EQ(edit({{"kind", "undo"}})->status, 200);
  EXPECT_EQ(edit({{"kind", "merge"}, {"cluster", "0"}, {"clusters", {"3"}}})->status, 200);
  const auto listed = ilk({"edit", run().string(), "list"});
  EXPECT_EQ(std::count(listed.out.begin(), listed.out.end(), '\n'), 3);

  for (const Json& bad : {Json{{"kind", "erase"}, {"cluster", "0"}}, Json{{"cluster", "0"}}, Json::array(),
                          Json{{"kind", "move"}, {"cluster", "0"}, {"rows", {99}}},
                          Json{{"kind", "move"}, {"cluster", "0"}, {"rows", {-1}}},
                          Json{{"kind", "rename"}, {"cluster", 0}, {"names", {"x"}}}})
    EXPECT_EQ(edit(bad)->status, 400) << bad;
  EXPECT_EQ(httplib::Client("http://" + host_).Post(begin_ + "edit", "{", "application/json")->status, 400);
}

TEST_F(ViewProgramTest, StopsWhereThatIsAskedForBeforeItListens) {
  class AtOnce : public ilk::Progress {
   public:
    bool stop_requested() const override { return true; }
  };
  AtOnce progress;
  std::string address;
  ilk::view_run(
      run(), {.browser = false}, [&](const std::string& given) { address = given; }, progress);
  EXPECT_THAT(address, StartsWith("http://127.0.0.1:"));
  EXPECT_FALSE(httplib::Client(address.substr(0, address.find('/', 7))).Get("/"));
}

TEST_F(ViewProgramTest, PortAndFoldersThatAreNone) {
  const std::string port = host_.substr(host_.find(':') + 1);
  TemporaryDirectory elsewhere;
  const auto taken = run_program(elsewhere.path(), {"view", run().string(), "--no-browser", "--port", port});
  EXPECT_EQ(taken.status, 1);
  EXPECT_THAT(taken.err, HasSubstr("port " + port));
  const auto none = run_program(elsewhere.path(), {"view", elsewhere.path().string(), "--no-browser"});
  EXPECT_EQ(none.status, 3);
  EXPECT_THAT(none.err, HasSubstr("must be a finished run"));
}

}  // namespace
