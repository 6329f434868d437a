#include <algorithm>

#include "export/export_format_list.h"
#include "export/placed_files.h"

namespace ilk {

namespace {

ExportSummary export_folders(const ExportedRun& run, const ExportOptions& options, Progress& progress) {
  const auto folders = folder_names(run.names, /*numbered=*/true);
  std::vector<std::vector<std::string>> above;
  for (const auto& level : run.levels) above.push_back(folder_names(level, /*numbered=*/true));
  std::vector<PlacedFile> files;
  for (const auto& image : run.images) {
    std::filesystem::path folder;
    for (std::size_t level = 0; level < above.size(); ++level)
      folder /= above[level][static_cast<std::size_t>(image.above[level])];
    folder /= folders[static_cast<std::size_t>(image.cluster)];
    files.push_back({image.path, image.file, folder / image.file.filename()});
  }
  return place_files(files, options, progress);
}

// torchvision's ImageFolder and Hugging Face's "imagefolder" take the names of folders for those of classes.
ExportSummary export_imagefolder(const ExportedRun& run, const ExportOptions& options, Progress& progress) {
  const auto folders = folder_names(run.names, /*numbered=*/false);
  std::vector<PlacedFile> files;
  for (const auto& image : run.images)
    files.push_back(
        {image.path, image.file,
         std::filesystem::path(folders[static_cast<std::size_t>(image.cluster)]) / image.file.filename()});
  return place_files(files, options, progress);
}

}  // namespace

const ExportFormat folders_export{
    .name = "folders",
    .help = "a folder for each cluster, with copies of its images or links to them",
    .place = ExportFormat::Place::folder,
    .write = export_folders,
    .copies_images = true,
    .undo = true};
const ExportFormat imagefolder_export{
    .name = "imagefolder",
    .help = "a folder for each class, for torchvision and Hugging Face datasets",
    .place = ExportFormat::Place::folder,
    .write = export_imagefolder,
    .copies_images = true,
    .undo = true};

}  // namespace ilk
