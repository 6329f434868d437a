#pragma once
// SAC: semantic-augmented clustering with trained heads (Zhang et al., AAAI 2026,
// doi 10.1609/aaai.v40i33.40073). N images, D and D′ dimensions, K clusters.
#include <ilk/training.h>

namespace ilk {

struct SacLossOptions {
  double tau = 1.1;
  double alpha = 0.9;
  double beta = 0.5;
  double agreement_scale = 1;
  bool adaptive_weights = true;
  double alignment_weight = 0.6;
  double balance_weight = 4;
};

template <OptionsOf<SacLossOptions> Options, class Visitor>
void visit_fields(Options& options, Visitor&& visit) {
  visit(Field{"tau", options.tau, "temperature of SAC's contrasts"}.between(0.02, 1e6));
  visit(Field{"alpha", options.alpha, "share of the contrasted pair's own agreement in a sample's weight"}
            .between(0, 1));
  visit(Field{"beta", options.beta, "share of images, the rest of clusters, in the alignment of modalities"}
            .between(0, 1));
  visit(Field{"agreement_scale", options.agreement_scale,
              "how steeply a sample's weight grows with the agreement of its views"}
            .between(0, 1e6));
  visit(Field{"adaptive_weights", options.adaptive_weights,
              "weight samples by how well their neighbourhoods agree; else all alike"});
  visit(Field{"alignment_weight", options.alignment_weight, "weight of the alignment of modalities"}.between(
      0, 1e6));
  visit(Field{"balance_weight", options.balance_weight, "weight of even cluster sizes"}.between(0, 1e6));
}

/// Training left to the method: 30 epochs of batches of 512 and 20 neighbours; where K > 512, 100 epochs of
/// max(8192, K) and 50 neighbours. Small collections are cut into four batches of at least 64 and get as many
/// epochs as make 1000 steps.
using SacOptions = TrainedMethodOptions<SacLossOptions>;

/// Trains an image and a text head on images and one text for each (docs/methods/sac.md). Clusters are
/// numbered by size, largest first; some may be empty. The result is the same for any number of threads, and
/// for a training that was resumed.
///
/// `images` (N, D), `texts` (N, D′) float32, rows of unit length, row i of both the same image.
/// Neighbours are the nearest other rows, at most N − 1; a last batch of one image is left out of its epoch.
/// Throws Error for fewer than 2 images or than K, rows not of unit length, options out of range, and a loss
/// that is no longer a number (naming term, epoch and batch); Stopped on request.
TrainedHeads train_sac(MatrixView<const float> images, MatrixView<const float> texts,
                       const SacOptions& options, const TrainingHooks& hooks = {},
                       Progress& progress = silent());

}  // namespace ilk
