// IDX, the format of MNIST (LeCun et al. 1998): two zero bytes, a type, the number of dimensions, the
// dimensions as big-endian numbers of 32 bits, the values.
#include <ilk/error.h>

#include <algorithm>
#include <optional>

#include "dataset_formats.h"

namespace ilk::internal {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view function = "open_dataset";
constexpr int unsigned_byte = 8;

struct IdxFile {
  std::shared_ptr<ByteSource> bytes;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
};

IdxFile open_file(const fs::path& path, std::size_t dimensions) {
  IdxFile file{.bytes = open_plain_or_gzip(path)};
  file.begin = 4 + 4 * dimensions;
  require(file.bytes->size() >= file.begin, function, path, " must have a header of ", file.begin,
          " bytes, but has ", file.bytes->size(), " bytes in all.");
  std::vector<unsigned char> header(file.begin);
  file.bytes->read(0, std::as_writable_bytes(std::span(header)));
  require(header[0] == 0 && header[1] == 0 && header[2] == unsigned_byte && header[3] == dimensions, function,
          path, " must begin with the IDX magic 0 0 8 ", dimensions, " (unsigned bytes, ", dimensions,
          " dimensions), got ", int{header[0]}, " ", int{header[1]}, " ", int{header[2]}, " ", int{header[3]},
          ".");
  std::uint64_t values = 1;
  for (std::size_t i = 0; i < dimensions; ++i) {
    std::uint64_t size = 0;
    for (std::size_t j = 0; j < 4; ++j) size = size << 8 | header[4 + 4 * i + j];
    // Each is below 2^32, and images above 2^15 a side are refused, so that the product stays below 2^62.
    require(i == 0 || (size >= 1 && size <= 32768), function, path,
            ": an image's side must be 1 to 32768, got ", size, ".");
    file.shape.push_back(static_cast<std::int64_t>(size));
    values *= size;
  }
  require(file.bytes->size() - file.begin == values, function, path, " must hold ", values,
          " values as its header says, but has ", file.bytes->size() - file.begin, ".");
  return file;
}

/// "…labels-idx1-ubyte" for "…images-idx3-ubyte", with a dot or a dash, with .gz or without.
std::optional<fs::path> labels_of(const fs::path& images) {
  std::string name = images.filename().string();
  const auto replace = [&](std::string_view from, std::string_view to) {
    if (const auto at = name.rfind(from); at != std::string::npos) name.replace(at, from.size(), to);
  };
  replace("images", "labels");
  replace("idx3", "idx1");
  if (name == images.filename()) return std::nullopt;
  std::error_code error;
  const std::string other = name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name + ".gz";
  for (const auto& candidate : {name, other})
    if (fs::is_regular_file(images.parent_path() / candidate, error)) return images.parent_path() / candidate;
  return std::nullopt;
}

std::string split_of(const fs::path& images) {
  const std::string name = images.filename().string();
  if (name.starts_with("t10k") || name.starts_with("test")) return "test";
  if (name.starts_with("train")) return "train";
  return name.substr(0, name.find('.'));
}

std::vector<fs::path> image_files(const fs::path& place) {
  if (!fs::is_directory(place)) return {place};
  std::vector<fs::path> found;
  // Training images first, as everybody counts them.
  for (const char* stem : {"train-images", "t10k-images", "test-images"})
    for (const char* ending : {"-idx3-ubyte", ".idx3-ubyte", "-idx3-ubyte.gz", ".idx3-ubyte.gz"})
      if (const auto path = place / (std::string(stem) + ending); fs::exists(path)) {
        found.push_back(path);
        break;
      }
  require(!found.empty(), function, place,
          " must hold train-images-idx3-ubyte or t10k-images-idx3-ubyte (or .gz).");
  return found;
}

}  // namespace

Dataset open_idx(const fs::path& place, bool fashion) {
  Dataset dataset{.format = fashion ? "fashion-mnist" : "idx"};
  std::vector<PixelFile> files;
  PixelLayout layout;
  std::int64_t n_classes = 0;
  for (const auto& path : image_files(place)) {
    const IdxFile images = open_file(path, 3);
    const std::int64_t n = images.shape[0], area = images.shape[1] * images.shape[2];
    require(files.empty() || (layout.height == images.shape[1] && layout.width == images.shape[2]), function,
            path, " must have images of ", layout.height, " × ", layout.width, " as the other file, got ",
            images.shape[1], " × ", images.shape[2], ".");
    layout = {.height = images.shape[1], .width = images.shape[2]};
    std::vector<std::int64_t> labels(static_cast<std::size_t>(n), -1);
    if (const auto labels_path = labels_of(path)) {
      const IdxFile given = open_file(*labels_path, 1);
      require(given.shape[0] == n, function, *labels_path, " must have a label for each of the ", n,
              " images of ", path, ", got ", given.shape[0], ".");
      const std::string bytes = read_all(*given.bytes);
      for (std::size_t i = 0; i < labels.size(); ++i) {
        labels[i] = static_cast<unsigned char>(bytes[given.begin + i]);
        n_classes = std::max(n_classes, labels[i] + 1);
      }
    }
    files.push_back({images.bytes, images.begin, static_cast<std::uint64_t>(area), n});
    add_split(dataset, split_of(path), labels);
  }
  if (n_classes > 0)
    dataset.classes =
        class_names(fashion ? std::vector<std::string>{"T-shirt/top", "trouser", "pullover", "dress", "coat",
                                                       "sandal", "shirt", "sneaker", "bag", "ankle boot"}
                            : std::vector<std::string>{},
                    n_classes);
  dataset.read = pixel_reader(std::move(files), layout);
  return dataset;
}

}  // namespace ilk::internal
