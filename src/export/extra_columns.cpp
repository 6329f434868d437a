#include "export/export_format.h"

namespace ilk {
namespace {

template <class NumberOf>
ExtraColumns columns_of(const ExportedRun& run, std::string number_column, std::string name_column,
                        const std::vector<std::string>& names, NumberOf&& number_of) {
  ExtraColumns columns{.number_column = std::move(number_column), .name_column = std::move(name_column)};
  for (const auto& image : run.images) {
    const std::int64_t number = number_of(image);
    columns.numbers.push_back(number < 0 ? std::nullopt : std::optional(number));
    columns.names.push_back(number < 0 ? "" : names.at(static_cast<std::size_t>(number)));
  }
  return columns;
}

}  // namespace

std::vector<std::string> name_path(const ExportedRun& run, const ExportedImage& image) {
  std::vector<std::string> path;
  for (std::size_t level = 0; level < image.above.size(); ++level)
    path.push_back(run.levels.at(level).at(static_cast<std::size_t>(image.above[level])));
  path.push_back(image.name);
  return path;
}

std::vector<ExtraColumns> extra_columns(const ExportedRun& run) {
  std::vector<ExtraColumns> all;
  for (std::size_t level = 0; level < run.levels.size(); ++level) {
    const std::string count = std::to_string(run.levels[level].size());
    all.push_back(columns_of(run, "cluster_" + count, "name_" + count, run.levels[level],
                             [level](const auto& image) { return image.above[level]; }));
  }
  for (std::size_t c = 0; c < run.criteria.size(); ++c)
    all.push_back(columns_of(run, run.criteria[c].name, run.criteria[c].name + "_name", run.criteria[c].names,
                             [c](const auto& image) { return image.by[c]; }));
  return all;
}

}  // namespace ilk
