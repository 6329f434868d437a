#include <ilk/embed.h>

#include <cstdio>
#include <memory>

#include "commands.h"
#include "inputs.h"
#include "option_flags.h"
#include "output.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct EmbedArguments {
  InputArguments inputs;
  EmbedOptions options;
  bool quiet = false;
};

int embed_command(const EmbedArguments& arguments) {
  const ImageList images = list_inputs(arguments.inputs, "embed");
  EmbedOptions options = arguments.options;
  options.output = output_file(options.output, "-o");
  stop_on_interrupt();
  TerminalProgress progress(arguments.quiet);
  const EmbedSummary summary = embed_to_file(images, options, progress);
  for (const auto& file : summary.skipped)
    progress.say("Skipped " + file.path + " (" + file.kind + "): " + file.reason);
  if (!summary.notice.empty()) progress.say(summary.notice);
  if (arguments.quiet) return done;
  std::printf("%s: %lld images, %lld numbers each (%lld encoded now, %lld known from before)\n",
              options.output.c_str(), static_cast<long long>(summary.n_images),
              static_cast<long long>(summary.width), static_cast<long long>(summary.encoded),
              static_cast<long long>(summary.from_cache));
  if (!summary.names.empty()) std::printf("%s: their paths, one a line\n", summary.names.c_str());
  return done;
}

}  // namespace

void add_embed_command(CLI::App& app, Action& action) {
  auto* subcommand = app.add_subcommand("embed", "Write the embeddings of images, without clustering");
  auto arguments = std::make_shared<EmbedArguments>();
  add_inputs(*subcommand, arguments->inputs);
  subcommand->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  add_flags(*subcommand, arguments->options, {{"output", "o"}, {"threads", "j"}, {"model", "m"}});
  subcommand->get_option("--output")->required();
  subcommand->footer(
      "Examples:\n"
      "  ilk embed PHOTOS/ -o X.parquet\n"
      "  ilk embed PHOTOS/ -o X.npy\n"
      "  ilk embed PHOTOS/ -o - | head     (- prints CSV)\n"
      "  ilk cluster --features X.npy --names X.npy.names.txt --method kmeans -k 10 -o run/");
  subcommand->callback([=, &action] { action = [=] { return embed_command(*arguments); }; });
}

}  // namespace ilk::cli
