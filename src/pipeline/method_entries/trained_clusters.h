#pragma once
// Methods whose clusters are those of a head that was trained. N images, D dimensions.
#include <ilk/training.h>

#include <functional>

#include "pipeline/assignable_run.h"
#include "pipeline/clustering.h"
#include "pipeline/method.h"

namespace ilk {

/// Heads that learn from the images and a text for each.
using TrainHeads = std::function<TrainedHeads(MatrixView<const float> texts, const TrainingHooks& hooks)>;

/// Trains heads, keeps their state in the run directory after each epoch, and goes on from a state that is
/// there.
Clustering clusters_of_training(MethodInput input, const TrainHeads& train);

/// Images (n, D) by the image head, which needs no texts.
Assignment place_by_head(const AssignableRun& run, MatrixView<const float> images);

/// Neighbours in both spaces; of both heads weights, gradients, moments and what is saved of them.
std::vector<StageMemory> memory_of_training(const RunSize& size, const RunOptions& options);

}  // namespace ilk
