#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// The candidate that differs from `name` by the fewest typing errors (insertions, deletions, replacements,
/// swaps of neighbours), for "did you mean"; empty where none is within a third of its length. Ties go to the
/// first.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace ilk
