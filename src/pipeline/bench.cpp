// S seeds of each method, N images, K clusters.
#include "pipeline/bench.h"

#include <ilk/models.h>
#include <ilk/version.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <sstream>

#include "core/duration.h"
#include "core/fail.h"
#include "core/option_checks.h"
#include "core/text.h"
#include "io/csv.h"
#include "io/file_lock.h"
#include "io/files.h"
#include "io/sha256.h"
#include "pipeline/bench_data.h"
#include "pipeline/bench_records.h"
#include "pipeline/bench_rows.h"
#include "pipeline/file_stamps.h"
#include "pipeline/method.h"
#include "pipeline/options_json.h"
#include "pipeline/run_directory_lock.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr const char* bench_lock_name = "bench.lock";

std::vector<const Method*> parse_methods(const BenchOptions& options) {
  std::vector<const Method*> methods;
  if (options.methods == "none") {
    require(!options.predictions.empty(), "--methods", "methods must not be none without --predictions.");
    return methods;
  }
  std::istringstream names(options.methods);
  for (std::string name; std::getline(names, name, ',');) {
    const Method* method = &find_method(name, "--methods", "--methods");
    require(std::find(methods.begin(), methods.end(), method) == methods.end(), "--methods",
            "methods must name each method once, got ", name, " twice.");
    methods.push_back(method);
  }
  require(!methods.empty(), "--methods", "methods must name at least one method, got none.");
  return methods;
}

/// Options that say what a run is of, by themselves: where it is done, with how much, and what scores it do
/// not; the data and the seed are parts of the key of their own.
Json options_key(const RunOptions& options) {
  Json json = options_to_json(options);
  for (const char* name :
       {"output", "threads", "memory", "cache", "labels", "seed", "features", "names", "dataset"})
    json.erase(name);
  return json;
}

Json key_of(const BenchData& data, const RunOptions& options) {
  Json key{{"version", ILK_VERSION},
           {"data", data.key()},
           {"options", options_key(options)},
           {"seed", options.seed}};
  Json files = Json::object();
  stamp_named_files(key["options"], files);
  if (options.features.empty()) stamp_place(find_model(options.model), files);
  key["state"] = {{"files", files}};
  return as_written(key);
}

/// Whether `path` is `folder` or below it; no where the latter is no folder.
bool lies_in(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return false;
  const std::string below = fs::weakly_canonical(fs::absolute(path), error).string() + "/",
                    above = fs::canonical(folder, error).string() + "/";
  return below.starts_with(above);
}

/// A name that can be a folder's.
std::string folder_name(std::string text) {
  for (char& c : text)
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < ' ') c = '_';
  return text;
}

class Bench {
 public:
  Bench(const std::vector<RunInputs>& inputs, const BenchOptions& options, const RunOptions& run_options,
        const std::string& command, const StartRun& start, Progress& progress)
      : options_(options),
        run_options_(run_options),
        output_(run_options.output),
        records_(output_ / "runs"),
        start_(start),
        progress_(progress),
        methods_(parse_methods(options)) {
    table_.command = command;
    require(inputs.size() == 1 || run_options.labels.empty(), in_bench,
            "labels must come with one data set, got ", inputs.size(), " of them.");
    require(inputs.size() == 1 || options.predictions.empty(), in_bench,
            "--predictions must come with one data set, got ", inputs.size(), " of them.");
    for (const RunInputs& one : inputs) {
      for (const auto& input : one.paths)
        require(!lies_in(output_, place_of_input(input)), in_bench, "output must lie outside of ", input,
                ", or it would be clustered too, got ", output_, ".");
      data_.emplace_back(one, run_options_);
    }
    check_ranges(run_options_, in_bench);
    if (run_options_.cache == "none") run_options_.cache = (output_ / "cache").string();
  }

