#include <ilk/bench.h>
#include <ilk/dataset.h>
#include <ilk/error.h>
#include <ilk/files.h>

#include <cstdio>
#include <memory>

#include "child_process.h"
#include "commands.h"
#include "help.h"
#include "inputs.h"
#include "option_flags.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct BenchArguments {
  BenchOptions bench;
  RunOptions run;
  InputArguments inputs;
  std::string dataset;
  bool json = false, quiet = false;
};

/// A plain folder is a data set here too, with its folders for classes.
std::string with_format(const std::string& place, const DatasetOptions& part) {
  if (is_packed_dataset(place)) return place;
  return open_dataset(place, part).format + ":" + place;
}

RunInputs inputs_of(const BenchArguments& arguments) {
  RunInputs inputs{.paths = arguments.inputs.paths, .listed = listed_inputs(arguments.inputs, "bench")};
  if (!arguments.dataset.empty())
    inputs.paths.push_back(with_format(arguments.dataset, arguments.run.dataset));
  require(arguments.dataset.empty() || (inputs.paths.size() == 1 && inputs.listed.empty()), "bench",
          "dataset must be the only input, got '", arguments.dataset, "' and others.");
  const bool any = !inputs.paths.empty() || !inputs.listed.empty();
  require(any != !arguments.run.features.empty(), "bench",
          "there must be a data set, images or features, and only one of them.");
  return inputs;
}

BenchProcess start_run(const RunInputs& inputs, const RunOptions& options, const std::filesystem::path& log) {
  std::vector<std::string> arguments{"cluster"};
  arguments.insert(arguments.end(), inputs.paths.begin(), inputs.paths.end());
  // How many clusters is always said, since the program asks for it.
  RunOptions others = options;
  others.cae.kmeans.n_clusters = RunOptions().cae.kmeans.n_clusters;
  others.choose_clusters.clear();
  const std::vector<std::string> flags = arguments_of(others);
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  arguments.push_back(options.choose_clusters.empty()
                          ? "--n-clusters=" + std::to_string(options.cae.kmeans.n_clusters)
                          : "--n-clusters=" + options.choose_clusters);
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
  const RunInputs inputs = inputs_of(arguments);
  stop_on_interrupt();
  TerminalProgress progress(arguments.quiet);
  const BenchTable table = bench(inputs, arguments.bench, arguments.run, command, start_run, progress);
  if (arguments.json)
    std::printf("%s\n", to_json(table).c_str());
  else if (!arguments.quiet)
    std::printf("\n%s%s\n", to_text(table).c_str(),
                ("Tables: " + (arguments.run.output / "table.{md,csv,json}").string()).c_str());
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
  run.cae.kmeans.n_clusters = 0;
  add_inputs(*subcommand, arguments->inputs, ", whose labels are in --labels; or a data set");
  subcommand
      ->add_option("--dataset", arguments->dataset,
                   "Data set with its labels: a path, FORMAT:PATH, or the name of one that was fetched")
      ->type_name("DATASET");
  subcommand->add_flag("--json", arguments->json, "Print everything as JSON instead of the table");
  subcommand->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors (and JSON where asked for)");
  add_flags(*subcommand, arguments->bench);
  add_flags(*subcommand, run, {{"n_clusters", "k"}, {"output", "o"}, {"threads", "j"}, {"model", "m"}});
  subcommand->remove_option(subcommand->get_option("--method"));
  add_cluster_range(*subcommand->get_option("--n-clusters"), run)->default_str("the number of classes");
  subcommand->footer(
      "Examples:\n"
      "  ilk bench --dataset cifar10 --split test --model clip-vit-b-32 -o bench/\n"
      "  ilk bench PHOTOS/ --labels labels.csv --methods kmeans,cae --seeds 3 -o bench/\n"
      "  ilk bench --features X.npy --noun-features U.npy --labels y.npy --methods kmeans,tac -o bench/\n\n"
      "Every run is a process of its own in OUTPUT/runs/METHOD-SEED/, with all options of `ilk cluster`; the "
      "labels\n"
      "only score. Images and words are encoded once, before. A bench that was stopped or killed goes on "
      "with "
      "the\n"
      "runs that are missing when the same command is given again. table.md, table.csv and table.json are "
      "kept "
      "up\n"
      "to date after each run.");
  subcommand->callback([=, &action] { action = [=] { return bench_command(*arguments, command); }; });
}

}  // namespace ilk::cli
