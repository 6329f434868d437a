// Tables of a run as Parquet files.
#include <ilk/error.h>

#include "export/export_format_list.h"
#include "export/parquet_file.h"

namespace ilk {
namespace {

template <class Value>
auto column(const ExportedRun& run, std::string name, Value&& value) {
  std::vector<std::invoke_result_t<Value, const ExportedImage&>> values;
  values.reserve(run.images.size());
  for (const auto& image : run.images) values.push_back(value(image));
  return ParquetColumn{std::move(name), std::move(values)};
}

void add_extra(std::vector<ParquetColumn>& columns, const ExportedRun& run) {
  for (auto& extra : extra_columns(run)) {
    columns.push_back({std::move(extra.number_column), std::move(extra.numbers)});
    columns.push_back({std::move(extra.name_column), std::move(extra.names)});
  }
}

ExportSummary written(const ExportOptions& options, const std::vector<ParquetColumn>& columns) {
  write_parquet(options.output, columns);
  return {.output = options.output, .written = 1};
}

ExportSummary export_parquet(const ExportedRun& run, const ExportOptions& options, Progress&) {
  const Matrix<float> embeddings = run.embeddings();
  std::vector<ParquetColumn> columns{
      column(run, "file", [](const auto& image) { return image.file.string(); }),
      column(run, "cluster", [](const auto& image) { return image.cluster; }),
      column(run, "name", [](const auto& image) { return image.name; }),
      column(run, "score", [](const auto& image) { return image.score; }),
      column(run, "second_cluster", [](const auto& image) { return image.second; }),
      column(run, "second_name",
             [&](const auto& image) {
               return image.second ? run.names[static_cast<std::size_t>(*image.second)] : std::string();
             }),
      column(run, "margin", [](const auto& image) { return image.margin; }),
      column(run, "top_nouns", [](const auto& image) { return image.top_nouns; })};
  add_extra(columns, run);
  columns.push_back({"embedding", embeddings.view()});
  return written(options, columns);
}

// `embedding-atlas FILE --x x --y y --text name --image path` finds all it needs.
ExportSummary export_embedding_atlas(const ExportedRun& run, const ExportOptions& options, Progress&) {
  const Matrix<float> map = run.map();
  std::vector<double> x, y;
  for (std::int64_t i = 0; i < map.rows(); ++i) {
    x.push_back(map[i][0]);
    y.push_back(map[i][1]);
  }
  std::vector<ParquetColumn> columns{
      {"x", std::move(x)},
      {"y", std::move(y)},
      column(run, "name", [](const auto& image) { return image.name; }),
      column(run, "cluster", [](const auto& image) { return image.cluster; }),
      column(run, "score", [](const auto& image) { return image.score; }),
      column(run, "path", [](const auto& image) { return image.file.string(); })};
  add_extra(columns, run);
  return written(options, columns);
}

}  // namespace

const ExportFormat parquet_export{.name = "parquet",
                                  .help = "the same with embeddings, for pandas, Polars, DuckDB, Arrow",
                                  .place = ExportFormat::Place::file,
                                  .write = export_parquet,
                                  .binary = true};
const ExportFormat embedding_atlas_export{
    .name = "embedding-atlas",
    .help = "Parquet with x, y, name and path, for `embedding-atlas FILE`",
    .place = ExportFormat::Place::file,
    .write = export_embedding_atlas,
    .binary = true};

}  // namespace ilk
