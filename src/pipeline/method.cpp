#include "method.h"

#include <ATen/Context.h>

#include "checkpoint.h"

namespace ilk {
namespace {

/// What k-means in some space leaves.
Clustering by_kmeans(const torch::Tensor& features, const KMeansResult& clusters,
                     const Assignment& assignment, Progress& progress) {
  if (!clusters.converged)
    progress.say("k-means did not converge in " + std::to_string(clusters.iterations) +
                 " iterations; raise --kmeans-max-iterations.");
  return {.assignment = assignment,
          .features = features,
          .objective = clusters.objective,
          .tensors = {{"centroids", clusters.centroids}},
          .facts = {{"kmeans",
                     {{"iterations", clusters.iterations},
                      {"converged", clusters.converged},
                      {"objectives", clusters.objectives},
                      {"empty_repaired", clusters.empty_repaired},
                      {"duplicates", clusters.duplicates}}}}};
}

Clustering by_fusion(const CaeResult& result, Progress& progress) {
  Clustering clustering = by_kmeans(result.fusion.features, result.kmeans, result.assignment, progress);
  clustering.tensors.emplace_back("fusion_weights", result.fusion.weights);
  const auto& means = result.fusion.model.means;
  for (std::size_t i = 0; i < means.size(); ++i)
    clustering.tensors.emplace_back("fusion_mean_" + std::to_string(i), means[i]);
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

using Train = std::function<TrainedHeads(const torch::Tensor& images, const torch::Tensor& texts,
                                         const TrainingHooks& hooks)>;

/// Heads that learn, on the GPU where the run uses one.
Clustering by_heads(const torch::Tensor& embeddings, const torch::Tensor& texts, const Train& train,
                    const RunOptions& options, Progress& progress) {
  const bool cuda = at::hasCUDA() && options.device != Device::cpu && options.features.empty();
  const auto device = torch::Device(cuda ? torch::kCUDA : torch::kCPU);
  const auto path = options.output / "training.safetensors";
  const auto begun = read_checkpoint(path, progress);
  const TrainedHeads trained =
      train(embeddings.to(device), texts.to(device),
            {.resume = begun ? &*begun : nullptr,
             .save = [&](const TrainingState& state) { write_checkpoint(path, state); }});
  const std::int64_t k = options.cae.kmeans.n_clusters;
  if (trained.used_clusters < k)
    progress.say("The training put all images into " + std::to_string(trained.used_clusters) + " of the " +
                 std::to_string(k) + " clusters; the rest are empty.");
  const Assignment& assignment = trained.assignment;
  Clustering clustering{.assignment = {assignment.labels.cpu(), assignment.scores.cpu(),
                                       assignment.second_labels.cpu(), assignment.second_scores.cpu()},
                        .features = embeddings,
                        .epochs = trained.epochs};
  clustering.objective = clustering.assignment.scores.to(torch::kFloat64).mean().item<double>();
  clustering.tensors = {{"texts", texts}};
  for (const auto& [head, name] : {std::pair(&trained.image, "image_head."), {&trained.text, "text_head."}})
    for (const auto& [field, tensor] : head->named(name))
      clustering.tensors.emplace_back(field, tensor.cpu());
  auto epochs = nlohmann::ordered_json::array();
  for (const auto& facts : trained.epochs) epochs.push_back(epoch_json(facts));
  clustering.facts = {{"training",
                       {{"resumed_from", trained.resumed_from},
                        {"used_clusters", trained.used_clusters},
                        {"epochs", epochs}}}};
  if (trained.neighbour_recall) clustering.facts["training"]["neighbour_recall"] = *trained.neighbour_recall;
  return clustering;
}

}  // namespace

bool needs_words(Method method) {
  return method != Method::kmeans;
}

bool retrieves_nouns(const RunOptions& options) {
  return options.method == Method::tac || options.method == Method::tac_trained ||
         (options.method == Method::sac && options.text_features.empty() &&
          (options.captions.empty() || options.missing_captions == MissingCaptions::retrieve));
}

MethodTexts retrieve_texts(const torch::Tensor& embeddings, const torch::Tensor& centres,
                           const torch::Tensor& nouns, const RunOptions& options, Progress& progress) {
  MethodTexts texts{.retrieved = retrieve_words(embeddings, centres, nouns, tac_options(options), progress)};
  if (options.method != Method::tac)
    texts.of_images = counterparts(embeddings, texts.retrieved->features, texts.retrieved->plan);
  return texts;
}

Clustering cluster_by_method(const torch::Tensor& embeddings, MethodTexts texts, const RunOptions& options,
                             Progress& progress) {
  const KMeansOptions& kmeans_options = options.cae.kmeans;
  switch (options.method) {
    case Method::cae:
      return by_fusion(cae(embeddings, std::move(texts.spaces), options.cae, progress), progress);
    case Method::kmeans: {
      const KMeansResult clusters = kmeans(embeddings, kmeans_options, progress);
      return by_kmeans(embeddings, clusters, assignment_of(embeddings, clusters), progress);
    }
    case Method::tac: {
      const SemanticSpace& nouns = texts.retrieved.value();
      Clustering clustering = by_fusion(tac(embeddings, nouns, tac_options(options), progress), progress);
      clustering.tensors.emplace_back("retrieved_features", nouns.features);
      clustering.tensors.emplace_back("retrieved_column_potentials", nouns.plan.column_potentials);
      return clustering;
    }
    case Method::tac_trained:
      return by_heads(
          embeddings, texts.of_images,
          [&](const torch::Tensor& images, const torch::Tensor& counterparts, const TrainingHooks& hooks) {
            return train_tac(images, counterparts,
                             {kmeans_options.n_clusters, kmeans_options.seed, options.training, options.tac},
                             hooks, progress);
          },
          options, progress);
    case Method::sac:
      return by_heads(
          embeddings, texts.of_images,
          [&](const torch::Tensor& images, const torch::Tensor& of_images, const TrainingHooks& hooks) {
            return train_sac(images, of_images,
                             {kmeans_options.n_clusters, kmeans_options.seed, options.training, options.sac},
                             hooks, progress);
          },
          options, progress);
  }
  return {};  // not reached: every method is above
}

}  // namespace ilk
