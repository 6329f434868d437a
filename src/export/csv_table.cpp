#include <ilk/csv.h>

#include <cstdio>

#include "export_format_list.h"

namespace ilk {
namespace {

std::string six_digits(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6f", value);
  return text;
}

ExportSummary export_csv(const ExportedRun& run, const ExportOptions& options, Progress&) {
  std::string text = "file,cluster,name,score,second_cluster,second_name,margin,top_nouns\n";
  for (const auto& image : run.images) {
    text += csv_field(image.file.string()) + "," + std::to_string(image.cluster) + "," +
            csv_field(image.name) + "," + six_digits(image.score) + ",";
    text += image.second ? std::to_string(*image.second) + "," +
                               csv_field(run.names[static_cast<std::size_t>(*image.second)]) + ","
                         : std::string(",,");
    text += (image.margin ? six_digits(*image.margin) : "") + "," + csv_field(image.top_nouns) + "\n";
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
