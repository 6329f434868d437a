
#include "core/text.h"
#include "export/export_format_list.h"
#include "io/csv.h"

namespace ilk {
namespace {

ExportSummary export_csv(const ExportedRun& run, const ExportOptions& options, Progress&) {
  std::string text = "file,cluster,name,score,second_cluster,second_name,margin,top_nouns";
  const auto extra = extra_columns(run);
  for (const auto& columns : extra)
    text += "," + csv_field(columns.number_column) + "," + csv_field(columns.name_column);
  text += "\n";
  for (std::size_t i = 0; i < run.images.size(); ++i) {
    const auto& image = run.images[i];
    text += csv_field(image.file.string()) + "," + std::to_string(image.cluster) + "," +
            csv_field(image.name) + "," + fixed(image.score, 6) + ",";
    text += image.second ? std::to_string(*image.second) + "," +
                               csv_field(run.names[static_cast<std::size_t>(*image.second)]) + ","
                         : std::string(",,");
    text += (image.margin ? fixed(*image.margin, 6) : "") + "," + csv_field(image.top_nouns);
    for (const auto& columns : extra)
      text += "," + (columns.numbers[i] ? std::to_string(*columns.numbers[i]) : "") + "," +
              csv_field(columns.names[i]);
    text += "\n";
  }
  ExportSummary summary{.output = options.output};
  write_text(options.output, text, summary);
  return summary;
}

}  // namespace

const ExportFormat csv_export{.name = "csv",
                              .help = "a table of file, cluster, name and scores",
                              .place = ExportFormat::Place::file,
                              .write = export_csv};

}  // namespace ilk
