#pragma once
// The readers behind open_dataset. Each checks the files' sizes and labels and throws Error("[open_dataset]
// …").
#include <ilk/dataset.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "byte_source.h"

namespace ilk::internal {

Dataset open_image_folder(const std::filesystem::path& place);
/// A list of files below a folder, with the folder that each lies in for its class; `read` is left empty.
Dataset folder_of_classes(const std::filesystem::path& place, ImageList list);
Dataset open_videos(const std::filesystem::path& place);
Dataset open_csv(const std::filesystem::path& place);
/// The files of images in a folder, or in the folder raw/ within it; unpacked ones before packed ones.
std::vector<std::filesystem::path> idx_image_files(const std::filesystem::path& folder);
Dataset open_idx(const std::filesystem::path& place, bool fashion);
enum class Cifar { ten, hundred, twenty };
/// The variant where it is known; else it is told by the files.
Dataset open_cifar(const std::filesystem::path& place, std::optional<Cifar> variant);
Dataset open_stl10(const std::filesystem::path& place);
/// Shards, or folders of them.
Dataset open_webdataset(const std::vector<std::filesystem::path>& places);
/// Whether the name ends in .tar, .tar.gz or .tgz.
bool is_shard_name(const std::filesystem::path& path);
/// Whether the name does not begin with a dot.
inline bool is_visible(const std::filesystem::path& path) {
  return !path.filename().native().starts_with('.');
}

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
