// S runs of each method.
#include <ilk/version.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/fail.h"
#include "core/text.h"
#include "io/csv.h"
#include "io/json_file.h"
#include "pipeline/bench.h"

namespace ilk {
namespace {

using Json = nlohmann::ordered_json;

struct Column {
  const char* heading;
  const char* name;
  double factor;  // of the number in text
  const char* unit;
  std::optional<double> (*value)(const BenchRun& run);
};
constexpr std::array columns = {
    Column{"ACC", "accuracy", 100, "",
           [](const BenchRun& run) { return std::optional(run.agreement.accuracy); }},
    Column{"NMI", "normalised_mutual_information", 100, "",
           [](const BenchRun& run) { return std::optional(run.agreement.normalised_mutual_information); }},
    Column{"ARI", "adjusted_rand_index", 100, "",
           [](const BenchRun& run) { return std::optional(run.agreement.adjusted_rand_index); }},
    Column{"time", "seconds", 1, " s", [](const BenchRun& run) { return run.seconds; }},
    Column{"CPU time", "cpu_seconds", 1, " s", [](const BenchRun& run) { return run.cpu_seconds; }},
    Column{"peak memory", "peak_memory_mebibytes", 1, " MiB",
           [](const BenchRun& run) { return run.peak_memory_mebibytes; }}};

/// The runs of one data set, method and variant.
using Line = std::vector<const BenchRun*>;

std::vector<Line> lines_of(const BenchTable& table) {
  std::vector<Line> lines;
  for (const BenchRun& run : table.runs) {
    const auto own = std::find_if(lines.begin(), lines.end(), [&](const Line& line) {
      return line.front()->data == run.data && line.front()->method == run.method &&
             line.front()->variant == run.variant;
    });
    if (own == lines.end())
      lines.push_back({&run});
    else
      own->push_back(&run);
  }
  return lines;
}

/// Nothing where it is not known of each run.
std::optional<MeanDeviation> of_column(const Line& line, const Column& column) {
  std::vector<double> values;
  for (const BenchRun* run : line)
    if (const auto value = column.value(*run)) values.push_back(*value);
  if (values.size() < line.size()) return std::nullopt;
  return mean_deviation(values);
}

/// "34.6 ± 0.9"; one run has no deviation.
std::string cell_text(const Line& line, const Column& column) {
  const auto known = of_column(line, column);
  if (!known) return "–";
  const auto [mean, deviation] = *known;
  const bool memory = std::string_view(column.unit) == " MiB";
  const auto shown = [&](double value) { return fixed(column.factor * value, memory ? 0 : 1); };
  return shown(mean) + (line.size() == 1 ? "" : " ± " + shown(deviation)) + column.unit;
}

/// The table's cells, headings first; the data are named where there are several.
std::vector<std::vector<std::string>> cells_of(const BenchTable& table) {
  const auto lines = lines_of(table);
  const bool several = std::any_of(lines.begin(), lines.end(), [&](const Line& line) {
    return line.front()->data != lines.front().front()->data;
  });
  std::vector<std::vector<std::string>> rows(1);
  if (several) rows.front().emplace_back("data");
  rows.front().insert(rows.front().end(), {"method", "runs"});
  for (const Column& column : columns) rows.front().emplace_back(column.heading);
  for (const Line& line : lines) {
    const BenchRun& first = *line.front();
    auto& row = rows.emplace_back();
    if (several) row.push_back(first.data);
    row.push_back(first.method + (first.variant.empty() ? "" : " " + first.variant));
    row.push_back(std::to_string(line.size()));
    for (const Column& column : columns) row.push_back(cell_text(line, column));
  }
  return rows;
}

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

/// Text as LaTeX sets it.
std::string latex(const std::string& text) {
  std::string set;
  for (const char c : text) {
    if (c == '\\')
      set += "\\textbackslash{}";
    else if (c == '~' || c == '^')
      set += std::string("\\") + c + "{}";
    else if (std::string_view("&%$#_{}").find(c) != std::string_view::npos)
      set += std::string("\\") + c;
    else if (c == '-' && set.ends_with("-"))
      set += "{}-";  // else two of them are a dash
    else
      set += c;
  }
  const auto replace = [&](const std::string& from, const std::string& to) {
    for (std::size_t at = set.find(from); at != std::string::npos; at = set.find(from, at + to.size()))
      set.replace(at, from.size(), to);
  };
  replace("±", "$\\pm$");
  replace("–", "--");
  return set;
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

std::string to_latex(const BenchTable& table) {
  const auto rows = cells_of(table);
  std::string text = "% " + table.command + "\n";
  for (const auto& sentence : table.protocol) text += "% " + sentence + "\n";
  const std::size_t names = rows.front().size() - columns.size() - 1;
  text +=
      "\\begin{tabular}{" + std::string(names, 'l') + std::string(columns.size() + 1, 'r') + "}\n\\hline\n";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c) text += (c ? " & " : "") + latex(rows[r][c]);
    text += r == 0 ? " \\\\\n\\hline\n" : " \\\\\n";
  }
  return text + "\\hline\n\\end{tabular}\n";
}

std::string to_csv(const BenchTable& table) {
  std::string text = "data,method,options,runs";
  for (const Column& column : columns)
    text += std::string(",") + column.name + "," + column.name + "_deviation";
  text += "\n";
  for (const Line& line : lines_of(table)) {
    const BenchRun& first = *line.front();
    text += csv_field(first.data) + "," + csv_field(first.method) + "," + csv_field(first.variant) + "," +
            std::to_string(line.size());
    for (const Column& column : columns) {
      const auto known = of_column(line, column);
      text += known ? "," + exact(known->mean) + "," + exact(known->deviation) : ",,";
    }
    text += "\n";
  }
  return text;
}

std::string to_json(const BenchTable& table) {
  Json methods = Json::array(), runs = Json::array(), failures = Json::array();
  for (const Line& line : lines_of(table)) {
    const BenchRun& first = *line.front();
    Json row{
        {"data", first.data}, {"method", first.method}, {"options", first.variant}, {"runs", line.size()}};
    for (const Column& column : columns) {
      const auto known = of_column(line, column);
      row[column.name] = known ? Json{{"mean", known->mean}, {"deviation", known->deviation}} : Json();
    }
    methods.push_back(row);
  }
  for (const BenchRun& run : table.runs) {
    Json row{{"data", run.data},
             {"method", run.method},
             {"options", run.variant},
             {"seed", run.seed},
             {"n_clusters", run.n_clusters}};
    for (const Column& column : columns) {
      const auto value = column.value(run);
      row[column.name] = value ? Json(*value) : Json();
    }
    row["encoded"] = run.encoded;
    runs.push_back(row);
  }
  for (const auto& [run, reason] : table.failures) failures.push_back({{"run", run}, {"reason", reason}});
  const Json json{{"program", "ilk bench"},     {"version", ILK_VERSION}, {"command", table.command},
                  {"protocol", table.protocol}, {"methods", methods},     {"runs", runs},
                  {"failures", failures}};
  return json_text(json);
}

}  // namespace ilk
