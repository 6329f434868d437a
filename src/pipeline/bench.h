#pragma once
// Methods side by side: S seeds of each, every run a process of its own over the same images; and clusters
// that somebody else made.
#include <ilk/run.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ilk {

/// Clusters of somebody else: an array of whole numbers, or lines, in the images' order, or a CSV by path.
struct Prediction {
  std::string name;  ///< of the row
  std::string file;
};

struct BenchOptions {
  std::string methods = "kmeans,tac,cae,sac";
  std::int64_t seeds = 5;
  bool keep_features = false;
  std::vector<Prediction> predictions;
};

template <OptionsOf<BenchOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"methods", options.methods,
              "methods to run, with commas between them; none: score --predictions alone"});
  visit(Field{"seeds", options.seeds, "runs of each method, with seeds from --seed on"}.between(1, 1000));
  visit(Field{"keep_features", options.keep_features,
              "leave features.safetensors in each run directory (else removed once the run is scored)"});
}

/// What one run gave and took.
struct BenchRun {
  std::string method;  ///< or the name of predictions, of which nothing but the scores is known
  std::uint64_t seed = 0;
  std::int64_t n_clusters = 0;
  Agreement agreement;
  std::optional<double> seconds;      ///< wall time of the whole process
  std::optional<double> cpu_seconds;  ///< of all its threads
  std::optional<double> peak_memory_mebibytes;
  std::int64_t encoded = 0;  ///< images that it encoded, which were to be known by then
  std::string data;          ///< what it clustered: "cifar10"
  std::string variant;       ///< options that tell it from other runs of its method, as flags; often empty
};

/// Arithmetic mean and sample deviation (divisor S − 1; 0 for one value). Throws Error for no value.
struct MeanDeviation {
  double mean = 0, deviation = 0;
};
MeanDeviation mean_deviation(const std::vector<double>& values);

struct BenchTable {
  std::string command;
  std::vector<std::string> protocol;  ///< sentences: what was clustered, what learns, what scores
  std::vector<BenchRun> runs;         ///< finished; those of one line of the table stand together
  std::vector<std::pair<std::string, std::string>>
      failures;  ///< "tac, seed 0" and why; its later seeds are left out
};

/// Mean ± deviation of ACC, NMI, ARI (in %), wall time and peak memory, a line for each data set, method and
/// variant that has a run.
std::string to_text(const BenchTable& table);
std::string to_markdown(const BenchTable& table);
/// A tabular that needs no packages.
std::string to_latex(const BenchTable& table);
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

/// Runs each method with each seed on each data set in OUTPUT/runs/METHOD-SEED/ (`run_options.output` is
/// OUTPUT), scores the run directories and the predictions against the labels, and writes table.md,
/// table.csv, table.tex and table.json anew after every run. A run that is there, finished and of the same
/// data and options is not done again, so the same call after a kill goes on with those that are missing.
/// Other methods, seeds, options, data and predictions add rows to those that the folder has; a run of other
/// options gets a folder of its own, with a digest after its name.
///
/// Images are encoded once, before, by a run of its own; all share the cache (OUTPUT/cache where the options'
/// is "none"). `data` are folders and files, data sets, or one RunInputs with nothing in it where
/// `run_options.features` says what is clustered. Labels come from `run_options.labels` or from the data
/// sets; no run is given the former. Where the options do not say K, it is the number of classes. A method
/// that fails is listed and the rest goes on. Throws Error for unknown or repeated methods, for missing
/// labels and for an output folder that holds something else; Stopped on request.
BenchTable bench(const std::vector<RunInputs>& data, const BenchOptions& options,
                 const RunOptions& run_options, const std::string& command, const StartRun& start,
                 Progress& progress = silent());

}  // namespace ilk
