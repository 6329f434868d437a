#include "export_format.h"

#include <ilk/error.h>
#include <ilk/files.h>
#include <ilk/nearest_name.h>

#include <algorithm>

namespace ilk {

const std::vector<ExportFormat>& export_format_table() {
  using Place = ExportFormat::Place;
  static const std::vector<ExportFormat> formats{
      {.name = "folders",
       .help = "a folder for each cluster, with copies of its images or links to them",
       .place = Place::folder,
       .write = export_folders,
       .copies_images = true,
       .undo = true},
      {.name = "xmp",
       .help = "sidecars with the clusters' names as keywords, for digiKam, darktable, Lightroom",
       .place = Place::beside,
       .write = export_xmp,
       .undo = true},
      {.name = "csv",
       .help = "a table of file, cluster, name and scores",
       .place = Place::file,
       .write = export_csv},
      {.name = "parquet",
       .help = "the same with embeddings, for pandas, Polars, DuckDB, Arrow",
       .place = Place::file,
       .write = export_parquet},
      {.name = "embedding-atlas",
       .help = "Parquet with x, y, name and path, for `embedding-atlas FILE`",
       .place = Place::file,
       .write = export_embedding_atlas},
      {.name = "imagefolder",
       .help = "a folder for each class, for torchvision and Hugging Face datasets",
       .place = Place::folder,
       .write = export_imagefolder,
       .copies_images = true,
       .undo = true},
      {.name = "coco",
       .help = "COCO JSON: a category and a box round the whole picture for each image",
       .place = Place::file,
       .write = export_coco},
      {.name = "label-studio",
       .help = "tasks with clusters as predictions, and the labelling interface",
       .place = Place::folder,
       .write = export_label_studio},
      {.name = "fiftyone",
       .help = "a FiftyOne dataset that points to the images",
       .place = Place::folder,
       .write = export_fiftyone},
  };
  return formats;
}

std::vector<std::pair<std::string, std::string>> export_formats() {
  std::vector<std::pair<std::string, std::string>> formats;
  for (const auto& format : export_format_table()) formats.emplace_back(format.name, format.help);
  return formats;
}

const ExportFormat& find_export_format(const ExportOptions& options) {
  constexpr std::string_view function = "export";
  const auto& formats = export_format_table();
  const auto found = std::find_if(formats.begin(), formats.end(),
                                  [&](const ExportFormat& format) { return format.name == options.to; });
  if (found == formats.end()) {
    std::vector<std::string> names;
    std::string list;
    for (const auto& format : formats) {
      names.emplace_back(format.name);
      list += (list.empty() ? "" : ", ") + names.back();
    }
    const std::string nearest = nearest_name(options.to, names);
    fail(function, "--to must be one of ", list, "; got '", options.to, "'.",
         nearest.empty() ? "" : " Did you mean " + nearest + "?");
  }
  require(options.link == Link::copy || found->copies_images, function,
          "--link is for folders and imagefolder, got --to ", options.to, ".");
  require(!options.undo || found->undo, function, "--undo is for folders, imagefolder and xmp, got --to ",
          options.to, ". A file that was exported can simply be deleted.");
  require(options.sidecar == Sidecar::full || found->name == "xmp", function,
          "--sidecar is for xmp, got --to ", options.to, ".");
  require(found->place == ExportFormat::Place::beside || !options.output.empty(), function,
          "-o must name the ", found->place == ExportFormat::Place::file ? "file" : "folder",
          " to write for --to ", options.to, ".");
  return *found;
}

void write_text(const std::filesystem::path& path, const std::string& text, ExportSummary& summary) {
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error) &&
      std::filesystem::file_size(path, error) == text.size() && read_file(path) == text) {
    ++summary.unchanged;
    return;
  }
  write_file_atomically(path, text);
  ++summary.written;
}

}  // namespace ilk
