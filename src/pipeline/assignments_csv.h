#pragma once
// N images of a run.

#include <ilk/naming.h>
#include <ilk/run.h>

#include <string>
#include <string_view>
#include <vector>

namespace ilk {

/// No run has a cluster of this number or above: a file that names one is damaged.
inline constexpr std::int64_t most_clusters = 1 << 20;

/// The first 16 hexadecimal digits of the SHA-256 of all paths in their order.
std::string digest_of_paths(const std::vector<std::string>& paths);

/// The same as text, with the columns of the levels where there are some.
std::string to_csv(const std::vector<AssignmentRow>& rows, const ClusterLevels& levels = {});

/// A score or a margin of a row. Throws Error, of `function`, where it is no number.
double score_number(const std::string& text, std::string_view function);

}  // namespace ilk
