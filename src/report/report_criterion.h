#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace ilk {

/// Other clusters of the report's images, by a criterion.
struct ReportCriterion {
  struct Picture {
    std::string path;
    std::string thumbnail_jpeg;  ///< bytes; empty where it could not be made
  };
  struct Cluster {
    std::string name;
    std::int64_t size = 0;
    std::vector<Picture> pictures;  ///< nearest to the centroid first
  };
  std::string name;     ///< "colour"
  std::string meaning;  ///< where its words are from, as shown
  std::string page;     ///< its own report, as seen from this one
  std::vector<Cluster> clusters;
};

}  // namespace ilk
