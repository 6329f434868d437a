#include "pipeline/criteria.h"

#include <ilk/naming.h>

#include <algorithm>
#include <unordered_map>

#include "cluster/assign.h"
#include "cluster/criterion_space.h"
#include "cluster/plane_layout.h"
#include "core/fail.h"
#include "core/parallel.h"
#include "io/files.h"
#include "methods/auto_clustering.h"
#include "pipeline/algorithm_options.h"
#include "pipeline/kept_clusters.h"
#include "pipeline/method_entries/centroid_clusters.h"

namespace ilk {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t pictures_of_cluster = 4;
constexpr std::int64_t exemplar_edge = 128;

/// The clusters that the images have already: of nested ones those of the topmost level.
std::pair<std::vector<std::int64_t>, std::int64_t> clusters_at_hand(const RunRecord& record) {
  const ClusterLevels& levels = record.summary.levels;
  auto labels = record.clustering.assignment.labels;
  if (levels.empty()) return {std::move(labels), std::ssize(record.summary.clusters)};
  for (std::int64_t& label : labels) label = levels.path(label).front();
  return {std::move(labels), std::ssize(levels.upper.front())};
}

/// The words with features (P, D). A noun of the vocabulary has some already.
std::pair<Corpus, Matrix<float>> words_with_features(const Criterion& criterion, const RunRecord& record,
                                                     FeatureSource& source) {
  const Corpus& words = criterion.words;
  std::unordered_map<std::string_view, std::int64_t> row_of;
  const auto& nouns = record.vocabulary.nouns;
  if (nouns)
    for (std::size_t i = 0; i < nouns->corpus.texts.size(); ++i)
      row_of.emplace(nouns->corpus.texts[i], static_cast<std::int64_t>(i));
  Corpus known{.source = words.source}, missing;
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < words.texts.size(); ++i) {
    const auto found = row_of.find(words.texts[i]);
    Corpus& to = found == row_of.end() ? missing : known;
    to.texts.push_back(words.texts[i]);
    to.notes.push_back(words.notes.empty() ? "" : words.notes[i]);
    if (found != row_of.end()) rows.push_back(found->second);
  }
  Matrix<float> features = rows.empty() ? Matrix<float>() : rows_of(nouns->features(), rows);
  if (missing.texts.empty()) return {std::move(known), std::move(features)};
  const Matrix<float> encoded =
      source.encode_words(make_corpus(words.source, missing.texts), record.vocabulary.templates);
  if (encoded.empty()) {
    require(known.texts.size() >= 2, "by", "--by ", criterion.name,
            " needs features of its words, and no model is there to make them; of its ", words.texts.size(),
            " words ", known.texts.size(), " are among --nouns, two at least must be.");
    return {std::move(known), std::move(features)};
  }
  Matrix<float> all(features.rows() + encoded.rows(), encoded.columns());
  std::copy_n(features.data(), features.size(), all.data());
  std::copy_n(encoded.data(), encoded.size(), all[features.rows()]);
  known.texts.insert(known.texts.end(), missing.texts.begin(), missing.texts.end());
  known.notes.insert(known.notes.end(), missing.notes.begin(), missing.notes.end());
  return {std::move(known), std::move(all)};
}

/// A run over the images of another one.
class CriterionRun {
 public:
  CriterionRun(const Criterion& criterion, RunRecord& from, Progress& progress)
      : criterion_(criterion), from_(from), progress_(progress) {
    record_.inputs = from.inputs;
    record_.options = from.options;
    record_.command = from.command;
    record_.options.output = from.options.output / "by" / criterion.name;
    record_.options.by = criterion.name;
    record_.options.method = "kmeans";
    record_.options.unique = false;
    record_.names_are_files = from.names_are_files;
    const auto& upper = from.summary.levels.upper;
    record_.n_clusters =
        criterion.n_clusters.value_or(upper.empty() ? from.n_clusters : std::ssize(upper.front()));
    record_.options.n_clusters = record_.n_clusters;
    require(record_.n_clusters <= from.images.embeddings.rows(), "by", "--by ", criterion.name,
            " must make at most as many clusters as there are images (", from.images.embeddings.rows(),
            "), got ", record_.n_clusters, ".");
  }

  RunSummary::Criterion go(FeatureSource& source) {
    auto previous = previous_run(record_.options);
    if (previous && words_before() != criterion_.words.sha256) previous->same_options = false;
    const auto [words, features] = words_with_features(criterion_, from_, source);
    const auto lock = begin_run_directory(record_.options.output, record_.options, record_.command);
    RunSummary& summary = record_.summary;
    summary.n_images = from_.summary.n_images;
    summary.from_cache = summary.n_images;
    summary.skipped = from_.summary.skipped;
    summary.features = from_.summary.features;
    summary.model = from_.summary.model;
    summary.model_fingerprint = from_.summary.model_fingerprint;
    summary.device = from_.summary.device;
    summary.precision = from_.summary.precision;

    // X is held once: the images are this record's for a while.
    const struct Borrow {
      EmbeddedImages &here, &there;
      Borrow(EmbeddedImages& to, EmbeddedImages& from) : here(to), there(from) { std::swap(here, there); }
      ~Borrow() { std::swap(here, there); }
    } borrowed(record_.images, from_.images);
    const auto [labels, n_clusters] = clusters_at_hand(from_);
    auto space = criterion_space(record_.images.embeddings, labels, n_clusters, features);
    const Matrix<float> rest = without_centres(record_.images.embeddings, space);
    cluster(criterion_features(rest, space));
    name(rest, words, features);
    // By what the criterion sees: neighbours here may be far apart on the run's own map.
    if (record_.options.map)
      record_.map = plane_layout(record_.clustering.clustered(record_.images.embeddings),
                                 {.seed = record_.options.seed}, progress_);
    record_.clustering.facts["by"] = {
        {"criterion", criterion_.name}, {"meaning", criterion_.meaning},
        {"words", words.texts},         {"words_sha256", criterion_.words.sha256},
        {"alignment", space.alignment}, {"within_clusters", space.within_clusters}};
    record_.clustering.arrays.emplace_back("criterion_centres", std::move(space.centres));
    record_.clustering.arrays.emplace_back("criterion_directions", std::move(space.directions));
    write(previous, source);
    return {.name = criterion_.name,
            .meaning = criterion_.meaning,
            .alignment = space.alignment,
            .within_clusters = space.within_clusters,
            .clusters = summary.clusters};
  }

