#include "pipeline/bench_rows.h"

#include <ilk/version.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

namespace ilk {
namespace {

using Json = nlohmann::ordered_json;
using Flags = std::map<std::string, Json>;

std::string with_dashes(std::string text) {
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

/// A record, and its options as flags: {"kmeans": {"n_init": 3}} is --kmeans-n-init and 3.
struct Row {
  BenchRecord record;
  Flags flags;
  BenchRun run;
};

Flags flags_of(const Json& options) {
  Flags flags;
  for (const auto& [name, value] : options.items()) {
    if (!value.is_object()) {
      flags["--" + with_dashes(name)] = value;
      continue;
    }
    for (const auto& [inner, number] : value.items())
      flags["--" + with_dashes(name) + "-" + with_dashes(inner)] = number;
  }
  return flags;
}

bool same_data(const Json& a, const Json& b) {
  return identity_of({{"data", a}}) == identity_of({{"data", b}});
}

/// The flags by which a row differs from others of its method on the same data.
std::string variant_of(const Row& row, const std::vector<Row>& rows) {
  std::string text;
  for (const auto& [flag, value] : row.flags) {
    const auto differs = [&, flag = flag, value = value](const Row& other) {
      if (other.run.method != row.run.method || !same_data(other.record.key["data"], row.record.key["data"]))
        return false;
      const auto found = other.flags.find(flag);
      return found == other.flags.end() || found->second != value;
    };
    if (std::none_of(rows.begin(), rows.end(), differs)) continue;
    const std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    if (value.is_null() || shown.empty()) continue;
    text.append(text.empty() ? "" : " ").append(flag).append(" ").append(shown);
  }
  return text;
}

std::optional<double> number_in(const Json& facts, const char* name) {
  const auto found = facts.find(name);
  if (found == facts.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

BenchRun run_of(const BenchRecord& record) {
  const Json& facts = record.facts;
  const Json scores = facts.value("scores", Json::object());
  return {.method = facts.value("method", record.name),
          .seed = record.key.value("seed", std::uint64_t{0}),
          .n_clusters = facts.value("n_clusters", std::int64_t{0}),
          .agreement = {.accuracy = scores.value("accuracy", 0.0),
                        .normalised_mutual_information = scores.value("normalised_mutual_information", 0.0),
                        .adjusted_rand_index = scores.value("adjusted_rand_index", 0.0)},
          .seconds = number_in(facts, "seconds"),
          .cpu_seconds = number_in(facts, "cpu_seconds"),
          .peak_memory_mebibytes = number_in(facts, "peak_memory_mebibytes"),
          .encoded = facts.value("encoded", std::int64_t{0}),
          .data = facts.value("data_name", "")};
}

/// The data at hand that a run is of, if it is.
BenchData* data_of(const BenchRecord& record, std::vector<BenchData>& data) {
  const Json key = record.key.value("data", Json::object());
  const auto found = std::find_if(
      data.begin(), data.end(), [&](const BenchData& one) { return same_data(as_written(one.key()), key); });
  return found == data.end() ? nullptr : &*found;
}

bool is_current(const BenchRecord& record, std::vector<BenchData>& data) {
  const BenchData* at_hand = data_of(record, data);
  return record.key.value("version", "") == ILK_VERSION &&
         (!at_hand || as_written(at_hand->key()) == record.key["data"]);
}

}  // namespace

nlohmann::ordered_json scores_json(const Agreement& agreement) {
  return {{"accuracy", agreement.accuracy},
          {"normalised_mutual_information", agreement.normalised_mutual_information},
          {"adjusted_rand_index", agreement.adjusted_rand_index}};
}

void score_again(const BenchRecords& records, std::vector<BenchData>& data) {
  for (BenchRecord& record : records.all()) {
    BenchData* at_hand = data_of(record, data);
    std::error_code error;
    if (!at_hand || !record.facts.contains("scores") || !is_current(record, data) ||
        !std::filesystem::exists(records.directory(record.name) / "assignments.csv", error))
      continue;
    const Json scores = scores_json(at_hand->score(read_assignments(records.directory(record.name))));
    if (record.facts["scores"] == scores) continue;
    record.facts["scores"] = scores;
    records.write(record);
  }
}

BenchRows rows_of(const BenchRecords& records, std::vector<BenchData>& data) {
  BenchRows result;
  std::vector<Row> rows;
  for (const BenchRecord& record : records.all()) {
    if (!record.facts.contains("scores")) continue;  // what encoded the images, for all
    if (is_current(record, data))
      rows.push_back({record, flags_of(record.key.value("options", Json::object())), run_of(record)});
    else
      ++result.out_of_date;
  }
  for (Row& row : rows) row.run.variant = variant_of(row, rows);
  // Rows of one line of the table together, the lines in the order of their first runs.
  std::vector<std::string> lines;
  const auto line_of = [&](const Row& row) {
    const std::string line = row.run.data + "\n" + row.run.method + "\n" + row.run.variant;
    const auto place = std::find(lines.begin(), lines.end(), line) - lines.begin();
    if (place == std::ssize(lines)) lines.push_back(line);
    return place;
  };
  std::vector<std::pair<std::pair<std::ptrdiff_t, std::uint64_t>, BenchRun>> ordered;
  for (const Row& row : rows) {
    const std::string description = row.record.facts.value("data_description", "");
    if (std::find(result.descriptions.begin(), result.descriptions.end(), description) ==
        result.descriptions.end())
      result.descriptions.push_back(description);
    ordered.emplace_back(std::pair(line_of(row), row.run.seed), row.run);
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [place, run] : ordered) result.runs.push_back(std::move(run));
  return result;
}

}  // namespace ilk
