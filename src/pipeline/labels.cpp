#include "labels.h"

#include <ilk/csv.h>
#include <ilk/error.h>
#include <ilk/files.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

namespace ilk {
namespace {

constexpr std::string_view function = "read_labels";

std::optional<std::size_t> column_named(const std::vector<std::string>& header,
                                        const std::set<std::string>& names) {
  for (std::size_t i = 0; i < header.size(); ++i) {
    std::string lower = header[i];
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    if (names.contains(lower)) return i;
  }
  return std::nullopt;
}

std::string normal_path(const std::filesystem::path& path) {
  std::error_code error;
  const auto canonical = std::filesystem::weakly_canonical(path, error);
  return (error ? path.lexically_normal() : canonical).string();
}

}  // namespace

Labels read_labels(const std::filesystem::path& csv, const std::vector<std::string>& image_paths) {
  auto rows = parse_csv(read_file(csv));
  require(!rows.empty(), function, csv, " must have at least one row, got an empty file.");
  auto path_column = column_named(rows.front(), {"path", "file", "filename", "image"});
  auto label_column = column_named(rows.front(), {"label", "class", "category"});
  if (path_column && label_column) {
    rows.erase(rows.begin());
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

  std::map<std::string, std::int64_t> numbers;
  std::vector<const std::string*> found;
  for (const auto& path : image_paths) {
    const auto label = label_of.find(normal_path(path));
    found.push_back(label == label_of.end() ? nullptr : &label->second);
    if (found.back()) numbers.emplace(*found.back(), 0);
  }
  require(!numbers.empty(), function, csv, " must name at least one of the images; its first path is '",
          rows.empty() ? "" : rows.front()[*path_column], "', the first image '", image_paths.front(), "'.");

  Labels labels;
  for (auto& [name, number] : numbers) {
    number = static_cast<std::int64_t>(labels.classes.size());
    labels.classes.push_back(name);
  }
  std::vector<std::int64_t> of_image;
  for (const auto* label : found) of_image.push_back(label ? numbers.at(*label) : -1);
  labels.of_image = torch::tensor(of_image, torch::kInt64);
  return labels;
}

}  // namespace ilk
