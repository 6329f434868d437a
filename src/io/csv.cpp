#include "io/csv.h"

#include <algorithm>
#include <optional>
#include <set>

#include "core/fail.h"
#include "io/strings.h"

namespace ilk {

std::vector<CsvRow> parse_csv_rows(std::string_view text, char separator) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<CsvRow> rows;
  CsvRow row;
  std::string field;
  bool quoted = false, was_quoted = false;
  std::size_t line = 1, quote_line = 1;
  const auto end_field = [&] {
    row.fields.push_back(std::move(field));
    field.clear();
    was_quoted = false;
  };
  const auto end_row = [&] {
    const bool blank = row.fields.empty() && field.empty() && !was_quoted;
    end_field();
    if (!blank) rows.push_back(std::move(row));
    row = {.line = line};
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && field.empty() && !was_quoted) {
      quoted = was_quoted = true;
      quote_line = line;
    } else if (c == separator) {
      end_field();
    } else if (c == '\n') {
      if (!was_quoted && field.ends_with('\r')) field.pop_back();
      end_row();
    } else if (!(was_quoted && c == '\r')) {
      field += c;
    }
  }
  require(!quoted, "parse_csv", "line ", quote_line, " opens a quote that is never closed.");
  if (!was_quoted && field.ends_with('\r')) field.pop_back();
  end_row();
  return rows;
}

std::vector<std::vector<std::string>> parse_csv(std::string_view text, char separator) {
  std::vector<std::vector<std::string>> rows;
  for (CsvRow& row : parse_csv_rows(text, separator)) rows.push_back(std::move(row.fields));
  return rows;
}

void drop_blank_edges(std::vector<CsvRow>& rows) {
  std::size_t columns = 2;
  const auto used = [](const CsvRow& row) {
    std::size_t count = row.fields.size();
    while (count > 0 && trimmed(row.fields[count - 1]).empty()) --count;
    return count;
  };
  std::erase_if(rows, [&](const CsvRow& row) { return used(row) == 0; });
  for (const CsvRow& row : rows) columns = std::max(columns, used(row));
  for (CsvRow& row : rows)
    if (row.fields.size() > columns) row.fields.resize(columns);
}

std::optional<char> declared_separator(std::string_view text) {
  const std::string_view line = take_line(text);
  constexpr std::size_t start = 4;
  if (line.size() <= start || lower_case(std::string(line.substr(0, start))) != "sep=") return std::nullopt;
  return trimmed(line.substr(start + 1)).empty() ? std::optional(line[start]) : std::nullopt;
}

const std::set<std::string> csv_path_names = {
    "path",     "file",       "filename",   "file_name",  "filepath",  "file_path",
    "image",    "image_file", "image_name", "image_path", "imagepath", "img",
    "img_file", "img_name",   "img_path",   "imgpath",    "picture",   "image_filename"};
const std::set<std::string> csv_label_names = {"label",     "labels",   "label_name",    "class",
                                               "classes",   "category", "category_name", "class_name",
                                               "classname", "target"};

std::optional<std::size_t> csv_column(const std::vector<std::string>& header,
                                      const std::set<std::string>& names) {
  for (std::size_t i = 0; i < header.size(); ++i) {
    std::string name = lower_case(trimmed(header[i]));
    for (char& byte : name)
      if (byte == ' ' || byte == '-') byte = '_';
    if (names.contains(name)) return i;
  }
  return std::nullopt;
}

std::string csv_field(std::string_view value) {
  if (value.find_first_of(",\"\r\n") == std::string_view::npos && !value.starts_with(' ') &&
      !value.ends_with(' '))
    return std::string(value);
  std::string quoted = "\"";
  for (const char c : value) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

}  // namespace ilk
