#include "method.h"

#include <ilk/auto_clustering.h>
#include <ilk/error.h>

#include <cmath>
#include <numeric>
#include <sstream>

#include "checkpoint.h"

namespace ilk {
namespace {

/// What k-means in some space leaves; `features` are empty where that space is X.
Clustering by_kmeans(Matrix<float> features, KMeansResult clusters, Assignment assignment,
                     Progress& progress) {
  if (!clusters.converged)
    progress.say("k-means did not converge in " + std::to_string(clusters.iterations) +
                 " iterations; raise --kmeans-max-iterations.");
  Clustering clustering{.assignment = std::move(assignment),
                        .features = std::move(features),
                        .objective = clusters.objective,
                        .facts = {{"kmeans",
                                   {{"iterations", clusters.iterations},
                                    {"converged", clusters.converged},
                                    {"objectives", clusters.objectives},
                                    {"empty_repaired", clusters.empty_repaired},
                                    {"duplicates", clusters.duplicates}}}}};
  clustering.arrays.emplace_back("centroids", std::move(clusters.centroids));
  return clustering;
}

Clustering by_fusion(CaeResult result, Progress& progress) {
  Clustering clustering = by_kmeans(std::move(result.fusion.features), std::move(result.kmeans),
                                    std::move(result.assignment), progress);
  clustering.arrays.emplace_back("fusion_weights", std::move(result.fusion.weights));
  const auto& means = result.fusion.model.means;
  for (std::size_t i = 0; i < means.size(); ++i)
    clustering.arrays.emplace_back("fusion_mean_" + std::to_string(i), Array(means[i]));
  return clustering;
}

std::string words_helped(const AutoClustering& result) {
  const auto& chosen = result.evidence[static_cast<std::size_t>(result.chosen)];
  const auto& images = result.evidence[static_cast<std::size_t>(ClusteredBy::images)];
  std::ostringstream text;
  if (result.chosen == ClusteredBy::images) {
    text << "Words did not help here: the clusters are those of the images alone.";
    return text.str();
  }
  const auto change = [](double now, double before) {
    const double percent = before > 0 ? 100 * (now / before - 1) : 0;
    return std::to_string(std::lround(std::fabs(percent))) + " % " + (percent < 0 ? "less" : "more");
  };
  text << "Words helped here: "
       << (result.chosen == ClusteredBy::words ? "clusters of images fused with words"
                                               : "clusters proposed by words and refined on "
                                                 "the images")
       << " explain " << change(chosen.of_words, images.of_words) << " of the words and "
       << change(chosen.of_images, images.of_images) << " of the images than clusters of the images alone.";
  return text.str();
}

Clustering by_images_or_words(MatrixView<const float> embeddings, const std::vector<SemanticSpace>& spaces,
                              const CaeOptions& options, Progress& progress) {
  if (spaces.empty()) {
    KMeansOptions more = options.kmeans;
    more.n_init = restarts_for(embeddings.rows(), more.n_init);
    KMeansResult clusters = kmeans(embeddings, more, progress);
    Assignment assignment = assignment_of(embeddings, clusters);
    return by_kmeans({}, std::move(clusters), std::move(assignment), progress);
  }
  AutoClustering result = cluster_automatically(embeddings, spaces, options, progress);
  std::string helped = words_helped(result);
  nlohmann::ordered_json evidence;
  for (const ClusteringEvidence& one : result.evidence)
    evidence[std::string(enum_name(one.by))] = {
        {"of_images", one.of_images}, {"of_words", one.of_words}, {"score", one.score}};
  nlohmann::ordered_json facts = {{"clustered_by", enum_name(result.chosen)}, {"evidence", evidence}};
  Clustering clustering =
      result.chosen == ClusteredBy::words
          ? by_fusion({std::move(result.kmeans), std::move(result.assignment), std::move(result.fusion)},
                      progress)
          : by_kmeans({}, std::move(result.kmeans), std::move(result.assignment), progress);
  clustering.facts["auto"] = std::move(facts);
  clustering.words_helped = std::move(helped);
  return clustering;
}

TacOptions tac_options(const RunOptions& options) {
  TacOptions tac{.kmeans = options.cae.kmeans,
                 .selection = options.cae.selection,
                 .temperature = options.cae.temperature};
  tac.selection.selection = SelectionRule::exclusive;
  return tac;
}

nlohmann::ordered_json epoch_json(const EpochFacts& facts) {
  nlohmann::ordered_json json{{"epoch", facts.epoch}};
  for (const auto& [name, value] : facts.means) json[name] = value;
  json["used_clusters"] = facts.used_clusters;
  json["usage_entropy"] = facts.usage_entropy;
  json["changed_labels"] = facts.changed_labels;
  json["seconds"] = facts.seconds;
  return json;
}

/// Heads that learn from the images and a text for each.
using Train = std::function<TrainedHeads(MatrixView<const float> texts, const TrainingHooks& hooks)>;

Clustering by_heads(Matrix<float> texts, const Train& train, const RunOptions& options, Progress& progress) {
  const auto path = options.output / "training.safetensors";
  const auto begun = read_checkpoint(path, progress);
  TrainedHeads trained =
      train(texts, {.resume = begun ? &*begun : nullptr,
                    .save = [&](const TrainingState& state) { write_checkpoint(path, state); }});
  const std::int64_t k = options.cae.kmeans.n_clusters;
  if (trained.used_clusters < k)
    progress.say("The training put all images into " + std::to_string(trained.used_clusters) + " of the " +
                 std::to_string(k) + " clusters; the rest are empty.");
  Clustering clustering{.assignment = std::move(trained.assignment)};
  const auto& scores = clustering.assignment.scores;
  clustering.objective =
      std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
  clustering.arrays.emplace_back("texts", std::move(texts));
  for (const auto& [head, name] : {std::pair(&trained.image, "image_head."), {&trained.text, "text_head."}})
    for (const auto& [field, weights] : head->named(name))
      clustering.arrays.emplace_back(field, Array(weights));
  auto epochs = nlohmann::ordered_json::array();
  for (const auto& facts : trained.epochs) epochs.push_back(epoch_json(facts));
  clustering.facts = {{"training",
                       {{"resumed_from", trained.resumed_from},
                        {"used_clusters", trained.used_clusters},
                        {"epochs", epochs}}}};
  if (trained.neighbour_recall) clustering.facts["training"]["neighbour_recall"] = *trained.neighbour_recall;
  clustering.epochs = std::move(trained.epochs);
  return clustering;
}

}  // namespace

bool needs_words(Method method) {
  return method != Method::kmeans;
}

bool fuses_words(Method method) {
  return method == Method::automatic || method == Method::cae;
}

bool retrieves_nouns(const RunOptions& options) {
  return options.method == Method::tac || options.method == Method::tac_trained ||
         (options.method == Method::sac && options.text_features.empty() &&
          (options.captions.empty() || options.missing_captions == MissingCaptions::retrieve));
}

MethodTexts retrieve_texts(MatrixView<const float> embeddings, MatrixView<const float> centres,
                           MatrixView<const float> nouns, const RunOptions& options, Progress& progress) {
  MethodTexts texts{.retrieved = retrieve_words(embeddings, centres, nouns, tac_options(options), progress)};
  if (options.method != Method::tac)
    texts.of_images = counterparts(embeddings, texts.retrieved->features, texts.retrieved->plan);
  return texts;
}

Clustering cluster_by_method(MatrixView<const float> embeddings, MethodTexts texts, const RunOptions& options,
                             Progress& progress) {
  const KMeansOptions& kmeans_options = options.cae.kmeans;
  switch (options.method) {
    case Method::automatic:
      return by_images_or_words(embeddings, texts.spaces, options.cae, progress);
    case Method::cae:
      return by_fusion(cae(embeddings, std::move(texts.spaces), options.cae, progress), progress);
    case Method::kmeans: {
      KMeansResult clusters = kmeans(embeddings, kmeans_options, progress);
      Assignment assignment = assignment_of(embeddings, clusters);
      return by_kmeans({}, std::move(clusters), std::move(assignment), progress);
    }
    case Method::tac: {
      if (!texts.retrieved)
        fail("cluster_by_method", "method tac must be given the nouns that it retrieved.");
      SemanticSpace nouns = std::move(*texts.retrieved);
      Clustering clustering = by_fusion(tac(embeddings, nouns, tac_options(options), progress), progress);
      clustering.arrays.emplace_back("retrieved_features", std::move(nouns.features));
      clustering.arrays.emplace_back("retrieved_column_potentials", Array(nouns.plan.column_potentials));
      return clustering;
    }
    case Method::tac_trained:
      return by_heads(
          std::move(texts.of_images),
          [&](MatrixView<const float> counterparts, const TrainingHooks& hooks) {
            return train_tac(embeddings, counterparts,
                             {kmeans_options.n_clusters, kmeans_options.seed, options.training, options.tac},
                             hooks, progress);
          },
          options, progress);
    case Method::sac:
      return by_heads(
          std::move(texts.of_images),
          [&](MatrixView<const float> of_images, const TrainingHooks& hooks) {
            return train_sac(embeddings, of_images,
                             {kmeans_options.n_clusters, kmeans_options.seed, options.training, options.sac},
                             hooks, progress);
          },
          options, progress);
  }
  return {};  // not reached: every method is above
}

}  // namespace ilk
