#include "io/path_table.h"

#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include "core/fail.h"
#include "io/csv.h"
#include "io/strings.h"

namespace ilk {
namespace {

using IsKnown = std::function<bool(const std::string& path)>;

/// The path as `is_known` knows it, and as it stands where it does not.
std::string known_form(const std::string& written, const IsKnown& is_known) {
  if (is_known(written)) return written;
  std::string path(trimmed(written));
  if (is_known(path)) return path;
  std::string slashed = path;
  std::replace(slashed.begin(), slashed.end(), '\\', '/');
  return is_known(slashed) ? slashed : path;
}

constexpr char blanks = ' ';

/// A path, blanks and a value, as "val/a.jpg 7"; nullopt without blanks. Both may have blanks too: the path
/// is the longest that is known, else the first word.
std::optional<std::vector<std::string>> divided_by_blanks(std::string_view line, const IsKnown& is_known) {
  constexpr std::string_view white = " \t";
  constexpr std::size_t longest_path = 4096;
  const std::size_t first = line.find_first_of(white);
  if (first == std::string_view::npos) return std::nullopt;
  std::size_t end = first;
  for (std::size_t at = line.find_last_of(white, longest_path); at != std::string_view::npos && at > first;
       at = line.find_last_of(white, at - 1)) {
    if (!is_known(known_form(std::string(line.substr(0, at)), is_known))) continue;
    end = at;
    break;
  }
  return std::vector{std::string(trimmed(line.substr(0, end))), std::string(trimmed(line.substr(end)))};
}

/// None where a line cannot be divided, and where so many paths are repeated that they are no paths, as in a
/// list of classes such as "2 cats".
std::vector<CsvRow> rows_with_blanks(std::string_view text, const IsKnown& is_known) {
  std::vector<CsvRow> rows;
  std::unordered_set<std::string> paths;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = trimmed(take_line(text));
    if (line.empty()) continue;
    auto fields = divided_by_blanks(line, is_known);
    if (!fields) return {};
    paths.insert(fields->front());
    rows.push_back({number, *std::move(fields)});
  }
  return 2 * paths.size() > rows.size() ? rows : std::vector<CsvRow>{};
}

/// Lines at the beginning that are no rows: "sep=;", and comments ("# made by hand"), which have other fields
/// than the last row, or are the header ("# path label").
void drop_preamble(std::vector<CsvRow>& rows, const std::set<std::string>& value_names) {
  const auto first_of = [](CsvRow& row) -> std::string& { return row.fields.front(); };
  if (!rows.empty() && declared_separator(first_of(rows.front()) + ";")) rows.erase(rows.begin());
  while (rows.size() > 1 && first_of(rows.front()).starts_with('#')) {
    CsvRow header = rows.front();
    first_of(header).erase(0, 1);
    if (csv_column(header.fields, csv_path_names) && csv_column(header.fields, value_names)) {
      rows.front() = std::move(header);
      return;
    }
    if (rows.front().fields.size() == rows.back().fields.size()) return;
    rows.erase(rows.begin());
  }
}

/// A text as one separator divides it.
class Reading {
 public:
  Reading(std::vector<CsvRow> rows, char separator, const std::set<std::string>& value_names,
          const IsKnown& is_known)
      : separator(separator), rows_(std::move(rows)) {
    drop_preamble(rows_, value_names);
    drop_blank_edges(rows_);
    if (rows_.empty()) return;
    const std::vector<std::string>& first = rows_.front().fields;
    columns = first.size();
    path_ = csv_column(first, csv_path_names);
    value_ = csv_column(first, value_names);
    names_both = path_ && value_;
    regular = std::count_if(rows_.begin(), rows_.end(),
                            [&](const CsvRow& row) { return row.fields.size() == columns; });
    find_paths(is_known);
  }

  /// Whether to take it rather than the other; neither is where both fit as well.
  bool fits_better(const Reading& other) const {
    if (names_both != other.names_both) return names_both;
    if (known != other.known) return known > other.known;
    return regular == static_cast<std::ptrdiff_t>(rows_.size()) &&
           other.regular < static_cast<std::ptrdiff_t>(other.rows_.size());
  }

