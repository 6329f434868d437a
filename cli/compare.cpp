#include <ilk/evaluate.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>

#include "commands.h"
#include "output.h"

namespace ilk::cli {
namespace {

struct CompareArguments {
  std::vector<std::string> runs;
  EvaluateOptions options;
  bool json = false;
};

constexpr std::size_t most_names = 6;

/// The largest clusters' names and sizes.
std::string largest(const Comparison::Run& run) {
  std::vector<std::size_t> order(run.names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return run.sizes[a] > run.sizes[b]; });
  std::string text;
  for (std::size_t i = 0; i < std::min(most_names, order.size()); ++i)
    text += (i ? ", " : "") + printable(run.names[order[i]]) + " " + std::to_string(run.sizes[order[i]]);
  return text + (order.size() > most_names ? ", …" : "");
}

void print_text(const Comparison& comparison) {
  std::printf("%lld images that all runs have\n\n", static_cast<long long>(comparison.n_images));
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const auto& run = comparison.runs[r];
    std::printf("%zu  %s%s%s, %zu clusters\n", r + 1, printable(run.path).c_str(),
                run.method.empty() ? "" : ", ", printable(run.method).c_str(), run.names.size());
    if (run.agreement)
      std::printf("   ACC %.1f %%, NMI %.1f %%, ARI %.1f %%\n", 100 * run.agreement->accuracy,
                  100 * run.agreement->normalised_mutual_information,
                  100 * run.agreement->adjusted_rand_index);
    std::printf("   %s\n", largest(run).c_str());
  }
  std::printf("\nAgreement of the runs with each other (ARI, %%)\n   ");
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) std::printf(" %6zu", r + 1);
  const auto& indices = comparison.adjusted_rand_index;
  for (std::int64_t a = 0; a < indices.rows(); ++a) {
    std::printf("\n%3lld", static_cast<long long>(a + 1));
    for (const double index : indices.row(a)) std::printf(" %6.1f", 100 * index);
  }
  std::printf("\n");
}

}  // namespace

void add_compare_command(CLI::App& app, Action& action) {
  auto* subcommand = app.add_subcommand("compare", "Say how far runs over the same images agree");
  auto arguments = std::make_shared<CompareArguments>();
  subcommand->add_option("runs", arguments->runs, "Folders that `ilk cluster` left, two or more")
      ->required()
      ->type_name("RUN");
  subcommand->add_flag("--json", arguments->json, "Print as JSON");
  subcommand
      ->add_option("--labels", arguments->options.labels, "CSV of path and label, to score each run against")
      ->type_name("FILE");
  subcommand
      ->add_option("--dataset", arguments->options.dataset, "Data set that was clustered, for its labels")
      ->type_name("DATASET");
  subcommand->footer(
      "Example:\n"
      "  ilk compare run-kmeans/ run-cae/ --labels labels.csv\n\n"
      "Images are matched by their paths. An ARI of 100 % says that two runs made the same clusters, 0 no "
      "more than by "
      "chance.");
  subcommand->callback([=, &action] {
    action = [=] {
      const Comparison comparison = compare(arguments->runs, arguments->options);
      for (const auto& run : comparison.runs)
        if (!run.notice.empty()) std::fprintf(stderr, "%s\n", printable(run.notice).c_str());
      if (arguments->json)
        std::printf("%s\n", to_json(comparison).c_str());
      else
        print_text(comparison);
      return done;
    };
  });
}

}  // namespace ilk::cli