 private:
  /// The digest of the words of the last time; empty where there was none.
  std::string words_before() const {
    const fs::path manifest = record_.options.output / "manifest.json";
    std::error_code error;
    if (!fs::exists(manifest, error)) return "";
    const auto json = nlohmann::json::parse(read_file(manifest), nullptr, false);
    const auto by = json.is_object() ? json.value("by", nlohmann::json::object()) : nlohmann::json::object();
    return by.is_object() ? by.value("words_sha256", "") : "";
  }

  void cluster(Matrix<float> features) {
    KMeansOptions options = kmeans_options(record_.options, record_.n_clusters);
    options.search.n_init = restarts_for(features.rows(), options.search.n_init);
    KMeansResult clusters = kmeans(features, options, progress_);
    Assignment assignment = assignment_of(features, clusters);
    record_.summary.objective = clusters.objective;
    record_.clustering =
        clusters_of_kmeans(std::move(features), std::move(clusters), std::move(assignment), progress_);
  }

  void name(MatrixView<const float> rest, const Corpus& words, MatrixView<const float> features) {
    const Assignment& assignment = record_.clustering.assignment;
    const auto names = name_clusters(rest, assignment.labels, record_.n_clusters,
                                     {.nouns = words.texts,
                                      .features = features,
                                      .definitions = words.notes,
                                      .wordnet = from_.vocabulary.wordnet()});
    take_names(record_, names);
  }

  void write(const std::optional<PreviousRun>& previous, FeatureSource& source) {
    const auto features = begin_features(record_);
    if (previous) keep_numbers(record_, *previous, progress_);
    write_kept_clusters(record_, previous, progress_);
    features->commit();  // not newer than the assignments, as in the run's own folder
    write_map(record_);
    record_.summary.notices = progress_.said();
    write_report(
        record_, std::nullopt,
        [&](const std::string& path, std::int64_t image) { return source.read(path, image); }, progress_);
    write_manifest(record_);
  }

  const Criterion& criterion_;
  RunRecord& from_;
  RunRecord record_;
  RecordingProgress progress_;
};

}  // namespace

std::vector<Criterion> asked_criteria(const RunOptions& options) {
  if (options.by.empty()) return {};
  std::optional<WordNet> wordnet;
  if (needs_wordnet(options.by)) wordnet = open_wordnet(options);
  return read_criteria(options.by, wordnet ? &*wordnet : nullptr);
}

RunSummary::Criterion cluster_by(const Criterion& criterion, RunRecord& record, FeatureSource& source,
                                 Progress& progress) {
  return CriterionRun(criterion, record, progress).go(source);
}

std::vector<ReportCriterion> report_criteria(
    const RunRecord& record,
    const std::function<ImageFile(const std::string& path, std::int64_t image)>& read) {
  std::vector<ReportCriterion> shown;
  if (record.summary.criteria.empty()) return shown;
  std::unordered_map<std::string_view, std::int64_t> row_of;
  for (std::size_t i = 0; i < record.images.paths.size(); ++i)
    row_of.emplace(record.images.paths[i], static_cast<std::int64_t>(i));
  std::vector<ReportCriterion::Picture*> pictures;
  for (const auto& criterion : record.summary.criteria) {
    ReportCriterion one{.name = criterion.name,
                        .meaning = criterion.meaning,
                        .page = (fs::path("by") / criterion.name / "report.html").string()};
    for (const auto& cluster : criterion.clusters) {
      if (cluster.size == 0) continue;
      ReportCriterion::Cluster its{.name = cluster.name.name, .size = cluster.size};
      for (std::size_t i = 0; i < std::min(pictures_of_cluster, cluster.exemplars.size()); ++i)
        its.pictures.push_back({.path = cluster.exemplars[i]});
      one.clusters.push_back(std::move(its));
    }
    shown.push_back(std::move(one));
  }
  if (!record.options.features.empty() && record.options.names.empty()) return shown;
  for (auto& criterion : shown)
    for (auto& cluster : criterion.clusters)
      for (auto& picture : cluster.pictures) pictures.push_back(&picture);
  parallel_blocks(std::ssize(pictures), 4, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t i = begin; i < end; ++i) {
      auto& picture = *pictures[static_cast<std::size_t>(i)];
      try {
        picture.thumbnail_jpeg =
            make_thumbnail(read(picture.path, row_of.at(picture.path)), exemplar_edge, record.options.images);
      } catch (const ImageError&) {
        // It went away since it was encoded; the report does without.
      }
    }
  });
  return shown;
}

bool is_by_criterion(const AssignableRun& run) {
  return run.contains("criterion_directions");
}

Assignment place_by_criterion(const AssignableRun& run, MatrixView<const float> images) {
  const CriterionSpace space{.centres = run.matrix("criterion_centres"),
                             .directions = run.matrix("criterion_directions")};
  return assign_to_nearest(criterion_features(without_centres(images, space), space),
                           run.matrix("centroids"));
}

}  // namespace ilk
