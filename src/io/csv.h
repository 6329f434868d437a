#pragma once
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// A table of comma-separated values (RFC 4180: quoted fields may hold separators, line breaks and doubled
/// quotes; CRLF and a byte-order mark are taken). Throws Error naming the line of a quote that is never
/// closed.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, char separator = ',');

/// A row, and the line of the text that it begins on (from 1).
struct CsvRow {
  std::size_t line = 1;
  std::vector<std::string> fields;
};
/// The same rows with their lines.
std::vector<CsvRow> parse_csv_rows(std::string_view text, char separator = ',');

/// Takes away what spreadsheets and other programs put around a table: rows without anything in them, and
/// last columns that have something in no row. Two columns stay, since a label may be blank everywhere.
void drop_blank_edges(std::vector<CsvRow>& rows);

/// The separator that a first line "sep=;" names, as Excel reads and writes it.
std::optional<char> declared_separator(std::string_view text);

/// The column whose name is one of these: in lower case, trimmed, with underscores for blanks and dashes.
std::optional<std::size_t> csv_column(const std::vector<std::string>& header,
                                      const std::set<std::string>& names);
/// The usual names of columns for a file's path and its class.
extern const std::set<std::string> csv_path_names, csv_label_names;

/// The value as one field: quoted where it has to be.
std::string csv_field(std::string_view value);

}  // namespace ilk
