#include "pipeline/bench_records.h"

#include <algorithm>

#include "io/files.h"
#include "io/json_file.h"
#include "io/sha256.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

bool is_of(const Json& file, const Json& identity) {
  return file.is_object() && file.contains("key") && identity_of(file["key"]) == identity;
}

}  // namespace

Json as_written(const Json& json) {
  return Json::parse(json_text(json));
}

Json read_json_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) ? Json::parse(read_file(path), nullptr, false) : Json();
}

Json identity_of(const Json& key) {
  Json identity = key;
  if (!identity.is_object()) return identity;
  identity.erase("state");
  if (const auto data = identity.find("data"); data != identity.end() && data->is_object())
    data->erase("state");
  return identity;
}

std::string BenchRecords::name_for(const std::string& base, const Json& key) const {
  const Json identity = identity_of(key);
  const Json finished = read_json_file(record_file(base)), begun = read_json_file(begun_file(base));
  const bool is_free = finished.is_null() && begun.is_null();
  if (is_free || is_of(finished, identity) || is_of(begun, identity)) return base;
  return base + "-" + sha256_hex(json_text(identity) + "\n").substr(0, 8);
}

bool BenchRecords::knows(const std::string& name, const Json& key, BenchRecord& record) const {
  const Json found = read_json_file(record_file(name));
  std::error_code error;
  if (!found.is_object() || found.value("key", Json()) != key ||
      !fs::exists(directory(name) / "assignments.csv", error))
    return false;
  record = {name, key, found};
  record.facts.erase("key");
  return true;
}

void BenchRecords::write(BenchRecord& record) const {
  const Json begun = read_json_file(begun_file(record.name));
  if (begun.is_object() && begun.contains("number")) {
    record.facts["number"] = begun["number"];  // of the run whose place it takes
  } else if (!record.facts.contains("number")) {
    std::int64_t number = 0;
    for (const BenchRecord& other : all()) number = std::max(number, other.facts.value("number", number) + 1);
    record.facts["number"] = number;
  }
  Json json = record.facts;
  json["key"] = record.key;
  write_file_atomically(record_file(record.name), json_text(json) + "\n");
  std::error_code error;
  fs::remove(begun_file(record.name), error);
}

std::vector<BenchRecord> BenchRecords::all() const {
  std::vector<BenchRecord> records;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string file = entry->path().filename().string();
    if (!file.ends_with(".json") || file.ends_with(".begun.json")) continue;
    Json json = read_json_file(entry->path());
    if (!json.is_object() || !json.contains("key") || !json.contains("number")) continue;
    BenchRecord record{entry->path().stem().string(), json["key"], std::move(json)};
    record.facts.erase("key");
    records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(), [](const BenchRecord& a, const BenchRecord& b) {
    const auto number = [](const BenchRecord& record) { return record.facts.value("number", 0); };
    return std::pair(number(a), a.name) < std::pair(number(b), b.name);
  });
  return records;
}

BenchRecords::Spent BenchRecords::begin(const std::string& name, const Json& key) const {
  Json begun = read_json_file(begun_file(name));
  const Json finished = read_json_file(record_file(name));
  if (!begun.is_object() || begun.value("key", Json()) != key || !begun.value("stopped", false)) {
    std::error_code error;
    fs::remove_all(directory(name), error);
    Json number = begun.is_object() && begun.contains("number") ? begun["number"] : Json();
    if (finished.is_object() && finished.contains("number")) number = finished["number"];
    begun = {{"seconds", 0.0}, {"cpu_seconds", 0.0}};
    if (!number.is_null()) begun["number"] = number;
  }
  begun["key"] = key;
  begun["stopped"] = false;
  write_file_atomically(begun_file(name), json_text(begun) + "\n");
  std::error_code error;
  fs::remove(record_file(name), error);
  return {begun.value("seconds", 0.0), begun.value("cpu_seconds", 0.0)};
}

void BenchRecords::stopped(const std::string& name, Spent spent) const {
  Json begun = read_json_file(begun_file(name));
  begun["seconds"] = spent.seconds;
  begun["cpu_seconds"] = spent.cpu_seconds;
  begun["stopped"] = true;
  write_file_atomically(begun_file(name), json_text(begun) + "\n");
}

}  // namespace ilk