  BenchTable go() {
    require_output_folder(output_, in_bench);
    FileLock lock(output_ / bench_lock_name);
    std::error_code error;
    // A bench that has just begun has a lock and nothing else; a stranger's folder gets none.
    const bool has_lock = fs::exists(lock.path(), error);
    if (!has_lock) check_folder();
    if (!lock.try_lock(FileLock::Kind::exclusive))
      throw WriteError(in_bench, "another bench is at work in " + output_.string() +
                                     "; wait for its end, or give this one another output.");
    if (has_lock) check_folder();
    for (const fs::path& folder : {output_, output_ / "runs"}) remove_unfinished_files(folder);
    if (!fs::exists(output_ / "table.json", error))
      write_file_atomically(output_ / "table.json", to_json(table_) + "\n");
    score_again(records_, data_);
    for (const Prediction& prediction : options_.predictions) take(prediction);
    for (BenchData& data : data_)
      if (run_options_.features.empty() && !methods_.empty()) prepare(data);
    progress_.start("Runs", std::ssize(data_) * std::ssize(methods_) * options_.seeds, "runs");
    for (BenchData& data : data_)
      for (const Method* method : methods_) run_method(data, *method);
    progress_.finish();
    write_table();
    return table_;
  }

 private:
  void check_folder() const {
    std::error_code error;
    const Json found = read_json_file(output_ / "table.json");
    require((found.is_object() && found.value("program", "") == "ilk bench") || !fs::exists(output_, error) ||
                holds_no_other_files(output_, bench_lock_name, "table.json"),
            in_bench, "output must be a bench's folder, an empty or a new folder; ", output_,
            " holds other files.");
  }

  RunOptions options_for(const BenchData& data, const Method& method, std::uint64_t seed) const {
    RunOptions run = run_options_;
    run.method = method.name;
    run.labels.clear();
    run.seed = seed;
    if (!run.n_clusters) run.n_clusters = data.n_classes();
    if (method.needs.image_texts != ImageTexts::given) {
      run.captions.clear();
      run.text_encoder.clear();
      run.text_features.clear();
      run.missing_captions = {};
    }
    return run;
  }

  /// Why a run failed; whether what it was given was to blame.
  struct Failure {
    std::string reason;
    bool of_input = false;
  };

  /// The finished run: what is known of it, or what it gives now. Nothing where it failed, with the reason.
  std::optional<BenchRecord> result_of(BenchData& data, RunOptions run, const std::string& base,
                                       Failure& failure) {
    const Json key = key_of(data, run);
    BenchRecord record{.name = records_.name_for(base, key), .key = key};
    if (records_.knows(record.name, key, record)) return record;
    run.output = records_.directory(record.name);
    BenchRecords::Spent spent = records_.begin(record.name, key);
    const BenchProcess process = start_(data.inputs(), run, run.output.string() + ".log");
    spent.seconds += process.seconds;
    spent.cpu_seconds += process.cpu_seconds;
    constexpr int stopped = 130, wrong_usage = 2, bad_input = 3;
    // One that is told twice, or before it listens, dies of it.
    if (process.status == stopped || (process.status < 0 && progress_.stop_requested())) {
      records_.stopped(record.name, spent);
      throw Stopped();
    }
    if (process.status != 0) progress_.check_stop();
    const Json manifest = read_json_file(run.output / "manifest.json");
    if (process.status != 0 || !manifest.is_object() || manifest.value("status", "") != "complete") {
      failure.reason = process.status < 0      ? "ended by signal " + std::to_string(-process.status)
                       : process.error.empty() ? "ended with status " + std::to_string(process.status)
                                               : process.error;
      failure.of_input = process.status == wrong_usage || process.status == bad_input;
      return std::nullopt;
    }
    std::error_code error;
    if (!options_.keep_features)
      for (const char* name : {"features.safetensors", "training.safetensors"})
        fs::remove(run.output / name, error);
    const Json& summary = manifest.at("summary");
    record.facts = {{"method", run.method},
                    {"data_name", data.name()},
                    {"data_description", data.description()},
                    {"seconds", spent.seconds},
                    {"cpu_seconds", spent.cpu_seconds},
                    {"peak_memory_mebibytes", summary.at("peak_memory_mebibytes")},
                    {"encoded", summary.at("encoded")},
                    {"from_cache", summary.at("from_cache")}};
    records_.write(record);
    return record;
  }

