#include "assignment_row.h"

#include <ilk/csv.h>

#include <cstdio>

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
  const auto cluster = assignment.labels.data_ptr<std::int64_t>()[i];
  const auto second = assignment.second_labels.data_ptr<std::int64_t>()[i];
  const float score = assignment.scores.data_ptr<float>()[i];
  std::string row = csv_field(path) + "," + std::to_string(cluster) + "," +
                    csv_field(names[static_cast<std::size_t>(cluster)]) + "," + six_digits(score) + ",";
  // With one cluster there is no runner-up.
  if (second < 0) return row + ",";
  return row + std::to_string(second) + "," +
         six_digits(score - assignment.second_scores.data_ptr<float>()[i]);
}

}  // namespace ilk
