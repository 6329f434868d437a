#pragma once
// How many semantic centres there are, and how they are made; for memory plans and processes that share the
// images.
#include <ilk/cae.h>

#include <cstdint>

namespace ilk {

/// How many semantic centres N images get: max(N / images_per_centre, 3 K), at most N.
std::int64_t semantic_centre_count(std::int64_t n_images, std::int64_t n_clusters,
                                   const SelectionOptions& options);

/// The options of the k-means by which semantic_centres finds them.
KMeansOptions semantic_centres_options(std::int64_t n_images, const CaeOptions& options);

}  // namespace ilk
