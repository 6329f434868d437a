#pragma once
// What the trained methods (SAC, TAC*) share: two heads, one for each modality, that learn by Adam to agree
// about clusters. N images, D dimensions of images, D′ of texts, K clusters.
#include <ilk/array.h>
#include <ilk/kmeans.h>
#include <ilk/neighbours.h>
#include <ilk/options.h>
#include <ilk/progress.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ilk {

struct TrainingOptions {
  std::optional<std::int64_t> epochs;
  std::optional<std::int64_t> batch_size;
  std::optional<std::int64_t> neighbours;
  NeighbourSearch neighbour_search = NeighbourSearch::automatic;
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.99;
};

template <OptionsOf<TrainingOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"epochs", options.epochs, "passes over the images (else the method's own number)"}.at_least(1));
  visit(Field{"batch_size", options.batch_size, "images of one step (else the method's own number)"}.between(
      1, 1 << 20));
  visit(Field{"neighbours", options.neighbours,
              "nearest images and texts that an image may be compared with (else the method's own number)"}
            .between(1, 10000));
  visit(Field{
      "neighbour_search", options.neighbour_search,
      "exact; approximate, whose recall is then measured and told; auto: approximate above 200,000 images"});
  visit(Field{"learning_rate", options.learning_rate, "Adam's step"}.between(1e-12, 1e30));
  visit(Field{"beta1", options.beta1, "Adam's decay of the mean gradient"}.between(0, 0.999999));
  visit(Field{"beta2", options.beta2, "Adam's decay of the mean squared gradient"}.between(0, 0.999999));
}

/// What a method that trains heads is told; `Loss` are the options of its loss.
template <class Loss>
struct TrainedMethodOptions {
  std::int64_t n_clusters = 8;
  std::uint64_t seed = 0;
  TrainingOptions training;
  Loss loss;
};

template <class T>
inline constexpr bool is_trained_method_options = false;
template <class Loss>
inline constexpr bool is_trained_method_options<TrainedMethodOptions<Loss>> = true;

template <class Options, class Visitor>
requires is_trained_method_options<std::remove_const_t<Options>>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"n_clusters", options.n_clusters, "how many clusters to make"}.at_least(1));
  visit(Field{"seed", options.seed, "number that all random choices start from; same seed, same labels"});
  visit.group("training", options.training);
  visit.group("loss", options.loss);
}

/// Linear (D, D) → BatchNorm → ReLU → Linear (D, K) → softmax. The first layer has no bias, which BatchNorm
/// would take off again. float32; texts whose width differs from D go through a linear map first.
struct HeadWeights {
  Matrix<float> map;                                  ///< (D, D′); empty where the features have width D
  Matrix<float> weight1;                              ///< (D, D)
  std::vector<float> norm_weight, norm_bias;          ///< (D)
  std::vector<float> running_mean, running_variance;  ///< (D): what prediction normalises by
  Matrix<float> weight2;                              ///< (K, D)
  std::vector<float> bias2;                           ///< (K)

  /// All that are not empty, named as the fields after `prefix`.
  NamedArrayViews named(const std::string& prefix) const;
};

/// The cluster of each row of `features` (N, width) by a trained head: the most probable one, ties to the
/// lower number. Scores are probabilities, second_scores those of the runner-up (−1 where K is 1). In fixed
/// blocks, so that an image's cluster does not depend on who comes with it. Throws Error for rows not of unit
/// length or of another width.
Assignment predict(const HeadWeights& head, MatrixView<const float> features);

/// What an epoch found out.
struct EpochFacts {
  std::int64_t epoch = 0;  ///< from 1
  /// Means over the batches: "loss", each of its terms, and the mean weight of each contrast (SAC).
  std::vector<std::pair<std::string, double>> means;
  std::int64_t used_clusters = 0;   ///< clusters that have an image
  double usage_entropy = 0;         ///< of the clusters' sizes, in nats; ln K where they are even
  std::int64_t changed_labels = 0;  ///< images whose cluster is not that of the epoch before
  double seconds = 0;
};

/// All that goes on from the end of an epoch: heads, Adam's moments, labels and facts so far.
struct TrainingState {
  std::int64_t epoch = 0;   ///< the last finished one
  std::string fingerprint;  ///< method, options, seed and data that the state belongs to
  NamedArrays arrays;
};

struct TrainingHooks {
  /// A state to go on from. One with another fingerprint is not used, and the progress says so.
  const TrainingState* resume = nullptr;
  /// Called at the end of each epoch.
  std::function<void(const TrainingState&)> save;
};

struct TrainedHeads {
  HeadWeights image, text;
  Assignment assignment;           ///< of the images, by the image head
  std::vector<EpochFacts> epochs;  ///< those before a resume too
  std::int64_t resumed_from = 0;   ///< epochs that were not run again
  std::int64_t used_clusters = 0;  ///< fewer than K where the heads leave clusters empty
  /// Where neighbours were searched approximately: the share of the true ones found, on a sample.
  std::optional<double> neighbour_recall;
};

}  // namespace ilk
