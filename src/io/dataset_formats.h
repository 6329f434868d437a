#pragma once
// The formats behind open_dataset, and what their readers share. Each reader checks the files' sizes and
// labels and throws Error("[open_dataset] …").
#include <ilk/dataset.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/byte_source.h"

namespace ilk::internal {

/// The function whose errors all readers throw.
inline constexpr std::string_view in_open_dataset = "open_dataset";

/// A format: its name, as in FORMAT:PATH, and how a place of it is opened; where a place can be told to be of
/// it without being told, how. The table is dataset_format_list.h.
struct DatasetFormat {
  std::string_view name;
  Dataset (*open)(const std::filesystem::path& place);
  bool (*is_folder)(const std::filesystem::path& folder) = nullptr;
  /// By the file's first bytes, its name and its size.
  bool (*is_file)(const std::filesystem::path& file, const std::string& head) = nullptr;
  bool packed = true;  ///< not a plain list of image files, so that no flag has to say that it is a data set
};

/// A list of files below a folder, with the folder that each lies in for its class; `read` is left empty.
Dataset folder_of_classes(const std::filesystem::path& place, ImageList list);
/// Shards, or folders of them.
Dataset open_webdataset(const std::vector<std::filesystem::path>& places);
/// Whether the name ends in .tar, .tar.gz or .tgz.
bool is_shard_name(const std::filesystem::path& path);
/// Whether the name does not begin with a dot.
inline bool is_visible(const std::filesystem::path& path) {
  return !path.filename().native().starts_with('.');
}

/// Whether a file begins as an image.
bool begins_as_image(const std::filesystem::path& file);

/// Pixels (H, W, channels) of 8 bits, 1 or 3 channels, as a PNG without compression.
ImageFile png_of_pixels(std::int64_t height, std::int64_t width, std::int64_t channels,
                        const std::uint8_t* pixels);

/// A file's bytes, unpacked into memory where it is gzipped (1 GiB at most).
std::shared_ptr<ByteSource> open_plain_or_gzip(const std::filesystem::path& path);
std::string read_all(ByteSource& source);

/// Names for labels 0 … n − 1, the number where `names` has no such line.
std::vector<std::string> class_names(std::vector<std::string> names, std::int64_t n);
/// Lines of a small file that are not empty; none where there is no such file.
std::vector<std::string> lines_of(const std::filesystem::path& path);

/// Images of equal size stored bare in several files: what CIFAR, STL-10 and IDX have in common.
struct PixelFile {
  std::shared_ptr<ByteSource> bytes;
  std::uint64_t first = 0, stride = 0;  ///< where image 0 begins, and how far on the next one does
  std::int64_t count = 0;
};
struct PixelLayout {
  std::int64_t height = 0, width = 0, channels = 1;
  bool planes = false;   ///< channel by channel, as against pixel by pixel
  bool columns = false;  ///< each plane column by column
};
/// A `read` for the images of all files, one after another.
std::function<ImageFile(std::int64_t)> pixel_reader(std::vector<PixelFile> files, const PixelLayout& layout);

/// Appends the images of one split, named "<split>/<number>", with these labels (−1: none).
void add_split(Dataset& dataset, const std::string& split, const std::vector<std::int64_t>& labels);

}  // namespace ilk::internal
