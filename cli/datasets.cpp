#include <ilk/dataset.h>
#include <ilk/error.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "commands.h"
#include "io/dataset_store.h"
#include "option_flags.h"
#include "output.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct DatasetsArguments {
  std::string name;
  GetDatasetOptions get;
  DatasetOptions part;
  bool quiet = false;
};

int list_datasets() {
  std::printf("%-14s  %-5s  %s\n", "name", "here", "what");
  for (const auto& dataset : known_datasets())
    std::printf("%-14s  %-5s  %s\n", dataset.name.c_str(), fetched_dataset(dataset.name) ? "yes" : "no",
                dataset.description.c_str());
  std::printf(
      "\n`ilk datasets get NAME` fetches one to %s.\n"
      "ImageNet is not fetched; its subsets are `--classes imagenet-10` and `--classes imagenet-dogs` of a "
      "local copy.\n",
      datasets_directory().c_str());
  return done;
}

int info(const DatasetsArguments& arguments) {
  const Dataset dataset = open_dataset(arguments.name, arguments.part);
  std::printf("%s: %s, %zu images, %zu classes\n", dataset.place.c_str(), dataset.format.c_str(),
              dataset.images.size(), dataset.classes.size());
  for (const auto& split : dataset.splits)
    std::printf("  %s: %lld images\n", split.name.c_str(), static_cast<long long>(split.end - split.begin));
  if (!dataset.skipped.empty())
    std::printf("  skipped: %zu; the first: %s: %s\n", dataset.skipped.size(),
                printable(dataset.skipped.front().path).c_str(),
                printable(dataset.skipped.front().reason).c_str());
  std::vector<std::int64_t> counts(dataset.classes.size() + 1);
  for (const auto& image : dataset.images)
    ++counts[image.label < 0 ? dataset.classes.size() : static_cast<std::size_t>(image.label)];
  constexpr std::size_t most = 20;
  for (std::size_t c = 0; c < std::min(most, dataset.classes.size()); ++c)
    std::printf("%8lld  %s\n", static_cast<long long>(counts[c]), printable(dataset.classes[c]).c_str());
  if (dataset.classes.size() > most)
    std::printf("          and %zu classes more\n", dataset.classes.size() - most);
  if (counts.back() > 0) std::printf("%8lld  without a label\n", static_cast<long long>(counts.back()));
  return done;
}

}  // namespace

void add_datasets_command(CLI::App& app, Action& action) {
  auto* datasets = app.add_subcommand("datasets", "List, fetch and describe data sets that come with labels");
  datasets->require_subcommand(1);
  auto arguments = std::make_shared<DatasetsArguments>();

  auto* all = datasets->add_subcommand("list", "What can be fetched, and what is here");
  all->footer("Example:\n  ilk datasets list");
  all->callback([&action] { action = list_datasets; });

  auto* get = datasets->add_subcommand("get", "Fetch a data set; an interrupted download continues");
  get->add_option("name", arguments->name, "A name from `ilk datasets list`")->required()->type_name("NAME");
  get->add_option("--from", arguments->get.from, "A folder on the web to fetch the same files from instead")
      ->type_name("URL");
  get->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors");
  get->footer("Example:\n  ilk datasets get fashion-mnist");
  get->callback([=, &action] {
    action = [=] {
      stop_on_interrupt();
      TerminalProgress progress(arguments->quiet);
      const auto folder = get_dataset(arguments->name, arguments->get, progress);
      if (!arguments->quiet) std::printf("%s\n", folder.c_str());
      return done;
    };
  });

  auto* look = datasets->add_subcommand("info", "Say what a file or folder holds: format, images, classes");
  look->add_option("place", arguments->name, "A path, FORMAT:PATH, or the name of one that was fetched")
      ->required()
      ->type_name("PATH");
  add_flags(*look, arguments->part);
  look->footer(
      "Examples:\n  ilk datasets info fashion-mnist --split test\n  ilk datasets info imagefolder:PHOTOS/");
  look->callback([=, &action] { action = [=] { return info(*arguments); }; });
}

}  // namespace ilk::cli
