#include "text/labels.h"

#include <ilk/array.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <unordered_set>

#include "core/fail.h"
#include "io/class_numbers.h"
#include "io/csv.h"
#include "io/path_table.h"
#include "io/strings.h"
#include "io/text_file.h"
#include "text/image_matcher.h"

namespace ilk {
namespace {

constexpr std::string_view in_read_labels = "read_labels";

Labels numbered(const std::vector<std::string>& found) {
  ClassNumbers numbers = number_classes(found);
  return {.classes = std::move(numbers.classes), .of_image = std::move(numbers.of_name)};
}

void require_order(bool in_order, const std::string& place) {
  require(in_order, in_read_labels, "labels of images must be a CSV of path and label; ", place,
          " has no paths, and only the rows of features from files have an order to match it by.");
}

/// "[3, 2]"
std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t length : shape) text += (text.empty() ? "" : ", ") + std::to_string(length);
  return "[" + text + "]";
}

Labels from_array(const std::string& place, std::size_t n_images) {
  const ArrayFile file(place);
  const auto& shape = file.shape();
  require(!is_floating(file.type()), in_read_labels, "labels must be whole numbers; ", place, " is ",
          file.type_name(), ".");
  const bool one_each = shape.size() == 1 || (shape.size() == 2 && shape[1] == 1);
  require(one_each && shape[0] == static_cast<std::int64_t>(n_images), in_read_labels,
          "labels must be one number for each row (", n_images, "); the shape of ", place, " is ",
          shape_text(shape), ".");
  const std::vector<std::int64_t> values = file.rows(0, shape[0]).to_integers();
  if (file.type() == ElementType::u64)
    require(std::all_of(values.begin(), values.end(), [](auto value) { return value >= 0; }), in_read_labels,
            "labels must be below 2^63; ", place, " holds larger ones.");
  std::vector<std::int64_t> classes;
  std::copy_if(values.begin(), values.end(), std::back_inserter(classes),
               [](auto value) { return value >= 0; });
  require(!classes.empty(), in_read_labels, "labels must give at least one row a class; in ", place,
          " all are negative.");
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  Labels labels{.by_row = true};
  for (const auto value : classes) labels.classes.push_back(std::to_string(value));
  for (const auto value : values)
    labels.of_image.push_back(
        value < 0 ? -1 : std::lower_bound(classes.begin(), classes.end(), value) - classes.begin());
  return labels;
}

void require_a_class(const Labels& labels, const std::string& place) {
  require(!labels.classes.empty(), in_read_labels, "labels must give at least one image a class; in ", place,
          " all are blank, or negative numbers.");
}

/// A row of a table whose separator is none that is known is one class, and each has its own.
void require_repeats(const Labels& labels, const std::string& place, const std::string& first) {
  constexpr std::size_t few = 8;
  const auto labelled = static_cast<std::size_t>(
      std::count_if(labels.of_image.begin(), labels.of_image.end(), [](auto label) { return label >= 0; }));
  require(labelled <= few || labels.classes.size() < labelled, in_read_labels, place,
          " must have a class on each line, but all ", labelled, " differ; the first is '", first,
          "'. A table of paths and classes has ',' ';' '|', tabs or blanks between them.");
}

/// The texts of an array, one for each row.
Labels from_texts(const std::string& place, std::vector<std::string> texts, std::size_t n_images) {
  require(texts.size() == n_images, in_read_labels, "labels must be one for each row (", n_images, "); ",
          place, " has ", texts.size(), ".");
  for (std::string& text : texts) text = trimmed(text);
  Labels labels = numbered(texts);
  labels.by_row = true;
  require_a_class(labels, place);
  return labels;
}

