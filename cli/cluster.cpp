#include <ilk/run.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <utility>

#include "commands.h"
#include "core/duration.h"
#include "core/fail.h"
#include "help_page.h"
#include "inputs.h"
#include "option_flags.h"
#include "output.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct ClusterArguments {
  RunOptions run;
  InputArguments inputs;
  bool json = false, quiet = false;
};

RunInputs all_inputs(const ClusterArguments& arguments) {
  RunInputs inputs{.paths = arguments.inputs.paths, .listed = listed_inputs(arguments.inputs, "cluster")};
  require(!inputs.paths.empty() || !inputs.listed.empty() || !arguments.run.features.empty(), "cluster",
          "at least one folder or file of images must be given, or --features, got none.");
  return inputs;
}

std::string padded(const std::string& text, int width) {
  return text + std::string(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
}

void print_clusters(const RunSummary& summary) {
  // Columns as wide as what stands in them; the caption takes what is left and is for reading, not for lining
  // up.
  int name_width = 4, nouns_width = 5;
  std::vector<std::string> nouns;
  for (const auto& cluster : summary.clusters) {
    std::string also;
    for (std::size_t i = 0, shown = 0; i < cluster.name.words.size() && shown < 3; ++i) {
      if (cluster.name.words[i].word == cluster.name.name) continue;
      also += (shown++ ? ", " : "") + printable(cluster.name.words[i].word);
    }
    nouns.push_back(also);
    name_width = std::max(name_width, display_width(printable(cluster.name.name)));
    nouns_width = std::max(nouns_width, display_width(also));
  }
  std::printf("\n%7s  %6s  %s  %s  %s\n", "cluster", "images", padded("name", name_width).c_str(),
              padded("also", nouns_width).c_str(), "density");
  for (std::size_t c = 0; c < summary.clusters.size(); ++c) {
    const auto& cluster = summary.clusters[c];
    std::printf("%7zu  %6lld  %s  %s  %7.3f\n", c, static_cast<long long>(cluster.size),
                padded(printable(cluster.name.name), name_width).c_str(),
                padded(nouns[c], nouns_width).c_str(), cluster.density);
  }
  std::printf("density: how alike the images of a cluster are (mean score; 1: all the same)\n");
}

/// The clusters of a level that are in `parent`, each with what is below it.
void print_branch(const RunSummary& summary, std::size_t level, std::int64_t parent) {
  const std::string indent(2 * level + 2, ' ');
  const auto print = [&](const std::string& name, std::int64_t size) {
    std::printf("%s%s (%lld)\n", indent.c_str(), printable(name).c_str(), static_cast<long long>(size));
  };
  const ClusterLevels& levels = summary.levels;
  if (level == levels.upper.size()) {
    for (std::size_t c = 0; c < levels.parents.size(); ++c)
      if (levels.parents[c] == parent && summary.clusters[c].size > 0)
        print(summary.clusters[c].name.name, summary.clusters[c].size);
    return;
  }
  for (std::size_t c = 0; c < levels.upper[level].size(); ++c) {
    const auto& cluster = levels.upper[level][c];
    if (cluster.parent != parent || cluster.size == 0) continue;
    print(cluster.name.name, cluster.size);
    print_branch(summary, level + 1, static_cast<std::int64_t>(c));
  }
}

void print_criteria(const RunSummary& summary, const RunOptions& options) {
  for (const auto& criterion : summary.criteria) {
    std::printf("By %s (%s):", printable(criterion.name).c_str(), printable(criterion.meaning).c_str());
    const char* before = " ";
    for (const auto& cluster : criterion.clusters)
      std::printf("%s%s (%lld)", std::exchange(before, ", "), printable(cluster.name.name).c_str(),
                  static_cast<long long>(cluster.size));
    std::printf("\nReport: %s\n\n", (options.output / "by" / criterion.name / "report.html").c_str());
  }
}

void print_skipped(const RunSummary& summary) {
  if (summary.skipped.empty()) return;
  std::map<std::string, int> counts;
  for (const auto& file : summary.skipped) ++counts[file.kind];
  std::string kinds;
  for (const auto& [kind, count] : counts)
    kinds += (kinds.empty() ? "" : ", ") + std::to_string(count) + " " + kind;
  const std::size_t n = summary.skipped.size();
  std::printf("Skipped %zu %s (%s); manifest.json lists each with its reason.\n", n,
              n == 1 ? "file" : "files", kinds.c_str());
}

void print_summary(const RunSummary& summary, const RunOptions& options) {
  if (summary.cluster_count) std::printf("%s", cluster_count_table(*summary.cluster_count).c_str());
  print_clusters(summary);
  std::printf("\n");
  if (!summary.levels.empty()) {
    std::printf("What the clusters are parts of, with numbers of images:\n");
    print_branch(summary, 0, -1);
    std::printf("\n");
  }
  print_criteria(summary, options);
  if (summary.agreement) {
    std::printf("Against the labels: ACC %.1f %%, NMI %.1f %%, ARI %.1f %%",
                100 * summary.agreement->accuracy, 100 * summary.agreement->normalised_mutual_information,
                100 * summary.agreement->adjusted_rand_index);
    std::printf(" (matched by %s", summary.labels_by_row ? "row" : "path");
    if (summary.unlabelled)
      std::printf("; %lld images have no label", static_cast<long long>(summary.unlabelled));
    std::printf(")\n");
  }
  print_skipped(summary);
  if (!summary.features.empty()) {
    std::printf("%lld rows of %s", static_cast<long long>(summary.n_images), summary.features.c_str());
  } else {
    std::printf("%lld images (%lld encoded now, %lld known from before",
                static_cast<long long>(summary.n_images), static_cast<long long>(summary.encoded),
                static_cast<long long>(summary.from_cache));
    if (summary.repeated) std::printf(", %lld repeats of another", static_cast<long long>(summary.repeated));
    std::printf(")");
  }
  std::printf(" in %s, peak memory %.0f MiB\n", duration_text(summary.total_seconds).c_str(),
              summary.peak_memory_mebibytes);
  std::printf("Report: %s\n", (options.output / "report.html").c_str());
}

int cluster(const ClusterArguments& arguments, const std::string& command) {
  if (!arguments.run.n_clusters)
    throw CLI::ValidationError("Say how many clusters to make: -k 12, or -k auto.");
  const auto inputs = all_inputs(arguments);
  stop_on_interrupt();
  TerminalProgress progress(arguments.quiet);
  const RunSummary summary = run(inputs, arguments.run, command, progress);
  if (arguments.json)
    std::printf("%s\n", to_json(summary).c_str());
  else if (!arguments.quiet)
    print_summary(summary, arguments.run);
  return done;
}

}  // namespace

