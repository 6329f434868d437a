#pragma once
// Which images the paths of a file of texts mean.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace ilk {

/// A text and the path it stands beside.
struct ImageText {
  std::string path, text;
};

struct ImageMatch {
  std::vector<std::int64_t> entry_of_image;  ///< −1: none
  std::int64_t repeated = 0, unknown = 0;    ///< as in ImageCaptions
  std::string first_repeated, first_unknown;
};

/// Paths with their folders free of links and dots, so that two ways to write one are equal.
class RealPaths {
 public:
  std::string operator()(const std::filesystem::path& path);

 private:
  std::unordered_map<std::string, std::filesystem::path> folders_;
};

/// The rule is read_image_captions's.
class ImageMatcher {
 public:
  /// `without_extension`: a path may also be an image's without its extension.
  ImageMatcher(const std::vector<std::string>& images, bool without_extension);

  /// Paths are tried as they are written, then from `folder` where it is not empty.
  ImageMatch match(const std::vector<ImageText>& entries, const std::filesystem::path& folder);

 private:
  using Index = std::unordered_map<std::string, std::vector<std::size_t>>;  // images
  // How well a path fits, the best last.
  enum class Fit { none, name, stem, path };

  void add(const std::filesystem::path& image, std::size_t i, Index& paths, Index& names);
  bool choose_by_path(const ImageText& text, std::int64_t entry, const std::filesystem::path& folder);
  bool choose_by_name(const ImageText& text, std::int64_t entry, const Index& index, const std::string& name);
  bool choose(const ImageText& text, std::int64_t entry, const Index& index, const std::string& key, Fit fit);

  RealPaths real_;
  Index by_path_, by_name_, by_stem_path_, by_stem_;
  std::vector<Fit> fits_;
  ImageMatch match_;
};

}  // namespace ilk
