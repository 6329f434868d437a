#include "pipeline/assignments_csv.h"

#include <charconv>

#include "core/fail.h"
#include "io/csv.h"
#include "io/files.h"
#include "io/sha256.h"
#include "pipeline/assignment_row.h"
#include "pipeline/levels.h"
#include "pipeline/run_directory_lock.h"

namespace ilk {
namespace {

std::int64_t cluster_number(const std::string& text, const std::filesystem::path& file, std::size_t line) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  require(error == std::errc() && end == text.data() + text.size() && number >= 0 && number < most_clusters,
          "run", file, ": line ", line, ": a cluster must be a number from 0 on, got '", text, "'.");
  return number;
}

}  // namespace

std::vector<AssignmentRow> read_assignment_rows(const std::filesystem::path& file) {
  require_run(file.parent_path(), file.filename().string(), "run");
  const auto rows = parse_csv_rows(read_file(file));
  const std::string expected = std::string(assignment_header) + ",top_nouns";
  std::string header;
  if (!rows.empty())
    for (const auto& field : rows.front().fields) header += (header.empty() ? "" : ",") + field;
  require(rows.size() >= 2 && (header + ",").starts_with(expected + ","), "run", file,
          " must have the columns ", expected, " and a row for each image.");
  std::vector<AssignmentRow> result;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto& [line, fields] = rows[i];
    require(fields.size() == rows.front().fields.size(), "run", file, ": line ", line, " must have ",
            rows.front().fields.size(), " fields, got ", fields.size(), ".");
    result.push_back({.path = fields[0],
                      .cluster = cluster_number(fields[1], file, line),
                      .name = fields[2],
                      .score = fields[3],
                      .second = fields[4].empty() ? -1 : cluster_number(fields[4], file, line),
                      .margin = fields[5],
                      .top_nouns = fields[6]});
  }
  return result;
}

std::string digest_of_paths(const std::vector<std::string>& paths) {
  Sha256 digest;
  for (const auto& path : paths) digest.update(path + '\n');
  return digest.hex().substr(0, 16);
}

std::string to_csv(const std::vector<AssignmentRow>& rows, const ClusterLevels& levels) {
  std::string text = std::string(assignment_header) + ",top_nouns" + level_columns(levels) + "\n";
  for (const auto& row : rows)
    text += csv_field(row.path) + "," + std::to_string(row.cluster) + "," + csv_field(row.name) + "," +
            row.score + "," + (row.second < 0 ? "" : std::to_string(row.second)) + "," + row.margin + "," +
            csv_field(row.top_nouns) + level_fields(levels, row.cluster) + "\n";
  return text;
}

double score_number(const std::string& text, std::string_view function) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc() && end == text.data() + text.size(), function,
          "scores of assignments.csv must be numbers, got '", text, "'.");
  return value;
}

}  // namespace ilk
