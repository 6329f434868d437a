#pragma once
#include <ilk/kmeans.h>

#include <string>
#include <string_view>
#include <vector>

namespace ilk {

constexpr std::string_view assignment_header = "path,cluster,name,score,second_cluster,margin";

/// What assignments.csv says of image i, without a line's end. `names` are the clusters'.
std::string assignment_row(const Assignment& assignment, std::int64_t i, const std::string& path,
                           const std::vector<std::string>& names);

}  // namespace ilk
