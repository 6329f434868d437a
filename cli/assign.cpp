#include <ilk/assign.h>

#include <cstdio>
#include <memory>

#include "commands.h"
#include "inputs.h"
#include "io/files.h"
#include "option_flags.h"
#include "output.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct AssignArguments {
  std::string run, output;
  InputArguments inputs;
  AssignOptions options;
  bool quiet = false;
};

int assign_command(const AssignArguments& arguments) {
  const bool from_file = !arguments.options.features.empty();
  const bool no_inputs = arguments.inputs.paths.empty() && arguments.inputs.files_from.empty();
  const ImageList images = from_file && no_inputs ? ImageList{} : list_inputs(arguments.inputs, "assign");
  const auto output = arguments.output.empty() ? "" : output_file(arguments.output, "-o");
  stop_on_interrupt();
  TerminalProgress progress(arguments.quiet);
  const Placement placement = assign(arguments.run, images, arguments.options, progress);
  for (const auto& file : placement.skipped)
    progress.say("Skipped " + file.path + " (" + file.kind + "): " + file.reason);
  if (output.empty())
    std::printf("%s", to_csv(placement).c_str());
  else
    write_file_atomically(output, to_csv(placement));
  return done;
}

}  // namespace

void add_assign_command(CLI::App& app, Action& action) {
  auto* subcommand = app.add_subcommand("assign", "Place new images in the clusters of a run");
  auto arguments = std::make_shared<AssignArguments>();
  subcommand->add_option("run", arguments->run, "The folder that `ilk cluster` left")
      ->required()
      ->type_name("RUN");
  add_inputs(*subcommand, arguments->inputs);
  subcommand->add_option("-o,--output", arguments->output, "CSV to write (else, and with -, it is printed)")
      ->type_name("FILE");
  subcommand->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors and the CSV");
  add_flags(*subcommand, arguments->options, {{"threads", "j"}, {"model", "m"}});
  subcommand->footer(
      "Example:\n"
      "  ilk assign run/ NEW/ -o new.csv\n\n"
      "Nothing is clustered again: each image goes where the run's method puts it, as if it had been there.\n"
      "Columns: path, cluster, name, score, second_cluster, margin, as in assignments.csv. score: cosine\n"
      "similarity of the image with the centre of its cluster (for trained methods its probability), 1 at\n"
      "most; margin: how much lower the score of the second cluster is.");
  subcommand->callback([=, &action] { action = [=] { return assign_command(*arguments); }; });
}

}  // namespace ilk::cli
