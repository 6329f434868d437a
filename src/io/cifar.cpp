// CIFAR-10 and CIFAR-100 (Krizhevsky 2009): images of 32 × 32, a plane for each of red, green and blue. In
// the binary version an image follows its label byte (CIFAR-100: the coarse one and the fine one); in the
// Python version a file is a pickled dict of `data` (N, 3072) and lists of labels.

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "core/fail.h"
#include "io/dataset_format_list.h"
#include "io/pickle.h"
#include "io/zip.h"

namespace ilk::internal {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t cifar_image_bytes = 3072;

enum class Cifar { ten, hundred, twenty };

struct Part {
  fs::path path;
  std::string split;
};

bool is_pickle(const InputFile& file) {
  std::array<std::byte, 2> magic{};
  if (file.size() >= 2) file.read(0, magic);
  return magic[0] == std::byte{0x80} && (magic[1] == std::byte{2} || magic[1] == std::byte{3});
}

std::vector<Part> parts_of(const fs::path& place) {
  if (!fs::is_directory(place)) return {{place, place.stem().string()}};
  std::vector<Part> parts;
  const auto add = [&](const std::string& name, const char* split) {
    for (const auto& path : {place / (name + ".bin"), place / name}) {
      if (!fs::is_regular_file(path)) continue;
      parts.push_back({path, split});
      return;
    }
  };
  for (int i = 1; i <= 5; ++i) add("data_batch_" + std::to_string(i), "train");
  if (parts.empty()) add("train", "train");
  add("test_batch", "test");
  if (parts.empty() || parts.back().split != "test") add("test", "test");
  require(!parts.empty(), in_open_dataset, place,
          " must hold CIFAR's data_batch_1 to 5 and test_batch, or train and test.");
  return parts;
}

/// Which CIFAR a file is of, where nobody said.
Cifar told_by(const InputFile& file) {
  if (is_pickle(file)) return Cifar::ten;  // corrected when its lists are seen
  const bool ten = file.size() % (cifar_image_bytes + 1) == 0,
             hundred = file.size() % (cifar_image_bytes + 2) == 0;
  require(ten || hundred, in_open_dataset, file.path(), " must be a multiple of ", cifar_image_bytes + 1,
          " bytes (CIFAR-10) or ", cifar_image_bytes + 2, " bytes (CIFAR-100), got ", file.size(), ".");
  require(ten != hundred, in_open_dataset, file.path(),
          " could be CIFAR-10 or CIFAR-100 by its size; write cifar10:", file.path().string(),
          " or cifar100:", file.path().string(), ".");
  return ten ? Cifar::ten : Cifar::hundred;
}

class Reader {
 public:
  Reader(Dataset& dataset, std::optional<Cifar> variant) : dataset_(dataset), variant_(variant) {}

  void add(const Part& part) {
    const auto file = std::make_shared<const InputFile>(part.path);
    require(file->size() > 0, in_open_dataset, part.path, " must not be empty.");
    std::vector<std::int64_t> labels = is_pickle(*file) ? add_pickle(file) : add_binary(file);
    const std::int64_t most = n_classes();
    for (std::size_t i = 0; i < labels.size(); ++i)
      require(labels[i] >= 0 && labels[i] < most, in_open_dataset, part.path, ": a label must be 0 to ",
              most - 1, ", got ", labels[i], " for image ", i, " (from 0).");
    auto& all = labels_[part.split];
    if (splits_.empty() || splits_.back() != part.split) splits_.push_back(part.split);
    all.insert(all.end(), labels.begin(), labels.end());
  }

  void finish(const fs::path& folder) {
    for (const auto& split : splits_) add_split(dataset_, split, labels_[split]);
    dataset_.format = "cifar" + std::to_string(n_classes());
    dataset_.classes = class_names(names_in(folder), n_classes());
    dataset_.read =
        pixel_reader(std::move(files_), {.height = 32, .width = 32, .channels = 3, .planes = true});
  }

 private:
  std::int64_t n_classes() const {
    return variant_ == Cifar::ten ? 10 : variant_ == Cifar::twenty ? 20 : 100;
  }

  std::vector<std::int64_t> add_binary(const std::shared_ptr<const InputFile>& file) {
    if (!variant_) variant_ = told_by(*file);
    const std::int64_t label_bytes = *variant_ == Cifar::ten ? 1 : 2,
                       record = cifar_image_bytes + label_bytes;
    require(file->size() % static_cast<std::uint64_t>(record) == 0, in_open_dataset, file->path(),
            " must be a multiple of ", record, " bytes, a record for each image, got ", file->size(), ".");
    const auto n = static_cast<std::int64_t>(file->size()) / record;
    std::vector<std::int64_t> labels;
    for (std::int64_t i = 0; i < n; ++i) {
      std::array<std::byte, 2> given{};
      file->read(static_cast<std::uint64_t>(i * record),
                 std::span(given).first(static_cast<std::size_t>(label_bytes)));
      labels.push_back(std::to_integer<std::int64_t>(given[*variant_ == Cifar::hundred ? 1 : 0]));
    }
    files_.push_back({open_part(file, 0, file->size()), static_cast<std::uint64_t>(label_bytes),
                      static_cast<std::uint64_t>(record), n});
    return labels;
  }

