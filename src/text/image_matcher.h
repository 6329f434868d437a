#pragma once
// Which images the paths of a file of labels or texts mean.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/path_suffixes.h"

namespace ilk {

/// A text and the path it stands beside.
struct ImageText {
  std::string path, text;
};

struct ImageMatch {
  std::vector<std::int64_t> entry_of_image;  ///< −1: none
  std::int64_t known = 0;                    ///< entries that mean an image, those without a text too
  std::int64_t repeated = 0, unknown = 0;    ///< as in ImageCaptions
  std::string first_repeated, first_unknown;
  /// The first two entries that say different things of one image and fit it as well.
  std::optional<std::pair<std::int64_t, std::int64_t>> contradiction;
};

/// Paths with their folders free of links and dots, so that two ways to write one are equal.
class RealPaths {
 public:
  std::string operator()(const std::filesystem::path& path);

 private:
  std::unordered_map<std::string, std::filesystem::path> folders_;
};

/// A path means the image that has it, as it is written or from a folder. Failing both it means the image
/// whose path ends as it does, with the same folders and file name as far back as possible: what is left
/// when a folder moves, and at least the file name. That holds where only one image ends so, and only one
/// path that means it so ends as much like it. A text that is empty is none; of several texts for an image
/// the last counts, but a whole path goes before an ending.
class ImageMatcher {
 public:
  /// `without_extension`: a path may also be an image's without its extension.
  ImageMatcher(const std::vector<std::string>& images, bool without_extension);

  /// Paths are tried as they are written, then from `folder` where it is not empty.
  ImageMatch match(const std::vector<ImageText>& entries, const std::filesystem::path& folder);

 private:
  using Index = std::unordered_map<std::string, std::vector<std::size_t>>;  // images
  // How well a path fits, the best last.
  enum class Fit { none, ending, stem, path };

  void add(const std::filesystem::path& image, std::size_t i, Index& paths, PathSuffixes& tails);
  bool choose_by_path(const ImageText& text, std::int64_t entry, const std::filesystem::path& folder);
  void choose_by_ending(const std::vector<ImageText>& entries, const std::vector<std::size_t>& left);
  bool choose(const ImageText& text, std::int64_t entry, const Index& index, const std::string& key, Fit fit);
  void choose(const std::string& path, const std::string& text, std::int64_t entry, std::size_t image,
              Fit fit);

  RealPaths real_;
  Index by_path_, by_stem_path_;
  PathSuffixes tails_, stem_tails_;
  std::vector<Fit> fits_;
  std::vector<std::string> texts_;  // of the images, where there are any so far
  ImageMatch match_;
};

}  // namespace ilk
