#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "made_report.h"
#include "report/report.h"

namespace {

using ilk::render_report;
using ilk::Report;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Report, ShowsEverythingItIsGiven) {
  const Report report = sample(30);
  const std::string html = render_report(report);
  const Document page(html);
  expect_sound(page);
  const std::string& all = page.only("body").text;
  for (const std::string text :
       {"Holidays", "1.2.3", "1 May", "Something to note.", "Method", "cae", "91.3", "−1.0"}) {
    EXPECT_THAT(all, HasSubstr(text));
  }
  for (std::size_t c = 0; c < report.clusters.size(); ++c) {
    const auto& cluster = report.clusters[c];
    const auto& card = page.only("article", "id", "cluster-" + std::to_string(c));
    EXPECT_EQ(page.only("h3", "id", "name-" + std::to_string(c)).text, cluster.name);
    for (const auto& text : {cluster.name, cluster.runner_up, cluster.caption})
      EXPECT_THAT(card.text, HasSubstr(text));
    for (const auto& noun : cluster.nouns) EXPECT_THAT(card.text, HasSubstr(noun.word));
    EXPECT_THAT(card.text, HasSubstr("0.500"));
    std::vector<std::string> pictures;
    for (const auto* link : page.all("a")) {
      if (page.is_within(*link, card)) pictures.push_back(link->attribute("title"));
    }
    EXPECT_THAT(pictures,
                ElementsAre(cluster.pictures[0].path, cluster.pictures[1].path, cluster.pictures[2].path));
  }
  const auto drawn = page.all("polyline");
  ASSERT_EQ(drawn.size(), 2u);
  EXPECT_EQ(drawn[0]->attribute("points"), "0.0,0.0 120.0,48.0 240.0,64.0")
      << "from the highest down to the lowest";
  EXPECT_THAT(all, HasSubstr("the loss 2.500 → 0.500"));
  EXPECT_THAT(all, HasSubstr("mean probability"));
  for (const auto& file : report.skipped) {
    EXPECT_THAT(all, HasSubstr(file.path));
    EXPECT_THAT(all, HasSubstr(file.reason));
  }
  EXPECT_THAT(all, HasSubstr("no clear answer: 4 or 7"));
  EXPECT_THAT(all, HasSubstr("From all of them."));
  EXPECT_THAT(page.only("tr", "class", "chosen").text, HasSubstr("70.2500.8750.5000.7540.0%"));
  // echo -n '<svg>a picture</svg>' | base64
  EXPECT_THAT(html, HasSubstr("src=\"data:image/svg+xml;base64,PHN2Zz5hIHBpY3R1cmU8L3N2Zz4=\""));
}

TEST(Report, IsTheSameEachTime) {
  EXPECT_EQ(render_report(sample(40)), render_report(sample(40)));
}

TEST(Report, NumbersAreForPeople) {
  const auto card = [](std::int64_t size, std::int64_t other, double density, double score) {
    Report report;
    report.clusters = {{.name = "n", .size = size, .nouns = {{"w", score}}, .density = density},
                       {.size = other}};
    const std::string html = render_report(report);
    return Document(html).only("article", "id", "cluster-0").text;
  };
  EXPECT_THAT(card(1234567, 0, 0.12345, 0.5), HasSubstr("1\u202F234\u202F567 images 100%"));
  EXPECT_THAT(card(1234567, 0, 0.12345, 0.5), HasSubstr("0.123"));
  EXPECT_THAT(card(1000, 3000, 0, 0.126), HasSubstr("1\u202F000 images 25.0%"));
  EXPECT_THAT(card(1000, 3000, 0, 0.126), HasSubstr("w 12.6%"));
  EXPECT_THAT(card(999, 1, -0.25, 0), HasSubstr("999 images 99.9%"));
  EXPECT_THAT(card(999, 1, -0.25, 0), HasSubstr("−0.250"));
  EXPECT_THAT(card(999, 1, -0.0001, 0), HasSubstr("Density0.000"));
  EXPECT_THAT(card(1, 99999, 0, 0), HasSubstr("1 image <0.1%"));
  EXPECT_THAT(card(99999, 1, std::nan(""), 0), HasSubstr(">99.9%"));
  EXPECT_THAT(card(99999, 1, std::nan(""), 0), HasSubstr("Density–"));
  EXPECT_THAT(card(0, 0, 0, 0), HasSubstr("0 images 0%"));
}

TEST(Report, GalleriesKnowTheShapeOfTheirPictures) {
  const auto shape = [](const std::string& jpeg) {
    Report report = sample(1, 0);
    report.clusters[0].pictures = {{"p", jpeg}};
    const std::string html = render_report(report);
    const Document page(html);
    return page.parent(*page.all("a", "title", "p").at(0)).attribute("style");
  };
  EXPECT_EQ(shape(jpeg_header(300, 200)), "--a:1.500");
  EXPECT_EQ(shape(jpeg_header(300, 400)), "--a:0.750");
  EXPECT_EQ(shape(jpeg_header(9000, 200)), "--a:2.400");
  EXPECT_EQ(shape(jpeg_header(1, 200)), "--a:0.600");
  EXPECT_EQ(shape(jpeg_header(0, 200)), "--a:1.000");
  const std::string whole = jpeg_header(300, 200);
  for (std::size_t length = 1; length < 17; ++length) EXPECT_EQ(shape(whole.substr(0, length)), "--a:1.000");
}

