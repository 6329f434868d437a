// WebDataset: tar archives in which files with the same name up to the first dot of the last part are one
// sample. They need not stand beside each other, as they do not where tar packed a folder in the order of its
// disk.

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>

#include "core/fail.h"
#include "core/text.h"
#include "io/dataset_format_list.h"
#include "io/files.h"
#include "io/image_format.h"
#include "io/sha256.h"
#include "io/shard_files.h"
#include "io/strings.h"
#include "io/tar.h"

namespace ilk::internal {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t largest_sidecar = 1 << 20;
constexpr std::uint64_t largest_image = std::uint64_t{4} << 30;
const std::set<std::string> image_endings = {"jpg",  "jpeg", "png",  "webp", "gif", "tif",
                                             "tiff", "heic", "avif", "jxl",  "ppm", "img"};

struct Sample {
  std::string key, name;
  std::size_t shard = 0;
  std::uint64_t offset = 0, size = 0;
  bool has_image = false;
  std::string label, text;  // from .cls or .json; from .txt
};

constexpr std::string_view blanks{" \t\r\n\v\f\0", 7};

std::vector<fs::path> shards_in(const std::vector<fs::path>& places) {
  std::vector<fs::path> shards;
  for (const fs::path& place : places) {
    if (!fs::is_directory(place)) {
      shards.push_back(place);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(place))
      if (is_visible(entry.path()) && entry.is_regular_file() && is_shard_name(entry.path()))
        shards.push_back(entry.path());
  }
  std::sort(shards.begin(), shards.end());
  shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
  require(!shards.empty(), in_open_dataset, places.front(), " must hold tar files.");
  return shards;
}

/// Shards in folders that are packed by something else than gzip.
std::vector<SkippedFile> shards_of_other_packing(const std::vector<fs::path>& places) {
  constexpr std::string_view endings[] = {".tar.zst", ".tar.bz2", ".tar.xz", ".tar.lz4"};
  std::vector<SkippedFile> found;
  for (const fs::path& place : places) {
    std::error_code no_folder;
    for (const auto& entry : fs::directory_iterator(place, no_folder)) {
      const std::string name = lower_case(entry.path().filename().string());
      if (is_visible(entry.path()) && std::any_of(std::begin(endings), std::end(endings),
                                                  [&](auto ending) { return name.ends_with(ending); }))
        found.push_back({entry.path().string(), "unsupported format",
                         "of packed tar archives those of gzip are read; unpack it"});
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return found;
}

/// "photos/a.jpg" without ".tar" or ".tar.gz", as names of samples begin.
fs::path shard_stem(const fs::path& shard) {
  const fs::path stem = shard.stem();
  return stem.extension() == ".tar" ? stem.stem() : stem;
}

/// Whether a part of the name begins with a dot, as the resource forks of macOS do ("._a.jpg").
bool is_hidden(const std::string& name) {
  const fs::path path = name;
  return std::any_of(path.begin(), path.end(), [](const fs::path& part) {
    return part.native().starts_with('.') && part != "." && part != "..";
  });
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
  /// A shard that cannot be read to its end is left out whole.
  explicit Shards(const std::vector<fs::path>& places)
      : paths_(shards_in(places)),
        files_(std::make_shared<ShardFiles>(paths_)),
        skipped_(shards_of_other_packing(places)) {
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      const std::size_t samples = samples_.size(), skipped = skipped_.size();
      try {
        index(i);
      } catch (const Error& error) {
        if (paths_.size() == 1) throw;
        samples_.resize(samples);
        skipped_.resize(skipped);
        const std::string before = concatenate(paths_[i], ": ");
        const std::string& reason = error.text();
        skipped_.push_back({paths_[i].string(), "damaged",
                            reason.starts_with(before) ? reason.substr(before.size()) : reason});
      }
    }
  }
  std::vector<fs::path> paths_;
  std::shared_ptr<ShardFiles> files_;
  std::vector<Sample> samples_;
  std::vector<SkippedFile> skipped_;

 private:
  void index(std::size_t shard) {
    open_.clear();
    by_key_.clear();
    const auto held = files_->open(shard);
    const InputFile& file = *held;
    const TarBytes bytes = [&](std::uint64_t offset, std::span<std::byte> to) -> std::size_t {
      const std::uint64_t left = offset < file.size() ? file.size() - offset : 0;
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), left));
      file.read(offset, to.first(count));
      return count;
    };
    walk_tar(paths_[shard], bytes, [&](const TarMember& member) { take(file, shard, member); });
    for (Sample& sample : open_) finish(std::move(sample));
  }

  /// The sample that the member belongs to. A second image of a name begins another one, but for what stands
  /// beside the first, such as the same picture in another format.
  Sample& sample_of(const std::string& key, std::size_t shard, bool is_image) {
    const auto [found, is_new] = by_key_.try_emplace(key, open_.size());
    const bool is_last = !is_new && found->second + 1 == open_.size();
    if (is_new || (is_image && !is_last && open_[found->second].has_image)) {
      found->second = open_.size();
      open_.push_back({.key = key, .shard = shard});
    }
    return open_[found->second];
  }

  void take(const InputFile& file, std::size_t shard, const TarMember& member) {
    if (is_hidden(member.name)) return;
    const auto slash = member.name.rfind('/');
    const auto dot = member.name.find('.', slash == std::string::npos ? 0 : slash + 1);
    if (dot == std::string::npos) return;
    const std::string key = member.name.substr(0, dot);
    std::string ending = member.name.substr(dot + 1);
    ending = lower_case(ending);
    // "seg.png" and the like belong to other tasks than naming what is seen.
    const bool is_image = image_endings.contains(ending);
    Sample& sample = sample_of(key, shard, is_image);
    if (is_image && !sample.has_image) {
      sample.has_image = true;
      sample.name = (shard_stem(paths_[shard]) / fs::path(member.name).relative_path()).string();
      sample.offset = member.offset;
      sample.size = member.size;
      require(member.size <= file.size() && member.offset <= file.size() - member.size, "read_tar",
              paths_[shard], ": a tar archive is cut inside '", member.name, "'.");
      return;
    }
    if (ending != "cls" && ending != "json" && ending != "txt") return;
    if (member.size > largest_sidecar) return;
    std::string bytes(member.size, '\0');
    file.read(member.offset, std::as_writable_bytes(std::span(bytes)));
    if (ending == "cls") sample.label = trimmed(bytes, blanks);
    if (ending == "json" && sample.label.empty()) sample.label = label_of_json(bytes);
    if (ending == "txt") sample.text = trimmed(bytes, blanks);
  }

  void finish(Sample&& sample) {
    if (sample.has_image)
      samples_.push_back(std::move(sample));
    else
      skipped_.push_back({(shard_stem(paths_[sample.shard]) / sample.key).string(), "not an image",
                          "the sample has no file with an image's ending"});
  }

  // Of the shard that is read.
  std::vector<Sample> open_;
  std::unordered_map<std::string, std::size_t> by_key_;
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

