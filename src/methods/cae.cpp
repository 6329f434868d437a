// N images, D dimensions, K clusters; P words are offered, M of them are selected.
#include <ilk/cae.h>
#include <ilk/error.h>
#include <ilk/random.h>

#include <algorithm>
#include <sstream>

namespace ilk {
namespace {

constexpr auto function = "cae";
// k-means++ looks at every point for every centre. With hundreds of centres that costs far more than the
// iterations that follow, and a sample of this many points for each centre starts them as well.
constexpr std::int64_t sampled_for_each_centre = 32;
// The centres only choose words: the last iterations, which hardly move them, are left out.
constexpr double least_tolerance = 1e-4;

/// No more words of each image than were selected.
Placing at_most(Placing wanted, const SemanticSpace& space) {
  wanted.top = std::min(wanted.top, space.selected.size(0));
  return wanted;
}

}  // namespace

torch::Tensor semantic_centres(const torch::Tensor& embeddings, const CaeOptions& options,
                               Progress& progress) {
  check_ranges(options, function);
  require_unit_rows(embeddings, function, "embeddings");
  const std::int64_t n = embeddings.size(0), k = options.kmeans.n_clusters;
  require(k <= n, function, "n_clusters must be at most the number of images (", n, "), got ", k, ".");
  KMeansOptions centres = options.kmeans;
  centres.n_clusters = semantic_centre_count(n, k, options.selection);
  centres.n_init = 1;
  centres.tolerance = std::max(centres.tolerance, least_tolerance);
  const std::int64_t sampled = sampled_for_each_centre * centres.n_clusters;
  if (n <= sampled) return kmeans(embeddings, centres, progress).centroids;
  auto rows = RandomStream(centres.seed, "semantic centres").sample(n, sampled);
  std::sort(rows.begin(), rows.end());
  const auto sample = embeddings.index_select(0, torch::tensor(rows, torch::kInt64).to(embeddings.device()));
  const auto start = kmeans(sample, centres, progress).centroids;
  return kmeans_from(embeddings, start, centres, progress).centroids;
}

SemanticSpace align_words(const torch::Tensor& embeddings, const torch::Tensor& centres,
                          const torch::Tensor& words, const CaeOptions& options, const Placing& wanted,
                          Progress& progress) {
  check_ranges(options, function);
  SemanticSpace space;
  space.selected = select_words(centres, words, options.selection);
  space.features = words.detach().index_select(0, space.selected);
  if (options.alignment == Alignment::softmax) {
    const auto even = torch::zeros({space.selected.size(0)}, embeddings.options().dtype(torch::kFloat64));
    space.plan = {even, options.temperature};
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
    std::ostringstream text;
    text << "The transport onto " << space.selected.size(0) << " words had not converged after "
         << space.transport->iterations << " iterations (error " << space.transport->marginal_error
         << ", asked for " << options.transport.tolerance
         << "); a larger epsilon or more iterations would help.";
    progress.say(text.str());
  }
  return space;
}

Assignment assignment_of(const torch::Tensor& features, const KMeansResult& clusters) {
  Assignment assignment = assign_to_nearest(features, clusters.centroids);
  const auto rows = (assignment.labels != clusters.labels).nonzero().flatten();
  if (rows.size(0) == 0) return assignment;
  const auto own = clusters.centroids.index_select(0, clusters.labels.index_select(0, rows));
  assignment.second_labels.index_copy_(0, rows, assignment.labels.index_select(0, rows));
  assignment.second_scores.index_copy_(0, rows, assignment.scores.index_select(0, rows));
  assignment.scores.index_copy_(0, rows, (features.index_select(0, rows) * own).sum(1));
  assignment.labels.copy_(clusters.labels);
  return assignment;
}

CaeResult cae(const torch::Tensor& embeddings, std::vector<SemanticSpace> spaces, const CaeOptions& options,
              Progress& progress) {
  check_ranges(options, function);
  require(!spaces.empty() && spaces.size() <= 2, function,
          "spaces must be one or two (nouns, captions), got ", spaces.size(), ".");
  std::vector<torch::Tensor> parts = {embeddings};
  for (const SemanticSpace& space : spaces)
    parts.push_back(space.placed.counterparts.defined()
                        ? space.placed.counterparts
                        : counterparts(embeddings, space.features, space.plan));
  CaeResult result;
  result.fusion = fuse(parts, options.fusion);
  parts.clear(), spaces.clear();  // so that they are not held while the fused features are clustered
  result.kmeans = kmeans(result.fusion.features, options.kmeans, progress);
  result.assignment = assignment_of(result.fusion.features, result.kmeans);
  return result;
}

}  // namespace ilk