TEST(Report, LargestClustersComeFirst) {
  Report report = sample(4, 0);
  const std::array<std::int64_t, 4> sizes{5, 9, 9, 20};
  for (std::size_t c = 0; c < 4; ++c) report.clusters[c].size = sizes[c];
  const std::string html = render_report(report);
  const Document page(html);
  std::vector<std::string> cards, overview;
  for (const auto* card : page.all("article")) cards.push_back(card->attribute("id"));
  for (const auto* link : page.all("a")) {
    if (page.is_within(*link, page.only("nav"))) overview.push_back(link->attribute("href").substr(1));
  }
  EXPECT_THAT(cards, ElementsAre("cluster-3", "cluster-1", "cluster-2", "cluster-0"));
  EXPECT_EQ(overview, cards);
}

TEST(Report, SkippedFilesAreGroupedByKindMostFirst) {
  const std::string html = render_report(sample(1));
  const Document page(html);
  std::vector<std::string> kinds;
  for (const auto* summary : page.all("summary")) {
    if (page.parent(*summary).attribute("class") == "skipped") kinds.push_back(summary->text);
  }
  EXPECT_THAT(kinds, ElementsAre("not an image 2", "damaged 1"));
}

TEST(Report, LeavesOutWhatItHasNothingFor) {
  const std::string empty_html = render_report({});
  const Document empty(empty_html);
  expect_sound(empty);
  EXPECT_THAT(empty.only("main").text, HasSubstr("There are no clusters."));
  EXPECT_EQ(empty.all("h2").size(), 1u);
  EXPECT_TRUE(empty.all("article").empty());

  Report no_scores = sample(3);
  no_scores.scores.clear();
  no_scores.skipped.clear();
  no_scores.notices.clear();
  no_scores.curves.clear();
  no_scores.count.reset();
  const std::string html = render_report(no_scores);
  const Document page(html);
  expect_sound(page);
  EXPECT_TRUE(page.all("dl", "class", "scores").empty());
  EXPECT_TRUE(page.all("svg").empty());
  EXPECT_TRUE(page.all("section", "class", "notices").empty());
  EXPECT_EQ(html.find("id=\"skipped\""), std::string::npos);
  EXPECT_TRUE(page.all("table").empty());
}

TEST(Report, WithoutThumbnailsThereAreWords) {
  Report report = sample(3);
  for (auto& cluster : report.clusters) {
    for (auto& picture : cluster.pictures) picture.thumbnail_jpeg.clear();
  }
  const std::string html = render_report(report);
  const Document page(html);
  expect_sound(page);
  EXPECT_TRUE(links_of(page).empty());
  EXPECT_TRUE(page.all("ul", "class", "gallery").empty());
  for (const auto& cluster : report.clusters) {
    for (const auto& picture : cluster.pictures) EXPECT_THAT(page.only("main").text, HasSubstr(picture.path));
  }

  report = sample(1, 2);
  report.clusters[0].pictures[1].thumbnail_jpeg.clear();
  const std::string mixed = render_report(report);
  const Document gallery(mixed);
  EXPECT_EQ(links_of(gallery).size(), 1u);
  EXPECT_EQ(gallery.only("li", "class", "missing").attribute("title"), report.clusters[0].pictures[1].path);
  EXPECT_THAT(gallery.only("li", "class", "missing").text, HasSubstr("0-1.jpg"));
}

TEST(Report, AThousandClustersFit) {
  Report report = sample(1000, 4);
  std::size_t bytes = 0;
  for (auto& cluster : report.clusters) {
    for (auto& picture : cluster.pictures) {
      picture.thumbnail_jpeg.resize(2000, 'x');
      bytes += picture.thumbnail_jpeg.size();
    }
  }
  const std::string html = render_report(report);
  // What is not thumbnails: some kilobytes for each cluster, and the page itself.
  EXPECT_LT(html.size(), bytes * 4 / 3 + 1000 * 4500 + 150'000);
  const Document page(html);
  EXPECT_EQ(page.all("article").size(), 1000u);
  EXPECT_EQ(links_of(page).size(), 4000u);
  std::set<std::string> names, linked;
  for (const auto* name : page.all("h3")) names.insert(name->text);
  for (const auto* link : page.all("a")) linked.insert(link->attribute("href"));
  for (int c = 0; c < 1000; ++c) {
    EXPECT_TRUE(names.contains("name-" + std::to_string(c)));
    EXPECT_TRUE(linked.contains("#cluster-" + std::to_string(c)));
  }
}

}  // namespace
