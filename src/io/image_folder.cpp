// Data sets whose images are files: a folder for each class, or a CSV that lists them.
#include <ilk/csv.h>
#include <ilk/error.h>
#include <ilk/files.h>

#include <algorithm>
#include <map>
#include <set>

#include "dataset_formats.h"

namespace ilk::internal {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view function = "open_dataset";
const std::set<std::string> split_folders = {"train", "val", "valid", "validation", "test"};

/// Numbers the classes by name and gives each image its own; an empty name is none.
void number_classes(Dataset& dataset, const std::vector<std::string>& names) {
  std::map<std::string, std::int64_t> numbers;
  for (const auto& name : names)
    if (!name.empty()) numbers.emplace(name, 0);
  for (auto& [name, number] : numbers) {
    number = static_cast<std::int64_t>(dataset.classes.size());
    dataset.classes.push_back(name);
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    dataset.images[i].label = names[i].empty() ? -1 : numbers.at(names[i]);
}

void read_files(Dataset& dataset) {
  std::vector<std::string> paths;
  for (const auto& image : dataset.images) paths.push_back(image.name);
  dataset.read = [paths = std::move(paths)](std::int64_t index) {
    return read_image_file(paths.at(static_cast<std::size_t>(index)));
  };
}

}  // namespace

Dataset folder_of_classes(const fs::path& place, ImageList list) {
  Dataset dataset{.skipped = std::move(list.skipped)};
  std::vector<std::vector<std::string>> parts;  // of each path below the folder
  for (const auto& path : list.paths) {
    const fs::path below = fs::path(path).lexically_relative(place.lexically_normal());
    parts.emplace_back();
    for (const auto& part : below.empty() ? fs::path(path).lexically_relative(place) : below)
      parts.back().push_back(part.string());
    dataset.images.push_back({path});
  }
  require(!parts.empty(), function, place, " must hold at least one file.");
  const bool split = std::all_of(parts.begin(), parts.end(), [](const auto& path) {
    return path.size() >= 3 && split_folders.contains(path.front());
  });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t depth = split ? 1 : 0;
    names.push_back(parts[i].size() > depth + 1 ? parts[i][depth] : "");
    if (!split) continue;
    const auto at = static_cast<std::int64_t>(i);
    if (dataset.splits.empty() || dataset.splits.back().name != parts[i].front())
      dataset.splits.push_back({parts[i].front(), at, at});
    ++dataset.splits.back().end;
  }
  number_classes(dataset, names);
  return dataset;
}

Dataset open_image_folder(const fs::path& place) {
  Dataset dataset = folder_of_classes(place, list_images({place.string()}));
  dataset.format = "imagefolder";
  read_files(dataset);
  return dataset;
}

Dataset open_csv(const fs::path& place) {
  Dataset dataset{.format = "csv"};
  auto rows = parse_csv_rows(read_file(place));
  require(!rows.empty(), function, place, " must have at least one row, got an empty file.");
  auto path_column = csv_column(rows.front().fields, csv_path_names),
       label_column = csv_column(rows.front().fields, csv_label_names);
  if (path_column && label_column) {
    rows.erase(rows.begin());
  } else {
    require(rows.front().fields.size() == 2, function, place,
            " must have a header with a path and a label column, or two columns; the first row has ",
            rows.front().fields.size(), ".");
    path_column = 0, label_column = 1;
  }
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const auto& row : rows) {
    require(row.fields.size() > std::max(*path_column, *label_column), function, place, ": line ", row.line,
            " must hold a path and a label, got '", row.fields.front(), "'.");
    const std::string path = (place.parent_path() / row.fields[*path_column]).string();
    if (!seen.insert(path).second) {
      dataset.skipped.push_back({path, "duplicate path", "the file was listed before"});
      continue;
    }
    dataset.images.push_back({path});
    names.push_back(row.fields[*label_column]);
  }
  number_classes(dataset, names);
  read_files(dataset);
  return dataset;
}

}  // namespace ilk::internal
