#include <cstdio>
#include <memory>

#include "commands.h"
#include "io/files.h"
#include "option_flags.h"
#include "output.h"
#include "pipeline/search_run.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct SearchArguments {
  std::string run, words;
  SearchOptions options;
  bool quiet = false;
};

int search_command(const SearchArguments& arguments) {
  SearchOptions options = arguments.options;
  if (!options.page.empty()) options.page = output_file(options.page, "--page");
  if (!options.output.empty()) options.output = output_file(options.output, "-o");
  stop_on_interrupt();
  TerminalProgress progress(/*quiet=*/true);
  const auto hits = search_run(arguments.run, arguments.words, options, progress);
  if (arguments.quiet || is_standard_output(options.output)) return done;
  std::printf(" cosine  cluster  path\n");
  for (const auto& hit : hits)
    std::printf("%7.4f  %7lld  %s\n", hit.cosine, static_cast<long long>(hit.cluster), hit.path.c_str());
  return done;
}

}  // namespace

void add_search_command(CLI::App& app, Action& action) {
  auto* subcommand = app.add_subcommand("search", "Find a run's images by words, or by a picture");
  auto arguments = std::make_shared<SearchArguments>();
  subcommand->add_option("run", arguments->run, "The folder that `ilk cluster` left")
      ->required()
      ->type_name("RUN");
  subcommand->add_option("words", arguments->words, "What the images should show")->type_name("WORDS");
  subcommand->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  add_flags(*subcommand, arguments->options,
            {{"output", "o"}, {"count", "n"}, {"threads", "j"}, {"model", "m"}});
  subcommand->footer(
      "Examples:\n"
      "  ilk search run/ \"a dog on a beach\" --page found.html\n"
      "  ilk search run/ --image query.jpg -n 100 -o found.csv\n\n"
      "-o - prints the CSV in place of the table.\n"
      "The cosine says how near an image is to the query by the run's model; between words and pictures it "
      "is\n"
      "lower than between pictures, so compare it within one search.");
  subcommand->callback([=, &action] { action = [=] { return search_command(*arguments); }; });
}

}  // namespace ilk::cli
