// FiftyOne's directory format for samples that are written without its database,
// `fiftyone.types.LegacyFiftyOneDataset`: metadata.json about the data set, samples.json with a sample for
// each image. (`FiftyOneDataset` is a dump of the database, with the version that wrote it.) Images stay
// where they are.
#include "export/export_format_list.h"
#include "export/json_text.h"

namespace ilk {

namespace {

ExportSummary export_fiftyone(const ExportedRun& run, const ExportOptions& options, Progress&) {
  using Json = nlohmann::ordered_json;
  ExportSummary summary{.output = options.output};
  Json samples = Json::array();
  for (const auto& image : run.images) {
    Json sample{{"filepath", image.file.string()},
                {"tags", Json::array()},
                {"cluster",
                 {{"_cls", "Classification"},
                  {"tags", Json::array()},
                  {"label", image.name},
                  {"confidence", image.score}}},
                {"cluster_number", image.cluster},
                {"top_nouns", image.top_nouns}};
    if (image.margin) sample["margin"] = *image.margin;
    samples.push_back(std::move(sample));
  }
  const Json metadata{{"media_type", "image"}, {"info", {{"description", "clusters of ilk"}}}};
  write_text(options.output / "metadata.json", json_text(metadata), summary);
  write_text(options.output / "samples.json", json_text({{"samples", samples}}), summary);
  summary.notices.push_back("In Python: fiftyone.Dataset.from_dir(\"" + options.output.string() +
                            "\", dataset_type=fiftyone.types.LegacyFiftyOneDataset)");
  return summary;
}

}  // namespace

const ExportFormat fiftyone_export{.name = "fiftyone",
                                   .help = "a FiftyOne dataset that points to the images",
                                   .place = ExportFormat::Place::folder,
                                   .write = export_fiftyone};

}  // namespace ilk
