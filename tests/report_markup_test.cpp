// Whatever a field holds, the page is sound markup, runs no foreign script and loads nothing from a network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "io/sha256.h"
#include "made_report.h"
#include "report/report.h"

namespace {

using ilk::render_report;
using ilk::Report;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// The only cluster's name on a page of one.
std::string shown(const std::string& name) {
  Report report;
  report.clusters = {{.name = name}};
  const std::string page = render_report(report);
  return Document(page).only("h3").text;
}

TEST(Report, LinksToNoFilesThatAreNone) {
  Report report = sample(2);
  report.paths_are_files = false;
  const std::string html = render_report(report);
  const Document page(html);
  expect_sound(page);
  EXPECT_THAT(links_of(page), testing::Each(testing::StartsWith("#cluster-")));
  EXPECT_EQ(links_of(page).size(), 6u);
  EXPECT_THAT(page.only("main").text, HasSubstr("that one could link to"));
  for (const auto* link : page.all("a"))
    EXPECT_EQ(link->attributes.contains("data-score"), link->attributes.contains("data-inside"));
}

TEST(Report, CarriesEachThumbnailByteForByte) {
  Report report = sample(1, 0);
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    bytes += static_cast<char>(i * 7);
    if (i < 5 || i > 250) report.clusters[0].pictures.push_back({"p", bytes});
  }
  const std::string html = render_report(report);
  const Document page(html);
  std::vector<std::string> found, expected;
  for (const auto* image : page.all("img")) {
    const std::string source = image->attribute("src"), prefix = "data:image/jpeg;base64,";
    if (source.starts_with(prefix)) found.push_back(decode_base64(source.substr(prefix.size())));
  }
  for (const auto& picture : report.clusters[0].pictures) expected.push_back(picture.thumbnail_jpeg);
  EXPECT_EQ(found, expected);
}

TEST(Report, PolicyForbidsTheNetworkAndForeignScripts) {
  const std::string html = render_report(sample(3));
  const Document page(html);
  const std::string hex = ilk::sha256_hex(page.only("script").text);
  std::string digest;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    digest += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  const std::string policy = page.only("meta", "http-equiv", "Content-Security-Policy").attribute("content");
  EXPECT_THAT(policy, StartsWith("default-src 'none'; img-src data: file: 'self'; style-src 'unsafe-inline'; "
                                 "connect-src 'self'; script-src file: 'self' 'sha256-"));
  const std::string before = "'sha256-";
  const std::size_t start = policy.find(before) + before.size();
  EXPECT_EQ(decode_base64(policy.substr(start, policy.find('\'', start) - start)), digest);
  for (const std::string foreign :
       {"http://", "https://", "url(", "@import", "XMLHttpRequest", "innerHTML", "eval("}) {
    EXPECT_EQ(html.find(foreign), std::string::npos) << foreign;
  }
  // Two questions, to `ilk view` alone: both have relative addresses.
  std::vector<std::string> asked;
  for (std::size_t at = html.find("fetch("); at != std::string::npos; at = html.find("fetch(", at + 1))
    asked.push_back(html.substr(at + 6, html.find('\'', at + 7) - at - 5));
  EXPECT_THAT(asked, ElementsAre("'edit'", "'state'"));
}

TEST(Report, NoFieldCanInjectMarkup) {
  const std::string attack =
      "\"'></title></script></style><script>alert(1)</script><img src=x onerror=alert(1)>&lt; ";
  Report report = sample(4);
  std::vector<std::string> texts;
  const auto poison = [&](std::string& field) {
    field = attack + std::to_string(texts.size());
    texts.push_back(field);
  };
  poison(report.title);
  poison(report.program_version);
  poison(report.date);
  for (auto& [label, value] : report.facts) poison(label), poison(value);
  for (auto& [label, value] : report.scores) poison(label);
  for (auto& notice : report.notices) poison(notice);
  for (auto& curve : report.curves) poison(curve.name);
  poison(report.count->verdict);
  poison(report.count->basis);
  for (auto& cluster : report.clusters) {
    poison(cluster.name);
    poison(cluster.runner_up);
    poison(cluster.caption);
    for (auto& noun : cluster.nouns) poison(noun.word);
    for (auto& picture : cluster.pictures) poison(picture.path);
  }
  report.clusters[0].pictures[0].thumbnail_jpeg.clear();
  for (auto& picture : report.clusters[1].pictures) picture.thumbnail_jpeg.clear();
  for (auto& file : report.skipped) poison(file.path), poison(file.kind), poison(file.reason);
  report.base_path = attack;

  const std::string html = render_report(report);
  const Document page(html);
  expect_sound(page);
  std::string seen = page.only("body").text;
  for (const auto& element : page.elements()) seen += "\n" + element.attribute("title");
  for (const auto& text : texts) EXPECT_THAT(seen, HasSubstr(text));
}

TEST(Report, ShowsOnlyValidUtf8) {
  const std::string bad = "\uFFFD";
  EXPECT_EQ(shown("a<b>&\"'\t\n"), "a<b>&\"'\t\n");
  EXPECT_EQ(shown("é–漢😀\u07FF\uFFFD\U0010FFFF"), "é–漢😀\u07FF\uFFFD\U0010FFFF");
  EXPECT_EQ(shown(std::string("a\0b\x01\x1F\x7F", 6)), "a" + bad + "b" + bad + bad + bad);
  EXPECT_EQ(shown("\xC2\x9F."), bad + ".");                   // a control character
  EXPECT_EQ(shown("caf\xE9 \xFF"), "caf" + bad + " " + bad);  // Latin-1
  EXPECT_EQ(shown("\xC0\xBC"), bad + bad);                    // "<", overlong
  EXPECT_EQ(shown("\xE0\x80\xBC"), bad + bad + bad);
  EXPECT_EQ(shown("\xF0\x80\x80\xBC"), bad + bad + bad + bad);
  EXPECT_EQ(shown("\xED\xA0\x80"), bad + bad + bad);            // a surrogate
  EXPECT_EQ(shown("\xF4\x90\x80\x80"), bad + bad + bad + bad);  // beyond Unicode
  EXPECT_EQ(shown("\xE6\xBC"), bad + bad);                      // cut off
  EXPECT_EQ(shown("\xF0\x9F<"), bad + bad + "<");
}

TEST(Report, LinksKeepEveryByteAndNameNoSchemeOrHost) {
  const std::vector<std::array<std::string, 3>> cases{
      {"", "a/b.jpg", "a/b.jpg"},
      {"..", "a b.jpg", "../a%20b.jpg"},
      {"../", "ü.jpg", "../%C3%BC.jpg"},
      {"..", "/home/x.jpg", "/home/x.jpg"},
      {"..", "//host/x.jpg", "/host/x.jpg"},
      {"///h", "x.jpg", "/h/x.jpg"},
      {"", "javascript:alert(1)", "javascript%3Aalert%281%29"},
      {"", "a\\b?c#d%20\"'<>&.jpg", "a%5Cb%3Fc%23d%2520%22%27%3C%3E%26.jpg"},
      {"", "\xFF\n.jpg", "%FF%0A.jpg"},
  };
  for (const auto& [base, path, link] : cases) {
    Report report = sample(1, 1);
    report.base_path = base;
    report.clusters[0].pictures[0].path = path;
    const std::string html = render_report(report);
    EXPECT_THAT(links_of(Document(html)), ElementsAre(link));
  }
}

}  // namespace
