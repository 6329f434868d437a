#include <cstdio>
#include <memory>

#include "commands.h"
#include "option_flags.h"
#include "pipeline/inspect_run.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct InspectArguments {
  std::string run;
  InspectOptions options;
  bool quiet = false;
};

int inspect_command(const InspectArguments& arguments) {
  stop_on_interrupt();
  TerminalProgress progress(arguments.quiet);
  const InspectSummary summary = inspect_run(arguments.run, arguments.options, progress);
  if (arguments.quiet) return done;
  const auto print = [](const char* what, std::int64_t count) {
    std::printf("%8lld  %s\n", static_cast<long long>(count), what);
  };
  print("images", summary.n_images);
  if (summary.unreadable) print("not there any more, or unreadable", summary.unreadable);
  print("exact copies of another image", summary.exact_copies);
  print("near-duplicates of another image", summary.near_copies);
  print("sets of duplicates", summary.exact_groups + summary.near_groups);
  print("bursts", summary.bursts);
  print("outliers", summary.outliers);
  for (const auto& [name, count] : summary.problems) print(name.c_str(), count);
  if (!arguments.options.labels.empty()) print("likely mislabelled", summary.mislabelled);
  std::printf("Page: %s\n", (summary.output / "inspect.html").c_str());
  return done;
}

}  // namespace

void add_inspect_command(CLI::App& app, Action& action) {
  auto* subcommand =
      app.add_subcommand("inspect", "Find duplicates, bursts, outliers, bad pictures and wrong labels");
  auto arguments = std::make_shared<InspectArguments>();
  subcommand->add_option("run", arguments->run, "The folder that `ilk cluster` left")
      ->required()
      ->type_name("RUN");
  subcommand->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  add_flags(*subcommand, arguments->options, {{"output", "o"}, {"threads", "j"}});
  subcommand->footer(
      "Example:\n"
      "  ilk inspect run/ --labels labels.csv\n\n"
      "Leaves duplicates.csv, bursts.csv, outliers.csv, quality.csv, mislabelled.csv (with labels) and\n"
      "inspect.html (open it in a browser). Images are read, never changed.");
  subcommand->callback([=, &action] { action = [=] { return inspect_command(*arguments); }; });
}

}  // namespace ilk::cli
