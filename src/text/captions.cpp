#include "text/captions.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/fail.h"
#include "io/csv.h"
#include "io/files.h"
#include "io/strings.h"
#include "io/text_file.h"

namespace ilk {
namespace {

// Whose fault an error is.
struct Place {
  std::string_view function;
  std::string path;

  template <class... Parts>
  [[noreturn]] void bad_line(std::int64_t line, const Parts&... parts) const {
    fail(function, path, ", line ", line, ": ", parts..., ".");
  }
};

std::int64_t line_of(std::string_view contents, std::size_t byte) {
  const auto end = contents.begin() + static_cast<std::ptrdiff_t>(std::min(byte, contents.size()));
  return 1 + std::count(contents.begin(), end, '\n');
}

// Takes "caption" from the objects of the top object's "annotations", all else passing by unstored.
class CocoReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit CocoReader(const Place& place, std::string_view contents) : place_(place), contents_(contents) {}

  std::vector<std::string> captions;

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }
  bool string(string_t& text) override {
    if (!at_caption()) return true;
    captions.push_back(std::move(text));
    return true;
  }
  bool start_object(std::size_t) override { return begin(); }
  bool end_object() override { return end(); }
  bool start_array(std::size_t) override { return begin(); }
  bool end_array() override { return end(); }
  bool key(string_t& name) override {
    if (depth_ == 1) in_annotations_ = name == "annotations";
    if (depth_ == 3) is_caption_ = name == "caption";
    return true;
  }
  bool parse_error(std::size_t byte, const std::string&, const nlohmann::json::exception& error) override {
    // Of its text only what the parser says after its own place, "… at line 1, column 2: ".
    const std::string_view text = error.what();
    const std::size_t start = text.find("syntax error");
    place_.bad_line(line_of(contents_, byte),
                    "not JSON: ", text.substr(start == std::string_view::npos ? 0 : start));
  }

 private:
  bool at_caption() const { return depth_ == 3 && in_annotations_ && is_caption_; }
  bool value() {
    if (at_caption()) {
      fail(place_.function, place_.path, ": the caption after ", captions.size(), " others must be a text.");
    }
    return true;
  }
  bool begin() {
    value();
    ++depth_;
    is_caption_ = false;
    return true;
  }
  bool end() {
    --depth_;
    return true;
  }

  const Place& place_;
  std::string_view contents_;
  int depth_ = 0;  // 1: in the top object, 2: in "annotations", 3: in one of them
  bool in_annotations_ = false, is_caption_ = false;
};

std::vector<std::string> parse_coco(const Place& place, std::string_view contents) {
  CocoReader reader(place, contents);
  nlohmann::json::sax_parse(contents.begin(), contents.end(), &reader);
  require(!reader.captions.empty(), place.function, place.path,
          " begins as JSON, but has no \"caption\" in \"annotations\" (of COCO's files the captions_*.json "
          "have).");
  return std::move(reader.captions);
}

// The caption of "image.jpg#0<TAB>caption", none where the line is of another form.
std::optional<std::string_view> token_caption(std::string_view line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) return std::nullopt;
  const std::string_view image = line.substr(0, tab);
  const std::size_t hash = image.rfind('#');
  if (hash == std::string_view::npos || hash == 0 || hash + 1 == image.size()) return std::nullopt;
  if (image.find_first_not_of("0123456789", hash + 1) != std::string_view::npos) return std::nullopt;
  return line.substr(tab + 1);
}

std::vector<std::string> parse_tokens(const Place& place, std::string_view contents) {
  std::vector<std::string> captions;
  for (std::int64_t number = 1; !contents.empty(); ++number) {
    const std::string_view line = take_line(contents);
    if (trimmed(line).empty()) continue;
    const auto caption = token_caption(line);
    if (!caption)
      place.bad_line(number, "must be image#number, a tab and a caption, as the lines before, got '", line,
                     "'");
    captions.emplace_back(*caption);
  }
  return captions;
}

struct Header {
  char separator = ',';
  std::size_t columns = 0, caption = 0;
};

