#pragma once
#include <ilk/matrix.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace ilk {

/// Features kept in files below one folder: the whole, and while it is being computed its finished spans.
/// Each file says of what model, texts and templates it is and what its numbers' digest is, and is believed
/// only if all of it is true.
class TextFeaturesCache {
 public:
  /// `identity`: what the features depend on. An empty `folder`: nothing is kept, nothing found.
  TextFeaturesCache(const std::filesystem::path& folder, std::map<std::string, std::string> identity);

  /// (rows, width), or nothing where it is not kept. A file that is there but not to be believed is
  /// noted in problem().
  std::optional<Matrix<float>> load_whole(std::int64_t rows, std::int64_t width);
  std::optional<Matrix<float>> load_span(std::int64_t begin, std::int64_t rows, std::int64_t width);

  /// What cannot be written is noted in problem(); it is no reason to lose the features.
  void save_span(std::int64_t begin, MatrixView<const float> features);
  /// Also removes the spans.
  void save_whole(MatrixView<const float> features);

  /// One sentence on what went wrong, the first thing that did; empty if all went well.
  const std::string& problem() const { return problem_; }

 private:
  std::optional<Matrix<float>> load(const std::filesystem::path& path, std::int64_t rows, std::int64_t width);
  bool save(const std::filesystem::path& path, MatrixView<const float> features);
  std::filesystem::path span_path(std::int64_t begin) const;
  void note(const std::string& sentence);

  std::map<std::string, std::string> identity_;
  std::filesystem::path whole_, spans_;  // a file, a folder; empty: not kept
  std::string problem_;
};

}  // namespace ilk
