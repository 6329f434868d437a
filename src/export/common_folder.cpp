#include "export/common_folder.h"

#include <algorithm>

namespace ilk {

std::filesystem::path common_folder(const std::vector<std::filesystem::path>& files) {
  if (files.empty()) return "/";
  std::filesystem::path common = files.front().parent_path();
  for (const auto& file : files) {
    const auto folder = file.parent_path();
    const auto [end, ignored] = std::mismatch(common.begin(), common.end(), folder.begin(), folder.end());
    if (end == common.end()) continue;
    std::filesystem::path shorter;
    for (auto part = common.begin(); part != end; ++part) shorter /= *part;
    common = shorter;
  }
  return common;
}

}  // namespace ilk
