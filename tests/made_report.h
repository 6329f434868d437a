#pragma once
// A report with some of everything, and what every page made of one must keep to.
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "html_document.h"
#include "report/report.h"

inline std::string decode_base64(const std::string& text) {
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) throw std::runtime_error("base64 of a wrong length");
  std::string bytes;
  unsigned bits = 0;
  int held = 0;
  for (const char letter : text) {
    if (letter == '=') break;
    const auto value = letters.find(letter);
    if (value == std::string::npos) throw std::runtime_error("not a letter of base64");
    bits = bits << 6 | static_cast<unsigned>(value);
    held += 6;
    if (held >= 8) bytes += static_cast<char>(bits >> (held -= 8) & 255);
  }
  return bytes;
}

/// What a browser needs to know a JPEG's size by, no pixels: an application segment, then the frame header.
inline std::string jpeg_header(int width, int height) {
  const auto word = [](int value) {
    return std::string{static_cast<char>(value >> 8), static_cast<char>(value & 255)};
  };
  return std::string("\xFF\xD8\xFF\xE0", 4) + word(6) + "ilk!" + std::string("\xFF\xFF\xC2", 3) + word(11) +
         "\x08" + word(height) + word(width) + std::string("\x01\x01\x11\x00", 4);
}

/// `n_clusters` clusters with some of everything.
inline ilk::Report sample(int n_clusters, int n_pictures = 3) {
  ilk::Report report{.title = "Holidays", .program_version = "1.2.3", .date = "1 May", .base_path = ".."};
  report.facts = {{"Images", "700"}, {"Method", "cae"}};
  report.scores = {{"ACC", 0.9134}, {"ARI", -0.01}};
  report.notices = {"Something to note."};
  for (int c = 0; c < n_clusters; ++c) {
    const std::string number = std::to_string(c);
    ilk::Report::Cluster cluster{
        .name = "name-" + number, .size = 100 + c % 7, .runner_up = "second-" + number};
    cluster.caption = "caption-" + number;
    cluster.density = 0.5;
    for (int w = 0; w < 8; ++w)
      cluster.nouns.push_back({"noun-" + number + "-" + std::to_string(w), 0.8 / (1 + w)});
    for (int p = 0; p < n_pictures; ++p) {
      cluster.pictures.push_back({"folder/" + number + "-" + std::to_string(p) + ".jpg",
                                  jpeg_header(300, 200) + number + "," + std::to_string(p), 0.9});
    }
    report.clusters.push_back(std::move(cluster));
  }
  report.skipped = {{"a/one.txt", "not an image", "It is text."},
                    {"a/two.jpg", "damaged", "It ends early."},
                    {"a/three.txt", "not an image", "It is text, too."}};
  report.curves = {{"the loss", {2.5, 1, 0.5}}, {"clusters in use", {3, 3, 3}}};
  report.count =
      ilk::Report::Count{.verdict = "no clear answer: 4 or 7",
                         .confidence = 0.6,
                         .basis = "From all of them.",
                         .picture_svg = "<svg>a picture</svg>",
                         .n_clusters = 7,
                         .numbers = {{7, 0.25, 0.875, 0.5, 0.75, 0.4}, {4, 0.2, 0.6, 0.45, 0.7, 0.6}},
                         .tried = 39};
  return report;
}

/// What every page must keep to.
inline void expect_sound(const Document& page) {
  std::set<std::string> ids;
  for (const auto& element : page.elements()) {
    const std::string id = element.attribute("id");
    EXPECT_TRUE(id.empty() || ids.insert(id).second) << id;
  }
  const std::set<std::string> references{"aria-labelledby", "for"};
  for (const auto& element : page.elements()) {
    for (const auto& [name, value] : element.attributes) {
      EXPECT_FALSE(name.starts_with("on")) << name;
      EXPECT_TRUE(name != "src" || value.starts_with("data:")) << value;
      EXPECT_TRUE(name != "style" || value.find_first_not_of("-aw:.0123456789") == std::string::npos)
          << value;
      EXPECT_TRUE(!references.contains(name) || ids.contains(value)) << value;
      if (name != "href") continue;
      if (value.starts_with("#")) {
        EXPECT_TRUE(ids.contains(value.substr(1))) << value;
      } else if (element.tag == "a") {
        EXPECT_EQ(value.find(':'), std::string::npos) << value;
        EXPECT_FALSE(value.starts_with("//")) << value;
      } else {
        EXPECT_EQ(value, "data:,");
      }
    }
  }
  EXPECT_EQ(page.all("script").size(), 1u);
  EXPECT_EQ(page.all("style").size(), 1u);
  EXPECT_EQ(page.all("h1").size(), 1u);
  for (const auto* image : page.all("img")) EXPECT_TRUE(image->attributes.contains("alt"));
  for (const std::string tag : {"iframe", "object", "embed", "base", "form"})
    EXPECT_TRUE(page.all(tag).empty());
}

inline std::vector<std::string> links_of(const Document& page) {
  std::vector<std::string> links;
  for (const auto* link : page.all("a")) {
    if (link->attributes.contains("data-score")) links.push_back(link->attribute("href"));
  }
  return links;
}
