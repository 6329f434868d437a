#include <ilk/dataset.h>

#include <cstdio>
#include <memory>

#include "child_process.h"
#include "commands.h"
#include "core/fail.h"
#include "help_page.h"
#include "inputs.h"
#include "io/files.h"
#include "option_flags.h"
#include "pipeline/bench.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct BenchArguments {
  BenchOptions bench;
  RunOptions run;
  InputArguments inputs;
  std::vector<std::string> datasets, predictions;
  bool json = false, quiet = false;
};

/// A plain folder is a data set here too, with its folders for classes.
std::string with_format(const std::string& place, const DatasetOptions& part) {
  if (is_packed_dataset(place)) return place;
  return open_dataset(place, part).format + ":" + place;
}

/// Each data set by itself, or the images, or nothing where features are given.
std::vector<RunInputs> data_of(const BenchArguments& arguments) {
  const RunInputs images{.paths = arguments.inputs.paths, .listed = listed_inputs(arguments.inputs, "bench")};
  const bool any_images = !images.paths.empty() || !images.listed.empty();
  const bool features = !arguments.run.features.empty();
  require(static_cast<int>(any_images) + static_cast<int>(features) +
                  static_cast<int>(!arguments.datasets.empty()) ==
              1,
          "bench", "there must be data sets (--dataset), images or --features, and only one of them.");
  if (arguments.datasets.empty()) return {images};
  std::vector<RunInputs> data;
  data.reserve(arguments.datasets.size());
  for (const std::string& dataset : arguments.datasets)
    data.push_back({.paths = {with_format(dataset, arguments.run.dataset)}});
  return data;
}

std::vector<Prediction> predictions_of(const BenchArguments& arguments) {
  std::vector<Prediction> predictions;
  predictions.reserve(arguments.predictions.size());
  for (const std::string& text : arguments.predictions) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == text.size())
      throw CLI::ValidationError("--predictions takes NAME=FILE, such as mine=labels.npy, got " + text + ".");
    predictions.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return predictions;
}

BenchProcess start_run(const RunInputs& inputs, const RunOptions& options, const std::filesystem::path& log) {
  std::vector<std::string> arguments{"cluster"};
  arguments.insert(arguments.end(), inputs.paths.begin(), inputs.paths.end());
  const std::vector<std::string> flags = arguments_of(options);
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  if (!inputs.listed.empty()) {
    const std::filesystem::path list = options.output.parent_path() / "listed";
    std::string text;
    for (const auto& path : inputs.listed) text += path + '\0';
    write_file_atomically(list, text);
    arguments.push_back("--files-from=" + list.string());
  }
  return run_again(arguments, log);
}

int bench_command(const BenchArguments& arguments, const std::string& command) {
  BenchOptions options = arguments.bench;
  options.predictions = predictions_of(arguments);
  const std::vector<RunInputs> data = data_of(arguments);
  stop_on_interrupt();
  TerminalProgress progress(arguments.quiet);
  const BenchTable table = bench(data, options, arguments.run, command, start_run, progress);
  if (arguments.json)
    std::printf("%s\n", to_json(table).c_str());
  else if (!arguments.quiet)
    std::printf("\n%s%s\n", to_text(table).c_str(),
                ("Tables: " + (arguments.run.output / "table.{md,csv,tex,json}").string()).c_str());
  return table.failures.empty() ? done : failed;
}

}  // namespace

void add_bench_command(CLI::App& app, const std::string& command, Action& action) {
  auto* subcommand = app.add_subcommand("bench", "Run methods side by side over seeds, and score them");
  subcommand->formatter(std::make_shared<HelpFormatter>(
      std::vector<std::string>{"n-clusters", "output", "dataset", "labels", "split", "methods", "seeds",
                               "model", "features", "noun-features", "memory", "json"}));
  auto arguments = std::make_shared<BenchArguments>();
  RunOptions& run = arguments->run;
  run.output = "bench";
  run.exemplars = 0;
  run.map = false;
  add_inputs(*subcommand, arguments->inputs, ", whose labels are in --labels; or a data set");
  subcommand
      ->add_option(
          "--dataset", arguments->datasets,
          "Data set with its labels: a path, FORMAT:PATH, or the name of one that was fetched; may be "
          "given several times")
      ->type_name("DATASET")
      ->allow_extra_args(false);
  subcommand
      ->add_option("--predictions", arguments->predictions,
                   "Clusters that another program made, as a row of that name: whole numbers in the order of "
                   "the images (.npy, lines), or a CSV of path and cluster; may be given several times")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  subcommand->add_flag("--json", arguments->json, "Print everything as JSON instead of the table");
  subcommand->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors (and JSON where asked for)");
  add_flags(*subcommand, arguments->bench);
  add_flags(*subcommand, run, {{"n_clusters", "k"}, {"output", "o"}, {"threads", "j"}, {"model", "m"}});
  subcommand->remove_option(subcommand->get_option("--method"));
  add_choose_clusters(*subcommand, run);
  subcommand->get_option("--n-clusters")->default_str("the number of classes");
  subcommand->footer(
      "Examples:\n"
      "  ilk bench --dataset cifar10 --split test --model clip-vit-b-32 -o bench/\n"
      "  ilk bench PHOTOS/ --labels labels.csv --methods kmeans,cae --seeds 3 -o bench/\n"
      "  ilk bench --features X.npy --noun-features U.npy --labels y.npy --methods kmeans,tac -o bench/\n"
      "  ilk bench --features X.npy --labels y.npy --methods none --predictions mine=mine.npy -o bench/\n\n"
      "Every run is a process of its own in OUTPUT/runs/METHOD-SEED/, with all options of `ilk cluster`; the "
      "labels\n"
      "only score. Images and words are encoded once, before. A bench that was stopped or killed goes on "
      "with the\n"
      "runs that are missing when the same command is given again; other methods, seeds, options and data "
      "sets add\n"
      "rows. table.md, table.csv, table.tex and table.json are kept up to date after each run.");
  subcommand->callback([=, &action] { action = [=] { return bench_command(*arguments, command); }; });
}

}  // namespace ilk::cli
