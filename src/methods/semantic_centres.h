#pragma once
// How many semantic centres there are, and how they are made; for memory plans and processes that share the
// images.
#include <ilk/cae.h>

#include <cstdint>
#include <vector>

namespace ilk {

/// How many semantic centres N images get: max(N / images_per_centre, 3 K), at most N.
std::int64_t semantic_centre_count(std::int64_t n_images, std::int64_t n_clusters,
                                   const SelectionOptions& options);

/// How semantic_centres goes about it: the k-means, and the images that it starts from k-means of, ascending;
/// none where it draws its start among all.
struct SemanticCentresPlan {
  KMeansOptions kmeans;
  std::vector<std::int64_t> sample;
};
SemanticCentresPlan semantic_centres_plan(std::int64_t n_images, const CaeOptions& options);

}  // namespace ilk
