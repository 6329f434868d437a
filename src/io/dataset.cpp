#include <ilk/dataset.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "core/fail.h"
#include "core/option_checks.h"
#include "io/dataset_format_list.h"
#include "io/dataset_store.h"
#include "io/files.h"
#include "io/foreign_content.h"
#include "io/glob.h"
#include "io/image_format.h"
#include "io/strings.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using internal::in_open_dataset;
// The subsets of ImageNet that Chang et al. (Deep Adaptive Image Clustering, ICCV 2017) introduced.
constexpr std::array imagenet_10 = {"n02056570", "n02085936", "n02128757", "n02690373", "n02692877",
                                    "n03095699", "n04254680", "n04285008", "n04467665", "n07747607"};
constexpr std::array imagenet_dogs = {"n02085936", "n02086646", "n02088238", "n02091467", "n02097130",
                                      "n02099601", "n02101388", "n02101556", "n02102177", "n02105056",
                                      "n02105412", "n02105855", "n02107142", "n02110958", "n02112137"};

const std::vector<const internal::DatasetFormat*>& formats() {
#define ILK_ADDRESS_OF_DATASET_FORMAT(name) &internal::name##_format,
  static const std::vector<const internal::DatasetFormat*> all{
      ILK_DATASET_FORMATS(ILK_ADDRESS_OF_DATASET_FORMAT)};
#undef ILK_ADDRESS_OF_DATASET_FORMAT
  return all;
}

const internal::DatasetFormat* find_format(std::string_view name) {
  for (const auto* format : formats())
    if (format->name == name) return format;
  return nullptr;
}

struct DatasetPlace {
  const internal::DatasetFormat* format;  // null: to be told
  fs::path path;
};

/// "FORMAT:PATH", a path, which may have a colon of its own, or the name of a data set that was fetched.
DatasetPlace parse(const std::string& place) {
  const auto colon = place.find(':');
  if (colon != std::string::npos) {
    if (const auto* format = find_format(place.substr(0, colon))) return {format, place.substr(colon + 1)};
  }
  std::error_code error;
  if (!fs::exists(place, error))
    if (const auto fetched = fetched_dataset(place)) return {find_format(place), *fetched};
  return {nullptr, place};
}

std::string head_of(const fs::path& path) {
  const InputFile file(path);
  std::string head(std::min<std::uint64_t>(file.size(), content_prefix), '\0');
  file.read(0, std::as_writable_bytes(std::span(head)));
  return head;
}

/// The format of a place by its content, or a file's size where that says nothing; null where it is none that
/// is known.
const internal::DatasetFormat* format_of(const fs::path& path) {
  std::error_code error;
  const bool is_folder = fs::is_directory(path, error);
  if (!is_folder && !fs::is_regular_file(path, error)) return nullptr;
  const std::string head = is_folder ? "" : head_of(path);
  for (const auto* format : formats())
    if (is_folder ? format->is_folder && format->is_folder(path)
                  : format->is_file && format->is_file(path, head))
      return format;
  return nullptr;
}

/// How an Error goes on about a place whose content is no data set's.
std::string content_of(const fs::path& path) {
  std::error_code error;
  if (const std::string foreign = foreign_content_of(path); !foreign.empty()) return ", but " + foreign;
  const std::string name = fs::is_regular_file(path, error) ? recognise_content(head_of(path)).name : "";
  if (name.find("archive") != std::string::npos) return ", but " + name + "; unpack it";
  return " (if it is, write FORMAT:PATH)";
}

/// The shards that a pattern such as "shards/{000..099}.tar" stands for; none where a path is no shard's name
/// or the pattern is the path of something.
std::vector<std::string> shards_of(const std::string& pattern) {
  std::error_code error;
  if (fs::exists(pattern, error) || !(looks_like_glob(pattern) || has_braces(pattern))) return {};
  std::vector<std::string> shards;
  for (const std::string& each : expand_braces(pattern))
    for (const std::string& path : looks_like_glob(each) ? expand_glob(each) : std::vector{each}) {
      if (!internal::is_shard_name(path)) return {};
      shards.push_back(path);
    }
  const bool any =
      std::any_of(shards.begin(), shards.end(), [](const auto& path) { return fs::exists(path); });
  return any ? shards : std::vector<std::string>();
}

/// Keeps the images that `wanted` says, with their splits.
template <class Wanted>
void keep_images(Dataset& dataset, Wanted wanted) {
  std::vector<std::int64_t> rows;
  std::vector<Dataset::Image> images;
  std::vector<Dataset::Split> splits;
  std::size_t split = 0;
  for (std::size_t i = 0; i < dataset.images.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    while (split < dataset.splits.size() && row >= dataset.splits[split].end) ++split;
    const bool in_split = split < dataset.splits.size() && row >= dataset.splits[split].begin;
    const std::string name = in_split ? dataset.splits[split].name : "";
    if (!wanted(dataset.images[i], name)) continue;
    const auto at = static_cast<std::int64_t>(images.size());
    if (in_split && (splits.empty() || splits.back().name != name)) splits.push_back({name, at, at});
    if (in_split) ++splits.back().end;
    rows.push_back(row);
    images.push_back(std::move(dataset.images[i]));
  }
  dataset.images = std::move(images);
  dataset.splits = std::move(splits);
  dataset.read = [read = std::move(dataset.read), rows = std::move(rows)](std::int64_t index) {
    return read(rows.at(static_cast<std::size_t>(index)));
  };
}

