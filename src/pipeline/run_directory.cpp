#include "pipeline/run_directory.h"

#include <ilk/version.h>

#include <algorithm>
#include <map>

#include "cluster/cluster_order.h"
#include "core/fail.h"
#include "core/text.h"
#include "io/csv.h"
#include "io/files.h"
#include "io/json_file.h"
#include "io/npy_writer.h"
#include "io/safetensors.h"
#include "pipeline/assignment_row.h"
#include "pipeline/cluster_json.h"
#include "pipeline/levels.h"
#include "pipeline/options_json.h"
#include "report/report.h"

namespace ilk {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> chosen(const std::optional<Words>& words) {
  return words ? words->chosen() : std::vector<std::string>();
}

Json transport_json(const SemanticSpace& space) {
  if (!space.transport) return nullptr;
  return {{"iterations", space.transport->iterations},
          {"marginal_error", space.transport->marginal_error},
          {"converged", space.transport->converged}};
}

Json words_facts(const std::optional<Words>& words) {
  if (!words) return nullptr;
  return {{"source", words->corpus.source},
          {"sha256", words->corpus.sha256},
          {"offered", words->corpus.texts.size()},
          {"selected", words->space.selected.size()},
          {"transport", transport_json(words->space)}};
}

Json skipped_json(const std::vector<SkippedFile>& skipped) {
  Json json = Json::array();
  for (const auto& file : skipped)
    json.push_back({{"path", file.path}, {"kind", file.kind}, {"reason", file.reason}});
  return json;
}

Json cluster_count_json(const ClusterCountChoice& count) {
  Json evidence = Json::array();
  for (const auto& one : count.evidence)
    evidence.push_back({{"n_clusters", one.n_clusters},
                        {"silhouette", one.silhouette},
                        {"agreement", one.agreement},
                        {"objective", one.objective},
                        {"bend", one.bend},
                        {"score", one.score},
                        {"votes", one.votes}});
  return {{"n_clusters", count.n_clusters},
          {"runner_up", count.runner_up ? Json(*count.runner_up) : Json()},
          {"finer", count.finer ? Json(*count.finer) : Json()},
          {"clear", count.clear},
          {"confidence", count.confidence},
          {"verdict", count.verdict},
          {"points", count.n_points},
          {"sampled", count.sampled},
          {"evidence", evidence}};
}

Json manifest_head(const RunOptions& options, const std::string& command, const char* status) {
  return {{"program", "ilk"},
          {"version", ILK_VERSION},
          {"status", status},
          {"command", command},
          {"working_directory", std::filesystem::current_path().string()},  // where relative paths start
          {"options", options_to_json(options)}};
}

}  // namespace

