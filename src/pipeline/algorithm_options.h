#pragma once
#include <ilk/run.h>
#include <ilk/tac.h>

namespace ilk {

/// A run's options as those of the algorithms that methods are made of, for K clusters.
KMeansOptions kmeans_options(const RunOptions& options, std::int64_t n_clusters);
CaeOptions cae_options(const RunOptions& options, std::int64_t n_clusters);
/// Nouns are chosen by TAC's own rule, whatever the options say of the aligned ones.
TacOptions tac_options(const RunOptions& options, std::int64_t n_clusters);

}  // namespace ilk