// A first line such as "image_name| comment_number| comment". One that merely begins with "comment, speech"
// is a sentence.
std::optional<Header> find_header(std::string_view line) {
  for (const char separator : {'|', ',', ';', '\t'}) {
    Header header{.separator = separator};
    std::optional<std::size_t> caption;
    bool other = false;
    const auto rows =
        line.find('"') == std::string_view::npos || std::count(line.begin(), line.end(), '"') % 2 == 0
            ? parse_csv(line, separator)
            : std::vector<std::vector<std::string>>();
    if (rows.empty() || (separator == ',' && line.find(", ") != std::string_view::npos)) continue;
    header.columns = rows[0].size();
    for (std::size_t i = 0; i < header.columns; ++i) {
      const std::string name = lower_case(trimmed(rows[0][i]));
      const bool is_text = name == "caption" || name == "captions" || name == "comment" || name == "comments";
      if (is_text && !caption) caption = i;
      if (name.find(' ') != std::string::npos) continue;
      for (const std::string_view part : {"image", "img", "file", "path", "id"}) {
        other = other || name == part || name.starts_with(std::string(part) + "_") ||
                name.ends_with("_" + std::string(part)) || name == std::string(part) + "name" ||
                name == std::string(part) + "s";
      }
    }
    if (!caption || !other) continue;
    header.caption = *caption;
    return header;
  }
  return std::nullopt;
}

// "image| 4   A dog runs": Flickr30k's table has such a row, where the number's "|" is missing.
bool mend_row(std::vector<std::string>& row, const Header& header) {
  if (row.size() + 1 != header.columns || header.caption != row.size()) return false;
  const std::string_view last = trimmed(row.back());
  const std::size_t digits = std::min(last.find_first_not_of("0123456789"), last.size());
  if (digits == 0 || digits == last.size() || last[digits] != ' ') return false;
  std::string caption(trimmed(last.substr(digits)));
  row.back() = std::string(last.substr(0, digits));
  row.push_back(std::move(caption));
  return true;
}

std::vector<std::string> parse_table(const Place& place, std::string_view contents, Header header) {
  std::vector<std::string> captions;
  std::vector<CsvRow> rows;
  try {
    rows = parse_csv_rows(contents, header.separator);
  } catch (const Error& error) {
    fail(place.function, place.path, ": ", error.text());
  }
  drop_blank_edges(rows);
  header.columns = rows.front().fields.size();
  for (std::size_t i = 1; i < rows.size(); ++i) {
    auto& [line, row] = rows[i];
    if (row.size() != header.columns && !mend_row(row, header)) {
      place.bad_line(static_cast<std::int64_t>(line), "must have ", header.columns,
                     " columns as the first row, got ", row.size(), " (a caption that holds '",
                     header.separator, "' must be in quotation marks)");
    }
    captions.push_back(std::move(row[header.caption]));
  }
  return captions;
}

}  // namespace

std::string read_checked_text(std::string_view function, const std::filesystem::path& path) {
  std::string contents = decode_text(read_file(path), path.string(), function, ZeroBytes::allowed);
  std::string_view rest = contents;
  for (std::int64_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = take_line(rest);
    require(is_utf8(line), function, path.string(), ", line ", number, ": must be UTF-8.");
    require(line.find('\0') == std::string_view::npos, function, path.string(), ", line ", number,
            ": holds a zero byte, so this is no text.");
  }
  return contents;
}

std::vector<std::string> parse_captions(std::string_view function, const std::filesystem::path& path,
                                        std::string_view contents) {
  const Place place{function, path.string()};
  const std::size_t start = contents.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return {};
  if (contents[start] == '{') return parse_coco(place, contents);
  std::string_view from_start = contents.substr(start);
  std::string_view first = take_line(from_start);
  if (declared_separator(first)) {
    contents = from_start;
    first = take_line(from_start);
  }
  if (token_caption(first)) return parse_tokens(place, contents);
  if (const auto header = find_header(first)) return parse_table(place, contents, *header);
  std::vector<std::string> sentences;
  while (!contents.empty()) sentences.emplace_back(trimmed(take_line(contents)));
  return sentences;
}

}  // namespace ilk
