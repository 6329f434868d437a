#pragma once
// Tables that say something of files: labels, lists of images with their classes, captions.
#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

struct PathTable {
  struct Row {
    std::size_t line = 1;  ///< of the text, from 1
    std::string path, value;
  };
  std::vector<Row> rows;  ///< without the header
  /// Rows with another number of fields than the first, which are not in `rows`.
  struct Irregular {
    std::size_t line = 1, fields = 0;
  };
  std::vector<Irregular> irregular;
  char separator = ',';
  std::size_t columns = 2;
};

/// What a separator is called in messages: "','" "tabs" or "blanks".
std::string separator_name(char separator);

/// Reads a table with a column of paths and one of values; none where no row has two fields. `is_known` says
/// whether a path is one of the images; `value_names` are the names that the column of values may have.
///
/// The separator is `,` `;` a tab or `|`: the one by which the first row names both columns, else the one by
/// which most paths are known, else the one by which all rows have as many fields as the first. Where none
/// of them makes a path known, blanks may ("val/a.jpg 7"). The first row is a header where it names a column,
/// or where its path is not known, others' are, and it has none of their extensions. Columns are found by
/// their names (csv_column); else the paths are where most are known, and of two columns the values are in
/// the other.
///
/// A first line "sep=;" names the separator; comments before the first row, blank rows and blank last columns
/// are no part of the table.
///
/// Surrounding blanks are no part of a value, nor of a path that is known without them only; so are
/// backslashes for slashes. Throws Error naming `place` where separators fit equally well, and where a table
/// of more than two columns does not name the values.
std::optional<PathTable> read_path_table(std::string_view text, const std::string& place,
                                         std::string_view function, const std::set<std::string>& value_names,
                                         const std::function<bool(const std::string& path)>& is_known);

/// Throws Error naming the row in which a path or a value has a line break: a quotation mark without its
/// other one takes the rows after it along, and no class has two lines.
void require_one_line_each(const PathTable& table, const std::string& place, std::string_view function);

}  // namespace ilk
