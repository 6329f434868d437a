#pragma once
// Methods side by side: S seeds of each, every run a process of its own over the same images.
#include <ilk/run.h>

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace ilk {

struct BenchOptions {
  std::string methods = "kmeans,tac,cae,sac";
  std::int64_t seeds = 5;
  bool keep_features = false;
};

template <OptionsOf<BenchOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"methods", options.methods, "methods to run, with commas between them"});
  visit(Field{"seeds", options.seeds, "runs of each method, with seeds from --seed on"}.between(1, 1000));
  visit(Field{"keep_features", options.keep_features,
              "leave features.safetensors in each run directory (else removed once the run is scored)"});
}

/// What one run gave and took.
struct BenchRun {
  std::string method;
  std::uint64_t seed = 0;
  std::int64_t n_clusters = 0;
  Agreement agreement;
  double seconds = 0;      ///< wall time of the whole process
  double cpu_seconds = 0;  ///< of all its threads
  double peak_memory_mebibytes = 0;
  std::int64_t encoded = 0;  ///< images that it encoded, which were to be known by then
};

/// Arithmetic mean and sample deviation (divisor S − 1; 0 for one value). Throws Error for no value.
struct MeanDeviation {
  double mean = 0, deviation = 0;
};
MeanDeviation mean_deviation(const std::vector<double>& values);

struct BenchTable {
  std::string command;
  std::vector<std::string> protocol;  ///< sentences: what was clustered, what learns, what scores
  std::vector<std::string> methods;   ///< as asked for
  std::vector<BenchRun> runs;         ///< finished, in the order of methods and seeds
  std::vector<std::pair<std::string, std::string>>
      failures;  ///< "tac, seed 0" and why; its later seeds are left out
};

/// Mean ± deviation of ACC, NMI, ARI (in %), wall time and peak memory, a row for each method that has a run.
std::string to_text(const BenchTable& table);
std::string to_markdown(const BenchTable& table);
/// The same numbers with all their digits, a column for each mean and deviation; scores are 0 … 1.
std::string to_csv(const BenchTable& table);
/// And every run by itself.
std::string to_json(const BenchTable& table);

/// How a process that ran `ilk cluster` ended.
struct BenchProcess {
  int status = 0;  ///< of exit; negative: the signal that ended it
  double seconds = 0, cpu_seconds = 0;
  std::string error;  ///< its last line, where the status is not 0
};
/// Starts `ilk cluster` for these inputs and options in a process of its own, with its output in the file
/// `log`, and waits for its end.
using StartRun = std::function<BenchProcess(const RunInputs& inputs, const RunOptions& options,
                                            const std::filesystem::path& log)>;

/// Runs each method with each seed in OUTPUT/runs/METHOD-SEED/ (`options.output` is OUTPUT), scores the run
/// directories against the labels, and writes table.md, table.csv and table.json anew after every run. A run
/// that is there, finished and of the same inputs and options is not done again, so the same call after a
/// kill goes on with those that are missing.
///
/// Images are encoded once, before, by a run of its own; all share the cache (OUTPUT/cache where the options'
/// is "none"). Labels come from `options.labels` or from the data set that is the input; no run is given the
/// former. Where the options do not say K, it is the number of classes. A method that fails is listed and the
/// rest goes on. Throws Error for unknown or repeated methods, for missing labels and for an output folder
/// that holds something else; Stopped on request.
BenchTable bench(const RunInputs& inputs, const BenchOptions& options, const RunOptions& run_options,
                 const std::string& command, const StartRun& start, Progress& progress = silent());

}  // namespace ilk
