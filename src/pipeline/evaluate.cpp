// N images, K clusters, R classes.
#include <ilk/encoder.h>
#include <ilk/evaluate.h>
#include <ilk/models.h>
#include <ilk/wordnet.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <numeric>
#include <unordered_map>

#include "core/fail.h"
#include "core/option_checks.h"
#include "io/csv.h"
#include "io/files.h"
#include "io/json_file.h"
#include "io/safetensors.h"
#include "naming/name_correctness.h"
#include "pipeline/assignments_csv.h"
#include "pipeline/levels.h"
#include "pipeline/run_assignments.h"
#include "pipeline/run_directory_lock.h"
#include "text/image_matcher.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view in_evaluate = "evaluate";

bool are_row_numbers(const std::vector<std::string>& paths) {
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (paths[i] != std::to_string(i)) return false;
  return true;
}

Labels labels_of(const Dataset& dataset, const std::vector<std::string>& paths) {
  std::vector<std::int64_t> of_image(paths.size(), -1);
  const bool files = dataset.format == "imagefolder" || dataset.format == "csv" || dataset.format == "videos";
  bool any = false;
  if (!files && paths.size() == dataset.images.size() && are_row_numbers(paths)) {
    for (std::size_t i = 0; i < paths.size(); ++i) of_image[i] = dataset.images[i].label;
    any = true;
  } else if (files) {
    std::vector<ImageText> entries;
    entries.reserve(dataset.images.size());
    for (const auto& image : dataset.images)
      entries.push_back({image.name, image.label < 0 ? "" : std::to_string(image.label)});
    const ImageMatch match = ImageMatcher(paths, false).match(entries, {});
    any = match.known > 0;
    for (std::size_t i = 0; i < paths.size(); ++i)
      if (const std::int64_t entry = match.entry_of_image[i]; entry >= 0)
        of_image[i] = dataset.images[static_cast<std::size_t>(entry)].label;
  } else {
    std::unordered_map<std::string, std::int64_t> label_of;
    for (const auto& image : dataset.images) label_of.emplace(image.name, image.label);
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const auto found = label_of.find(paths[i]);
      if (found == label_of.end()) continue;
      of_image[i] = found->second;
      any = true;
    }
  }
  require(any, in_evaluate, "dataset must hold at least one of the run's images; the first of ",
          dataset.place, " is '", dataset.images.front().name, "', the run's first '", paths.front(), "'.");
  return {.classes = dataset.classes, .of_image = std::move(of_image)};
}

/// Names and labels, each read once.
double mean_name_cosine(const Evaluation& result, const Labels& labels,
                        const std::vector<std::int64_t>& clusters, const std::string& model) {
  const auto encoder = load_text_encoder(find_model(model), Precision::automatic);
  std::vector<std::string> texts = result.cluster_names;
  const auto first_class = static_cast<std::int64_t>(texts.size());
  texts.insert(texts.end(), labels.classes.begin(), labels.classes.end());
  for (std::string& text : texts)
    if (text.empty()) text = "unnamed";
  const Matrix<float> features = encoder->encode_texts(texts);
  double sum = 0;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    if (labels.of_image[i] < 0) continue;
    ++count;
    if (is_placeholder(result.cluster_names[static_cast<std::size_t>(clusters[i])], clusters[i])) continue;
    const auto name = features.row(clusters[i]), label = features.row(first_class + labels.of_image[i]);
    sum += std::inner_product(name.begin(), name.end(), label.begin(), 0.0);
  }
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

const char* text_of(NameRelation relation) {
  switch (relation) {
    case NameRelation::unnamed:
      return "unnamed";
    case NameRelation::same:
      return "same";
    case NameRelation::kind:
      return "kind";
    case NameRelation::above:
      return "above";
    case NameRelation::none:
      break;
  }
  return "none";
}

}  // namespace