void add_cluster_command(CLI::App& app, const std::string& command, Action& action) {
  auto* subcommand =
      app.add_subcommand("cluster", "Sort images into clusters by meaning and name the clusters");
  subcommand->formatter(std::make_shared<HelpFormatter>(
      std::vector<std::string>{"n-clusters", "output", "model", "method", "nouns", "captions-corpus", "by",
                               "labels", "features", "files-from", "seed", "memory", "device", "json"}));
  auto arguments = std::make_shared<ClusterArguments>();
  add_inputs(
      *subcommand, arguments->inputs,
      "; or one data set (CIFAR, STL-10, MNIST's IDX, tar shards, imagefolder:PATH, csv:PATH, videos:PATH)");
  subcommand->add_flag("--json", arguments->json, "Print the summary as JSON instead of a table");
  subcommand->add_flag("-q,--quiet", arguments->quiet, "Print nothing but errors (and JSON where asked for)");
  add_flags(*subcommand, arguments->run,
            {{"n_clusters", "k"}, {"output", "o"}, {"threads", "j"}, {"model", "m"}});
  add_choose_clusters(*subcommand, arguments->run);
  subcommand->footer(
      "Examples:\n"
      "  ilk cluster PHOTOS/ -k 12 -o run/\n"
      "  ilk cluster PHOTOS/ -k 5,20,80 -o run/\n"
      "  ilk cluster PHOTOS/ -k 12 --by colour=6,place -o run/\n"
      "  ilk cluster PHOTOS/ -k 12 -o run/ --model clip-vit-b-32\n"
      "  find PHOTOS -newer last -print0 | ilk cluster --files-from - -k 8 -o recent/\n"
      "  ilk cluster --features X.npy --nouns nouns.txt --noun-features U.npy -k 10 -o run/\n\n"
      "The run directory holds report.html (open it in a browser), assignments.csv (a row for each image),\n"
      "clusters.json, features.safetensors and manifest.json (options, versions, skipped files and why).\n"
      "score: cosine similarity of an image with the centre of its cluster, or for trained methods its\n"
      "probability, 1 at most; margin: how much lower the score of the second cluster is; density: the mean\n"
      "score of a cluster.\n"
      "A run that was stopped goes on when the same command is given again.");
  subcommand->callback([=, &action] { action = [=] { return cluster(*arguments, command); }; });
}

}  // namespace ilk::cli
