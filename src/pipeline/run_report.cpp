#include <ilk/version.h>

#include <algorithm>
#include <ctime>

#include "core/duration.h"
#include "core/text.h"
#include "io/files.h"
#include "pipeline/criteria.h"
#include "pipeline/edited_run.h"
#include "pipeline/levels.h"
#include "pipeline/report_pictures.h"
#include "pipeline/run_directory.h"
#include "report/report.h"

namespace ilk {
namespace {

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d", &local);
  return text;
}

std::vector<std::pair<std::string, std::string>> facts_of(const RunRecord& record) {
  const RunSummary& summary = record.summary;
  const auto words = [](const std::optional<Words>& used) -> std::string {
    if (!used) return "none";
    return std::to_string(used->space.selected.size()) + " of " + std::to_string(used->corpus.texts.size()) +
           " (" + std::filesystem::path(used->corpus.source).filename().string() + ")";
  };
  const std::string memory = fixed(summary.peak_memory_mebibytes, 0) + " MiB";
  std::vector<std::pair<std::string, std::string>> facts = {
      {"Images", std::to_string(summary.n_images)},
      {"Clusters", std::to_string(summary.clusters.size())},
      {"Method", record.options.method},
      summary.model.empty() ? std::pair("Features", summary.features) : std::pair("Model", summary.model),
      {"Device", summary.device + (summary.precision.empty() ? "" : ", " + summary.precision)},
      {"Nouns chosen", words(record.vocabulary.nouns)},
      {"Captions chosen", words(record.vocabulary.captions)},
      {"Seed", std::to_string(record.options.seed)},
      {"Time", duration_text(summary.total_seconds)},
      {"Peak memory", memory},
      {"Command", record.command}};
  if (!record.clustering.words_helped.empty())
    facts.insert(facts.begin() + 3, {"Words", record.clustering.words_helped});
  return facts;
}

/// What a training's epochs found out, a curve for each number.
std::vector<Report::Curve> curves_of(const std::vector<EpochFacts>& epochs) {
  std::vector<Report::Curve> curves;
  for (const auto& facts : epochs) {
    auto numbers = facts.means;
    numbers.emplace_back("clusters in use", static_cast<double>(facts.used_clusters));
    numbers.emplace_back("images that changed cluster", static_cast<double>(facts.changed_labels));
    curves.resize(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      std::replace(numbers[i].first.begin(), numbers[i].first.end(), '_', ' ');
      curves[i].name = numbers[i].first;
      curves[i].values.push_back(numbers[i].second);
    }
  }
  return curves;
}

/// The evidence for the number of clusters, the best few of it.
Report::Count count_of(const ClusterCountChoice& count) {
  Report::Count shown{.verdict = count.verdict,
                      .confidence = count.confidence,
                      .basis = cluster_count_basis(count),
                      .picture_svg = cluster_count_picture(count),
                      .n_clusters = count.n_clusters,
                      .tried = static_cast<std::int64_t>(count.evidence.size())};
  for (const auto& one : best_evidence(count))
    shown.numbers.push_back(
        {one.n_clusters, one.silhouette, one.agreement, one.objective, one.score, one.votes});
  return shown;
}

/// What the images are called by whoever gave them: the first folder or file, and how many more there were;
/// or the file of their features.
std::string title_of(const RunRecord& record) {
  const RunInputs& inputs = record.inputs;
  if (!record.options.features.empty())
    return std::filesystem::path(record.options.features).filename().string();
  const std::size_t count = inputs.paths.size();
  if (count == 0) return "Listed images";
  std::filesystem::path first = std::filesystem::path(inputs.paths.front()).lexically_normal();
  if (!first.has_filename()) first = first.parent_path();
  std::error_code error;
  if (first == "." || first == "..") first = std::filesystem::weakly_canonical(first, error);
  std::string title = first.filename().string();
  // Folders of pictures are often called just that; the one above says more.
  if (first.has_parent_path() && !first.parent_path().filename().empty())
    title = first.parent_path().filename().string() + " / " + title;
  return count == 1 ? title : title + " and " + std::to_string(count - 1) + " more";
}

/// From the run directory to the folder that the images' paths start in, so that both can be moved together.
std::string base_path(const std::filesystem::path& directory) {
  std::error_code error;
  const auto here = std::filesystem::current_path(error);
  const auto base = std::filesystem::proximate(here, std::filesystem::absolute(directory, error), error);
  return error ? here.string() : base.string();
}

/// Which clusters are locked, and which went into another, as clusters.json says.
void note_edits(Report& report, const std::filesystem::path& directory) {
  if (!has_edits(directory)) return;
  const auto clusters = nlohmann::json::parse(read_file(directory / "clusters.json"));
  for (std::size_t c = 0; c < std::min(clusters.size(), report.clusters.size()); ++c) {
    report.clusters[c].locked = clusters[c].value("locked", false);
    report.clusters[c].merged_into = clusters[c].value("merged_into", std::int64_t{-1});
  }
}

}  // namespace

void write_report(const RunRecord& record, const std::optional<Labels>& labels, const ReadImage& read,
                  Progress& progress) {
  const RunSummary& summary = record.summary;
  Report report{.title = title_of(record),
                .program_version = ILK_VERSION,
                .date = today(),
                .base_path = base_path(record.options.output),
                .paths_are_files = record.names_are_files,
                .facts = facts_of(record),
                .notices = summary.notices,
                .curves = curves_of(record.clustering.epochs),
                .run = record.options.output.string()};
  if (summary.cluster_count) report.count = count_of(*summary.cluster_count);
  if (summary.agreement) {
    report.scores = {{"ACC", summary.agreement->accuracy},
                     {"NMI", summary.agreement->normalised_mutual_information},
                     {"ARI", summary.agreement->adjusted_rand_index}};
  }
  report.tree = report_tree(summary);
  report.criteria = report_criteria(record, read);
  for (const auto& file : summary.skipped) report.skipped.push_back({file.path, file.kind, file.reason});
  for (const auto& cluster : summary.clusters) {
    Report::Cluster shown{.name = cluster.name.name,
                          .size = cluster.size,
                          .is_named = cluster.name.is_named,
                          .runner_up = cluster.name.runner_up,
                          .caption = cluster.caption,
                          .density = cluster.density};
    for (const auto& word : cluster.name.words) shown.nouns.push_back({word.word, word.score});
    report.clusters.push_back(std::move(shown));
  }
  note_edits(report, record.options.output);
  if (record.options.exemplars > 0) add_report_pictures(report, record, labels, read, progress);
  write_file_atomically(record.options.output / "report.html", render_report(report));
}

}  // namespace ilk
