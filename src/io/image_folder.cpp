// Data sets whose images are files: a folder for each class, or a CSV that lists them.

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "core/fail.h"
#include "io/class_numbers.h"
#include "io/csv.h"
#include "io/dataset_format_list.h"
#include "io/files.h"
#include "io/path_table.h"
#include "io/text_file.h"

namespace ilk::internal {
namespace {

namespace fs = std::filesystem;
const std::set<std::string> split_folders = {"train", "val", "valid", "validation", "test"};

void set_classes(Dataset& dataset, const std::vector<std::string>& names) {
  ClassNumbers numbers = number_classes(names);
  dataset.classes = std::move(numbers.classes);
  for (std::size_t i = 0; i < names.size(); ++i) dataset.images[i].label = numbers.of_name[i];
}

void read_files(Dataset& dataset) {
  std::vector<std::string> paths;
  paths.reserve(dataset.images.size());
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
  require(!parts.empty(), in_open_dataset, place, " must hold at least one file.");
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
  set_classes(dataset, names);
  return dataset;
}

namespace {

Dataset open_image_folder(const fs::path& place) {
  Dataset dataset = folder_of_classes(place, list_images({place.string()}));
  dataset.format = "imagefolder";
  read_files(dataset);
  return dataset;
}

Dataset open_csv(const fs::path& place) {
  Dataset dataset{.format = "csv"};
  const std::string text = read_text_file(place, in_open_dataset);
  require(text.find_first_not_of(" \t\r\n") != std::string::npos, in_open_dataset, place,
          " must have at least one row, got an empty file.");
  const fs::path folder = place.parent_path();
  const auto is_there = [&](const std::string& path) {
    std::error_code error;
    return fs::is_regular_file(folder / path, error);
  };
  const auto table = read_path_table(text, place.string(), in_open_dataset, csv_label_names, is_there);
  if (!table) fail(in_open_dataset, place, " must have a column of paths and one of labels.");
  if (!table->irregular.empty())
    fail(in_open_dataset, place, ": line ", table->irregular.front().line, " must have ", table->columns,
         " fields as the first, got ", table->irregular.front().fields, ".");
  require_one_line_each(*table, place.string(), in_open_dataset);
  std::vector<std::string> names;
  std::vector<std::size_t> sources;  // the rows where the images have their labels from
  std::unordered_map<std::string, std::size_t> image_of;
  for (std::size_t i = 0; i < table->rows.size(); ++i) {
    const auto& [line, written, label] = table->rows[i];
    const std::string path = (folder / written).string();
    const auto [known, is_new] =
        image_of.try_emplace(fs::path(path).lexically_normal().string(), dataset.images.size());
    if (is_new) {
      dataset.images.push_back({path});
      names.push_back(label);
      sources.push_back(i);
      continue;
    }
    std::string& name = names[known->second];
    const auto& first = table->rows[sources[known->second]];
    require(name.empty() || label.empty() || name == label, in_open_dataset, place,
            " must give an image one label; line ", first.line, " says '", name, "' of '", first.path,
            "', and line ", line, " '", label, "' of '", written, "'.");
    if (name.empty() && !label.empty()) name = label, sources[known->second] = i;
    dataset.skipped.push_back({path, "duplicate path", "the file was listed before"});
  }
  set_classes(dataset, names);
  read_files(dataset);
  return dataset;
}

}  // namespace

const DatasetFormat imagefolder_format{.name = "imagefolder",
                                       .open = open_image_folder,
                                       .is_folder = [](const fs::path&) { return true; },
                                       .packed = false};
const DatasetFormat csv_format{
    .name = "csv",
    .open = open_csv,
    .is_file = [](const fs::path& file, const std::string&) { return file.extension() == ".csv"; },
    .packed = false};

}  // namespace ilk::internal
