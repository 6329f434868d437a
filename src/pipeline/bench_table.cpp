// S runs of each method.
#include <ilk/bench.h>
#include <ilk/error.h>
#include <ilk/version.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace ilk {
namespace {

using Json = nlohmann::ordered_json;

struct Column {
  const char* heading;
  const char* name;
  double factor;  // of the number in text
  const char* unit;
  double (*value)(const BenchRun& run);
};
constexpr std::array columns = {
    Column{"ACC", "accuracy", 100, "", [](const BenchRun& run) { return run.agreement.accuracy; }},
    Column{"NMI", "normalised_mutual_information", 100, "",
           [](const BenchRun& run) { return run.agreement.normalised_mutual_information; }},
    Column{"ARI", "adjusted_rand_index", 100, "",
           [](const BenchRun& run) { return run.agreement.adjusted_rand_index; }},
    Column{"time", "seconds", 1, " s", [](const BenchRun& run) { return run.seconds; }},
    Column{"CPU time", "cpu_seconds", 1, " s", [](const BenchRun& run) { return run.cpu_seconds; }},
    Column{"peak memory", "peak_memory_mebibytes", 1, " MiB",
           [](const BenchRun& run) { return run.peak_memory_mebibytes; }}};

std::vector<const BenchRun*> runs_of(const BenchTable& table, const std::string& method) {
  std::vector<const BenchRun*> runs;
  for (const BenchRun& run : table.runs)
    if (run.method == method) runs.push_back(&run);
  return runs;
}

MeanDeviation of_column(const std::vector<const BenchRun*>& runs, const Column& column) {
  std::vector<double> values;
  values.reserve(runs.size());
  for (const BenchRun* run : runs) values.push_back(column.value(*run));
  return mean_deviation(values);
}

/// "34.6 ± 0.9"; one run has no deviation.
std::string cell(const std::vector<const BenchRun*>& runs, const Column& column) {
  const auto [mean, deviation] = of_column(runs, column);
  const bool memory = std::string_view(column.unit) == " MiB";
  char text[96];
  if (runs.size() == 1)
    std::snprintf(text, sizeof text, memory ? "%.0f%s" : "%.1f%s", column.factor * mean, column.unit);
  else
    std::snprintf(text, sizeof text, memory ? "%.0f ± %.0f%s" : "%.1f ± %.1f%s", column.factor * mean,
                  column.factor * deviation, column.unit);
  return text;
}

/// The table's cells, headings first; methods without a run are left out.
std::vector<std::vector<std::string>> cells_of(const BenchTable& table) {
  std::vector<std::vector<std::string>> rows{{"method", "runs"}};
  for (const Column& column : columns) rows.front().emplace_back(column.heading);
  for (const std::string& method : table.methods) {
    const auto runs = runs_of(table, method);
    if (runs.empty()) continue;
    rows.push_back({method, std::to_string(runs.size())});
    for (const Column& column : columns) rows.back().push_back(cell(runs, column));
  }
  return rows;
}

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::string number(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

}  // namespace

MeanDeviation mean_deviation(const std::vector<double>& values) {
  require(!values.empty(), "mean_deviation", "there must be at least one value, got none.");
  const auto count = static_cast<double>(values.size());
  MeanDeviation result;
  for (const double value : values) result.mean += value / count;
  for (const double value : values) result.deviation += std::pow(value - result.mean, 2);
  result.deviation = values.size() > 1 ? std::sqrt(result.deviation / (count - 1)) : 0;
  return result;
}

std::string to_text(const BenchTable& table) {
  const auto rows = cells_of(table);
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], code_points(row[c]));
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c)
      line += (c ? "  " : "") + row[c] + std::string(widths[c] - code_points(row[c]), ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  text += "\n";
  for (const auto& [run, reason] : table.failures)
    text.append("Failed: ").append(run).append(": ").append(reason).append("\n");
  for (const auto& sentence : table.protocol) text += sentence + "\n";
  return text;
}

std::string to_markdown(const BenchTable& table) {
  std::string text = "    " + table.command + "\n\n";
  const auto rows = cells_of(table);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    text += "|";
    for (const auto& cell : rows[r]) text += " " + cell + " |";
    text += "\n";
    if (r > 0) continue;
    text += "|";
    for (std::size_t c = 0; c < rows[r].size(); ++c) text += "---|";
    text += "\n";
  }
  text += "\n";
  for (const auto& [run, reason] : table.failures)
    text.append("- Failed: ").append(run).append(": ").append(reason).append("\n");
  for (const auto& sentence : table.protocol) text += "- " + sentence + "\n";
  return text;
}

std::string to_csv(const BenchTable& table) {
  std::string text = "method,runs";
  for (const Column& column : columns)
    text += std::string(",") + column.name + "," + column.name + "_deviation";
  text += "\n";
  for (const std::string& method : table.methods) {
    const auto runs = runs_of(table, method);
    if (runs.empty()) continue;
    text += method + "," + std::to_string(runs.size());
    for (const Column& column : columns) {
      const auto [mean, deviation] = of_column(runs, column);
      text += "," + number(mean) + "," + number(deviation);
    }
    text += "\n";
  }
  return text;
}

std::string to_json(const BenchTable& table) {
  Json methods = Json::array(), runs = Json::array(), failures = Json::array();
  for (const std::string& method : table.methods) {
    const auto own = runs_of(table, method);
    if (own.empty()) continue;
    Json row{{"method", method}, {"runs", own.size()}};
    for (const Column& column : columns) {
      const auto [mean, deviation] = of_column(own, column);
      row[column.name] = {{"mean", mean}, {"deviation", deviation}};
    }
    methods.push_back(row);
  }
  for (const BenchRun& run : table.runs) {
    Json row{{"method", run.method}, {"seed", run.seed}, {"n_clusters", run.n_clusters}};
    for (const Column& column : columns) row[column.name] = column.value(run);
    row["encoded"] = run.encoded;
    runs.push_back(row);
  }
  for (const auto& [run, reason] : table.failures) failures.push_back({{"run", run}, {"reason", reason}});
  const Json json{{"program", "ilk bench"},     {"version", ILK_VERSION}, {"command", table.command},
                  {"protocol", table.protocol}, {"methods", methods},     {"runs", runs},
                  {"failures", failures}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ilk
