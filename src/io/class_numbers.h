#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace ilk {

struct ClassNumbers {
  std::vector<std::string> classes;   ///< sorted by name
  std::vector<std::int64_t> of_name;  ///< −1: no class
};

/// Numbers the classes that texts name. A blank text is none; nor is a negative number where all are whole
/// numbers, as in arrays of labels.
ClassNumbers number_classes(const std::vector<std::string>& names);

}  // namespace ilk
