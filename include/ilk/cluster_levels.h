#pragma once
// K finest clusters, L levels above them.
#include <ilk/naming.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ilk {

/// What nested clusters are parts of: each cluster is in one of the level above.
struct ClusterLevels {
  struct Cluster {
    ClusterName name;
    std::int64_t parent = -1;  ///< its cluster one level up; −1 at the top
    std::int64_t size = 0;     ///< images
  };
  using Level = std::vector<Cluster>;

  std::vector<Level> upper;           ///< (L), fewest clusters first; empty: the clusters are not nested
  std::vector<std::int64_t> parents;  ///< (K): the finest clusters' in the last of `upper`

  bool empty() const { return upper.empty(); }
  /// The clusters that a finest one is in, (L) numbers, the topmost first.
  std::vector<std::int64_t> path(std::int64_t cluster) const;
  /// Their names.
  std::vector<std::string> path_names(std::int64_t cluster) const;
};

}  // namespace ilk