  /// Encodes images, words and texts, once for all runs.
  void prepare(BenchData& data) {
    // By a method that encodes the texts of images, where they are wanted; else by one that needs least.
    const auto reads_texts = [](const Method* method) {
      return method->needs.image_texts == ImageTexts::given;
    };
    const auto reader = std::find_if(methods_.begin(), methods_.end(), reads_texts);
    const bool texts = reader != methods_.end() && !run_options_.captions.empty();
    RunOptions run = options_for(data, texts ? **reader : method_that_needs_least(), run_options_.seed);
    run.n_clusters =
        std::max<std::int64_t>(2, run.n_clusters.value_or(data.n_classes()).number().value_or(2));
    run.kmeans.n_init = 1;
    run.training.epochs = 1;
    const Json key = key_of(data, run);
    const std::string name = records_.name_for("features", key);
    if (BenchRecord known; !records_.knows(name, key, known))
      progress_.say("Encoding images and words, for all runs (" + (output_ / "runs" / "features").string() +
                    ".log)");
    Failure failure;
    const auto record = result_of(data, run, "features", failure);
    if (!record) {
      const std::string text = "the run that encodes images and words failed: " + failure.reason;
      if (failure.of_input) fail(in_bench, text);
      throw WriteError(in_bench, text);
    }
    const Json& facts = record->facts;
    features_made_.push_back(
        concatenate("Features ", data_.size() > 1 ? "of " + data.name() + " " : "",
                    "were made by a run before, in ", duration_text(facts.at("seconds").get<double>()),
                    " and ", std::llround(facts.at("peak_memory_mebibytes").get<double>()), " MiB (",
                    facts.at("encoded").get<std::int64_t>(), " images encoded then, ",
                    facts.at("from_cache").get<std::int64_t>(), " known already)."));
  }

  static const Method& method_that_needs_least() {
    const auto needs_nothing = [](const Method* method) {
      return method->needs.aligned_words == AlignedWords::none && !method->needs.retrieved_nouns &&
             method->needs.image_texts == ImageTexts::none;
    };
    return **std::find_if(methods().begin(), methods().end(), needs_nothing);
  }

  void run_method(BenchData& data, const Method& method) {
    for (std::int64_t s = 0; s < options_.seeds; ++s) {
      progress_.check_stop();
      const std::uint64_t seed = run_options_.seed + static_cast<std::uint64_t>(s);
      Failure failure;
      auto record = result_of(data, options_for(data, method, seed),
                              std::string(method.name) + "-" + std::to_string(seed), failure);
      if (!record) {
        table_.failures.emplace_back((data_.size() > 1 ? data.name() + ", " : "") + std::string(method.name) +
                                         ", seed " + std::to_string(seed),
                                     failure.reason);
        write_table();
        return;  // another seed would fail alike
      }
      keep_scores(data, *record);
      if (record->facts.at("encoded").get<std::int64_t>() > 0)
        progress_.say(record->name +
                      " encoded images itself, which its time and memory tell of: the cache lacked them.");
      write_table();
      progress_.advance(1);
    }
  }

  void keep_scores(BenchData& data, BenchRecord& record) {
    if (record.facts.contains("scores")) return;
    const RunAssignments assignments = read_assignments(records_.directory(record.name));
    record.facts["n_clusters"] = assignments.names.size();
    record.facts["scores"] = scores_json(data.score(assignments));
    records_.write(record);
  }

