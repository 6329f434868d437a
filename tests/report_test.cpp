#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "io/sha256.h"
#include "report/report.h"

namespace {

using ilk::render_report;
using ilk::Report;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// An element as a browser would see it, entities decoded.
struct Element {
  std::string tag;
  std::map<std::string, std::string> attributes;
  std::string text;  ///< with that of the elements within
  std::size_t parent = 0;

  std::string attribute(const std::string& name) const {
    const auto found = attributes.find(name);
    return found == attributes.end() ? "" : found->second;
  }
};

/// A strict reader: every tag closed in order, every attribute quoted, no stray "<" or "&"; anything else
/// throws.
class Document {
 public:
  explicit Document(const std::string& page) : page_(page) {
    elements_.push_back({"(document)"});
    const std::string doctype = "<!DOCTYPE html>";
    if (!page.starts_with(doctype)) wrong("no doctype");
    at_ = doctype.size();
    std::vector<std::size_t> open{0};
    while (at_ < page_.size()) {
      if (page_[at_] != '<') {
        const std::size_t end = std::min(page_.find('<', at_), page_.size());
        const std::string text = decode(page_.substr(at_, end - at_));
        for (const std::size_t each : open) elements_[each].text += text;
        at_ = end;
      } else if (page_.compare(at_, 2, "</") == 0) {
        const std::size_t end = page_.find('>', at_);
        const std::string tag = page_.substr(at_ + 2, end - at_ - 2);
        if (elements_[open.back()].tag != tag)
          wrong("</" + tag + "> closes <" + elements_[open.back()].tag + ">");
        open.pop_back();
        at_ = end + 1;
      } else {
        read_start_tag(open);
      }
    }
    if (open.size() != 1) wrong("<" + elements_[open.back()].tag + "> is not closed");
  }

  const std::vector<Element>& elements() const { return elements_; }
  std::vector<const Element*> all(const std::string& tag, const std::string& name = "",
                                  const std::string& value = "") const {
    std::vector<const Element*> found;
    for (const auto& element : elements_) {
      if (element.tag == tag && (name.empty() || element.attribute(name) == value)) found.push_back(&element);
    }
    return found;
  }
  const Element& only(const std::string& tag, const std::string& name = "",
                      const std::string& value = "") const {
    const auto found = all(tag, name, value);
    if (found.size() != 1)
      throw std::runtime_error(std::to_string(found.size()) + " of " + tag + " " + value);
    return *found[0];
  }
  const Element& parent(const Element& element) const { return elements_[element.parent]; }
  bool is_within(const Element& element, const Element& ancestor) const {
    for (const Element* each = &element; each != elements_.data(); each = &parent(*each)) {
      if (each == &ancestor) return true;
    }
    return false;
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const {
    throw std::runtime_error(what + " at: " + page_.substr(at_, 80));
  }
  std::string decode(const std::string& text) const {
    static const std::map<std::string, std::string> entities{
        {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"#39", "'"}};
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '>' || text[i] == '<') wrong("a bare bracket");
      if (text[i] != '&') {
        decoded += text[i];
        continue;
      }
      const std::size_t end = text.find(';', i);
      const auto entity = entities.find(text.substr(i + 1, end - i - 1));
      if (entity == entities.end()) wrong("a bare &");
      decoded += entity->second;
      i = end;
    }
    return decoded;
  }
  void expect(char character) {
    if (at_ >= page_.size() || page_[at_] != character) wrong(std::string("expected ") + character);
    ++at_;
  }
  std::string word() {
    const std::size_t end =
        page_.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789", at_);
    if (end == at_) wrong("expected a word");
    const std::string found = page_.substr(at_, end - at_);
    at_ = end;
    return found;
  }
  void read_start_tag(std::vector<std::size_t>& open) {
    static const std::set<std::string> without_end{"meta", "link", "img", "input"};
    expect('<');
    Element element{word()};
    element.parent = open.back();
    while (at_ < page_.size() && page_[at_] == ' ') {
      ++at_;
      const std::string name = word();
      std::string value;
      if (page_[at_] == '=') {
        ++at_;
        expect('"');
        const std::size_t end = page_.find('"', at_);
        value = decode(page_.substr(at_, end - at_));
        at_ = end + 1;
      }
      if (!element.attributes.emplace(name, value).second) wrong("attribute " + name + " twice");
    }
    expect('>');
    if (element.tag == "style" || element.tag == "script") {
      const std::size_t end = page_.find("</" + element.tag + ">", at_);
      element.text = page_.substr(at_, end - at_);
      at_ = end + element.tag.size() + 3;
    } else if (!without_end.contains(element.tag)) {
      open.push_back(elements_.size());
    }
    elements_.push_back(std::move(element));
  }

  const std::string& page_;
  std::size_t at_ = 0;
  std::vector<Element> elements_;
};

std::string decode_base64(const std::string& text) {
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
std::string jpeg_header(int width, int height) {
  const auto word = [](int value) {
    return std::string{static_cast<char>(value >> 8), static_cast<char>(value & 255)};
  };
  return std::string("\xFF\xD8\xFF\xE0", 4) + word(6) + "ilk!" + std::string("\xFF\xFF\xC2", 3) + word(11) +
         "\x08" + word(height) + word(width) + std::string("\x01\x01\x11\x00", 4);
}

/// `n_clusters` clusters with some of everything.
Report sample(int n_clusters, int n_pictures = 3) {
  Report report{.title = "Holidays", .program_version = "1.2.3", .date = "1 May", .base_path = ".."};
  report.facts = {{"Images", "700"}, {"Method", "cae"}};
  report.scores = {{"ACC", 0.9134}, {"ARI", -0.01}};
  report.notices = {"Something to note."};
  for (int c = 0; c < n_clusters; ++c) {
    const std::string number = std::to_string(c);
    Report::Cluster cluster{.name = "name-" + number, .size = 100 + c % 7, .runner_up = "second-" + number};
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
  report.count = Report::Count{.verdict = "no clear answer: 4 or 7",
                               .confidence = 0.6,
                               .basis = "From all of them.",
                               .picture_svg = "<svg>a picture</svg>",
                               .n_clusters = 7,
                               .numbers = {{7, 0.25, 0.875, 0.5, 0.75, 0.4}, {4, 0.2, 0.6, 0.45, 0.7, 0.6}},
                               .tried = 39};
  return report;
}

/// What every page must keep to.
void expect_sound(const Document& page) {
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

std::vector<std::string> links_of(const Document& page) {
  std::vector<std::string> links;
  for (const auto* link : page.all("a")) {
    if (link->attributes.contains("data-score")) links.push_back(link->attribute("href"));
  }
  return links;
}

/// The only cluster's name on a page of one.
std::string shown(const std::string& name) {
  Report report;
  report.clusters = {{.name = name}};
  const std::string page = render_report(report);
  return Document(page).only("h3").text;
}

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

TEST(Report, IsTheSameEachTime) {
  EXPECT_EQ(render_report(sample(40)), render_report(sample(40)));
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
