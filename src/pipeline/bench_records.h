#pragma once
// What a bench's folder knows of finished runs: runs/NAME.json beside each run directory runs/NAME.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ilk {

/// One finished run. `key` says what it was made of: "data", "options", "seed", and "state": the version and
/// the files, by which a run that is out of date is told. `facts` are what it gave and took.
struct BenchRecord {
  std::string name;
  nlohmann::ordered_json key, facts;
};

/// What a run is of, whatever the state of its files.
nlohmann::ordered_json identity_of(const nlohmann::ordered_json& key);

class BenchRecords {
 public:
  explicit BenchRecords(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The folder's name for a run with this key: `base`, or with a digest after it where a run of other data
  /// or options has that name.
  std::string name_for(const std::string& base, const nlohmann::ordered_json& key) const;
  std::filesystem::path directory(const std::string& name) const { return folder_ / name; }

  /// The record of this run, where it finished with this very key and its assignments are there.
  bool knows(const std::string& name, const nlohmann::ordered_json& key, BenchRecord& record) const;
  /// A record gets the number of the one whose place it takes, else the next.
  void write(BenchRecord& record) const;
  /// All finished runs, in the order in which they were first written.
  std::vector<BenchRecord> all() const;

  struct Spent {
    double seconds = 0, cpu_seconds = 0;
  };
  /// Marks a run as begun and gives the time that it took before it was stopped. What is there of another
  /// run, or of one that was killed, whose time nobody knows, is removed.
  Spent begin(const std::string& name, const nlohmann::ordered_json& key) const;
  /// Marks a run that was begun as stopped.
  void stopped(const std::string& name, Spent spent) const;

 private:
  std::filesystem::path begun_file(const std::string& name) const { return folder_ / (name + ".begun.json"); }
  std::filesystem::path record_file(const std::string& name) const { return folder_ / (name + ".json"); }

  std::filesystem::path folder_;
};

/// As JSON is once it was written and read: text that is no UTF-8 changes on the way.
nlohmann::ordered_json as_written(const nlohmann::ordered_json& json);
/// Null where there is no such file or it holds no JSON.
nlohmann::ordered_json read_json_file(const std::filesystem::path& path);

}  // namespace ilk