  /// Clusters that somebody else made, as a run of their own.
  void take(const Prediction& prediction) {
    BenchData& data = data_.front();
    const RunAssignments clusters = data.read_predictions(prediction.name, prediction.file);
    std::string rows = "path,cluster,name\n";
    for (std::size_t i = 0; i < clusters.paths.size(); ++i)
      rows += csv_field(clusters.paths[i]) + "," + std::to_string(clusters.clusters[i]) + ",\n";
    const Json key = as_written({{"version", ILK_VERSION},
                                 {"data", data.key()},
                                 {"options", {{"predictions", prediction.name + "=" + prediction.file}}},
                                 {"state", {{"sha256", sha256_hex(rows)}}}});
    BenchRecord record{.name = records_.name_for(folder_name(prediction.name), key), .key = key};
    if (!records_.knows(record.name, key, record)) {
      records_.begin(record.name, key);
      write_file_atomically(records_.directory(record.name) / "assignments.csv", rows);
      record.facts = {
          {"method", prediction.name}, {"data_name", data.name()}, {"data_description", data.description()}};
    }
    record.facts["n_clusters"] = clusters.names.size();
    record.facts["scores"] = scores_json(data.score(clusters));
    records_.write(record);
  }

  void describe(const BenchRows& rows) {
    const RunOptions& run = run_options_;
    table_.protocol.clear();
    for (const std::string& description : rows.descriptions) table_.protocol.push_back(description + ".");
    if (table_.protocol.empty())
      for (const BenchData& data : data_) table_.protocol.push_back(data.description() + ".");
    std::set<std::uint64_t> seeds;
    for (const BenchRun& one : rows.runs) seeds.insert(one.seed);
    std::string text = run.features.empty() ? "Model: " + fs::path(run.model).filename().string() + ". "
                                            : "No model: features from a file. ";
    if (!run.n_clusters)
      text += (data_.size() == 1 ? "K = " + std::to_string(data_.front().n_classes()) + ", the number"
                                 : std::string("K is the number")) +
              " of classes, which is all that methods are told of them.";
    else if (run.n_clusters->number())
      text += "K = " + run.n_clusters->text() + ".";
    else
      text += "K is chosen by each run (" + run.n_clusters->text() + ").";
    if (seeds.size() == 1) text += concatenate(" Seed ", *seeds.begin(), ".");
    if (seeds.size() > 1)
      text += concatenate(" Seeds ", *seeds.begin(), " to ", *seeds.rbegin(),
                          "; mean ± sample deviation over a row's runs.");
    table_.protocol.push_back(text + " ACC, NMI and ARI in %.");
    table_.protocol.emplace_back(
        "Each method clusters all these images, and heads (sac, tac-trained) learn from the same ones. "
        "Labels "
        "score results; nothing is trained, chosen or stopped by them.");
    table_.protocol.emplace_back(
        "Each run is a process of its own; its time is from start to end, with features of images and words "
        "known from before. Predictions that were given have no times.");
    table_.protocol.insert(table_.protocol.end(), features_made_.begin(), features_made_.end());
    if (rows.out_of_date > 0)
      table_.protocol.push_back(
          std::to_string(rows.out_of_date) +
          " runs in this folder are of other contents of the data or of another version "
          "of ilk, and are left out.");
  }

  void write_table() {
    BenchRows rows = rows_of(records_, data_);
    describe(rows);
    table_.runs = std::move(rows.runs);
    write_file_atomically(output_ / "table.md", to_markdown(table_));
    write_file_atomically(output_ / "table.csv", to_csv(table_));
    write_file_atomically(output_ / "table.tex", to_latex(table_));
    write_file_atomically(output_ / "table.json", to_json(table_) + "\n");
  }

  BenchOptions options_;
  RunOptions run_options_;
  fs::path output_;
  BenchRecords records_;
  const StartRun& start_;
  Progress& progress_;
  std::vector<const Method*> methods_;
  std::vector<BenchData> data_;
  std::vector<std::string> features_made_;  // a sentence for each data set
  BenchTable table_;
};

}  // namespace

BenchTable bench(const std::vector<RunInputs>& data, const BenchOptions& options,
                 const RunOptions& run_options, const std::string& command, const StartRun& start,
                 Progress& progress) {
  check_ranges(options, in_bench);
  return Bench(data, options, run_options, command, start, progress).go();
}

}  // namespace ilk