bool is_shard_name(const fs::path& path) {
  const std::string name = lower_case(path.filename().string());
  return name.ends_with(".tar") || name.ends_with(".tar.gz") || name.ends_with(".tgz");
}

Dataset open_webdataset(const std::vector<fs::path>& places) {
  Shards shards(places);
  Dataset dataset{.format = "webdataset", .skipped = std::move(shards.skipped_)};
  auto& samples = shards.samples_;
  if (samples.empty() && !dataset.skipped.empty())
    fail(in_open_dataset, places.front(), " must hold at least one image; the first that was skipped is ",
         dataset.skipped.front().path, ": ", dataset.skipped.front().reason);
  require(!samples.empty(), in_open_dataset, places.front(), " must hold at least one image.");
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
  std::vector<Place> in_shards;
  for (auto& sample : samples) {
    dataset.images.push_back({std::move(sample.name), sample.label.empty() ? -1 : numbers.at(sample.label)});
    in_shards.push_back({sample.shard, sample.offset, sample.size});
  }
  dataset.read = [files = shards.files_, in_shards = std::move(in_shards)](std::int64_t index) {
    const Place& at = in_shards.at(static_cast<std::size_t>(index));
    if (at.size == 0) throw ImageError("empty", "the file has no bytes");
    if (at.size > largest_image)
      throw ImageError("too large", "the file has more than the 4 GiB that are read");
    const auto file = files->open(at.shard);
    ImageFile image{.bytes = std::string(at.size, '\0')};
    file->read(at.offset, std::as_writable_bytes(std::span(image.bytes)));
    require_image(recognise_content(image.bytes));
    image.sha256 = sha256_hex(image.bytes);
    return image;
  };
  return dataset;
}

namespace {

/// Whether the folder holds tar shards and neither images nor folders; tables beside the shards, as
/// img2dataset writes them, do not matter.
bool holds_shards(const fs::path& folder) {
  std::vector<fs::path> others;
  bool any = false;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!is_visible(entry.path())) continue;
    if (!entry.is_regular_file(error)) return false;
    if (is_shard_name(entry.path()))
      any = true;
    else
      others.push_back(entry.path());
  }
  return any && std::none_of(others.begin(), others.end(), begins_as_image);
}

bool is_shard(const fs::path& file, const std::string& head) {
  if (head.starts_with("\x1f\x8b")) return is_shard_name(file);
  return begins_as_tar(head);
}

}  // namespace

const DatasetFormat webdataset_format{.name = "webdataset",
                                      .open = [](const fs::path& place) { return open_webdataset({place}); },
                                      .is_folder = holds_shards,
                                      .is_file = is_shard};

}  // namespace ilk::internal
