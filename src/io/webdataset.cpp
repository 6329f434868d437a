// WebDataset: tar archives in which files with the same name up to the first dot of the last part are one
// sample.
#include <ilk/error.h>
#include <ilk/files.h>
#include <ilk/sha256.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "dataset_formats.h"
#include "image_format.h"
#include "tar.h"

namespace ilk::internal {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view function = "open_dataset";
constexpr std::uint64_t largest_sidecar = 1 << 20;
constexpr std::uint64_t largest_image = std::uint64_t{4} << 30;
const std::set<std::string> image_endings = {"jpg",  "jpeg", "png",  "webp", "gif", "tif",
                                             "tiff", "heic", "avif", "jxl",  "ppm", "img"};

struct Sample {
  std::string name;
  std::size_t shard = 0;
  std::uint64_t offset = 0, size = 0;
  bool has_image = false;
  std::string label, text;  // from .cls or .json; from .txt
};

std::vector<fs::path> shards_in(const fs::path& place) {
  if (!fs::is_directory(place)) return {place};
  std::vector<fs::path> shards;
  for (const auto& entry : fs::directory_iterator(place))
    if (entry.is_regular_file() && entry.path().extension() == ".tar") shards.push_back(entry.path());
  std::sort(shards.begin(), shards.end());
  require(!shards.empty(), function, place, " must hold tar files.");
  return shards;
}

std::string trimmed(std::string text) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0 || c == '\0'; };
  while (!text.empty() && space(text.back())) text.pop_back();
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), space));
  return text;
}

std::string label_of_json(const std::string& bytes) {
  const auto json = nlohmann::json::parse(bytes, nullptr, false);
  if (!json.is_object()) return "";
  for (const char* key : {"label", "class", "cls"}) {
    const auto found = json.find(key);
    if (found == json.end()) continue;
    if (found->is_string()) return found->get<std::string>();
    if (found->is_number_integer()) return std::to_string(found->get<std::int64_t>());
  }
  return "";
}

class Shards {
 public:
  explicit Shards(const fs::path& place) : paths_(shards_in(place)) {
    for (std::size_t i = 0; i < paths_.size(); ++i) index(i);
    finish_sample();
  }
  std::vector<fs::path> paths_;
  std::vector<Sample> samples_;
  std::vector<SkippedFile> skipped_;

 private:
  void index(std::size_t shard) {
    finish_sample();
    const InputFile file(paths_[shard]);
    const TarBytes bytes = [&](std::uint64_t offset, std::span<std::byte> to) -> std::size_t {
      const std::uint64_t left = offset < file.size() ? file.size() - offset : 0;
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), left));
      file.read(offset, to.first(count));
      return count;
    };
    walk_tar(paths_[shard], bytes, [&](const TarMember& member) { take(file, shard, member); });
  }

  void take(const InputFile& file, std::size_t shard, const TarMember& member) {
    const auto slash = member.name.rfind('/');
    const auto dot = member.name.find('.', slash == std::string::npos ? 0 : slash + 1);
    if (dot == std::string::npos) return;
    const std::string key = member.name.substr(0, dot);
    std::string ending = member.name.substr(dot + 1);
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    if (!open_ || key != key_ || shard != current_.shard) {
      finish_sample();
      open_ = true;
      key_ = key;
      current_ = {.shard = shard};
    }
    // "seg.png" and the like belong to other tasks than naming what is seen.
    if (image_endings.contains(ending) && !current_.has_image) {
      current_.has_image = true;
      current_.name = (paths_[shard].stem() / fs::path(member.name).relative_path()).string();
      current_.offset = member.offset;
      current_.size = member.size;
      require(member.size <= file.size() && member.offset <= file.size() - member.size, "read_tar",
              paths_[shard], ": a tar archive is cut inside '", member.name, "'.");
      return;
    }
    if (ending != "cls" && ending != "json" && ending != "txt") return;
    if (member.size > largest_sidecar) return;
    std::string bytes(member.size, '\0');
    file.read(member.offset, std::as_writable_bytes(std::span(bytes)));
    if (ending == "cls") current_.label = trimmed(bytes);
    if (ending == "json" && current_.label.empty()) current_.label = label_of_json(bytes);
    if (ending == "txt") current_.text = trimmed(bytes);
  }

  void finish_sample() {
    if (!open_) return;
    open_ = false;
    if (current_.has_image)
      samples_.push_back(std::move(current_));
    else
      skipped_.push_back({(paths_[current_.shard].stem() / key_).string(), "not an image",
                          "the sample has no file with an image's ending"});
  }

  bool open_ = false;
  std::string key_;
  Sample current_;
};

/// Numbers in their order, then texts in theirs.
bool class_before(const std::string& a, const std::string& b) {
  const auto number = [](const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
  };
  const auto left = number(a), right = number(b);
  if (left && right && *left != *right) return *left < *right;
  if (left.has_value() != right.has_value()) return left.has_value();
  return a < b;
}

}  // namespace

Dataset open_webdataset(const fs::path& place) {
  Shards shards(place);
  Dataset dataset{.format = "webdataset", .skipped = std::move(shards.skipped_)};
  auto& samples = shards.samples_;
  require(!samples.empty(), function, place, " must hold at least one image.");
  // Texts name classes only where nothing else does and they repeat: captions are no classes.
  std::set<std::string> texts;
  bool labelled = false;
  for (const auto& sample : samples) {
    labelled |= !sample.label.empty();
    texts.insert(sample.text);
  }
  if (!labelled && 2 * texts.size() <= samples.size())
    for (auto& sample : samples) sample.label = std::move(sample.text);

  std::set<std::string, decltype(&class_before)> names(class_before);
  for (const auto& sample : samples)
    if (!sample.label.empty()) names.insert(sample.label);
  std::map<std::string, std::int64_t> numbers;
  for (const auto& name : names) {
    numbers[name] = static_cast<std::int64_t>(dataset.classes.size());
    dataset.classes.push_back(name);
  }
  struct Place {
    std::size_t shard;
    std::uint64_t offset, size;
  };
  std::vector<Place> places;
  for (auto& sample : samples) {
    dataset.images.push_back({std::move(sample.name), sample.label.empty() ? -1 : numbers.at(sample.label)});
    places.push_back({sample.shard, sample.offset, sample.size});
  }
  dataset.read = [paths = shards.paths_, places = std::move(places)](std::int64_t index) {
    const Place& at = places.at(static_cast<std::size_t>(index));
    if (at.size == 0) throw ImageError("empty", "the file has no bytes");
    if (at.size > largest_image)
      throw ImageError("too large", "the file has more than the 4 GiB that are read");
    const InputFile file(paths[at.shard]);
    ImageFile image{.bytes = std::string(at.size, '\0')};
    file.read(at.offset, std::as_writable_bytes(std::span(image.bytes)));
    require_image(recognise_content(image.bytes));
    image.sha256 = sha256_hex(image.bytes);
    return image;
  };
  return dataset;
}

}  // namespace ilk::internal
