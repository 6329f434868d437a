#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ilk {

/// Paths by their last parts, so that a file is found after its folder has moved.
class PathSuffixes {
 public:
  void add(const std::string& path, std::int64_t image);
  /// Once all are added, before the first find.
  void sort();

  struct Found {
    std::int64_t image = -1;
    std::size_t parts = 0;  ///< that both paths end with
  };
  /// The image whose path ends with the most parts of this one, at least with its file name; none where
  /// several images do so equally well. O(log N).
  std::optional<Found> find(const std::string& path) const;

 private:
  std::vector<std::pair<std::string, std::int64_t>> reversed_;  // "a.png/cats/photos/"
};

}  // namespace ilk
