// IDX, the format of MNIST (LeCun et al. 1998): two zero bytes, a type, the number of dimensions, the
// dimensions as big-endian numbers of 32 bits, the values.

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "core/fail.h"
#include "io/dataset_format_list.h"
#include "io/strings.h"

namespace ilk::internal {
namespace {

namespace fs = std::filesystem;
constexpr int unsigned_byte = 8;

struct IdxFile {
  std::shared_ptr<ByteSource> bytes;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
};

IdxFile open_file(const fs::path& path, std::size_t dimensions) {
  IdxFile file{.bytes = open_plain_or_gzip(path)};
  file.begin = 4 + 4 * dimensions;
  require(file.bytes->size() >= file.begin, in_open_dataset, path, " must have a header of ", file.begin,
          " bytes, but has ", file.bytes->size(), " bytes in all.");
  std::vector<unsigned char> header(file.begin);
  file.bytes->read(0, std::as_writable_bytes(std::span(header)));
  require(header[0] == 0 && header[1] == 0 && header[2] == unsigned_byte && header[3] == dimensions,
          in_open_dataset, path, " must begin with the IDX magic 0 0 8 ", dimensions, " (unsigned bytes, ",
          dimensions, " dimensions), got ", int{header[0]}, " ", int{header[1]}, " ", int{header[2]}, " ",
          int{header[3]}, ".");
  std::uint64_t values = 1;
  for (std::size_t i = 0; i < dimensions; ++i) {
    std::uint64_t size = 0;
    for (std::size_t j = 0; j < 4; ++j) size = size << 8 | header[4 + 4 * i + j];
    // Each is below 2^32, and images above 2^15 a side are refused, so that the product stays below 2^62.
    require(i == 0 || (size >= 1 && size <= 32768), in_open_dataset, path,
            ": an image's side must be 1 to 32768, got ", size, ".");
    file.shape.push_back(static_cast<std::int64_t>(size));
    values *= size;
  }
  require(file.bytes->size() - file.begin == values, in_open_dataset, path, " must hold ", values,
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
  const auto has = [&](const char* part) {
    const auto at = name.find(part);
    return at == 0 || (at != std::string::npos && (name[at - 1] == '-' || name[at - 1] == '.'));
  };
  if (has("t10k") || has("test-images")) return "test";
  if (has("train-images")) return "train";
  return name.substr(0, name.find('.'));
}

/// The name of the files of one set before "train-images-idx3-ubyte": "emnist-letters-" or empty; none for
/// other files.
std::optional<std::string> set_of(const fs::path& images) {
  const std::string name = images.filename().string();
  for (const char* stem : {"train-images", "t10k-images", "test-images"})
    for (const char* ending : {"-idx3-ubyte", ".idx3-ubyte", "-idx3-ubyte.gz", ".idx3-ubyte.gz"}) {
      const std::string whole = std::string(stem) + ending;
      if (!name.ends_with(whole)) continue;
      std::string set = name.substr(0, name.size() - whole.size());
      if (set.empty() || set.ends_with('-') || set.ends_with('.') || set.ends_with('_')) return set;
    }
  return std::nullopt;
}

/// The files of images in a folder, or in the folder raw/ within it; unpacked ones before packed ones.
std::vector<fs::path> idx_image_files(const fs::path& place) {
  std::error_code error;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(place, error)) {
    const fs::path& path = entry.path();
    if (!is_visible(path) || !set_of(path) || !entry.is_regular_file(error)) continue;
    // torchvision keeps the packed file beside the one that it has unpacked.
    const bool is_packed = path.extension() == ".gz";
    if (is_packed && fs::exists(fs::path(path).replace_extension(), error)) continue;
    found.push_back(path);
  }
  // Training images first, as everybody counts them.
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
    const std::string set_a = set_of(a).value_or(""), set_b = set_of(b).value_or("");
    if (set_a != set_b) return set_a < set_b;
    return (split_of(a) == "train") != (split_of(b) == "train") ? split_of(a) == "train" : a < b;
  });
  if (!found.empty() || place.filename() == "raw") return found;
  return fs::is_directory(place / "raw", error) ? idx_image_files(place / "raw") : found;
}

std::vector<fs::path> image_files(const fs::path& place) {
  if (!fs::is_directory(place)) return {place};
  std::vector<fs::path> found = idx_image_files(place);
  require(!found.empty(), in_open_dataset, place,
          " must hold train-images-idx3-ubyte or t10k-images-idx3-ubyte (or .gz).");
  std::set<std::string> sets;
  for (const auto& path : found) sets.insert(set_of(path).value_or(""));
  require(sets.size() == 1, in_open_dataset, place, " holds ", sets.size(), " sets (",
          found.front().filename().string(), ", …, ", found.back().filename().string(),
          "); name the file of images of one.");
  return found;
}

