#include "pipeline/assignment_row.h"

#include <cstdio>

#include "io/csv.h"

namespace ilk {
namespace {

std::string six_digits(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6f", value);
  return text;
}

}  // namespace

std::string assignment_row(const Assignment& assignment, std::int64_t i, const std::string& path,
                           const std::vector<std::string>& names) {
  const auto place = static_cast<std::size_t>(i);
  const std::int64_t cluster = assignment.labels[place], second = assignment.second_labels[place];
  const float score = assignment.scores[place];
  std::string row = csv_field(path) + "," + std::to_string(cluster) + "," +
                    csv_field(names[static_cast<std::size_t>(cluster)]) + "," + six_digits(score) + ",";
  // With one cluster there is no runner-up.
  if (second < 0) return row + ",";
  return row + std::to_string(second) + "," + six_digits(score - assignment.second_scores[place]);
}

}  // namespace ilk
