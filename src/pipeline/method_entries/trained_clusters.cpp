#include "pipeline/method_entries/trained_clusters.h"

#include <numeric>

#include "pipeline/checkpoint.h"

namespace ilk {
namespace {

nlohmann::ordered_json epoch_json(const EpochFacts& facts) {
  nlohmann::ordered_json json{{"epoch", facts.epoch}};
  for (const auto& [name, value] : facts.means) json[name] = value;
  json["used_clusters"] = facts.used_clusters;
  json["usage_entropy"] = facts.usage_entropy;
  json["changed_labels"] = facts.changed_labels;
  json["seconds"] = facts.seconds;
  return json;
}

}  // namespace

Clustering clusters_of_training(MethodInput input, const TrainHeads& train) {
  const auto path = input.options.output / "training.safetensors";
  Matrix<float> texts = std::move(input.texts.of_images);
  const auto begun = read_checkpoint(path, input.progress);
  TrainedHeads trained =
      train(texts, {.resume = begun ? &*begun : nullptr,
                    .save = [&](const TrainingState& state) { write_checkpoint(path, state); }});
  const std::int64_t k = input.n_clusters;
  if (trained.used_clusters < k)
    input.progress.say("The training put all images into " + std::to_string(trained.used_clusters) +
                       " of the " + std::to_string(k) + " clusters; the rest are empty.");
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

Assignment place_by_head(const AssignableRun& run, MatrixView<const float> images) {
  const auto numbers = [&](const char* name) {
    return run.array(std::string("image_head.") + name).to_floats();
  };
  const HeadWeights head{.weight1 = run.matrix("image_head.weight1"),
                         .norm_weight = numbers("norm_weight"),
                         .norm_bias = numbers("norm_bias"),
                         .running_mean = numbers("running_mean"),
                         .running_variance = numbers("running_variance"),
                         .weight2 = run.matrix("image_head.weight2"),
                         .bias2 = numbers("bias2")};
  return predict(head, images);
}

std::vector<StageMemory> memory_of_training(const RunSize& size, const RunOptions& options) {
  // The methods' own numbers of neighbours are not more.
  constexpr std::int64_t most_neighbours = 50;
  const std::int64_t neighbours = options.training.neighbours.value_or(most_neighbours);
  return {{"training", bytes_of_rows(size.images, size.dimensions) +
                           2 * bytes_of_rows(size.images, neighbours) +
                           2 * 7 * bytes_of_rows(size.dimensions, size.dimensions)}};
}

}  // namespace ilk
