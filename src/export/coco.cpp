// COCO's format (https://cocodataset.org/#format-data) knows no labels of whole images, so each image gets a
// box that is as large as itself.
#include <ilk/error.h>

#include <mutex>

#include "core/parallel.h"
#include "export/common_folder.h"
#include "export/export_format_list.h"
#include "export/json_text.h"
#include "io/image_decoder.h"

namespace ilk {
namespace {

using Json = nlohmann::ordered_json;

/// Sizes as a person sees the images; 0 for those that cannot be read any more, which are skipped.
std::vector<ImageSize> sizes_of(const ExportedRun& run, ExportSummary& summary, Progress& progress) {
  const auto n = static_cast<std::int64_t>(run.images.size());
  std::vector<ImageSize> sizes(run.images.size());
  std::vector<SkippedFile> skipped(run.images.size());
  progress.start("Reading sizes", n, "images");
  parallel_blocks(n, 16, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i) {
      progress.check_stop();
      const auto& image = run.images[static_cast<std::size_t>(i)];
      try {
        sizes[static_cast<std::size_t>(i)] =
            image_header(read_image_file(image.file.string()).bytes, run.decode).size;
      } catch (const ImageError& error) {
        skipped[static_cast<std::size_t>(i)] = {image.path, error.kind(), error.what()};
      }
    }
    progress.advance(end - begin);
  });
  progress.finish();
  for (auto& file : skipped)
    if (!file.kind.empty()) summary.skipped.push_back(std::move(file));
  return sizes;
}

ExportSummary export_coco(const ExportedRun& run, const ExportOptions& options, Progress& progress) {
  ExportSummary summary{.output = options.output};
  const auto sizes = sizes_of(run, summary, progress);
  std::vector<std::filesystem::path> files;
  for (const auto& image : run.images) files.push_back(image.file);
  const auto common = common_folder(files);

  std::vector<std::string> above(run.levels.empty() ? 0 : run.names.size(), "cluster");
  for (const auto& image : run.images)
    if (!above.empty())
      above[static_cast<std::size_t>(image.cluster)] = name_path(run, image)[image.above.size() - 1];
  Json images = Json::array(), annotations = Json::array(), categories = Json::array();
  for (std::size_t c = 0; c < run.names.size(); ++c)
    if (!run.names[c].empty())
      categories.push_back(
          {{"id", c + 1}, {"name", run.names[c]}, {"supercategory", above.empty() ? "cluster" : above[c]}});
  for (std::size_t i = 0; i < run.images.size(); ++i) {
    const auto [height, width] = sizes[i];
    if (height == 0) continue;
    const auto& image = run.images[i];
    images.push_back({{"id", i + 1},
                      {"file_name", image.file.lexically_relative(common).string()},
                      {"width", width},
                      {"height", height}});
    annotations.push_back({{"id", i + 1},
                           {"image_id", i + 1},
                           {"category_id", image.cluster + 1},
                           {"bbox", {0, 0, width, height}},
                           {"area", width * height},
                           {"iscrowd", 0},
                           {"score", image.score}});
  }
  const Json info{{"description", "clusters of ilk"}, {"image_folder", common.string()}};
  write_text(options.output,
             json_text({{"info", info},
                        {"licenses", Json::array()},
                        {"images", images},
                        {"annotations", annotations},
                        {"categories", categories}}),
             summary);
  summary.notices.push_back("File names are relative to " + common.string() + ".");
  return summary;
}

}  // namespace

const ExportFormat coco_export{
    .name = "coco",
    .help = "COCO JSON: a category and a box round the whole picture for each image",
    .place = ExportFormat::Place::file,
    .write = export_coco};

}  // namespace ilk