std::vector<std::string> wanted_classes(const std::string& classes) {
  if (classes == "imagenet-10") return {imagenet_10.begin(), imagenet_10.end()};
  if (classes == "imagenet-dogs") return {imagenet_dogs.begin(), imagenet_dogs.end()};
  require(fs::exists(classes), in_open_dataset,
          "classes must be imagenet-10, imagenet-dogs or a file of names, got '", classes, "'.");
  auto names = internal::lines_of(classes);
  require(!names.empty(), in_open_dataset, "classes must name at least one class; ", classes, " is empty.");
  return names;
}

/// Takes these classes, in the order of the data set.
void select_classes(Dataset& dataset, const std::string& classes) {
  const auto wanted = wanted_classes(classes);
  std::vector<std::int64_t> number(dataset.classes.size(), -1);
  for (const auto& name : wanted) {
    const auto found = std::find(dataset.classes.begin(), dataset.classes.end(), name);
    require(found != dataset.classes.end(), in_open_dataset, "classes must be among those of ", dataset.place,
            ", got '", name, "'.");
    number[static_cast<std::size_t>(found - dataset.classes.begin())] = 0;
  }
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (number[i] < 0) continue;
    number[i] = static_cast<std::int64_t>(kept.size());
    kept.push_back(std::move(dataset.classes[i]));
  }
  dataset.classes = std::move(kept);
  for (auto& image : dataset.images)
    if (image.label >= 0) image.label = number[static_cast<std::size_t>(image.label)];
  keep_images(dataset, [](const Dataset::Image& image, const std::string&) { return image.label >= 0; });
}

void select_split(Dataset& dataset, const std::string& split) {
  std::string known;
  for (const auto& one : dataset.splits) known += (known.empty() ? "" : ", ") + one.name;
  require(
      known.find(split) != std::string::npos && std::any_of(dataset.splits.begin(), dataset.splits.end(),
                                                            [&](const auto& s) { return s.name == split; }),
      in_open_dataset, "split must be one of ", dataset.place, " (", known.empty() ? "it has none" : known,
      "), got '", split, "'.");
  keep_images(dataset, [&](const Dataset::Image&, const std::string& name) { return name == split; });
}

/// What `open` opens, of it the part that is asked for.
template <class Open>
Dataset open_with(const DatasetOptions& options, const std::string& place, const Open& open) {
  try {
    Dataset dataset = open();
    if (!options.split.empty()) select_split(dataset, options.split);
    if (!options.classes.empty()) select_classes(dataset, options.classes);
    require(!dataset.images.empty(), in_open_dataset, place, " must hold at least one image, got none.");
    return dataset;
  } catch (const fs::filesystem_error& failure) {
    fail(in_open_dataset, place, " cannot be read: ", failure.code().message(), ".");
  }
}

}  // namespace

const std::vector<std::string>& dataset_formats() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto* format : formats()) all.emplace_back(format->name);
    return all;
  }();
  return names;
}

bool internal::begins_as_image(const fs::path& file) {
  try {
    return recognise_content(head_of(file)).format != ImageFormat::none;
  } catch (const Error&) {
    return false;
  }
}

bool is_packed_dataset(const std::string& place) {
  const DatasetPlace parsed = parse(place);
  if (parsed.format) return true;
  if (!shards_of(place).empty()) return true;
  std::error_code error;
  if (!fs::exists(parsed.path, error)) return false;
  try {
    const auto* format = format_of(parsed.path);
    return format && format->packed;
  } catch (const Error&) {  // a file that cannot be read is one of the images, and skipped
    return false;
  }
}

Dataset open_dataset(const std::string& place, const DatasetOptions& options) {
  check_ranges(options, in_open_dataset);
  DatasetPlace parsed = parse(place);
  if (const auto shards = shards_of(parsed.path.string()); !shards.empty())
    return open_dataset(shards, options);
  std::error_code error;
  if (!fs::exists(parsed.path, error)) {
    require_no_unfetched_dataset(place, in_open_dataset);
    fail(in_open_dataset, "a data set must be a file or a folder that exists, got '", place, "'.");
  }
  return open_with(options, place, [&] {
    if (!parsed.format) parsed.format = format_of(parsed.path);
    require(parsed.format != nullptr, in_open_dataset, place,
            " must be an image folder, a CSV, CIFAR, STL-10, IDX or tar shards; its content is none of these",
            content_of(parsed.path), ".");
    Dataset dataset = parsed.format->open(parsed.path);
    dataset.place = parsed.path.string();
    return dataset;
  });
}

Dataset open_dataset(const std::vector<std::string>& places, const DatasetOptions& options) {
  require(!places.empty(), in_open_dataset, "there must be a data set to open, got none.");
  if (places.size() == 1) return open_dataset(places.front(), options);
  check_ranges(options, in_open_dataset);
  std::vector<fs::path> shards;
  std::vector<SkippedFile> missing;
  for (const std::string& place : places) {
    std::error_code error;
    require(internal::is_shard_name(place), in_open_dataset,
            "a data set must be the only input, or several that are tar shards, got '", place,
            "' among several.");
    if (fs::exists(place, error))
      shards.emplace_back(place);
    else if (const auto more = shards_of(place); !more.empty())
      shards.insert(shards.end(), more.begin(), more.end());
    else
      missing.push_back({place, "vanished", "the file does not exist (any more)"});
  }
  require(!shards.empty(), in_open_dataset, "there is no file '", places.front(), "'.");
  return open_with(options, places.front(), [&] {
    Dataset dataset = internal::open_webdataset(shards);
    dataset.place = places.front() + " and " + std::to_string(places.size() - 1) + " more";
    dataset.skipped.insert(dataset.skipped.begin(), missing.begin(), missing.end());
    return dataset;
  });
}

}  // namespace ilk
