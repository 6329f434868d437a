// STL-10 (Coates, Ng and Lee 2011), binary version: images of 96 × 96, a plane for each of red, green and
// blue, each plane column by column; labels from 1 in a file of their own; "unlabeled" has none.

#include "core/fail.h"
#include "io/dataset_format_list.h"

namespace ilk::internal {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t side = 96, stl10_image_bytes = 3 * side * side;

Dataset open_stl10(const fs::path& place) {
  Dataset dataset{.format = "stl10", .classes = class_names(lines_of(place / "class_names.txt"), 10)};
  std::vector<PixelFile> files;
  for (const std::string split : {"train", "test", "unlabeled"}) {
    const auto images = place / (split + "_X.bin"), labels_path = place / (split + "_y.bin");
    if (!fs::exists(images)) continue;
    const auto bytes = open_plain_or_gzip(images);
    require(bytes->size() % stl10_image_bytes == 0, in_open_dataset, images, " must be a multiple of ",
            stl10_image_bytes, " bytes (images of 96 × 96), got ", bytes->size(), ".");
    const auto n = static_cast<std::int64_t>(bytes->size() / stl10_image_bytes);
    std::vector<std::int64_t> labels(static_cast<std::size_t>(n), -1);
    if (fs::exists(labels_path)) {
      const std::string given = read_all(*open_plain_or_gzip(labels_path));
      require(static_cast<std::int64_t>(given.size()) == n, in_open_dataset, labels_path,
              " must have a label for each of the ", n, " images, got ", given.size(), ".");
      for (std::size_t i = 0; i < given.size(); ++i) {
        labels[i] = static_cast<unsigned char>(given[i]) - 1;
        require(labels[i] >= 0 && labels[i] < 10, in_open_dataset, labels_path,
                ": a label must be 1 to 10, got ", labels[i] + 1, " for image ", i, " (from 0).");
      }
    }
    files.push_back({bytes, 0, stl10_image_bytes, n});
    add_split(dataset, split, labels);
  }
  require(!files.empty(), in_open_dataset, place, " must hold train_X.bin, test_X.bin or unlabeled_X.bin.");
  dataset.read = pixel_reader(
      std::move(files), {.height = side, .width = side, .channels = 3, .planes = true, .columns = true});
  return dataset;
}

}  // namespace

const DatasetFormat stl10_format{
    .name = "stl10", .open = open_stl10, .is_folder = [](const fs::path& folder) {
      return fs::is_regular_file(folder / "train_X.bin") || fs::is_regular_file(folder / "test_X.bin") ||
             fs::is_regular_file(folder / "unlabeled_X.bin");
    }};

}  // namespace ilk::internal
