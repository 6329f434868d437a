#include <ilk/error.h>
#include <ilk/evaluate.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <numeric>

#include "commands.h"
#include "core/text.h"
#include "io/files.h"
#include "option_flags.h"
#include "output.h"
#include "terminal.h"

namespace ilk::cli {
namespace {

struct EvalArguments {
  std::string run;
  EvaluateOptions options;
  std::string picture;
  bool json = false;
};

// A table wider than this is left to the picture and to JSON.
constexpr std::int64_t most_columns = 25;

void print_classes(const Evaluation& evaluation, const MatchedConfusion& matched) {
  const auto& [table, columns, recall] = matched;
  int width = 5;
  for (const auto& name : evaluation.classes) width = std::max(width, display_width(printable(name)));
  const auto padded = [&](const std::string& given) {
    const std::string text = printable(given);
    return text + std::string(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
  };
  std::printf("\n%s  %7s  %7s  %s\n", padded("class").c_str(), "images", "recall", "its cluster");
  for (std::size_t r = 0; r < recall.size(); ++r) {
    const auto of_class = table.counts.row(static_cast<std::int64_t>(r));
    const auto images = std::accumulate(of_class.begin(), of_class.end(), std::int64_t{0});
    std::string cluster = "none";
    if (columns[r] >= 0) {
      const auto number = table.clusters[static_cast<std::size_t>(columns[r])];
      cluster = std::to_string(number) + " " +
                printable(evaluation.cluster_names[static_cast<std::size_t>(number)]);
    }
    std::printf("%s  %7lld  %5.1f %%  %s\n", padded(evaluation.classes[r]).c_str(),
                static_cast<long long>(images), 100 * recall[r], cluster.c_str());
  }
  const std::int64_t shown = std::min(most_columns, table.counts.columns());
  std::printf("\nImages by class and cluster, matched clusters first%s\n%s ",
              shown < table.counts.columns() ? " (the first of them; --json has all)" : "",
              padded("").c_str());
  for (std::int64_t c = 0; c < shown; ++c)
    std::printf(" %6lld", static_cast<long long>(table.clusters[static_cast<std::size_t>(c)]));
  std::printf("\n");
  for (std::int64_t r = 0; r < table.counts.rows(); ++r) {
    std::printf("%s ", padded(evaluation.classes[static_cast<std::size_t>(r)]).c_str());
    for (std::int64_t c = 0; c < shown; ++c)
      std::printf(" %6lld", static_cast<long long>(table.counts[r][c]));
    std::printf("\n");
  }
}

void print_names(const Evaluation& evaluation) {
  const NameCorrectness& names = *evaluation.names;
  std::printf(
      "\nNames, by WordNet: right for %.1f %% of %lld images (the class or a synonym, a kind of it, or what "
      "it is\n"
      "a kind of, at most two steps up; %.1f %% with kinds at most two steps down); %.1f %% are in clusters "
      "without "
      "a name\n",
      100 * names.right, static_cast<long long>(names.n_images), 100 * names.within_two_steps,
      100 * names.unnamed);
  if (evaluation.name_cosine)
    std::printf("Mean cosine of name and label as sentences: %.3f\n", *evaluation.name_cosine);
  int width = 4;
  for (const auto& cluster : names.clusters)
    width =
        std::max(width, display_width(evaluation.cluster_names[static_cast<std::size_t>(cluster.number)]));
  std::printf("%7s  %-*s  %7s  %7s  %s\n", "cluster", width, "name", "images", "right", "most of them");
  for (const auto& cluster : names.clusters) {
    const std::string& name = evaluation.cluster_names[static_cast<std::size_t>(cluster.number)];
    const std::string space(static_cast<std::size_t>(std::max(0, width - display_width(name))), ' ');
    std::printf("%7lld  %s%s  %7lld  %5.1f %%  %s\n", static_cast<long long>(cluster.number), name.c_str(),
                space.c_str(), static_cast<long long>(cluster.n_images), 100 * cluster.right,
                evaluation.class_names[static_cast<std::size_t>(cluster.class_number)].c_str());
  }
  if (names.unknown_classes.empty()) return;
  std::string unknown;
  for (const auto& label : names.unknown_classes) unknown += (unknown.empty() ? "" : ", ") + label;
  std::printf("WordNet does not know: %s; their images do not count.\n", unknown.c_str());
}

void print_text(const Evaluation& evaluation) {
  std::printf("%lld images in %zu clusters", static_cast<long long>(evaluation.n_images),
              evaluation.cluster_names.size());
  if (evaluation.agreement) {
    if (evaluation.unlabelled)
      std::printf(", %lld without a label", static_cast<long long>(evaluation.unlabelled));
    std::printf("\nAgainst the labels: ACC %.1f %%, NMI %.1f %%, ARI %.1f %%\n",
                100 * evaluation.agreement->accuracy,
                100 * evaluation.agreement->normalised_mutual_information,
                100 * evaluation.agreement->adjusted_rand_index);
    for (const auto& level : evaluation.levels)
      std::printf("Level of %lld: ACC %.1f %%, NMI %.1f %%, ARI %.1f %%\n",
                  static_cast<long long>(level.n_clusters), 100 * level.agreement.accuracy,
                  100 * level.agreement.normalised_mutual_information,
                  100 * level.agreement.adjusted_rand_index);
    print_classes(evaluation, *evaluation.matched);
    if (evaluation.names) print_names(evaluation);
  }
  std::printf("\n");
  if (!evaluation.separation) return;
  const auto text = [](const std::optional<double>& value) {
    return value ? rounded(*value, 4) : "not defined";
  };
  const Separation& scores = *evaluation.separation;
  std::printf(
      "Without labels: silhouette %s, Davies-Bouldin %s, Calinski-Harabasz %s,\n"
      "k-means objective %.4f, %.1f %% of the images on the fence between two clusters\n",
      text(scores.silhouette).c_str(), text(scores.davies_bouldin).c_str(),
      text(scores.calinski_harabasz).c_str(), scores.objective, 100 * scores.on_the_fence);
  std::printf(
      "silhouette: how much nearer images are to their own cluster than to the next, 1 at most;\n"
      "objective: mean cosine similarity of an image with the centre of its cluster; on the fence: images\n"
      "whose second cluster is nearly as similar (within --fence)\n");
}

int eval(const EvalArguments& arguments) {
  const std::filesystem::path given =
      arguments.picture.empty() ? "" : output_file(arguments.picture, "--picture");
  if (arguments.json && is_standard_output(given))
    throw CLI::ValidationError("--picture names standard output, to which --json prints; name a file.");
  const Evaluation evaluation = evaluate(arguments.run, arguments.options);
  if (!evaluation.notice.empty()) std::fprintf(stderr, "%s\n", printable(evaluation.notice).c_str());
  std::string picture = given.string();
  if (picture.empty() && evaluation.matched)
    picture = (std::filesystem::path(arguments.run) / "confusion.svg").string();
  if (!picture.empty()) write_file_atomically(picture, confusion_picture(evaluation));
  if (arguments.json) {
    std::printf("%s\n", to_json(evaluation).c_str());
    return done;
  }
  print_text(evaluation);
  if (!picture.empty()) std::printf("Picture: %s\n", picture.c_str());
  return done;
}

}  // namespace

void add_eval_command(CLI::App& app, Action& action) {
  auto* subcommand =
      app.add_subcommand("eval", "Say how good the clusters of a run are, with labels or without");
  auto arguments = std::make_shared<EvalArguments>();
  subcommand->add_option("run", arguments->run, "A run directory")->required()->type_name("RUN");
  subcommand
      ->add_option("--picture", arguments->picture,
                   "Where to write the confusion matrix (else RUN/confusion.svg); - is standard output")
      ->type_name("FILE.svg");
  subcommand->add_flag("--json", arguments->json, "Print JSON instead of tables");
  add_flags(*subcommand, arguments->options);
  subcommand->footer(
      "Examples:\n"
      "  ilk eval run/\n"
      "  ilk eval run/ --labels labels.csv\n"
      "  ilk eval run/ --labels labels.csv --level 5\n"
      "  ilk eval run/ --dataset cifar10 --json");
  subcommand->callback([=, &action] { action = [=] { return eval(*arguments); }; });
}

}  // namespace ilk::cli
