#include <ilk/evaluate.h>

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/fail.h"
#include "io/files.h"
#include "io/json_file.h"
#include "pipeline/run_assignments.h"
#include "pipeline/run_directory_lock.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr std::string_view in_compare = "compare";

std::string method_of(const fs::path& run) {
  std::error_code error;
  if (!fs::exists(run / "manifest.json", error)) return "";
  const auto manifest = Json::parse(read_file(run / "manifest.json"), nullptr, /*allow_exceptions=*/false);
  const auto pointer = Json::json_pointer("/options/method");
  return manifest.is_object() && manifest.contains(pointer) && manifest.at(pointer).is_string()
             ? manifest.at(pointer).get<std::string>()
             : "";
}

}  // namespace

Comparison compare(const std::vector<std::string>& runs, const EvaluateOptions& options) {
  require(runs.size() >= 2, in_compare, "at least two runs must be given, got ", runs.size(), ".");
  Comparison result;
  std::vector<std::unordered_map<std::string, std::int64_t>> cluster_of;
  std::vector<std::string> shared;
  for (const std::string& path : runs) {
    RunAssignments assignments = read_assignments(path);
    Comparison::Run run{.path = path,
                        .method = method_of(path),
                        .notice = unfinished_run_notice(path),
                        .n_images = static_cast<std::int64_t>(assignments.paths.size()),
                        .names = assignments.names,
                        .sizes = std::vector<std::int64_t>(assignments.names.size())};
    auto& clusters = cluster_of.emplace_back();
    for (std::size_t i = 0; i < assignments.paths.size(); ++i) {
      clusters.emplace(assignments.paths[i], assignments.clusters[i]);
      ++run.sizes[static_cast<std::size_t>(assignments.clusters[i])];
    }
    if (cluster_of.size() == 1)
      shared = std::move(assignments.paths);
    else
      std::erase_if(shared, [&](const std::string& image) { return !clusters.contains(image); });
    result.runs.push_back(std::move(run));
  }
  require(!shared.empty(), in_compare, "the runs must share at least one image by its path, got none.");
  result.n_images = static_cast<std::int64_t>(shared.size());

  std::vector<std::vector<std::int64_t>> of_runs;
  for (const auto& clusters : cluster_of) {
    auto& of_images = of_runs.emplace_back();
    of_images.reserve(shared.size());
    for (const auto& image : shared) of_images.push_back(clusters.at(image));
  }
  const auto n_runs = static_cast<std::int64_t>(of_runs.size());
  result.adjusted_rand_index = Matrix<double>::filled(n_runs, n_runs, 1);
  for (std::int64_t a = 0; a < n_runs; ++a) {
    for (std::int64_t b = a + 1; b < n_runs; ++b) {
      const double index =
          agreement(of_runs[static_cast<std::size_t>(a)], of_runs[static_cast<std::size_t>(b)])
              .adjusted_rand_index;
      result.adjusted_rand_index[a][b] = result.adjusted_rand_index[b][a] = index;
    }
  }
  if (const auto labels = labels_for(shared, options)) {
    for (std::size_t r = 0; r < of_runs.size(); ++r) {
      const auto [classes, clusters] = labelled_only(*labels, of_runs[r]);
      require(!classes.empty(), in_compare,
              "labels must give at least one of the shared images a class, got none.");
      result.runs[r].agreement = agreement(classes, clusters);
    }
  }
  return result;
}

std::string to_json(const Comparison& comparison) {
  Json runs = Json::array(), indices = Json::array();
  for (std::size_t r = 0; r < comparison.runs.size(); ++r) {
    const auto& run = comparison.runs[r];
    Json clusters = Json::array();
    for (std::size_t c = 0; c < run.names.size(); ++c)
      clusters.push_back({{"name", run.names[c]}, {"size", run.sizes[c]}});
    Json json{{"path", run.path}, {"method", run.method}, {"images", run.n_images}, {"clusters", clusters}};
    if (!run.notice.empty()) json["notice"] = run.notice;
    if (run.agreement) {
      json["accuracy"] = run.agreement->accuracy;
      json["normalised_mutual_information"] = run.agreement->normalised_mutual_information;
      json["adjusted_rand_index"] = run.agreement->adjusted_rand_index;
    }
    runs.push_back(json);
    Json row = Json::array();
    for (const double index : comparison.adjusted_rand_index.row(static_cast<std::int64_t>(r)))
      row.push_back(index);
    indices.push_back(row);
  }
  const Json json{{"images", comparison.n_images}, {"runs", runs}, {"adjusted_rand_index", indices}};
  return json_text(json);
}

}  // namespace ilk