RunAssignments read_assignments(const fs::path& run_directory, std::optional<std::int64_t> level) {
  const fs::path file = run_directory / "assignments.csv";
  require_run(run_directory, "assignments.csv", in_evaluate);
  auto rows = parse_csv_rows(read_file(file));
  require(rows.size() >= 2, in_evaluate, file, " must have a header and at least one image, got ",
          rows.size(), " rows.");
  const auto column = [&](const char* name) {
    const auto found = csv_column(rows.front().fields, {name});
    if (!found)
      fail(in_evaluate, file, " must have the columns path, cluster and name; ", name, " is missing.");
    return *found;
  };
  const std::string suffix = level ? "_" + std::to_string(*level) : "";
  if (level && !csv_column(rows.front().fields, {"cluster" + suffix})) {
    std::string known;
    for (const auto& field : rows.front().fields)
      if (field.starts_with("cluster_")) known += (known.empty() ? "" : ", ") + field.substr(8);
    fail(in_evaluate, "level must be one of the run's ", known.empty() ? "(it has none)" : "(" + known + ")",
         ", got ", *level, ".");
  }
  const std::size_t path = column("path"), cluster = column(("cluster" + suffix).c_str()),
                    name = column(("name" + suffix).c_str());
  RunAssignments assignments;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto& fields = rows[i].fields;
    require(fields.size() == rows.front().fields.size(), in_evaluate, file, ": line ", rows[i].line,
            " must have as many fields as the header (", rows.front().fields.size(), "), got ", fields.size(),
            ".");
    std::int64_t number = -1;
    const std::string& text = fields[cluster];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    require(error == std::errc() && end == text.data() + text.size() && number >= 0 && number < most_clusters,
            in_evaluate, file, ": line ", rows[i].line, ": cluster must be a number from 0 on, got '", text,
            "'.");
    assignments.paths.push_back(fields[path]);
    assignments.clusters.push_back(number);
    if (static_cast<std::size_t>(number) >= assignments.names.size())
      assignments.names.resize(static_cast<std::size_t>(number) + 1);
    assignments.names[static_cast<std::size_t>(number)] = fields[name];
  }
  return assignments;
}

std::optional<Labels> labels_for(const std::vector<std::string>& paths, const EvaluateOptions& options) {
  require(options.labels.empty() || options.dataset.empty(), in_evaluate,
          "labels and dataset must not be given together, got '", options.labels, "' and '", options.dataset,
          "'.");
  require(!options.dataset.empty() || (options.part.split.empty() && options.part.classes.empty()),
          in_evaluate, "split and classes must come with dataset.");
  if (!options.labels.empty()) return read_labels(options.labels, paths, /*in_order=*/true);
  if (!options.dataset.empty()) return labels_of(open_dataset(options.dataset, options.part), paths);
  return std::nullopt;
}

Evaluation evaluate(const fs::path& run_directory, const EvaluateOptions& options) {
  check_ranges(options, in_evaluate);
  std::error_code error;
  RunAssignments assignments = read_assignments(run_directory, options.level);
  const auto n = static_cast<std::int64_t>(assignments.clusters.size());
  Evaluation result{.n_images = n, .unlabelled = n, .cluster_names = std::move(assignments.names)};
  result.notice = unfinished_run_notice(run_directory);

  if (const auto labels = labels_for(assignments.paths, options)) {
    const auto [classes, found] = labelled_only(*labels, assignments.clusters);
    require(!classes.empty(), in_evaluate, "labels must give at least one image a class, got none.");
    result.unlabelled -= static_cast<std::int64_t>(classes.size());
    result.agreement = agreement(classes, found);
    result.matched = match_clusters(confusion(classes, found));
    for (const auto number : result.matched->table.classes)
      result.classes.push_back(labels->classes[static_cast<std::size_t>(number)]);
    const auto folder = options.wordnet.empty() ? WordNet::find() : std::filesystem::path(options.wordnet);
    std::optional<WordNet> wordnet;
    if (folder) {
      wordnet.emplace(*folder);
      auto names = name_correctness(*wordnet, assignments.clusters, result.cluster_names, labels->of_image,
                                    labels->classes);
      if (names.n_images > 0) {
        result.names = std::move(names);
        result.class_names = labels->classes;
      }
    }
    if (!options.level) {
      for (const auto& level : read_levels(run_directory).upper) {
        const RunAssignments above = read_assignments(run_directory, std::ssize(level));
        const auto [of_level, clusters] = labelled_only(*labels, above.clusters);
        Evaluation::Level scores{.n_clusters = std::ssize(level), .agreement = agreement(of_level, clusters)};
        if (wordnet && result.names)
          scores.right =
              name_correctness(*wordnet, above.clusters, above.names, labels->of_image, labels->classes)
                  .right;
        result.levels.push_back(scores);
      }
    }
    if (!options.text_encoder.empty())
      result.name_cosine = mean_name_cosine(result, *labels, assignments.clusters, options.text_encoder);
  }
  if (const auto file = run_directory / "features.safetensors"; fs::exists(file, error)) {
    const SafetensorsFile stored(file);
    require(stored.contains("features"), in_evaluate, file, " must hold the features that were clustered.");
    const auto& shape = stored.entry("features").shape;
    require(shape.size() == 2 && shape[0] == n, in_evaluate, file,
            " must have a row for each image of assignments.csv (", n, "), got ",
            shape.empty() ? 0 : shape[0], ".");
    result.separation =
        separation(stored.get("features").to_matrix(), assignments.clusters, options.separation);
  }
  return result;
}