/// One label a line. Empty lines are no labels where the lines are as many as the images with them, and
/// nothing at all elsewhere.
Labels from_lines(const std::string& place, std::string_view text, std::size_t n_images) {
  std::vector<CsvRow> rows = parse_csv_rows(text);
  std::vector<std::string> labels;
  std::size_t line = 1;
  const bool is_named = rows.size() > 1 && csv_column(rows.front().fields, csv_label_names).has_value();
  auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) +
               (text.empty() || text.ends_with('\n') ? 0 : 1);
  // An empty last line has no end of its own where labels were joined by line ends. Only where another line
  // is empty too; else a file that is one line short would do.
  const auto fits = [&](std::size_t count) {
    return count == n_images || (is_named && count == n_images + 1);
  };
  const bool has_empty_line = !rows.empty() && rows.back().line > rows.size();
  if (!fits(lines) && has_empty_line && text.ends_with('\n') && fits(lines + 1)) ++lines;
  const bool fits_whole = fits(lines);
  const bool has_header = is_named && (fits_whole ? lines : rows.size()) == n_images + 1;
  for (auto& [at, fields] : rows) {
    require(fields.size() == 1, in_read_labels, place, ", line ", at, ": each line must be one label, got '",
            fields.front(), "' and more.");
    for (; fits_whole && line < at; ++line) labels.emplace_back();
    labels.emplace_back(trimmed(fields.front()));
    line = at + 1 + static_cast<std::size_t>(std::count(fields.front().begin(), fields.front().end(), '\n'));
  }
  for (; fits_whole && line <= lines; ++line) labels.emplace_back();
  if (has_header) labels.erase(labels.begin());
  require(labels.size() == n_images, in_read_labels, "labels must be one for each row (", n_images, "); ",
          place, " has ", rows.size(), " lines (empty ones are not counted).");
  Labels result = numbered(labels);
  result.by_row = true;
  require_a_class(result, place);
  require_repeats(result, place, labels.front());
  return result;
}

Labels from_table(const std::string& place, const PathTable& table,
                  const std::vector<std::string>& image_paths) {
  if (!table.irregular.empty())
    fail(in_read_labels, place, ", line ", table.irregular.front().line, ": a row must have ", table.columns,
         " fields as the first, got ", table.irregular.front().fields, ".");
  require_one_line_each(table, place, in_read_labels);
  std::vector<ImageText> entries;
  entries.reserve(table.rows.size());
  for (const auto& row : table.rows) entries.push_back({row.path, row.value});
  const ImageMatch match =
      ImageMatcher(image_paths, true).match(entries, std::filesystem::path(place).parent_path());
  if (match.contradiction) {
    const auto [a, b] = *match.contradiction;
    const auto &first = table.rows[static_cast<std::size_t>(a)],
               &second = table.rows[static_cast<std::size_t>(b)];
    fail(in_read_labels, place, " must give an image one label; line ", first.line, " says '", first.value,
         "' of '", first.path, "', and line ", second.line, " '", second.value, "' of '", second.path, "'.");
  }
  std::vector<std::string> found;
  found.reserve(image_paths.size());
  for (const std::int64_t entry : match.entry_of_image)
    found.push_back(entry < 0 ? "" : table.rows[static_cast<std::size_t>(entry)].value);
  require(
      match.known > 0, in_read_labels, place, " must name at least one of the images; its first path is '",
      table.rows.empty() ? "" : table.rows.front().path, "', the first image '", image_paths.front(), "'.");
  Labels labels = numbered(found);
  require_a_class(labels, place);
  return labels;
}

}  // namespace

Labels read_labels(const std::string& place, const std::vector<std::string>& image_paths, bool in_order) {
  require(!image_paths.empty(), in_read_labels, "there must be at least one image, got none.");
  if (ArrayFile::recognises(place)) {
    require_order(in_order, place);
    if (auto texts = read_text_array(place)) return from_texts(place, std::move(*texts), image_paths.size());
    return from_array(place, image_paths.size());
  }
  const std::string text = read_text_file(place, in_read_labels);
  require(text.find_first_not_of(" \t\r\n") != std::string::npos, in_read_labels, place,
          " must have at least one row, got an empty file.");
  std::unordered_set<std::string> names;
  for (const std::filesystem::path path : image_paths) {
    names.insert(path.filename().string());
    names.insert(path.stem().string());
  }
  const auto is_known = [&](const std::string& path) {
    return names.contains(std::filesystem::path(path).filename().string());
  };
  if (const auto table = read_path_table(text, place, in_read_labels, csv_label_names, is_known))
    return from_table(place, *table, image_paths);
  require_order(in_order, place);
  return from_lines(place, text, image_paths.size());
}

std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> labelled_only(
    const Labels& labels, std::span<const std::int64_t> clusters) {
  std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> known;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (labels.of_image[i] < 0) continue;
    known.first.push_back(labels.of_image[i]);
    known.second.push_back(clusters[i]);
  }
  return known;
}

}  // namespace ilk
