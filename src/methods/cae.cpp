// N images, D dimensions, K clusters; P words are offered, M of them are selected.
#include <ilk/cae.h>

#include <algorithm>
#include <utility>

#include "cluster/assign.h"
#include "cluster/unit_rows.h"
#include "core/fail.h"
#include "core/option_checks.h"
#include "core/text.h"
#include "kernels/kernels.h"
#include "methods/fused_clusters.h"
#include "methods/semantic_centres.h"

namespace ilk {
namespace {

constexpr auto function = "cae";
// The centres only choose words: the last iterations, which hardly move them, are left out.
constexpr double least_tolerance = 1e-4;

/// No more words of each image than were selected.
Placing at_most(Placing wanted, const SemanticSpace& space) {
  wanted.top = std::min(wanted.top, space.features.rows());
  return wanted;
}

}  // namespace

KMeansOptions semantic_centres_options(std::int64_t n, const CaeOptions& options) {
  check_ranges(options, function);
  const std::int64_t k = options.n_clusters;
  require(k <= n, function, "n_clusters must be at most the number of images (", n, "), got ", k, ".");
  KMeansOptions search{.n_clusters = semantic_centre_count(n, k, options.selection),
                       .seed = options.seed,
                       .search = options.kmeans};
  search.search.n_init = 1;
  search.search.tolerance = std::max(search.search.tolerance, least_tolerance);
  return search;
}

Matrix<float> semantic_centres(MatrixView<const float> embeddings, const CaeOptions& options,
                               Progress& progress) {
  require_unit_rows(embeddings, function, "embeddings");
  return kmeans(embeddings, semantic_centres_options(embeddings.rows(), options), progress).centroids;
}

SemanticSpace align_words(MatrixView<const float> embeddings, MatrixView<const float> centres,
                          MatrixView<const float> words, const CaeOptions& options, const Placing& wanted,
                          Progress& progress) {
  check_ranges(options, function);
  SemanticSpace space;
  space.selected = select_words(centres, words, options.selection);
  space.features = rows_of(words, space.selected);
  if (options.alignment == Alignment::softmax) {
    space.plan = {std::vector<double>(space.selected.size()), options.temperature};
    if (wanted.counterparts || wanted.top > 0 || wanted.shares)
      space.placed = place(embeddings, space.features, space.plan, at_most(wanted, space));
    return space;
  }
  auto solved =
      solve_and_place(embeddings, space.features, at_most(wanted, space), options.transport, progress);
  space.transport = std::move(solved.transport);
  space.placed = std::move(solved.placed);
  space.plan = {space.transport->column_potentials, space.transport->epsilon};
  if (!space.transport->converged) {
    progress.say(concatenate("The transport onto ", space.selected.size(), " words had not converged after ",
                             space.transport->iterations, " iterations (error ",
                             space.transport->marginal_error, ", asked for ", options.transport.tolerance,
                             "); a larger epsilon or more iterations would help."));
  }
  return space;
}

CaeResult internal::cluster_fused(FusionResult fusion, const CaeOptions& options, Progress& progress) {
  CaeResult result;
  result.fusion = std::move(fusion);
  result.kmeans =
      kmeans(result.fusion.features,
             {.n_clusters = options.n_clusters, .seed = options.seed, .search = options.kmeans}, progress);
  result.assignment = assignment_of(result.fusion.features, result.kmeans);
  return result;
}

CaeResult cae(MatrixView<const float> embeddings, std::vector<SemanticSpace> spaces,
              const CaeOptions& options, Progress& progress) {
  check_ranges(options, function);
  require(!spaces.empty() && spaces.size() <= 2, function,
          "spaces must be one or two (nouns, captions), got ", spaces.size(), ".");
  std::vector<Matrix<float>> texts;
  texts.reserve(spaces.size());
  for (SemanticSpace& space : spaces)
    texts.push_back(space.placed.counterparts.empty() ? counterparts(embeddings, space.features, space.plan)
                                                      : std::move(space.placed.counterparts));
  spaces.clear();  // so that they are not held while the fused features are clustered
  return internal::cluster_fused(internal::fuse_and_free(embeddings, std::move(texts), options.fusion),
                                 options, progress);
}

}  // namespace ilk
