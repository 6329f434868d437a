#include <cstdio>
#include <memory>

#include "commands.h"
#include "option_flags.h"
#include "output.h"
#include "pipeline/export_run.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct ExportArguments {
  std::string run;
  ExportOptions options;
  bool quiet = false;
};

std::string counted(std::int64_t count, const std::string& what) {
  return std::to_string(count) + (count == 1 ? " file " : " files ") + what;
}

int export_command(const ExportArguments& arguments) {
  ExportOptions options = arguments.options;
  if (const auto file = exported_file(options.to); file && !options.output.empty())
    options.output = output_file(options.output, "-o", file->is_binary ? Contents::binary : Contents::text);
  stop_on_interrupt();
  TerminalProgress progress(arguments.quiet);
  const ExportSummary summary = export_run(arguments.run, options, progress);
  for (const auto& file : summary.skipped)
    progress.say("Skipped " + file.path + " (" + file.kind + "): " + file.reason);
  if (arguments.quiet) return done;
  std::string text = counted(summary.written, "written");
  if (summary.unchanged) text += ", " + std::to_string(summary.unchanged) + " there already";
  if (summary.removed) text += ", " + std::to_string(summary.removed) + " removed";
  if (const auto skipped = summary.skipped.size())
    text += ", " + std::to_string(skipped) + (skipped == 1 ? " image skipped" : " images skipped");
  std::printf("%s (%s)\n", text.c_str(),
              summary.output.empty() ? "beside the images" : summary.output.c_str());
  for (const auto& notice : summary.notices) std::printf("%s\n", notice.c_str());
  return done;
}

std::string format_list() {
  std::string list = "FORMAT is one of\n";
  for (const auto& [name, help] : export_formats())
    list += "  " + name + std::string(17 - name.size(), ' ') + help + "\n";
  return list;
}

}  // namespace

void add_export_command(CLI::App& app, Action& action) {
  auto* subcommand = app.add_subcommand("export", "Write a run's clusters for other programs");
  auto arguments = std::make_shared<ExportArguments>();
  subcommand->add_option("run", arguments->run, "The folder that `ilk cluster` left")
      ->required()
      ->type_name("RUN");
  subcommand->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  add_flags(*subcommand, arguments->options, {{"output", "o"}});
  subcommand->get_option("--to")->required()->type_name("FORMAT");
  subcommand->footer(
      format_list() +
      "\nExamples:\n"
      "  ilk export run/ --to folders -o sorted/ --link symbolic\n"
      "  ilk export run/ --to xmp\n"
      "  ilk export run/ --to xmp --undo\n"
      "  ilk export run/ --to parquet -o run.parquet\n"
      "  ilk export run/ --to csv -o - | head\n\n"
      "-o - is standard output, for the formats of one file (csv, parquet, embedding-atlas, coco).\n"
      "Images are read at most, never moved or changed. The same command again changes nothing.");
  subcommand->callback([=, &action] { action = [=] { return export_command(*arguments); }; });
}

}  // namespace ilk::cli