/// The classes of EMNIST, which are letters and digits in upright images stored on their side: lines of
/// "label code", the codes ASCII's (of letters without case both).
struct Mapping {
  std::vector<std::string> classes;
  std::vector<std::int64_t> class_of_label;  // −1: none
};

std::optional<Mapping> mapping_of(const fs::path& images) {
  const auto set = set_of(images);
  if (!set || set->find("emnist") == std::string::npos) return std::nullopt;
  Mapping mapping;
  const fs::path path = images.parent_path() / (*set + "mapping.txt");
  for (const std::string& line : lines_of(path)) {
    std::istringstream numbers(line);
    std::size_t label = 0;
    int code = 0;
    const bool fits = static_cast<bool>(numbers >> label >> code) && label < 256 && code > 32 && code < 127;
    require(fits, in_open_dataset, path, " must have lines of a label and the codes of its letter, got '",
            line, "'.");
    if (mapping.class_of_label.size() <= label) mapping.class_of_label.resize(label + 1, -1);
    mapping.class_of_label[label] = static_cast<std::int64_t>(mapping.classes.size());
    mapping.classes.emplace_back(1, static_cast<char>(code));
  }
  return mapping;
}

Dataset open_idx(const fs::path& place, bool fashion) {
  Dataset dataset{.format = fashion ? "fashion-mnist" : "idx"};
  std::vector<PixelFile> files;
  PixelLayout layout;
  std::int64_t n_classes = 0;
  std::optional<Mapping> mapping;
  for (const auto& path : image_files(place)) {
    const IdxFile images = open_file(path, 3);
    const std::int64_t n = images.shape[0], area = images.shape[1] * images.shape[2];
    require(files.empty() || (layout.height == images.shape[1] && layout.width == images.shape[2]),
            in_open_dataset, path, " must have images of ", layout.height, " × ", layout.width,
            " as the other file, got ", images.shape[1], " × ", images.shape[2], ".");
    mapping = mapping_of(path);
    layout = {.height = images.shape[1], .width = images.shape[2], .columns = mapping.has_value()};
    std::vector<std::int64_t> labels(static_cast<std::size_t>(n), -1);
    if (const auto labels_path = labels_of(path)) {
      const IdxFile given = open_file(*labels_path, 1);
      require(given.shape[0] == n, in_open_dataset, *labels_path, " must have a label for each of the ", n,
              " images of ", path, ", got ", given.shape[0], ".");
      const std::string bytes = read_all(*given.bytes);
      for (std::size_t i = 0; i < labels.size(); ++i) {
        labels[i] = static_cast<unsigned char>(bytes[given.begin + i]);
        if (mapping && !mapping->classes.empty()) {
          const auto number = static_cast<std::size_t>(labels[i]);
          require(number < mapping->class_of_label.size() && mapping->class_of_label[number] >= 0,
                  in_open_dataset, *labels_path, " must have labels of its mapping alone, got ", number,
                  " for image ", i, " (from 0).");
          labels[i] = mapping->class_of_label[number];
        }
        n_classes = std::max(n_classes, labels[i] + 1);
      }
    }
    files.push_back({images.bytes, images.begin, static_cast<std::uint64_t>(area), n});
    add_split(dataset, split_of(path), labels);
  }
  if (mapping && !mapping->classes.empty())
    dataset.classes = mapping->classes;
  else if (n_classes > 0)
    dataset.classes =
        class_names(fashion ? std::vector<std::string>{"T-shirt/top", "trouser", "pullover", "dress", "coat",
                                                       "sandal", "shirt", "sneaker", "bag", "ankle boot"}
                            : std::vector<std::string>{},
                    n_classes);
  dataset.read = pixel_reader(std::move(files), layout);
  return dataset;
}

/// MNIST and Fashion-MNIST have the same files; folders are called after the latter.
Dataset open_by_name(const fs::path& place) {
  return open_idx(place, lower_case(fs::absolute(place).string()).find("fashion") != std::string::npos);
}

bool is_idx_folder(const fs::path& folder) {
  return !idx_image_files(folder).empty();
}

bool is_idx_file(const fs::path& file, const std::string& head) {
  if (head.starts_with(std::string_view("\0\0\x08\x03", 4))) return true;
  return head.starts_with("\x1f\x8b") && file.filename().string().find("idx3-ubyte") != std::string::npos;
}

}  // namespace

const DatasetFormat idx_format{
    .name = "idx", .open = open_by_name, .is_folder = is_idx_folder, .is_file = is_idx_file};
const DatasetFormat mnist_format{.name = "mnist",
                                 .open = [](const fs::path& place) { return open_idx(place, false); }};
const DatasetFormat fashion_mnist_format{.name = "fashion-mnist",
                                         .open = [](const fs::path& place) { return open_idx(place, true); }};

}  // namespace ilk::internal