  PathTable table(const std::string& place, std::string_view function, const IsKnown& is_known) {
    const std::size_t path = path_.value_or(0);
    if (!value_ && columns == 2) value_ = 1 - path;
    if (!value_)
      fail(function, place,
           " must have two columns, or a first row that names the column of paths (path, file_name, …) and "
           "that of values (label, class, caption, …); its first row has ",
           columns, " fields, the first of them '", rows_.front().fields.front(), "'.");
    const std::size_t value = *value_;
    PathTable table{.separator = separator, .columns = columns};
    for (std::size_t i = has_header_ ? 1 : 0; i < rows_.size(); ++i) {
      auto& [line, fields] = rows_[i];
      if (fields.size() != columns)
        table.irregular.push_back({line, fields.size()});
      else
        table.rows.push_back({line, known_form(fields[path], is_known), std::string(trimmed(fields[value]))});
    }
    return table;
  }

  char separator;
  std::size_t columns = 0;
  bool names_both = false;
  std::ptrdiff_t regular = 0;  // rows of as many fields as the first
  std::size_t known = 0;       // paths that are known

 private:
  /// Where the paths are, how many are known, and whether the first row is a header.
  void find_paths(const IsKnown& is_known) {
    std::set<std::string> extensions;
    for (std::size_t column = 0; column < columns; ++column) {
      if (path_ && column != *path_) continue;
      if (!path_ && value_ == column) continue;
      std::unordered_set<std::string> paths;  // numbers of rows are paths, too, and classes repeat
      std::set<std::string> found;
      for (const CsvRow& row : rows_) {
        if (row.fields.size() != columns) continue;
        const std::string path = known_form(row.fields[column], is_known);
        if (!is_known(path)) continue;
        if (paths.insert(path).second) found.insert(std::filesystem::path(path).extension().string());
      }
      if (paths.size() <= known) continue;
      known = paths.size();
      known_column_ = column;
      extensions = std::move(found);
    }
    const bool is_named = path_.has_value();
    if (!path_) path_ = known_column_;
    const std::string first = rows_.front().fields[path_.value_or(0)];
    const std::string extension = std::filesystem::path(first).extension().string();
    has_header_ =
        names_both || (!is_known(known_form(first, is_known)) &&
                       (is_named || (known > 0 && (extension.empty() || !extensions.contains(extension)))));
    if (!has_header_) value_.reset();  // a class may have the name of a column
  }

  std::vector<CsvRow> rows_;
  std::optional<std::size_t> path_, value_, known_column_;
  bool has_header_ = false;
};

}  // namespace

std::string separator_name(char separator) {
  return separator == blanks ? "blanks" : separator == '\t' ? "tabs" : std::string("'") + separator + "'";
}

void require_one_line_each(const PathTable& table, const std::string& place, std::string_view function) {
  for (const auto& [line, path, value] : table.rows)
    require(path.find('\n') == std::string::npos && value.find('\n') == std::string::npos, function, place,
            ", line ", line,
            ": a path and its label must be on one line; a quotation mark may lack its other one.");
}

std::optional<PathTable> read_path_table(std::string_view text, const std::string& place,
                                         std::string_view function, const std::set<std::string>& value_names,
                                         const IsKnown& is_known) {
  std::optional<Reading> best;
  std::string rival;
  std::string fault;
  const auto declared = declared_separator(text);
  for (const char separator : declared ? std::string(1, *declared) : std::string(",;\t|")) {
    if (text.find(separator) == std::string_view::npos) continue;
    try {
      Reading reading(parse_csv_rows(text, separator), separator, value_names, is_known);
      if (reading.columns < 2) continue;
      if (!best || reading.fits_better(*best)) {
        best = std::move(reading);
        rival.clear();
      } else if (!best->fits_better(reading)) {
        rival = separator_name(separator);
      }
    } catch (const Error& error) {
      fault = error.what();
    }
  }
  if (!best || (!best->names_both && best->known == 0)) {
    Reading reading(rows_with_blanks(text, is_known), blanks, value_names, is_known);
    if (reading.known > 0) {
      best = std::move(reading);
      rival.clear();
    }
  }
  if (!best && !fault.empty()) fail(function, place, ": ", fault);
  if (!best) return std::nullopt;
  require(rival.empty(), function, place, " could have ", separator_name(best->separator), " or ", rival,
          " between its columns; a first row that names them (path, label) tells.");
  return best->table(place, function, is_known);
}

}  // namespace ilk
