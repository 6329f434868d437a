#include "labels.h"

#include <ilk/array_file.h>
#include <ilk/csv.h>
#include <ilk/error.h>
#include <ilk/files.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <unordered_map>

namespace ilk {
namespace {

constexpr std::string_view function = "read_labels";

std::string normal_path(const std::filesystem::path& path) {
  std::error_code error;
  const auto canonical = std::filesystem::weakly_canonical(path, error);
  return (error ? path.lexically_normal() : canonical).string();
}

/// Labels by name, null where an image has none.
Labels numbered(const std::vector<const std::string*>& found) {
  std::map<std::string, std::int64_t> numbers;
  for (const auto* label : found)
    if (label) numbers.emplace(*label, 0);
  Labels labels;
  for (auto& [name, number] : numbers) {
    number = static_cast<std::int64_t>(labels.classes.size());
    labels.classes.push_back(name);
  }
  for (const auto* label : found) labels.of_image.push_back(label ? numbers.at(*label) : -1);
  return labels;
}

void require_order(bool in_order, const std::string& place) {
  require(in_order, function, "labels of images must be a CSV of path and label; ", place,
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
  require(!is_floating(file.type()), function, "labels must be whole numbers; ", place, " is ",
          file.type_name(), ".");
  const bool one_each = shape.size() == 1 || (shape.size() == 2 && shape[1] == 1);
  require(one_each && shape[0] == static_cast<std::int64_t>(n_images), function,
          "labels must be one number for each row (", n_images, "); the shape of ", place, " is ",
          shape_text(shape), ".");
  const std::vector<std::int64_t> values = file.rows(0, shape[0]).to_integers();
  std::vector<std::int64_t> classes;
  std::copy_if(values.begin(), values.end(), std::back_inserter(classes),
               [](auto value) { return value >= 0; });
  require(!classes.empty(), function, "labels must give at least one row a class; in ", place,
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

Labels from_lines(const std::string& place, std::vector<std::vector<std::string>> rows,
                  std::size_t n_images) {
  if (rows.size() == n_images + 1 && csv_column(rows.front(), csv_label_names)) rows.erase(rows.begin());
  require(rows.size() == n_images, function, "labels must be one for each row (", n_images, "); ", place,
          " has ", rows.size(), " lines (empty ones are not counted).");
  std::vector<const std::string*> found;
  for (const auto& row : rows) {
    require(row.size() == 1, function, place, ": each line must be one label, got '", row.front(),
            "' and more.");
    found.push_back(&row.front());
  }
  Labels labels = numbered(found);
  labels.by_row = true;
  return labels;
}

}  // namespace

Labels read_labels(const std::string& place, const std::vector<std::string>& image_paths, bool in_order) {
  if (ArrayFile::recognises(place)) {
    require_order(in_order, place);
    return from_array(place, image_paths.size());
  }
  const std::filesystem::path csv = place;
  auto rows = parse_csv(read_file(csv));
  require(!rows.empty(), function, csv, " must have at least one row, got an empty file.");
  auto path_column = csv_column(rows.front(), csv_path_names);
  auto label_column = csv_column(rows.front(), csv_label_names);
  if (path_column && label_column) {
    rows.erase(rows.begin());
  } else if (rows.front().size() == 1) {
    require_order(in_order, place);
    return from_lines(place, std::move(rows), image_paths.size());
  } else {
    require(rows.front().size() == 2, function, csv,
            " must have a header with a path and a label column, or two columns; the first row has ",
            rows.front().size(), ".");
    path_column = 0, label_column = 1;
  }

  std::unordered_map<std::string, std::string> label_of;
  for (const auto& row : rows) {
    require(row.size() > std::max(*path_column, *label_column), function, csv,
            ": a row must hold a path and a label, got '", row.front(), "'.");
    const std::filesystem::path path = row[*path_column];
    label_of[normal_path(csv.parent_path() / path)] = row[*label_column];
    label_of.emplace(normal_path(path), row[*label_column]);
  }
  std::vector<const std::string*> found;
  for (const auto& path : image_paths) {
    const auto label = label_of.find(normal_path(path));
    found.push_back(label == label_of.end() ? nullptr : &label->second);
  }
  const bool any =
      std::any_of(found.begin(), found.end(), [](const auto* label) { return label != nullptr; });
  require(any, function, csv, " must name at least one of the images; its first path is '",
          rows.empty() ? "" : rows.front()[*path_column], "', the first image '", image_paths.front(), "'.");
  return numbered(found);
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
