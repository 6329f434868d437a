#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ilk {

/// A cluster of a hierarchy as the report shows it: one that has others below it, or one of the report's.
struct ReportBranch {
  std::string name;
  std::int64_t size = 0;
  std::optional<std::size_t> cluster;  ///< its place in Report::clusters; none: it is made of those below
  std::vector<ReportBranch> below;
};

}  // namespace ilk