std::string to_json(const Evaluation& evaluation) {
  using Json = nlohmann::ordered_json;
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  Json json{{"images", evaluation.n_images},
            {"clusters", evaluation.cluster_names.size()},
            {"unlabelled", evaluation.unlabelled}};
  if (!evaluation.notice.empty()) json["notice"] = evaluation.notice;
  if (evaluation.agreement) {
    json["accuracy"] = evaluation.agreement->accuracy;
    json["normalised_mutual_information"] = evaluation.agreement->normalised_mutual_information;
    json["adjusted_rand_index"] = evaluation.agreement->adjusted_rand_index;
  }
  if (evaluation.matched) {
    const auto& [table, columns, recall] = *evaluation.matched;
    Json classes = Json::array(), counts = Json::array();
    for (std::size_t r = 0; r < recall.size(); ++r) {
      const auto column = columns[r];
      const auto of_class = table.counts.row(static_cast<std::int64_t>(r));
      classes.push_back(
          {{"class", evaluation.classes[r]},
           {"images", std::accumulate(of_class.begin(), of_class.end(), std::int64_t{0})},
           {"cluster", column < 0 ? Json() : Json(table.clusters[static_cast<std::size_t>(column)])},
           {"recall", recall[r]}});
      Json row = Json::array();
      for (const std::int64_t count : of_class) row.push_back(count);
      counts.push_back(row);
    }
    json["classes"] = classes;
    json["confusion"] = {{"clusters", table.clusters}, {"counts", counts}};
  }
  if (evaluation.names) {
    const NameCorrectness& names = *evaluation.names;
    Json clusters = Json::array();
    for (const auto& cluster : names.clusters)
      clusters.push_back({{"cluster", cluster.number},
                          {"name", evaluation.cluster_names[static_cast<std::size_t>(cluster.number)]},
                          {"class", evaluation.class_names[static_cast<std::size_t>(cluster.class_number)]},
                          {"images", cluster.n_images},
                          {"relation", text_of(cluster.relation)},
                          {"right", cluster.right}});
    json["names"] = {{"images", names.n_images},
                     {"right", names.right},
                     {"within_two_steps", names.within_two_steps},
                     {"unnamed", names.unnamed},
                     {"unknown_classes", names.unknown_classes},
                     {"clusters", clusters}};
  }
  for (const auto& level : evaluation.levels)
    json["levels"].push_back(
        {{"clusters", level.n_clusters},
         {"accuracy", level.agreement.accuracy},
         {"normalised_mutual_information", level.agreement.normalised_mutual_information},
         {"adjusted_rand_index", level.agreement.adjusted_rand_index},
         {"names_right", number(level.right)}});
  if (evaluation.name_cosine) json["name_cosine"] = *evaluation.name_cosine;
  if (evaluation.separation) {
    const Separation& scores = *evaluation.separation;
    json["silhouette"] = number(scores.silhouette);
    json["davies_bouldin"] = number(scores.davies_bouldin);
    json["calinski_harabasz"] = number(scores.calinski_harabasz);
    json["objective"] = scores.objective;
    json["on_the_fence"] = scores.on_the_fence;
  }
  return json_text(json);
}

}  // namespace ilk
