#include "pipeline/assignment_row.h"

#include "core/text.h"
#include "io/csv.h"

namespace ilk {

std::string assignment_row(const Assignment& assignment, std::int64_t i, const std::string& path,
                           const std::vector<std::string>& names) {
  const auto place = static_cast<std::size_t>(i);
  const std::int64_t cluster = assignment.labels[place], second = assignment.second_labels[place];
  const float score = assignment.scores[place];
  std::string row = csv_field(path) + "," + std::to_string(cluster) + "," +
                    csv_field(names[static_cast<std::size_t>(cluster)]) + "," + fixed(score, 6) + ",";
  // With one cluster there is no runner-up.
  if (second < 0) return row + ",";
  return row + std::to_string(second) + "," + fixed(score - assignment.second_scores[place], 6);
}

}  // namespace ilk