  std::vector<std::int64_t> add_pickle(const std::shared_ptr<const InputFile>& file) {
    const Pickle pickle(file);
    const PickleValue& root = pickle.root();
    const auto pixels = pickle.array(root.find("data"), "data");
    require(pixels.shape[1] == cifar_image_bytes, in_open_dataset, file->path(), ": data must have ",
            cifar_image_bytes, " columns, got ", pixels.shape[1], ".");
    if (!variant_) variant_ = root.find("fine_labels") ? Cifar::hundred : Cifar::ten;
    const char* key = *variant_ == Cifar::ten      ? "labels"
                      : *variant_ == Cifar::twenty ? "coarse_labels"
                                                   : "fine_labels";
    auto labels = pickle.integers(root.find(key), key);
    require(static_cast<std::int64_t>(labels.size()) == pixels.shape[0], in_open_dataset, file->path(), ": ",
            key, " must be one for each of the ", pixels.shape[0], " images, got ", labels.size(), ".");
    files_.push_back({open_part(file, 0, file->size()), pixels.offset, cifar_image_bytes, pixels.shape[0]});
    return labels;
  }

  std::vector<std::string> names_in(const fs::path& folder) const {
    const char* text_file = *variant_ == Cifar::ten      ? "batches.meta.txt"
                            : *variant_ == Cifar::twenty ? "coarse_label_names.txt"
                                                         : "fine_label_names.txt";
    if (auto names = lines_of(folder / text_file); !names.empty()) return names;
    for (const char* meta : {"batches.meta", "meta"}) {
      if (!fs::is_regular_file(folder / meta)) continue;
      const Pickle pickle(std::make_shared<const InputFile>(folder / meta));
      const char* key = *variant_ == Cifar::ten      ? "label_names"
                        : *variant_ == Cifar::twenty ? "coarse_label_names"
                                                     : "fine_label_names";
      return pickle.texts(pickle.root().find(key), key);
    }
    return {};
  }

  Dataset& dataset_;
  std::optional<Cifar> variant_;
  std::vector<PixelFile> files_;
  std::vector<std::string> splits_;
  std::map<std::string, std::vector<std::int64_t>> labels_;
};

/// The variant where it is known; else it is told by the files.
Dataset open_cifar(const fs::path& place, std::optional<Cifar> variant) {
  Dataset dataset;
  Reader reader(dataset, variant);
  for (const Part& part : parts_of(place)) reader.add(part);
  reader.finish(fs::is_directory(place) ? place : place.parent_path());
  return dataset;
}

template <Cifar variant>
Dataset open_variant(const fs::path& place) {
  return open_cifar(place, variant);
}

bool holds_any(const fs::path& folder, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const char* name) { return fs::is_regular_file(folder / name); });
}

bool is_cifar10_folder(const fs::path& folder) {
  return holds_any(folder, {"data_batch_1.bin", "data_batch_1", "test_batch.bin", "test_batch"});
}

bool is_cifar100_folder(const fs::path& folder) {
  return (holds_any(folder, {"train.bin"}) && holds_any(folder, {"fine_label_names.txt"})) ||
         (holds_any(folder, {"train"}) && holds_any(folder, {"meta"}));
}

/// A pickle, or rows of one or two labels and a picture.
bool is_cifar_file(const fs::path& file, const std::string& head) {
  if (head.starts_with("\x80\x02}") || head.starts_with("\x80\x03}")) return true;
  const auto size = fs::file_size(file);
  return file.extension() == ".bin" && size > 0 && (size % 3073 == 0 || size % 3074 == 0);
}

}  // namespace

const DatasetFormat cifar10_format{
    .name = "cifar10", .open = open_variant<Cifar::ten>, .is_folder = is_cifar10_folder};
const DatasetFormat cifar100_format{
    .name = "cifar100", .open = open_variant<Cifar::hundred>, .is_folder = is_cifar100_folder};
const DatasetFormat cifar20_format{.name = "cifar20", .open = open_variant<Cifar::twenty>};
/// One of these, told by a file.
const DatasetFormat cifar_format{
    .name = "cifar",
    .open = [](const fs::path& place) { return open_cifar(place, std::nullopt); },
    .is_file = is_cifar_file};

}  // namespace ilk::internal
