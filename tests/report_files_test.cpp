// All images of a run: in the page itself, and in files beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "made_report.h"
#include "report/report.h"

namespace {

using ilk::render_report;
using ilk::Report;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// The sample with its images, of which the page shows the first of each cluster.
Report with_images(int n_clusters, bool beside) {
  Report report = sample(n_clusters, 1);
  report.run = "run";
  Report::Images images{.map = ilk::Matrix<float>(0, 2), .digest = "abc", .beside = beside, .pictures = true};
  const int rows = 3 * n_clusters;
  images.map = ilk::Matrix<float>(rows, 2);
  for (int i = 0; i < rows; ++i) {
    images.clusters.push_back(i % n_clusters);
    images.scores.push_back(static_cast<float>(i) / static_cast<float>(rows));
    images.places.push_back(rows - 1 - i);
    images.map[i][0] = static_cast<float>(i);
    images.map[i][1] = -1;
  }
  images.classes = {"x </script> y", "z"};
  images.labels.assign(static_cast<std::size_t>(rows), -1);
  images.labels[1] = 1;
  for (int c = 0; c < n_clusters; ++c) {
    auto& cluster = report.clusters[static_cast<std::size_t>(c)];
    cluster.size = 3;
    cluster.pictures[0].row = c;
    cluster.pictures[0].words = "owl; bird";
    if (beside) continue;
    for (int more = 1; more < 3; ++more)
      cluster.more.push_back({.path = "more-" + std::to_string(c) + "-" + std::to_string(more),
                              .thumbnail_jpeg = jpeg_header(1, 1),
                              .row = more * n_clusters + c});
  }
  report.images = std::move(images);
  return report;
}

TEST(Report, SaysHowManyImagesThereAreAndHasThemAll) {
  for (const bool beside : {false, true}) {
    const std::string html = render_report(with_images(4, beside));
    const Document page(html);
    std::set<std::string> rows;
    for (const auto& element : page.elements())
      if (element.attributes.contains("data-row")) rows.insert(element.attribute("data-row"));
    EXPECT_EQ(rows.size(), beside ? 4u : 12u);
    EXPECT_EQ(page.all("button", "class", "scripted all").size(), 4u);
    EXPECT_THAT(page.only("article", "id", "cluster-2").text, HasSubstr("1 of 3 images"));
    EXPECT_EQ(page.all("script", "type", "application/json").size(), beside ? 0u : 1u);
    EXPECT_THAT(page.only("footer").text, HasSubstr(beside ? "The folder report/" : "in this one file"));
  }
}

/// Little-endian numbers of `bytes` bytes.
std::vector<std::uint64_t> unpacked(const std::string& text, std::size_t bytes) {
  const std::string raw = decode_base64(text);
  std::vector<std::uint64_t> numbers(raw.size() / bytes);
  for (std::size_t i = 0; i < raw.size(); ++i)
    numbers[i / bytes] |= static_cast<std::uint64_t>(static_cast<unsigned char>(raw[i])) << 8 * (i % bytes);
  return numbers;
}

TEST(Report, IndexSaysWhereEachImageIs) {
  const std::string html = render_report(with_images(4, false));
  const auto index = nlohmann::json::parse(Document(html).only("script", "id", "index").text);
  EXPECT_EQ(index.at("images"), 12);
  EXPECT_EQ(index.at("clusters")[2].at("name"), "name-2");
  EXPECT_EQ(index.at("classes")[0], "x </script> y");
  EXPECT_THAT(unpacked(index.at("cluster_of"), 4), ElementsAre(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3));
  EXPECT_THAT(unpacked(index.at("class_of"), 4), ElementsAre(0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  const auto map = unpacked(index.at("map"), 2);
  ASSERT_EQ(map.size(), 24u);
  EXPECT_EQ(map[0], 0u);
  EXPECT_EQ(map[22], 65535u);
  EXPECT_EQ(map[23], 0u) << "one scale for both axes";
  EXPECT_NEAR(static_cast<double>(unpacked(index.at("score_of"), 2)[6]) / 65535 * 2 - 1, 0.5, 1e-4);
  const std::string file = ilk::report_index_file(with_images(4, true));
  ASSERT_THAT(file, StartsWith("ilk_take(\"index\",0,{"));
  const auto beside = nlohmann::json::parse(file.substr(19, file.size() - 22));
  EXPECT_THAT(unpacked(beside.at("place_of"), 4), ElementsAre(11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}

TEST(Report, FilesBesideThePageAreCallsWithData) {
  const std::string pictures = ilk::report_pictures_file(
      7, {{.path = "a\"\n\xFF.jpg", .thumbnail_jpeg = "JPEG", .words = "owl"}, {.path = "b"}});
  ASSERT_THAT(pictures, StartsWith("ilk_take(\"pictures\",7,"));
  const auto list = nlohmann::json::parse(pictures.substr(22, pictures.size() - 25));
  EXPECT_EQ(list, nlohmann::json({{"a\"\n\uFFFD.jpg", "owl", "SlBFRw=="}, {"b", "", ""}}));
  const std::string names = ilk::report_names_file(0, {{"a\nb", "owl; bird"}, {"c", ""}});
  EXPECT_EQ(names, "ilk_take(\"names\",0,\"a b\\towl; bird\\nc\\t\");\n");
  EXPECT_EQ(ilk::report_findings_file(9, "abc", {{"Outliers", {{3, 1}}}}),
            "ilk_take(\"inspection\",0,{\"images\":9,\"paths\":\"abc\",\"findings\":[{\"name\":\"Outliers\","
            "\"groups\":"
            "[[3,1]]}]});\n");
}

}  // namespace