std::vector<std::vector<std::int64_t>> members_by_score(const Assignment& assignment,
                                                        std::int64_t n_clusters) {
  auto members = internal::cluster_members(assignment.labels, n_clusters);
  const float* scores = assignment.scores.data();
  for (auto& cluster : members)
    std::stable_sort(cluster.begin(), cluster.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  return members;
}

void take_names(RunRecord& record, const std::vector<ClusterName>& names) {
  const Assignment& assignment = record.clustering.assignment;
  record.captions_of_cluster.resize(names.size());
  record.exemplars = members_by_score(assignment, std::ssize(names));
  for (std::size_t c = 0; c < names.size(); ++c) {
    auto& members = record.exemplars[c];
    RunSummary::Cluster cluster{.name = names[c], .size = static_cast<std::int64_t>(members.size())};
    for (const auto row : members) cluster.density += assignment.scores[static_cast<std::size_t>(row)];
    cluster.density /= static_cast<double>(std::max<std::size_t>(members.size(), 1));
    if (!record.captions_of_cluster[c].empty()) cluster.caption = record.captions_of_cluster[c].front().word;
    members.resize(std::min<std::size_t>(members.size(), static_cast<std::size_t>(record.options.exemplars)));
    for (const auto row : members)
      cluster.exemplars.push_back(record.images.paths[static_cast<std::size_t>(row)]);
    record.summary.clusters.push_back(std::move(cluster));
  }
}

std::unique_ptr<RunDirectoryLock> begin_run_directory(const std::filesystem::path& directory,
                                                      const RunOptions& options, const std::string& command) {
  constexpr std::string_view function = "run";
  require_output_folder(directory, function);
  std::error_code error;
  const auto manifest = directory / "manifest.json";
  if (std::filesystem::exists(directory, error)) {
    if (std::filesystem::exists(manifest, error)) {
      const Json found = Json::parse(read_file(manifest), nullptr, false);
      require(found.is_object() && found.value("program", "") == "ilk", function,
              "output must be a run directory, an empty or a new folder; the manifest.json in ", directory,
              " is not ilk's.");
    } else {
      require(holds_no_other_files(directory), function,
              "output must be a run directory, an empty or a new folder; ", directory, " holds other files.");
    }
  }
  auto lock = std::make_unique<RunDirectoryLock>(directory);
  remove_unfinished_files(directory);
  write_file_atomically(manifest, json_text(manifest_head(options, command, "running")) + "\n");
  return lock;
}

std::string nouns_of(const RunRecord& record, const std::vector<std::string>& nouns, std::int64_t image) {
  if (nouns.empty()) return "";
  std::string text;
  for (const std::int64_t noun : record.top_nouns.indices.row(image))
    text += (text.empty() ? "" : "; ") + nouns[static_cast<std::size_t>(noun)];
  return text;
}

void write_map(const RunRecord& record) {
  const auto path = record.options.output / "map.npy";
  std::error_code ignored;
  if (record.map.empty())
    std::filesystem::remove(path, ignored);
  else
    write_npy(path, record.map);
}

void write_assignments(const RunRecord& record, const std::filesystem::path& folder) {
  const auto nouns = chosen(record.vocabulary.nouns);
  std::vector<std::string> names;
  names.reserve(record.summary.clusters.size());
  for (const auto& cluster : record.summary.clusters) names.push_back(cluster.name.name);
  const ClusterLevels& levels = record.summary.levels;
  std::string text = std::string(assignment_header) + ",top_nouns" + level_columns(levels) + "\n";
  for (std::size_t i = 0; i < record.images.paths.size(); ++i) {
    const auto image = static_cast<std::int64_t>(i);
    text += assignment_row(record.clustering.assignment, image, record.images.paths[i], names) + "," +
            csv_field(nouns_of(record, nouns, image)) +
            level_fields(levels, record.clustering.assignment.labels[i]) + "\n";
  }
  write_file_atomically(folder / "assignments.csv", text);
}

void write_clusters(const RunRecord& record, const std::filesystem::path& folder) {
  Json clusters = Json::array();
  for (std::size_t c = 0; c < record.summary.clusters.size(); ++c) {
    const auto& cluster = record.summary.clusters[c];
    Json exemplars = Json::array();
    for (const auto row : record.exemplars[c])
      exemplars.push_back({{"path", record.images.paths[static_cast<std::size_t>(row)]},
                           {"score", record.clustering.assignment.scores[static_cast<std::size_t>(row)]}});
    Json json = cluster_json(static_cast<std::int64_t>(c), cluster.name, cluster.size);
    json["density"] = cluster.density;
    json["nouns"] = words_json(cluster.name.words, "noun");
    json["captions"] = words_json(record.captions_of_cluster[c], "caption");
    json["exemplars"] = std::move(exemplars);
    clusters.push_back(std::move(json));
  }
  for (std::size_t method = 0; method < record.numbers.size(); ++method)
    clusters[static_cast<std::size_t>(record.numbers[method])]["method_cluster"] = method;
  write_file_atomically(folder / "clusters.json", json_text(clusters) + "\n");
}

std::unique_ptr<AtomicFile> begin_features(const RunRecord& record) {
  NamedArrayViews arrays{
      {"embeddings", record.images.embeddings},
      {"features", record.clustering.clustered(record.images.embeddings)},
      {"labels", record.clustering.assignment.labels},
  };
  for (const auto& [name, array] : record.clustering.arrays) arrays.emplace_back(name, array.view());
  std::map<std::string, std::string> facts{
      {"program", "ilk " ILK_VERSION},
      {"model_fingerprint", record.summary.model_fingerprint},
      {"precision", record.summary.precision},
      {"options", options_to_json(record.options).dump(-1, ' ', false, Json::error_handler_t::replace)}};
  const auto add_words = [&](const std::string& what, const std::optional<Words>& words) {
    if (!words) return;
    const SemanticSpace& space = words->space;
    arrays.emplace_back(what + "_features", space.features);
    arrays.emplace_back(what + "_column_potentials", space.plan.column_potentials);
    if (space.transport) arrays.emplace_back(what + "_row_potentials", space.transport->row_potentials);
    facts[what + "_epsilon"] = exact(space.plan.epsilon);
    facts[what + "s"] = Json(words->chosen()).dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  add_words("noun", record.vocabulary.nouns);
  add_words("caption", record.vocabulary.captions);
  return begin_safetensors(record.options.output / "features.safetensors", arrays, facts);
}

nlohmann::ordered_json summary_json(const RunSummary& summary) {
  Json clusters = Json::array();
  for (std::size_t c = 0; c < summary.clusters.size(); ++c) {
    const auto& cluster = summary.clusters[c];
    clusters.push_back({{"cluster", c},
                        {"name", cluster.name.name},
                        {"score", cluster.name.score},
                        {"runner_up", cluster.name.runner_up},
                        {"size", cluster.size},
                        {"density", cluster.density},
                        {"caption", cluster.caption}});
  }
  Json criteria = Json::array();
  for (const auto& criterion : summary.criteria) {
    Json its = Json::array();
    for (std::size_t c = 0; c < criterion.clusters.size(); ++c)
      its.push_back(
          {{"cluster", c}, {"name", criterion.clusters[c].name.name}, {"size", criterion.clusters[c].size}});
    criteria.push_back({{"criterion", criterion.name},
                        {"meaning", criterion.meaning},
                        {"alignment", criterion.alignment},
                        {"within_clusters", criterion.within_clusters},
                        {"clusters", its}});
  }
  Json seconds;
  for (const auto& [stage, value] : summary.seconds) seconds[stage] = value;
  Json json{{"images", summary.n_images},
            {"encoded", summary.encoded},
            {"from_cache", summary.from_cache},
            {"repeated", summary.repeated},
            {"skipped", summary.skipped.size()},
            {"features", summary.features.empty() ? Json() : Json(summary.features)},
            {"model", summary.model.empty()
                          ? Json()
                          : Json{{"name", summary.model}, {"fingerprint", summary.model_fingerprint}}},
            {"device", summary.device},
            {"precision", summary.precision.empty() ? Json() : Json(summary.precision)},
            {"nouns", {{"offered", summary.n_nouns}, {"selected", summary.selected_nouns}}},
            {"captions", {{"offered", summary.n_captions}, {"selected", summary.selected_captions}}},
            {"objective", summary.objective}};
  if (summary.cluster_count) json["cluster_count"] = cluster_count_json(*summary.cluster_count);
  if (summary.agreement) {
    json["scores"] = {{"accuracy", summary.agreement->accuracy},
                      {"normalised_mutual_information", summary.agreement->normalised_mutual_information},
                      {"adjusted_rand_index", summary.agreement->adjusted_rand_index},
                      {"unlabelled", summary.unlabelled},
                      {"labels_matched", summary.labels_by_row ? "by row" : "by path"}};
  }
  json["clusters"] = clusters;
  if (!criteria.empty()) json["by"] = criteria;
  if (!summary.levels.empty()) json.update(levels_json(summary.levels));
  json["seconds"] = seconds;
  json["total_seconds"] = summary.total_seconds;
  json["peak_memory_mebibytes"] = summary.peak_memory_mebibytes;
  json["notices"] = summary.notices;
  return json;
}

void write_manifest(const RunRecord& record) {
  Json manifest = manifest_head(record.options, record.command, "complete");
  manifest["seed"] = record.options.seed;
  manifest["vocabulary"] = {{"nouns", words_facts(record.vocabulary.nouns)},
                            {"captions", words_facts(record.vocabulary.captions)},
                            {"templates", record.vocabulary.templates}};
  manifest.update(record.clustering.facts);
  manifest["summary"] = summary_json(record.summary);
  manifest["skipped"] = skipped_json(record.summary.skipped);
  write_file_atomically(record.options.output / "manifest.json", json_text(manifest) + "\n");
}

}  // namespace ilk
